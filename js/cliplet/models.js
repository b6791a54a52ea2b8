// Which model a caller means, as the engine wants to be told: an entry as in models.json, and files
// where it lies on this device.
//
// What addresses, repositories and files say is read as the page reads it
// (crates/protocol/src/model_address.rs), so that both find what the other has kept.

import { ClipletError, reasonOf } from "./errors.js";
import { CATALOGUE, documentUrl } from "./files.js";
import { readerFrom } from "./reader.js";

/**
 * @import { LoadOptions, ModelDescription } from "./cliplet.d.ts"
 * @import { Address } from "./files.js"
 * @import { ModelEntry } from "../messages"
 */

/** @typedef {{ entry: ModelEntry, files: { name: string, file: Blob }[] }} FoundModel */

/**
 * Gives the entry of a model, and its files. `address` gives the addresses of the files beside this
 * module.
 *
 * @param {LoadOptions["model"]} model
 * @param {Address} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<FoundModel>}
 */
export async function findModel(model, address, signal) {
  if (model instanceof Blob) return onDevice([model], address);
  if (typeof model === "string" || model instanceof URL) return { entry: await named(String(model).trim(), address, signal), files: [] };
  if (model === undefined || model === null) return { entry: await fromCatalogue(undefined, address, signal), files: [] };
  const several = /** @type {Iterable<File>} */ (model);
  if (typeof several[Symbol.iterator] === "function") return onDevice([...several], address);
  const one = /** @type {ModelDescription} */ (model);
  if (typeof one.url === "string" || one.url instanceof URL) return { entry: await described(one, address), files: [] };
  throw new ClipletError(
    "unknown-model",
    "`model` names no model. Give an id of models.json, the address of a GGUF file, a repository such as openai/clip-vit-base-patch16, or files.",
  );
}

/**
 * @param {string} text
 * @param {Address} address
 * @param {AbortSignal} [signal]
 */
async function named(text, address, signal) {
  const isAddress = /^[a-z][a-z0-9+.-]*:/i.test(text) || /^\.{0,2}\//.test(text) || /\.gguf([?#].*)?$/.test(text);
  if (isAddress) return at(absolute(text).href, address);
  // A repository has an owner and a name.
  return text.includes("/") ? at(text, address) : fromCatalogue(text, address, signal);
}

/**
 * @param {string | undefined} id
 * @param {Address} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<ModelEntry>}
 */
async function fromCatalogue(id, address, signal) {
  const url = address(CATALOGUE);
  /** @type {ModelEntry[]} */
  let models;
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    ({ models } = await response.json());
  } catch (error) {
    if (signal?.aborted) throw reasonOf(signal);
    throw new ClipletError("no-catalogue", `The list of models at ${url} cannot be read: ${/** @type {Error} */ (error).message}.`, error);
  }
  const entry = id === undefined ? models.find((model) => !model.preview) : models.find((model) => model.id === id);
  if (!entry) {
    const known = models.map((model) => model.id).join(", ");
    throw new ClipletError("unknown-model", `There is no model “${id}”. Known are ${known}; a repository has an owner and a name.`);
  }
  // Where the list names a file beside itself.
  return /^[a-z]+:/i.test(entry.url) ? entry : { ...entry, url: address(entry.url) };
}

/**
 * The model at an address, or in a repository of the Hugging Face Hub.
 *
 * @param {string} text
 * @param {Address} address
 * @returns {Promise<ModelEntry>}
 */
async function at(text, address) {
  const reader = await readModels(address);
  try {
    return JSON.parse(reader.model_at(text));
  } catch (error) {
    const sentence = error === "OtherFile"
      ? `${text} is a file of a kind that Cliplet does not read: it reads .gguf and .safetensors.`
      : `${text} names no model. Give the address of a repository, or of a .gguf file in it.`;
    throw new ClipletError("unknown-model", sentence);
  }
}

/** @param {string} text */
function absolute(text) {
  let url;
  try {
    url = new URL(text, documentUrl());
  } catch (error) {
    throw new ClipletError("unknown-model", `“${text}” is no address of a model.`, error);
  }
  if (!["https:", "http:"].includes(url.protocol)) {
    throw new ClipletError("unknown-model", `A model cannot be fetched from ${url.protocol} addresses. Give https, or the files themselves.`);
  }
  url.hash = "";
  return url;
}

/**
 * A caller's own entry: with a `sha256`, for one, that the file is compared with.
 *
 * @param {ModelDescription} model
 * @param {Address} address
 * @returns {Promise<ModelEntry>}
 */
async function described(model, address) {
  const url = absolute(String(model.url));
  const isFolder = (model.layout ?? (url.pathname.endsWith(".gguf") ? "gguf" : "transformers")) === "transformers";
  if (isFolder && !url.pathname.endsWith("/")) url.pathname += "/";
  const reader = await readModels(address);
  /** @type {ModelEntry} */
  const made = JSON.parse(reader.model_described(url.href, isFolder, model.weights));
  const { id = made.id, name = made.name, revision = made.revision, bytes, sha256, licence = "" } = model;
  return { ...made, id, name, revision: String(revision), bytes, sha256: sha256?.toLowerCase(), licence };
}

/**
 * Files, or one Blob. Their contents are their revision: a changed file is another model, whatever
 * its name.
 *
 * @param {Blob[]} files
 * @param {Address} address
 * @returns {Promise<FoundModel>}
 */
async function onDevice(files, address) {
  if (files.length === 0 || !files.every((file) => file instanceof Blob)) {
    throw new ClipletError("unknown-model", "`model` is a list of something else than files.");
  }
  const named = files.map((file) => ({ file, name: /** @type {File} */ (file).name ?? "model.gguf" }));
  const single = named.find(({ name }) => /\.gguf$/i.test(name));
  const used = single ? [single] : named;
  const reader = await readModels(address);
  const entry = reader.model_of_files(used.map(({ name }) => name));
  if (entry === undefined) {
    throw new ClipletError(
      "unknown-model",
      `These files are no model: ${named.map(({ name }) => name).join(", ")}. Give one .gguf, or the .safetensors files with the .json ` +
        "files beside them.",
    );
  }
  const revision = await contents(used.map(({ file }) => file));
  return { entry: { ...JSON.parse(entry), revision }, files: used };
}

/** @param {Address} address */
function readModels(address) {
  const sentence = "The part of Cliplet that tells which model is meant could not be fetched. Check the network and try again.";
  return readerFrom(address, (cause) => new ClipletError("no-model-reader", sentence, cause));
}

/**
 * A hash of files: of the hashes of their pieces, so that none is in memory as a whole.
 *
 * @param {Blob[]} files
 */
async function contents(files) {
  const PIECE = 8 << 20;
  // Where a browser has no hashes, it keeps nothing either, and any name will do.
  if (!globalThis.crypto?.subtle) return Math.random().toString(36).slice(2);
  let hash = new Uint8Array(32);
  for (const file of files) {
    for (let at = 0; at < file.size; at += PIECE) {
      const piece = new Uint8Array(await read(file.slice(at, at + PIECE)));
      const both = new Uint8Array(hash.length + piece.length);
      both.set(hash);
      both.set(piece, hash.length);
      hash = new Uint8Array(await crypto.subtle.digest("SHA-256", both));
    }
  }
  return Array.from(hash.subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {Blob} piece */
async function read(piece) {
  try {
    return await piece.arrayBuffer();
  } catch (error) {
    throw new ClipletError("files-gone", "The model's files cannot be read any more. Have them chosen again.", error);
  }
}
