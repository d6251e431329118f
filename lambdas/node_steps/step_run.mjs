// One run of one step: what the step sees as `$`, and what it did.

import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { formatWithOptions } from "node:util";

import * as checks from "./checks.mjs";

const { misuse, shown } = checks;
const MAX_LOG_LINES = 1000;
const MAX_REASON = 1000;
const FRAME = 32; // what stands around a channel and a payload in an answer
const MAX_LOG_CHARACTERS = 200_000;

export class StepRun {
  #exports = {};
  #sends = [];
  #sentBytes = 0;
  #logs = [];
  #logCharacters = 0;
  #logIsFull = false;
  #response = null;
  #exit = null;
  #over = false;
  #fail;

  constructor({ steps, context }) {
    this.steps = steps;
    this.$ = offering("$", {
      context: { ...context, JIT: false, run: { runs: 1 } },
      export: (name, value) => this.export(name, value),
      flow: offering("$.flow", { exit: (reason) => this.#exitFlow(reason) }),
      respond: (response) => this.#respond(response),
      send: offering("$.send", { sse: (event) => this.#send(event) }, "SendNotOffered"),
    });
    // Rejects when something that nobody awaited has failed.
    this.failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.failed.catch(() => {});
  }

  export(name, value) {
    const copy = checks.exported(name, value);
    if (copy !== undefined && !this.#over) {
      this.#exports[name] = copy;
    }
  }

  log(level, words) {
    const text = formatWithOptions({ colors: false }, ...words);
    this.#logCharacters += text.length;
    if (this.#over) {
      process.stderr.write(`${text}\n`); // the answer is on its way
    } else if (this.#logs.length < MAX_LOG_LINES && this.#logCharacters <= MAX_LOG_CHARACTERS) {
      this.#logs.push([level, text]);
    } else if (!this.#logIsFull) {
      this.#logIsFull = true;
      this.#logs.push(["warn", "What the step logs from here on is left out: it is too much."]);
    }
  }

  // Something that the step did not await has failed, or its time is up.
  fail(error) {
    if (this.#over) {
      process.stderr.write(`${shown(error)}\n`);
    } else {
      this.#fail(error);
    }
  }

  // Ends the step: what it still does comes to nothing.
  close() {
    this.#over = true;
  }

  // The answer as JSON; `remarks` are further lines of the log.
  answer(error, remarks) {
    const [exports, sends, response, exit] = [this.#exports, this.#sends, this.#response, this.#exit];
    const logs = [...this.#logs, ...remarks];
    const answer = JSON.stringify({ exports, sends, logs, response, exit, error });
    const size = Buffer.byteLength(answer);
    if (size <= checks.MAX_ANSWER_BYTES) {
      return answer;
    }
    const message =
      `The step's exports, response and sends are ${size} bytes; one step can hand on ${checks.MAX_ANSWER_BYTES}. ` +
      "Export a link to what is larger.";
    const tooLarge = { name: "AnswerTooLarge", message };
    return JSON.stringify({ exports: {}, sends, logs, response: null, exit, error: tooLarge });
  }

  #send(event) {
    if (this.#over) {
      this.log("warn", ["A $.send.sse() after the step had ended is ignored: await what sends, or return it."]);
      return Promise.resolve();
    }
    const { channel, payload } = event ?? {};
    checks.checkChannel(channel);
    const json = checks.payloadJson(channel, payload);
    const bytes = this.#sentBytes + Buffer.byteLength(json) + Buffer.byteLength(channel) + FRAME;
    if (this.#sends.length >= checks.MAX_SENDS || bytes > checks.MAX_SENDS_BYTES) {
      throw misuse(
        "TooManySends",
        `A Node.js step may send ${checks.MAX_SENDS} events and ${checks.MAX_SENDS_BYTES} bytes; this is more. ` +
          "Put several things into one event, or split the work into several steps or runs.",
      );
    }
    this.#sentBytes = bytes;
    this.#sends.push({ channel, payload: JSON.parse(json) });
    return Promise.resolve();
  }

  #exitFlow(reason) {
    this.#exit ??= { reason: reason === undefined || reason === null ? null : String(reason).slice(0, MAX_REASON) };
  }

  async #respond(response) {
    const { status = 200, headers = {}, body = null, immediate = false } = response ?? {};
    if (this.#response !== null) {
      throw misuse("InvalidResponse", "This run has responded already: a workflow's caller gets one answer.");
    }
    if (immediate) {
      this.log("warn", ["$.respond(): the response goes out when the workflow has ended, also with `immediate`."]);
    }
    this.#response = { status, headers, base64: false, body: null };
    const content = body instanceof Readable ? await buffer(body) : body;
    if (ArrayBuffer.isView(content)) {
      this.#response.base64 = true;
      this.#response.body = Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("base64");
    } else {
      this.#response.body = JSON.parse(checks.toJson(content, "The response's body", "InvalidResponse"));
    }
  }
}

// An object whose missing members say that they are not offered, instead of being undefined.
function offering(name, members, errorName = "NotOffered") {
  return new Proxy(members, {
    get(target, member) {
      if (member in target || typeof member === "symbol" || member === "then" || member === "toJSON") {
        return target[member];
      }
      const offered = Object.keys(target).map((each) => `${name}.${each}`);
      throw misuse(errorName, `${name}.${member} is not offered here; there is ${offered.join(", ")}.`);
    },
  });
}
