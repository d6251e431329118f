// What an answer says of an error.

import { spawnSync } from "node:child_process";
import { relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { inspect } from "node:util";

const PLACE = /^(file:\/\/[^\n]+|\/[^\n]+|[A-Z]:[^\n]+):(\d+)\n/;
const OURS = new URL(".", import.meta.url).href;
const MAX_NAME = 200;
const MAX_MESSAGE = 4000;
const PATIENCE = 10_000; // milliseconds

// The error's name and message; whatever was thrown, and a syntax error with its file and line.
export function described(thrown, { folder, file }) {
  if (!(thrown instanceof Error)) {
    return { name: "Error", message: `The step threw ${inspect(thrown)}.`.slice(0, MAX_MESSAGE) };
  }
  const message = String(thrown.message);
  const place = thrown instanceof SyntaxError ? placeOf(thrown, folder, file) : "";
  const { cause } = thrown; // of fetch, for one, which says no more than that it failed
  const because = cause instanceof Error && !message.includes(cause.message) ? ` (${cause.message})` : "";
  return { name: String(thrown.name).slice(0, MAX_NAME), message: `${place}${message}${because}`.slice(0, MAX_MESSAGE) };
}

// Node.js keeps the place of an ES module's syntax error to itself, and prints it where the error ends a process.
function placeOf(error, folder, file) {
  const found = PLACE.exec(error.stack) ?? (ranInto(error) ? null : PLACE.exec(printed(file)));
  if (found === null) {
    return "";
  }
  const path = found[1].startsWith("file:") ? fileURLToPath(found[1]) : found[1];
  return `${relative(folder, path)}:${found[2]}: `;
}

// Whether code was running, JSON.parse of something, say: then the stack tells where.
function ranInto({ stack = "" }) {
  return stack.split("\n").some((line) => /^\s+at /.test(line) && !line.includes("node:") && !line.includes(OURS));
}

function printed(file) {
  const program = `await import(${JSON.stringify(pathToFileURL(file).href)})`;
  const options = { encoding: "utf8", timeout: PATIENCE, input: "" };
  return spawnSync(process.execPath, ["--input-type=module", "--eval", program], options).stderr ?? "";
}
