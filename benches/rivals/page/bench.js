// What the benchmark program calls, by name, through the browser's driver: contestants are started
// under a name, asked to do something, and stopped. Every answer is plain JSON; times are
// milliseconds.

import { Cliplet } from "./cliplet.js";
import { Rival } from "./rival.js";

const contestants = new Map();

/** The bytes of a file, once. */
const files = new Map();
async function bytes(url) {
  if (!files.has(url)) files.set(url, await (await fetch(url)).arrayBuffer());
  return files.get(url);
}

let salt = 0;

/**
 * A picture's file as one that nobody has seen: the bytes behind a picture's end change its hash
 * and nothing else.
 */
async function freshPicture(url) {
  const mark = new TextEncoder().encode(`${performance.timeOrigin} ${salt++}`);
  return new Blob([await bytes(url), mark]);
}

const starters = { cliplet: Cliplet.start, ort: Rival.startOrt, transformers: Rival.startTransformers };

window.bench = {
  /** Starts a contestant; resolves when it can answer. */
  async start(name, kind, options) {
    contestants.set(name, await starters[kind](options));
  },

  /** Ends a contestant and frees what it held. */
  async stop(name) {
    contestants.get(name).stop();
    contestants.delete(name);
  },

  /** Makes the contestant's model ready once more, from where it is kept. */
  async load(name) {
    return contestants.get(name).reload();
  },

  /** Reads all kept models of Cliplet's, and no more. */
  async read() {
    const worker = new Worker(new URL("read-worker.js", import.meta.url), { type: "module" });
    const time = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = ({ message }) => reject(new Error(message));
      worker.postMessage(null);
    });
    worker.terminate();
    return time;
  },

  /** Encodes a picture that is new to the contestant. */
  async picture(name, url) {
    return contestants.get(name).picture(await freshPicture(url));
  },

  /** Makes the contestant ready to be asked about these labels of the picture at `url`. */
  async prepare(name, url, labels, template) {
    return contestants.get(name).prepare(await freshPicture(url), labels, template);
  },

  /** Scores, or for a text model encodes, these labels. */
  async labels(name, labels, template) {
    return contestants.get(name).labels(labels, template);
  },

  /** From a picture's file, new to the contestant, to the scores of these labels. */
  async whole(name, url, labels, template) {
    return contestants.get(name).whole(await freshPicture(url), labels, template);
  },

  /** Embeddings of unit length: of the pictures at these URLs, and of prompts. */
  async embed(name, urls, prompts) {
    const blobs = [];
    for (const url of urls) blobs.push(new Blob([await bytes(url)]));
    return contestants.get(name).embed(blobs, prompts);
  },
};
