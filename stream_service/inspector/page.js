// Shows one stream: replayed and live events, the connection's state in words, and the lines to copy.

import { frames } from "./frames.js";

const KEPT = 500; // events on the page; older ones go, the log has them
const LONGEST_PAUSE = 15_000; // milliseconds between two tries to connect

const id = decodeURIComponent(location.pathname.split("/").pop());
const address = new URL(`../pipelines/${encodeURIComponent(id)}/sse${location.search}`, location.href);
const element = (name) => document.getElementById(name);
const hidden = new Set(); // channels that the reader does not want to see
const channels = new Map(); // name → how many events
let cursor = null;
let live = false;

function say(state, words) {
  element("state").dataset.state = state;
  element("state").textContent = words;
}

async function follow() {
  let failures = 0;
  for (;;) {
    try {
      const headers = cursor === null ? {} : { "Last-Event-ID": cursor };
      const url = new URL(address);
      url.searchParams.set("control", "1");
      const response = await fetch(url, { headers, cache: "no-store", credentials: "include" });
      if (!response.ok) {
        return refuse(response);
      }
      failures = 0;
      say("replaying", "Connected. Replaying what was sent before …");
      for await (const frame of frames(response)) {
        show(frame);
      }
    } catch (error) {
      failures += 1; // the network, or a service that is just being replaced
    }
    live = true; // what comes from now on is no replay of history, but what was missed
    const pause = Math.min(LONGEST_PAUSE, 1000 * 2 ** failures) * (0.5 + Math.random() / 2);
    say("reconnecting", `Disconnected. Trying again in ${Math.ceil(pause / 1000)} s …`);
    await new Promise((resolve) => setTimeout(resolve, pause));
    say("connecting", "Connecting …");
  }
}

async function refuse(response) {
  const problem = await response.json().catch(() => ({}));
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
  item.querySelector("time").textContent = new Date().toLocaleTimeString();
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

function readable(data) {
  try {
    return JSON.stringify(JSON.parse(data), null, 2);
  } catch {
    return data;
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

function writeSnippet() {
  const listeners = [...(channels.size > 0 ? channels.keys() : ["events"])].map(
    (channel) => `stream.addEventListener(${JSON.stringify(channel)}, (e) => console.log(JSON.parse(e.data)));`,
  );
  element("snippet").textContent = [`const stream = new EventSource(${JSON.stringify(address.href)});`, ...listeners].join("\n");
}

element("stream").textContent = id;
document.title = `${id} · Tailrace`;
element("curl").textContent = `curl -N '${address.href}'`;
writeSnippet();
element("copy").addEventListener("click", async () => {
  await navigator.clipboard.writeText(element("snippet").textContent);
  element("copy").textContent = "Copied";
});
follow();
