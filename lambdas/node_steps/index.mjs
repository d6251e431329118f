// Runs a Node.js code step: in Lambda by `handler`, on one machine as a warm process that reads a request a line.
//
// A request: {folder, file, props, steps, context}. An answer: {exports, sends, logs, response, exit, error}. What a
// step sees of `$`, `this` and `steps` is Pipedream's; docs/pipedream.md says where it differs.

import { AsyncLocalStorage } from "node:async_hooks";
import { realpathSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { inspect } from "node:util";

import { misuse } from "./checks.mjs";
import { componentIn, selfOf } from "./component.mjs";
import { described } from "./failure.mjs";
import { StepRun } from "./step_run.mjs";

const HERE = fileURLToPath(import.meta.url);
const RESERVE = 500; // milliseconds of the function's time that are kept for the answer
const PAUSES = 10;
const PAUSE = 2; // milliseconds
const LINGERS =
  "This step was still doing something when it ended. Await every promise, and wrap callbacks in promises: " +
  "what comes later is lost.";

// Which run the code that is executing belongs to: what an earlier step left behind does not count as this one's.
const running = new AsyncLocalStorage();

async function runStep(request, { folder, until = null }) {
  const run = new StepRun(request);
  const file = resolve(folder, request.file);
  const timer = until === null ? null : setTimeout(() => run.fail(tooLate()), Math.max(0, until - Date.now()));
  const before = process.getActiveResourcesInfo().length;
  let error = null;
  try {
    await running.run(run, () => Promise.race([run.failed, execute(run, file, request.props)]));
    // What nobody awaits, and waits for nothing, still counts; and its rejections are told only now.
    await Promise.race([run.failed, new Promise((resolve) => setImmediate(resolve))]);
  } catch (thrown) {
    error = described(thrown, { folder, file });
    run.log("error", [thrown?.stack ?? error.message]);
  }
  run.close();
  const lingers = await someRemain(before);
  clearTimeout(timer);
  return { lingers, answer: run.answer(error, lingers && error === null ? [["warn", LINGERS]] : []) };
}

// Whether something is left that keeps a process alive; a connection may take a moment to close.
async function someRemain(before) {
  for (let pauses = 0; pauses < PAUSES; pauses += 1) {
    if (process.getActiveResourcesInfo().length <= before) {
      return false;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return true;
}

async function execute(run, file, props) {
  const component = await componentIn(file);
  const { steps, $ } = run;
  run.export("$return_value", await component.run.call(selfOf(component, props), { steps, $ }));
}

function tooLate() {
  return misuse("TimedOut", "The time for this step was up before it had ended.");
}

// Lambda's own listeners would end the process, and with it the run's answer.
for (const event of ["uncaughtException", "unhandledRejection"]) {
  process.removeAllListeners(event).on(event, (error) => {
    const run = running.getStore();
    if (run === undefined) {
      process.stderr.write(`${inspect(error)}\n`);
      process.reallyExit(1);
    }
    run.fail(error);
  });
}
const exit = process.exit.bind(process);
process.exit = (code) => {
  if (running.getStore() === undefined) {
    exit(code);
  }
  throw misuse("NotOffered", `process.exit(${code ?? ""}) is not offered: return, or $.flow.exit() to end the workflow.`);
};

for (const level of ["debug", "error", "info", "log", "warn"]) {
  const print = console[level].bind(console);
  console[level] = (...words) => (running.getStore() ? running.getStore().log(level, words) : print(...words));
}
console.dir = (value, options) => console.log(inspect(value, options));

// Lambda's entry: the workflows' folder lies beside this file, and files are named from there.
export async function handler(request, context) {
  const folder = join(dirname(HERE), process.env.TAILRACE_WORKFLOWS_FOLDER ?? "workflows");
  const left = Date.now() + context.getRemainingTimeInMillis() - RESERVE;
  const { answer } = await runStep(request, { folder, until: Math.min(left, request.context.deadline ?? left) });
  return JSON.parse(answer);
}

// The entry on one machine. Each answer is a line that begins with a word of the caller's, since a step, or a program
// that it starts, may write to standard output too.
function serve(word) {
  const answer = process.stdout.write.bind(process.stdout);
  process.stdout.write = process.stderr.write.bind(process.stderr);
  let last = Promise.resolve();
  createInterface({ input: process.stdin })
    .on("line", (line) => {
      last = last.then(async () => {
        const request = JSON.parse(line);
        const ended = await runStep(request, { folder: request.folder });
        answer(`\n${word} ${ended.lingers ? "-" : "+"}${ended.answer}\n`);
      });
    })
    .on("close", () => exit(0)); // whoever asked has gone, also in the middle of a step
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === HERE) {
  const [word] = process.argv.splice(2);
  serve(word);
}
