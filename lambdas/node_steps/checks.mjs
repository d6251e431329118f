// What a step may send, export and answer. The limits and the names of the errors are those of Python's steps.

import { inspect } from "node:util";

export const MAX_CHANNEL_BYTES = 256;
export const MAX_PAYLOAD_BYTES = 256 * 1024;
export const MAX_PAYLOAD_DEPTH = 100;
export const MAX_EXPORT_DEPTH = 500;
export const MAX_SENDS = 10_000;
export const MAX_SENDS_BYTES = 5_000_000;
export const MAX_ANSWER_BYTES = 6_000_000;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
// JSON.stringify writes a lone surrogate as \uXXXX and a pair as it is; an even number of backslashes before is text.
const LONE_SURROGATE = /(?<!\\)(?:\\\\)*\\ud[89a-f]/;

// An error of the step's own making; it is named as in Python.
export function misuse(name, message) {
  const error = new Error(message);
  error.name = name;
  return error;
}

// A value in a few words, whatever it is.
export function shown(value) {
  return inspect(value, { depth: 0, breakLength: Infinity, maxStringLength: 80 }).slice(0, 100);
}

export function checkChannel(channel) {
  const refuse = (why) => misuse("InvalidChannel", why);
  if (typeof channel !== "string" || channel === "") {
    throw refuse(`A channel is a text that is not empty, such as "orders"; this one is ${shown(channel)}.`);
  }
  if (channel.startsWith("$")) {
    throw refuse(`The channel ${shown(channel)} begins with $, which is kept for Tailrace: drop the $.`);
  }
  if (/[\r\n\0]/.test(channel)) {
    throw refuse(`The channel ${shown(channel)} holds a line break or NUL, which would break its frame.`);
  }
  if (!channel.isWellFormed()) {
    throw refuse(`The channel ${shown(channel)} holds a lone surrogate, which is no character.`);
  }
  const size = Buffer.byteLength(channel);
  if (size > MAX_CHANNEL_BYTES) {
    throw refuse(`The channel ${shown(channel)} is ${size} bytes; at most ${MAX_CHANNEL_BYTES} fit. Put detail in the payload.`);
  }
}

// The payload as JSON, as it is now: later changes to the object do not count.
export function payloadJson(channel, payload) {
  const what = `The payload for channel ${shown(channel)}`;
  if (payload === undefined) {
    throw misuse("InvalidPayload", `${what} is missing: $.send.sse({ channel: "events", payload: { name: "Luke" } }).`);
  }
  const json = toJson(payload, what, "InvalidPayload");
  if (LONE_SURROGATE.test(json)) {
    throw misuse("InvalidPayload", `${what} holds a lone surrogate, which is no character.`);
  }
  const { size, depth } = measured(json);
  if (depth > MAX_PAYLOAD_DEPTH) {
    throw misuse("InvalidPayload", `${what} nests arrays and objects more than ${MAX_PAYLOAD_DEPTH} deep: flatten it.`);
  }
  if (size > MAX_PAYLOAD_BYTES) {
    throw misuse(
      "PayloadTooLarge",
      `${what} is ${size} bytes of JSON; at most ${MAX_PAYLOAD_BYTES} fit in one event. ` +
        "Send a link to it, or split it into several events.",
    );
  }
  return json;
}

// A copy of an exported value, as later steps will see it; what is undefined is not exported.
export function exported(name, value) {
  if (typeof name !== "string" || name === "") {
    throw misuse("InvalidExport", `An export's name is a text, such as "total"; this one is ${shown(name)}.`);
  }
  if (value === undefined) {
    return undefined;
  }
  const what = name === "$return_value" ? "What the step returned" : `The export ${shown(name)}`;
  const json = toJson(value, what, "InvalidExport");
  if (measured(json).depth > MAX_EXPORT_DEPTH) {
    throw misuse("InvalidExport", `${what} nests arrays and objects more than ${MAX_EXPORT_DEPTH} deep: flatten it.`);
  }
  return JSON.parse(json);
}

export function toJson(value, what, errorName) {
  let json;
  try {
    json = JSON.stringify(value);
  } catch (error) {
    throw misuse(errorName, `${what} is not JSON: ${String(error?.message).split("\n")[0]}.`);
  }
  if (json === undefined) {
    throw misuse(errorName, `${what} is not JSON: it is ${shown(value)}.`);
  }
  return json;
}

// How deep the JSON nests, and its length once all but printable ASCII is written as \uXXXX, which is how it is sent.
function measured(json) {
  let size = 0;
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < json.length; index += 1) {
    const code = json.charCodeAt(index);
    size += code < 0x7f ? 1 : 6;
    if (code === QUOTE) {
      quoted = !quoted;
    } else if (code === BACKSLASH) {
      index += 1; // what is escaped is ASCII, and neither ends the text nor nests
      size += 1;
    } else if (!quoted && (code === 0x7b || code === 0x5b)) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (!quoted && (code === 0x7d || code === 0x5d)) {
      depth -= 1;
    }
  }
  return { size, depth: deepest };
}
