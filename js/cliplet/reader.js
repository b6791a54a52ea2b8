// The reader of what callers write: lists of labels, and what names a model. It is a small
// WebAssembly program of its own (crates/decoder/src/reader.rs), which is fetched when it is first
// wanted.

import { filesOfProgram } from "./files.js";

/** @import { Address } from "./files.js" */

/**
 * Models are given as entries of models.json, in JSON.
 *
 * @typedef {object} Reader
 * @property {(list: string) => string[]} labels
 *   The labels of a list, in their order, each once.
 * @property {(text: string) => string} model_at
 *   The model at an address or in a repository. Throws `OtherFile` or `NoName`, as texts.
 * @property {(url: string, isFolder: boolean, weights?: string) => string} model_described
 *   The model at an address where it is known what lies there.
 * @property {(names: string[]) => string | undefined} model_of_files
 *   The model in files of these names, if they are one.
 */

/** @type {Map<string, Promise<Reader>>} */
const fetched = new Map();

/**
 * The program. `address` gives the address of a file; `failed` makes an error of the reason why it
 * cannot be fetched.
 *
 * @param {Address} address
 * @param {(cause: unknown) => Error} failed
 */
export async function readerFrom(address, failed) {
  const [script, wasm] = filesOfProgram("reader").map(address);
  const program = fetched.get(script) ?? fetchProgram(script, wasm);
  fetched.set(script, program);
  try {
    return await program;
  } catch (error) {
    // The next call tries it anew.
    fetched.delete(script);
    throw failed(error);
  }
}

/**
 * @param {string} script
 * @param {string} address
 * @returns {Promise<Reader>}
 */
async function fetchProgram(script, address) {
  const wasm = fetch(address);
  // If the script fails, nobody waits for it.
  wasm.catch(() => {});
  const program = await import(/* @vite-ignore */ /* webpackIgnore: true */ script);
  await program.default({ module_or_path: wasm });
  return program;
}
