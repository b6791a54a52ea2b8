// Which model a caller means, as the engine wants to be told: an entry as in models.json, and files where it lies on this device.
//
// Repositories and addresses have the ids that the page gives them (`src/state/address.rs`), so that both find what the other has
// kept.

import { ClipletError, reasonOf } from "./errors.js";
import { CATALOGUE, documentUrl } from "./files.js";

const HUB = "https://huggingface.co/";

// Enough of a folder's files to tell what its weights mean: one of each.
const NEEDED = [["config.json"], ["tokenizer.json", "vocab.json"]];

/** Gives `{ entry, files }`. `address` gives those of the files beside this module. */
export async function findModel(model, address, signal) {
  if (model instanceof Blob) return onDevice([model]);
  if (typeof model === "string" || model instanceof URL) return { entry: await named(String(model).trim(), address, signal), files: [] };
  if (model === undefined || model === null) return { entry: await fromCatalogue(undefined, address, signal), files: [] };
  if (typeof model[Symbol.iterator] === "function") return onDevice([...model]);
  if (typeof model.url === "string" || model.url instanceof URL) return { entry: described(model), files: [] };
  throw new ClipletError(
    "unknown-model",
    "`model` names no model. Give an id of models.json, the address of a GGUF file, a repository such as openai/clip-vit-base-patch16, or files.",
  );
}

async function named(text, address, signal) {
  const isAddress = /^[a-z][a-z0-9+.-]*:/i.test(text) || /^\.{0,2}\//.test(text) || /\.gguf([?#].*)?$/.test(text);
  if (isAddress) return at(text);
  const repository = text.replace(/^huggingface\.co\//, "");
  if (/^[\w-][\w.-]*\/[\w-]/.test(repository)) return onHub(new URL(HUB + repository));
  return fromCatalogue(text, address, signal);
}

async function fromCatalogue(id, address, signal) {
  const url = address(CATALOGUE);
  let models;
  try {
    const response = await fetch(url, { signal });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    ({ models } = await response.json());
  } catch (error) {
    if (signal?.aborted) throw reasonOf(signal);
    throw new ClipletError("no-catalogue", `The list of models at ${url} cannot be read: ${error.message}.`, error);
  }
  const entry = id === undefined ? models.find((model) => !model.preview) : models.find((model) => model.id === id);
  if (!entry) {
    const known = models.map((model) => model.id).join(", ");
    throw new ClipletError("unknown-model", `There is no model “${id}”. Known are ${known}; a repository has an owner and a name.`);
  }
  // Where the list names a file beside itself.
  const beside = /^[a-z]+:/i.test(entry.url) ? undefined : address(entry.url);
  return { ...entry, url: beside ?? new URL(entry.url, new URL(url, documentUrl())).href };
}

// A GGUF file, or a folder, at an address.
function at(text) {
  const url = absolute(text);
  if (url.href.startsWith(HUB)) return onHub(url);
  const path = url.pathname;
  const last = path.slice(path.lastIndexOf("/") + 1);
  if (last.endsWith(".gguf")) return gguf(url.href, last, "1");
  if (last.includes(".") && !belongsToFolder(last)) throw otherFile(url);
  const below = belongsToFolder(last) ? path.slice(0, path.lastIndexOf("/")) : path.replace(/\/+$/, "");
  return folder(`${url.origin}${below}/`, `${url.host}${below}`, "1");
}

// `owner/name`, with `/tree/REVISION`, `/blob/REVISION/FILE` or `/resolve/REVISION/FILE` behind it as addresses have it.
function onHub(url) {
  const [owner, name, kind, revision = "main", ...rest] = url.pathname.split("/").filter(Boolean);
  const repository = `${HUB}${owner}/${name}/resolve/${revision}/`;
  const below = (parts) => folder([repository, ...parts.map((part) => `${part}/`)].join(""), [owner, name, ...parts].join("/"), revision);
  if (name && (kind === undefined || kind === "tree")) return below(rest);
  if (!["blob", "resolve"].includes(kind) || rest.length === 0) {
    throw new ClipletError("unknown-model", `${url.href} names no model. Give the address of a repository, or of a .gguf file in it.`);
  }
  const last = rest.at(-1);
  if (last.endsWith(".gguf")) return gguf(repository + rest.join("/"), last, revision);
  if (belongsToFolder(last)) return below(rest.slice(0, -1));
  throw otherFile(url);
}

function belongsToFolder(file) {
  return /\.(safetensors|json)$/.test(file);
}

function otherFile({ href }) {
  return new ClipletError("unknown-model", `${href} is a file of a kind that Cliplet does not read: it reads .gguf and .safetensors.`);
}

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

// A caller's own entry: with a `sha256`, for one, that the file is compared with.
function described(model) {
  const url = absolute(String(model.url));
  const isFolder = (model.layout ?? (url.pathname.endsWith(".gguf") ? "gguf" : "transformers")) === "transformers";
  if (isFolder && !url.pathname.endsWith("/")) url.pathname += "/";
  const made = isFolder ? folder(url.href, url.href, "1", model.weights) : gguf(url.href, url.href, "1");
  const { id = made.id, name = made.name, revision = made.revision, bytes, sha256, licence = "", about = "" } = model;
  return { ...made, id, name, revision: String(revision), bytes, sha256: sha256?.toLowerCase(), licence, about };
}

function gguf(url, file, revision) {
  return entry(url, file.replace(/\.gguf$/, ""), revision, "gguf", "GGUF");
}

function folder(url, name, revision, weights = "q8_0") {
  return entry(url, name, revision, "transformers", weights);
}

function entry(url, name, revision, layout, weights) {
  return { id: `own-${fnv(`${url} ${weights}`)}`, name, weights, layout, url, revision, licence: "", about: "" };
}

// FNV-1a of 64 bits (Fowler, Noll and Vo), in hexadecimal.
function fnv(text) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * 0x100000001b3n) & 0xffffffffffffffffn;
  return hash.toString(16).padStart(16, "0");
}

// Files, or one Blob. Their contents are their revision: a changed file is another model, whatever its name.
async function onDevice(files) {
  if (files.length === 0 || !files.every((file) => file instanceof Blob)) {
    throw new ClipletError("unknown-model", "`model` is a list of something else than files.");
  }
  const named = files.map((file) => ({ file, name: file.name ?? "model.gguf" }));
  const names = named.map(({ name }) => name);
  const single = named.find(({ name }) => /\.gguf$/i.test(name));
  const isFolder = names.some((name) => name.endsWith(".safetensors")) && NEEDED.every((some) => some.some((name) => names.includes(name)));
  if (!single && !isFolder) {
    throw new ClipletError(
      "unknown-model",
      `These files are no model: ${names.join(", ")}. Give one .gguf, or the .safetensors files with the .json files beside them.`,
    );
  }
  const used = single ? [single] : named;
  const revision = await contents(used.map(({ file }) => file));
  const url = `device:${used.map(({ name }) => name).join(",")}`;
  return { entry: single ? gguf(url, single.name, revision) : folder(url, "Files on this device", revision), files: used };
}

// A hash of files: of the hashes of their pieces, so that none is in memory as a whole.
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

async function read(piece) {
  try {
    return await piece.arrayBuffer();
  } catch (error) {
    throw new ClipletError("files-gone", "The model's files cannot be read any more. Have them chosen again.", error);
  }
}
