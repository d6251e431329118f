// A component: the file that exports it, and what its `run` gets as `this`.

import Module, { createRequire, register } from "node:module";
import { pathToFileURL } from "node:url";

import { misuse, shown } from "./checks.mjs";

const NO_COMPONENT = "The file exports no component: write export default defineComponent({ async run({ steps, $ }) { … } }).";
const NOT_FOUND = /Cannot find (?:package|module) '((?:@[^/']+\/)?[^/'.][^/']*)[^']*'/;
const NAME = String.raw`^((?:@[^/@:]+/)?[^/@:.][^/@:]*)@[^/]+(/.*)?$`;
// Reads axios@0.19.2 as axios: which version that is, a package.json says.
const UNPIN = `const PINNED = new RegExp(${JSON.stringify(NAME)});
export const resolve = (name, context, next) => next(name.replace(PINNED, "$1$2"), context);`;
const PINNED = new RegExp(NAME);

const IS = {
  any: () => true,
  boolean: (value) => typeof value === "boolean",
  integer: Number.isInteger,
  number: (value) => typeof value === "number",
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
  string: (value) => typeof value === "string",
};

// How often a file could not be imported: a module that failed is remembered under its URL, so it is asked for anew.
const failures = new Map();
let unpins = false;

globalThis.defineComponent = (component) => component;

export async function componentIn(file) {
  const required = createRequire(file);
  // A step may mix `require` with `export default`: ES modules have no require of their own.
  globalThis.require = Object.assign((name) => required(name.replace(PINNED, "$1$2")), required);
  const module = await imported(file);
  const found = [module.default?.default, module.default, module].find((each) => typeof each?.run === "function");
  if (found === undefined) {
    throw misuse("InvalidComponent", NO_COMPONENT);
  }
  return found;
}

async function imported(file) {
  const { href } = pathToFileURL(file);
  const failed = failures.get(file) ?? 0;
  try {
    return await import(failed === 0 ? href : `${href}?${failed}`);
  } catch (error) {
    failures.set(file, failed + 1);
    const [, name] = NOT_FOUND.exec(error?.message) ?? [];
    if (name === undefined || !["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(error.code)) {
      throw error;
    }
    if (PINNED.test(name) && !unpins) {
      unpins = true;
      readPinsAsBareNames();
      return imported(file);
    }
    throw misuse(
      "PackageNotInstalled",
      `The package ${name} is not installed: name it in a package.json beside the step, and run npm install there.`,
    );
  }
}

// In `import` and in the `require` of CommonJS files, which Node.js 20 lets nobody customize but so.
function readPinsAsBareNames() {
  register(`data:text/javascript,${encodeURIComponent(UNPIN)}`);
  const resolved = Module._resolveFilename;
  Module._resolveFilename = (name, ...more) => resolved(name.replace(PINNED, "$1$2"), ...more);
}

// What the step gets as `this`: its props, and its methods, which see each other and the props.
export function selfOf(component, given) {
  const self = bound(component.methods);
  const declared = component.props ?? {};
  for (const name of Object.keys(given)) {
    if (!(name in declared) && component.additionalProps === undefined) {
      const known = Object.keys(declared).join(", ") || "none";
      throw misuse("InvalidProps", `The component has no prop ${name}; it has ${known}.`);
    }
    self[name] = given[name];
  }
  for (const [name, declaration] of Object.entries(declared)) {
    const value = propValue(name, complete(declaration), given[name]);
    if (value !== undefined) {
      self[name] = value;
    }
  }
  return self;
}

function bound(methods = {}) {
  const self = { ...methods };
  for (const [name, method] of Object.entries(methods)) {
    self[name] = method.bind(self);
  }
  return self;
}

// A declaration with what it takes over from its app: propDefinition: [app, "name"].
function complete(declaration) {
  if (typeof declaration === "string") {
    return { type: declaration };
  }
  const [app, name] = declaration.propDefinition ?? [];
  return { ...app?.propDefinitions?.[name], ...declaration };
}

function propValue(name, declaration, given) {
  const { type, default: fallback, optional = false } = declaration;
  if (type === "alert") {
    return undefined; // a text for whoever fills in Pipedream's form
  }
  if (type !== "app" && IS[elementOf(type)] === undefined) {
    throw misuse("InvalidProps", `The prop ${name} is of type ${shown(type)}, which is not offered here.`);
  }
  const value = given ?? structuredClone(fallback); // a module stays: what a run changes is its own
  if (value === undefined || value === null) {
    if (!optional) {
      throw misuse("InvalidProps", `The prop ${name} is required: give it a value where the workflow adds this step.`);
    }
    return undefined;
  }
  return type === "app" ? appOf(name, declaration, value) : checked(name, declaration, value);
}

// An app's account is what the workflow gives: {"$auth": {…}}; its methods see it as this.$auth.
function appOf(name, app, account) {
  if (!IS.object(account)) {
    throw misuse("InvalidProps", `The prop ${name} is an app: give it its account, {"$auth": {…}}, not ${shown(account)}.`);
  }
  return Object.assign(bound(app.methods), account);
}

function checked(name, { type, min = -Infinity, max = Infinity }, given) {
  const value = fromText(type, given);
  const is = IS[elementOf(type)];
  if (!(type.endsWith("[]") ? Array.isArray(value) && value.every(is) : is(value))) {
    throw misuse("InvalidProps", `The prop ${name} should be ${type}, and is ${shown(given)}.`);
  }
  if (type === "integer" && (value < min || value > max)) {
    throw misuse("InvalidProps", `The prop ${name} is ${value}, and should be from ${min} to ${max}.`);
  }
  return value;
}

// What a query string holds is text: "5" is 5 where an integer is declared.
function fromText(type, value) {
  if (type === "integer" && typeof value === "string" && /^-?\d+$/.test(value)) {
    return Number(value);
  }
  return type === "boolean" && ["true", "false"].includes(value) ? value === "true" : value;
}

function elementOf(type) {
  return typeof type === "string" && type.endsWith("[]") ? type.slice(0, -2) : type;
}
