// Runs one Node.js code step: in Lambda by `handler`, on one machine as a warm process that reads a request a line.
//
// A request: {file, props, steps, context}. An answer: {exports, sends, response, exit, error, logs}. What a step sees
// of `$`, `this` and `steps` is Pipedream's; docs/pipedream.md says where it differs.

import { createInterface } from "node:readline";
import { realpathSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { formatWithOptions } from "node:util";

const MAX_CHANNEL_BYTES = 256;
const MAX_PAYLOAD_BYTES = 256 * 1024;
const MAX_LOG_LINES = 1000;
const TYPES = {
  any: () => true,
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  string: (value) => typeof value === "string",
};

globalThis.defineComponent = (component) => component;

// The step that runs now. One process runs one step at a time, so that what it logs and rejects is its own.
let current = null;

class StepRun {
  constructor({ steps, context }) {
    this.steps = steps;
    this.context = context;
    this.exports = {};
    this.sends = [];
    this.logs = [];
    this.response = null;
    this.exit = null;
    this.rejection = null;
    this.over = false;
  }

  // What the step gets as `$`.
  get dollar() {
    return {
      context: this.context,
      export: (name, value) => this.export(name, value),
      flow: offering("$.flow", { exit: (reason) => this.exitFlow(reason) }),
      respond: async (response) => this.respond(response),
      send: offering("$.send", { sse: (event) => this.send(event) }),
    };
  }

  export(name, value) {
    if (typeof name !== "string" || name === "") {
      throw new TypeError("$.export(name, value): the name is a text that is not empty.");
    }
    const json = toJson(value, `The export ${name}`);
    if (json !== undefined) {
      this.exports[name] = JSON.parse(json);
    }
  }

  exitFlow(reason) {
    this.exit = { reason: reason === undefined ? null : String(reason) };
  }

  respond({ status = 200, headers = {}, body = "" } = {}) {
    if (this.response !== null) {
      throw new Error("$.respond() was called before; a run has one response.");
    }
    this.response = { status, headers, body: JSON.parse(toJson(body, "The response's body") ?? "null") };
  }

  send({ channel, payload } = {}) {
    if (this.over) {
      this.log("warn", ["A $.send.sse() after the step had ended was ignored: await what sends, or return it."]);
      return;
    }
    checkChannel(channel);
    if (payload === undefined) {
      throw new TypeError(`$.send.sse() for channel ${JSON.stringify(channel)} has no payload.`);
    }
    const json = toJson(payload, `The payload for channel ${JSON.stringify(channel)}`);
    const size = asciiLength(json);
    if (size > MAX_PAYLOAD_BYTES) {
      throw new RangeError(
        `The payload for channel ${JSON.stringify(channel)} is ${size} bytes of JSON; at most ${MAX_PAYLOAD_BYTES} ` +
          "fit in one event. Send a link to it, or split it into several events.",
      );
    }
    this.sends.push({ channel, payload: json });
  }

  log(level, words) {
    if (this.logs.length < MAX_LOG_LINES) {
      this.logs.push([level, formatWithOptions({ colors: false }, ...words)]);
    }
  }

  answer(error) {
    const { exports, sends, logs, response, exit } = this;
    return { exports, sends, logs, response, exit, error: error === null ? null : described(error) };
  }
}

// An object whose missing members say that they are not offered, instead of being undefined.
function offering(name, members) {
  return new Proxy(members, {
    get(target, member) {
      if (member in target || typeof member === "symbol" || member === "then" || member === "toJSON") {
        return target[member];
      }
      throw new TypeError(`${name}.${member} is not offered here; there is ${name}.${Object.keys(target).join(", ")}.`);
    },
  });
}

function checkChannel(channel) {
  if (typeof channel !== "string" || channel === "") {
    throw new TypeError(`$.send.sse(): a channel is a text that is not empty, not ${JSON.stringify(channel)}.`);
  }
  if (channel.startsWith("$")) {
    throw new TypeError(`The channel ${JSON.stringify(channel)} begins with $, which is kept for Tailrace: drop the $.`);
  }
  if (/[\r\n\0]/.test(channel)) {
    throw new TypeError(`The channel ${JSON.stringify(channel)} holds a line break or NUL, which would break its frame.`);
  }
  if (Buffer.byteLength(channel) > MAX_CHANNEL_BYTES) {
    throw new RangeError(`The channel ${JSON.stringify(channel.slice(0, 40))}… is over ${MAX_CHANNEL_BYTES} bytes.`);
  }
}

function toJson(value, what) {
  try {
    return JSON.stringify(value);
  } catch (error) {
    throw new TypeError(`${what} is not JSON: ${error.message}`);
  }
}

// The length that the JSON has once everything outside ASCII is written as \uXXXX, which is how it is sent.
function asciiLength(json) {
  let length = 0;
  for (let index = 0; index < json.length; index += 1) {
    length += json.charCodeAt(index) < 128 ? 1 : 6;
  }
  return length;
}

function described(error) {
  const isError = error instanceof Error;
  return { name: isError ? error.name : "Error", message: isError ? error.message : String(error) };
}

async function componentIn(file) {
  const module = await import(pathToFileURL(file).href);
  const component = module.default ?? module;
  if (typeof component?.run !== "function") {
    throw new TypeError("The file exports no component: write export default defineComponent({ async run() { … } }).");
  }
  return component;
}

// What the step gets as `this`: its props, and its methods.
function selfOf(component, given) {
  const self = { ...component.methods };
  for (const [name, method] of Object.entries(self)) {
    self[name] = method.bind(self);
  }
  const declared = component.props ?? {};
  for (const name of Object.keys(given)) {
    if (!(name in declared)) {
      throw new TypeError(`The component has no prop ${name}; it has ${Object.keys(declared).join(", ") || "none"}.`);
    }
  }
  for (const [name, declaration] of Object.entries(declared)) {
    const value = propValue(name, typeof declaration === "string" ? { type: declaration } : declaration, given[name]);
    if (value !== undefined) {
      self[name] = value;
    }
  }
  return self;
}

function propValue(name, { type, default: fallback, optional = false }, given) {
  const value = given ?? fallback;
  const elementType = type?.endsWith?.("[]") ? type.slice(0, -2) : null;
  const check = TYPES[elementType ?? type];
  if (check === undefined) {
    throw new TypeError(`The prop ${name} is of type ${type}, which is not offered here.`);
  }
  if (value === undefined || value === null) {
    if (!optional) {
      throw new TypeError(`The prop ${name} is required: give it a value where the workflow adds this step.`);
    }
    return undefined;
  }
  if (!(elementType === null ? check(value) : Array.isArray(value) && value.every(check))) {
    throw new TypeError(`The prop ${name} should be ${type}, and is ${JSON.stringify(value)}.`);
  }
  return value;
}

async function runStep(request, folder) {
  const run = new StepRun(request);
  current = run;
  try {
    const component = await componentIn(isAbsolute(request.file) ? request.file : join(folder, request.file));
    const self = selfOf(component, request.props);
    const returned = await component.run.call(self, { steps: run.steps, $: run.dollar });
    if (returned !== undefined) {
      run.export("$return_value", returned);
    }
    // A promise that nobody awaits is reported as rejected only after the microtasks are done.
    await new Promise((resolve) => setImmediate(resolve));
    return run.answer(run.rejection?.error ?? null);
  } catch (error) {
    return run.answer(error ?? new Error("The step threw nothing."));
  } finally {
    run.over = true;
  }
}

process.on("unhandledRejection", (error) => {
  if (current !== null && !current.over) {
    current.rejection = { error };
  }
});

for (const level of ["debug", "error", "info", "log", "warn"]) {
  console[level] = (...words) => current?.log(level, words);
}
console.table = console.dir = console.log;

// Lambda's entry: the steps lie beside this file.
export async function handler(request) {
  return runStep(request, fileURLToPath(new URL(".", import.meta.url)));
}

// The entry on one machine. Standard output is for answers alone: what a step writes there goes to standard error.
async function serve() {
  const answer = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  for await (const line of createInterface({ input: process.stdin })) {
    answer(`${JSON.stringify(await runStep(JSON.parse(line), process.cwd()))}\n`);
  }
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await serve();
  process.exit(0);
}
