// Shows one stream: replayed and live events, the connection's state in words, and the lines to copy.

import { frames } from "./frames.js";
import { readable } from "./readable.js";

const KEPT = 500; // events on the page; older ones go, the log has them
const MOST_CHANNELS = 100; // to hide, and in the lines to copy; who sends may name them without end
const LONGEST_PAUSE = 15_000; // milliseconds between two tries, unless the service asks for more
const LONGEST_SILENCE = 45_000; // milliseconds, three keepalives: the connection has died without a word

const id = decodeURIComponent(location.pathname.split("/").pop());
const address = new URL(`../pipelines/${encodeURIComponent(id)}/sse${location.search}`, location.href);
const token = address.searchParams.get("token"); // of this page's own address; it is sent, and never shown
address.searchParams.delete("token");
const element = (name) => document.getElementById(name);
const hidden = new Set(); // channels that the reader does not want to see
const channels = new Map(); // name → how many events
let cursor = null;
let live = false; // until `$sync`, what comes is a replay
let retry = 1000; // milliseconds, as the service wishes

function say(state, words) {
  if (element("state").textContent !== words) {
    element("state").dataset.state = state;
    element("state").textContent = words; // read aloud by screen readers, each time
  }
}

async function follow() {
  let failures = 0;
  for (;;) {
    const connection = new AbortController();
    try {
      const response = await connect(connection.signal);
      if (response.status >= 400 && response.status < 500) {
        return refuse(response); // trying again can't help; anything else passes by itself
      }
      failures = response.ok ? 0 : failures + 1;
      if (response.ok) {
        say("replaying", "Connected. Replaying what was sent before …");
        await showAll(response, connection);
      }
    } catch {
      failures += 1; // the network, or a service that is just being replaced
    }
    live = false;
    connection.abort();
    // The service has told each client another time, and a longer one where it has no room.
    const pause = Math.max(retry, Math.min(LONGEST_PAUSE, retry * 2 ** failures));
    say("reconnecting", `Disconnected. Reconnecting in ${Math.ceil(pause / 1000)} s …`);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function connect(signal) {
  const url = new URL(address);
  url.searchParams.set("control", "1");
  const headers = cursor === null ? {} : { "Last-Event-ID": cursor };
  if (token !== null) {
    headers.Authorization = `Bearer ${token}`;
  }
  return fetch(url, { headers, signal, cache: "no-store", credentials: "include" });
}

async function showAll(response, connection) {
  const giveUp = () => connection.abort();
  let silence = setTimeout(giveUp, LONGEST_SILENCE);
  try {
    for await (const frame of frames(response)) {
      clearTimeout(silence);
      silence = setTimeout(giveUp, LONGEST_SILENCE);
      retry = frame.retry ?? retry;
      if (frame.data !== undefined) {
        show(frame);
      }
    }
  } finally {
    clearTimeout(silence);
  }
}

async function refuse(response) {
  const problem = await response.json().catch(() => ({}));
  element("empty").hidden = true; // running the workflow would not help
  say("refused", `Refused (${response.status}): ${problem.detail ?? response.statusText}`);
}

function show(frame) {
  cursor = frame.id ?? cursor;
  if (frame.event === "$sync") {
    live = true;
    say("live", "Live. New events appear as they are sent.");
  } else {
    add(frame);
  }
}

function add({ event, id: eventId, data }) {
  const item = element("event").content.cloneNode(true).firstElementChild;
  const isGap = event === "$gap";
  item.dataset.channel = event;
  item.className = isGap ? "gap" : live ? "live" : "replayed";
  item.querySelector(".channel").textContent = event;
  item.querySelector(".id").textContent = eventId ?? "";
  item.querySelector("time").textContent = live ? new Date().toLocaleTimeString() : ""; // a replayed one came earlier
  item.querySelector(".mark").textContent = isGap ? "lost" : live ? "" : "replayed";
  item.querySelector(".payload").textContent = isGap ? gapInWords(data) : readable(data);
  item.hidden = hidden.has(event);
  element("events").prepend(item);
  if (element("events").childElementCount > KEPT) {
    element("events").lastElementChild.remove();
  }
  element("empty").hidden = true;
  if (!isGap) {
    count(event);
  }
}

function gapInWords(data) {
  const { reason, requested, next, missed } = JSON.parse(data);
  const how = { expired: "are older than retention", cleared: "were cleared", unknown: "belong to no known place" };
  const many = missed === null ? "Events" : missed === 1 ? "1 event" : `${missed} events`;
  return `${many} after ${requested} ${how[reason] ?? reason}; the stream goes on at ${next}.`;
}

function count(channel) {
  const known = channels.has(channel);
  if (!known && channels.size === MOST_CHANNELS) {
    return;
  }
  channels.set(channel, (channels.get(channel) ?? 0) + 1);
  if (known) {
    element("channels").querySelector(`[data-channel=${CSS.escape(channel)}] span`).textContent = channels.get(channel);
  } else {
    addToggle(channel);
    writeSnippet();
  }
}

function addToggle(channel) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  const number = document.createElement("span");
  label.dataset.channel = channel;
  box.type = "checkbox";
  box.checked = true;
  number.textContent = "1";
  label.append(box, ` ${channel} `, number);
  box.addEventListener("change", () => {
    hidden[box.checked ? "delete" : "add"](channel);
    for (const item of element("events").children) {
      item.hidden = hidden.has(item.dataset.channel);
    }
  });
  element("channels").append(label);
}

// A text as JavaScript has it, also between <script> and </script>.
function literal(text) {
  return JSON.stringify(text).replaceAll("<", "\\u003c");
}

// The stream's address as people copy it: a token of their own goes where this one went.
function addressToCopy() {
  const url = new URL(address);
  if (token !== null) {
    url.searchParams.set("token", "YOUR_TOKEN");
  }
  return url.href;
}

function writeSnippet() {
  const listeners = [...(channels.size > 0 ? channels.keys() : ["events"])].map(
    (channel) => `stream.addEventListener(${literal(channel)}, show);`,
  );
  element("snippet").textContent = [
    `const stream = new EventSource(${literal(addressToCopy())});`,
    "const show = (e) => console.log(e.type, JSON.parse(e.data));",
    ...listeners,
  ].join("\n");
}

async function copy({ target: button }) {
  const lines = element(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(lines.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(lines); // only pages that came by HTTPS may write to the clipboard
    button.textContent = "Selected: press Ctrl+C";
  }
}

element("stream").textContent = id;
document.title = `${id} · Tailrace`;
element("curl").textContent = `curl -N '${addressToCopy()}'`;
writeSnippet();
for (const button of document.querySelectorAll("[data-copies]")) {
  button.addEventListener("click", copy);
}
follow();
