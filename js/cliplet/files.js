// Where the engine's files lie. `cargo xtask` fills in their names.

import { ClipletError } from "./errors.js";

/** @typedef {(path: string) => string} Address The address of a file, by its path. */

// By their paths below this module, with an address each as bundlers understand it: they copy such
// files, and write where they have put them.
const FILES = __CLIPLET_FILES__;

const ENGINE = "engine/";
export const WORKER = __CLIPLET_WORKER_PATH__;
export const CATALOGUE = "models.json";

// Up to version 7, Vite's server in development bundles what a project imports, and leaves the
// files beside it where they were.
const BUNDLED_BY_VITE = "/.vite/deps/";

/**
 * Gives the address of a file. `baseUrl` says where all of them lie, if not where this module was.
 *
 * @param {string | URL | undefined} baseUrl
 * @returns {Address}
 */
export function addressesBelow(baseUrl) {
  if (baseUrl === undefined) return (path) => besideVite(Object.hasOwn(FILES, path) ? FILES[path] : new URL(path, FILES[CATALOGUE]), path);
  let base;
  try {
    base = new URL(baseUrl, documentUrl());
  } catch (error) {
    throw new ClipletError("bad-argument", "baseUrl is no address. It should be that of the folder of cliplet.js, and end in a slash.", error);
  }
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return (path) => new URL(path, base).href;
}

/**
 * @param {URL} address
 * @param {string} path
 */
function besideVite({ href }, path) {
  const [before, after] = href.split(BUNDLED_BY_VITE);
  return after === undefined ? href : `${before}/cliplet/${path}`;
}

/**
 * The addresses of the engine's files by their names, as its worker's script asks for them.
 *
 * @param {Address} address
 */
export function filesOfEngine(address) {
  const paths = Object.keys(FILES).filter((path) => path.startsWith(ENGINE));
  return Object.fromEntries(paths.map((path) => [`./${path.slice(ENGINE.length)}`, address(path)]));
}

/**
 * The paths of the script and of the WebAssembly of a program that is called so.
 *
 * @param {string} name
 */
export function filesOfProgram(name) {
  const paths = Object.keys(FILES).filter((path) => path.startsWith(`${ENGINE}${name}-`));
  return [".js", ".wasm"].map((ending) => /** @type {string} */ (paths.find((path) => path.endsWith(ending))));
}

/** What addresses of the caller are relative to. */
export function documentUrl() {
  return globalThis.document?.baseURI ?? globalThis.location?.href;
}
