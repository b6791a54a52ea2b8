// Lists of labels, read by a small WebAssembly program of its own (crates/decoder/src/labels.rs). It is fetched when the first list comes.

import { ClipletError } from "./errors.js";
import { filesOfProgram } from "./files.js";

const fetched = new Map();

/** The labels of a list, in their order, each once. `address` gives the address of a file. */
export async function labelsOf(list, address) {
  const [script, wasm] = filesOfProgram("labels").map(address);
  if (!fetched.has(script)) fetched.set(script, fetchProgram(script, wasm));
  let program;
  try {
    program = await fetched.get(script);
  } catch (error) {
    // The next call tries it anew.
    fetched.delete(script);
    throw new ClipletError("no-label-reader", "The part of Cliplet that reads lists of labels could not be fetched. Check the network and try again.", error);
  }
  return program.read(list);
}

async function fetchProgram(script, address) {
  const wasm = fetch(address);
  // If the script fails, nobody waits for it.
  wasm.catch(() => {});
  const program = await import(/* @vite-ignore */ /* webpackIgnore: true */ script);
  await program.default({ module_or_path: wasm });
  return program;
}
