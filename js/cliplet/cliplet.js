// Cliplet's engine for other people's pages: CLIP in a worker of its own. docs/javascript.md tells
// how it is used.

import { ClipletError, reasonOf, unlessAborted } from "./errors.js";
import { addressesBelow } from "./files.js";
import { readImage, tainted } from "./images.js";
import { findModel } from "./models.js";
import { readerFrom } from "./reader.js";
import { Engine } from "./worker.js";

export { ClipletError };

/**
 * @import { Cliplet as API, ClassifyOptions, LoadOptions, WorkOptions } from "./cliplet.d.ts"
 * @import { LoadProgress, WorkProgress } from "./cliplet.d.ts"
 * @import { ImageSource, LabelScore, MaybeIncomplete } from "./cliplet.d.ts"
 * @import { Address } from "./files.js"
 * @import { ModelEntry, PictureTaken, Progress } from "../messages"
 */

/**
 * A file that the engine has, or will have.
 *
 * @typedef {object} KnownPicture
 * @property {number} picture
 * @property {number} users
 * @property {Promise<{ PictureTaken: PictureTaken }>} taken
 */

const TEMPLATE = "a photo of a {}";

// Files that the engine is not told to forget at once: whoever scores one against other labels does
// not wait for it again.
const FILES_REMEMBERED = 8;

// Images of `embedImages` on their way at a time: the engine encodes those together that wait
// together.
const IMAGES_AT_A_TIME = 4;

/**
 * A CLIP that is loaded and answers.
 *
 * @implements {API}
 */
export class Cliplet {
  #engine = new Engine();
  /** @type {Address} */
  #address;
  /** @type {Map<Blob, KnownPicture>} */
  #pictures = new Map();
  #lastPicture = 0;

  /**
   * Which model answers: `id`, `name`, `revision`, `licence`, and whether it is `kept` for the next
   * visit.
   *
   * @type {API["model"]}
   */
  model = Object.freeze({ id: "", name: "", revision: "", licence: "", kept: false });

  /**
   * Which build of the engine runs, and on how many `threads`.
   *
   * @type {API["engine"]}
   */
  engine = Object.freeze({ build: "", threads: 0 });

  /** @param {Address} address */
  constructor(address) {
    this.#address = address;
  }

  /**
   * Starts an engine and loads a model. Rejects with a `ClipletError`, or with the signal's reason.
   *
   * @param {LoadOptions} [options]
   * @returns {Promise<Cliplet>}
   */
  static async load({ model, onProgress, signal, baseUrl, threads } = {}) {
    if (threads !== undefined && !(Number.isInteger(threads) && threads >= 1)) {
      throw new ClipletError("bad-argument", "`threads` is a whole number from 1 on.");
    }
    throwIfAborted(signal);
    const tell = teller(onProgress);
    const address = addressesBelow(baseUrl);
    const clip = new Cliplet(address);
    tell({ stage: "starting" });
    try {
      // At the same time: neither has to wait for the other.
      const both = Promise.all([clip.#engine.start(address, threads), findModel(model, address, signal)]);
      const [, { entry, files }] = await unlessAborted(both, signal);
      await clip.#load(entry, files, tell, signal);
      return clip;
    } catch (error) {
      clip.#engine.end(disposed(), { gently: true });
      throw error;
    }
  }

  /**
   * @param {ModelEntry} entry
   * @param {{ name: string, file: Blob }[]} files
   * @param {(progress: LoadProgress | undefined) => void} tell
   * @param {AbortSignal} [signal]
   */
  async #load(entry, files, tell, signal) {
    for (const { name, file } of files) {
      await this.#engine.request({ TakeModelFile: { model: entry.id, name } }, { blob: file, signal });
    }
    const done = await this.#engine.request(
      { LoadModel: { model: entry, patience: 1 } },
      { signal, onProgress: (progress) => tell(modelProgress(progress)) },
    );
    const { id, name, revision, licence } = entry;
    this.model = Object.freeze({ id, name, revision, licence, kept: done.ModelReady.kept });
    this.engine = Object.freeze({ build: this.#engine.build, threads: this.#engine.threads });
  }

  /**
   * How well each label fits an image: `[{ label, score, cosine }]`, best first.
   *
   * @param {ImageSource} image
   * @param {string | Iterable<string>} given
   * @param {ClassifyOptions} [options]
   * @returns {Promise<LabelScore[] & MaybeIncomplete>}
   */
  async classify(image, given, { template = TEMPLATE, topK = Infinity, signal, onProgress } = {}) {
    const labels = typeof given === "string" ? await this.readLabels(given, { signal }) : texts(given, "labels");
    checkLabels(labels);
    // Of several templates the mean of the prompts counts.
    const templates = Array.isArray(template) && template.length > 0 ? template : [template];
    if (!templates.every((each) => typeof each === "string" && each.includes("{}"))) {
      throw new ClipletError("bad-template", `The template has no {} where a label goes, as in “${TEMPLATE}”.`);
    }
    if (!(topK === Infinity || (Number.isInteger(topK) && topK >= 1))) {
      throw new ClipletError("bad-argument", "`topK` is a whole number from 1 on.");
    }
    const tell = teller(onProgress);
    return this.#withPicture(image, signal, async (picture, marks) => {
      const { Scores } = await this.#engine.request(
        { Classify: { picture, query: { labels: labels.map((label) => ({ label })), templates } } },
        { signal, onProgress: (progress) => tell(workProgress(progress)) },
      );
      /** @type {LabelScore[]} */
      const results = Scores.scores.map(({ cosine, score, cut }, at) => ({ label: labels[at], score, cosine, ...(cut && { cut }) }));
      return Object.assign(results.sort((a, b) => b.score - a.score).slice(0, topK), marks);
    });
  }

  /**
   * The labels of a list as people have it: with commas, one a line, with bullets, as JSON,
   * Markdown or HTML. Each is there once.
   *
   * @param {string} list
   * @param {{ signal?: AbortSignal }} [options]
   */
  async readLabels(list, { signal } = {}) {
    if (typeof list !== "string") throw new ClipletError("bad-argument", "`readLabels` takes a text.");
    throwIfAborted(signal);
    const sentence = "The part of Cliplet that reads lists of labels could not be fetched. Check the network and try again.";
    const reader = readerFrom(this.#address, (cause) => new ClipletError("no-label-reader", sentence, cause));
    return (await unlessAborted(reader, signal)).labels(list);
  }

  /**
   * The embeddings of images, in their order: a `Float32Array` of unit length each.
   *
   * @param {Iterable<ImageSource>} given
   * @param {WorkOptions} [options]
   * @returns {Promise<(Float32Array & MaybeIncomplete)[]>}
   */
  async embedImages(given, { signal, onProgress } = {}) {
    const images = list(given, "images");
    const tell = teller(onProgress);
    /** @type {(Float32Array & MaybeIncomplete)[]} */
    const embeddings = new Array(images.length);
    let next = 0;
    let done = 0;
    let failed = false;
    const work = async () => {
      while (next < images.length && !failed) {
        const at = next++;
        embeddings[at] = await this.#embedImage(images[at], signal).catch((error) => {
          throw error instanceof ClipletError ? Object.assign(error, { index: at }) : error;
        });
        done += 1;
        tell({ stage: "embedding", done, total: images.length });
      }
    };
    throwIfAborted(signal);
    try {
      await Promise.all(Array.from({ length: IMAGES_AT_A_TIME }, work));
    } finally {
      failed = true;
    }
    return embeddings;
  }

  /**
   * @param {ImageSource} image
   * @param {AbortSignal} [signal]
   */
  #embedImage(image, signal) {
    return this.#withPicture(image, signal, async (picture, marks) => {
      const { Embeddings } = await this.#engine.request({ Embed: { pictures: [picture], prompts: [] } }, { signal });
      return Object.assign(Float32Array.from(Embeddings.pictures[0]), marks);
    });
  }

  /**
   * The embeddings of texts, which are encoded as they are, in their order: a `Float32Array` of
   * unit length each.
   *
   * @param {Iterable<string>} wanted
   * @param {WorkOptions} [options]
   */
  async embedTexts(wanted, { signal, onProgress } = {}) {
    const prompts = texts(wanted, "texts");
    const tell = teller(onProgress);
    const { Embeddings } = await this.#engine.request(
      { Embed: { pictures: [], prompts } },
      { signal, onProgress: (progress) => tell(workProgress(progress)) },
    );
    return Embeddings.prompts.map((embedding) => Float32Array.from(embedding));
  }

  /**
   * The cosine of two embeddings of the same model, from -1 to 1.
   *
   * @param {ArrayLike<number>} a
   * @param {ArrayLike<number>} b
   */
  similarity(a, b) {
    return similarity(a, b);
  }

  /**
   * Ends the engine and frees its memory. What is under way rejects, and so does whatever is asked
   * later.
   */
  dispose() {
    this.#pictures.clear();
    this.#engine.end(disposed());
  }

  /**
   * Gives the engine an image, and some work its number and what is to be said of it in the result.
   *
   * @template Result
   * @param {ImageSource} image
   * @param {AbortSignal | undefined} signal
   * @param {(picture: number, marks: MaybeIncomplete) => Promise<Result>} work
   */
  async #withPicture(image, signal, work) {
    throwIfAborted(signal);
    const read = await readImage(image, signal);
    if (read.blob) return this.#withFile(read.blob, signal, work);
    const { pixels, transfer } = read;
    const picture = ++this.#lastPicture;
    try {
      await this.#engine.request({ TakePixels: { picture } }, { pixels, transfer, signal }).catch((error) => {
        // What it may have posted does not reach it otherwise.
        throw ["DataCloneError", "SecurityError"].includes(error.name) && !signal?.aborted ? tainted(error) : error;
      });
      return await work(picture, {});
    } finally {
      this.#forget(picture);
    }
  }

  /**
   * A file is taken once, as long as it is remembered: its bytes never change.
   *
   * @template Result
   * @param {Blob} blob
   * @param {AbortSignal | undefined} signal
   * @param {(picture: number, marks: MaybeIncomplete) => Promise<Result>} work
   */
  async #withFile(blob, signal, work) {
    let known = this.#pictures.get(blob);
    if (!known) {
      const picture = ++this.#lastPicture;
      known = { picture, users: 0, taken: this.#engine.request({ TakePicture: { picture } }, { blob }) };
      known.taken.catch(() => this.#pictures.delete(blob));
    }
    // Behind all others, as the last to be forgotten.
    this.#pictures.delete(blob);
    this.#pictures.set(blob, known);
    known.users += 1;
    try {
      const { PictureTaken } = await unlessAborted(known.taken, signal);
      return await work(known.picture, PictureTaken.incomplete ? { incomplete: true } : {});
    } finally {
      known.users -= 1;
      this.#forgetOldest();
    }
  }

  #forgetOldest() {
    for (const [blob, { picture, users }] of this.#pictures) {
      if (this.#pictures.size <= FILES_REMEMBERED) return;
      if (users > 0) continue;
      this.#pictures.delete(blob);
      this.#forget(picture);
    }
  }

  /** @param {number} picture */
  #forget(picture) {
    // An engine that has ended has forgotten everything.
    this.#engine.request({ ForgetPicture: { picture } }).catch(() => {});
  }
}

/**
 * The cosine of two embeddings of the same model, from -1 to 1.
 *
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function similarity(a, b) {
  if (!(a?.length > 0) || a.length !== b?.length) {
    throw new ClipletError("bad-argument", "`similarity` takes two embeddings of the same model, which are equally long.");
  }
  let [product, squareA, squareB] = [0, 0, 0];
  for (let at = 0; at < a.length; at += 1) {
    product += a[at] * b[at];
    squareA += a[at] * a[at];
    squareB += b[at] * b[at];
  }
  return Math.max(-1, Math.min(1, product / Math.sqrt(squareA * squareB)));
}

function disposed() {
  return new ClipletError("disposed", "This Cliplet was disposed of. Load another one.");
}

/** @param {AbortSignal} [signal] */
function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}

/**
 * @template Item
 * @param {Iterable<Item>} items
 * @param {string} what
 */
function list(items, what) {
  if (typeof items === "string" || typeof items?.[Symbol.iterator] !== "function") {
    throw new ClipletError("bad-argument", `The ${what} have to be a list, even if there is only one.`);
  }
  return [...items];
}

/**
 * @param {Iterable<string>} items
 * @param {string} what
 */
function texts(items, what) {
  const all = list(items, what);
  if (!all.every((item) => typeof item === "string")) throw new ClipletError("bad-argument", `The ${what} have to be strings.`);
  return all;
}

/** @param {string[]} labels */
function checkLabels(labels) {
  if (labels.length === 0) throw new ClipletError("no-labels", "There are no labels. Give at least one, better two.");
  const seen = new Set();
  for (const label of labels) {
    if (label.trim() === "") throw new ClipletError("empty-label", "One of the labels is empty.");
    if (seen.has(label)) throw new ClipletError("duplicate-label", `The label “${label}” is there twice.`);
    seen.add(label);
  }
}

/**
 * What a listener throws is reported as that of an event would be, and changes nothing.
 *
 * @template Told
 * @param {((progress: Told) => void) | undefined} listener
 * @returns {(progress: Told | undefined) => void}
 */
function teller(listener) {
  return (progress) => {
    if (!listener || !progress) return;
    try {
      listener(progress);
    } catch (error) {
      globalThis.reportError?.(error);
    }
  };
}

/**
 * @param {Progress} progress
 * @returns {LoadProgress | undefined}
 */
function modelProgress(progress) {
  if (progress === "LoadingModel") return { stage: "opening" };
  if (progress === "EncodingPicture") return undefined;
  const { Downloading, Retrying, Elsewhere } = progress;
  if (Downloading) return { stage: "downloading", ...Downloading };
  if (Retrying) return { stage: "retrying", ...Retrying };
  if (Elsewhere) return { stage: "elsewhere", ...Elsewhere };
  return undefined;
}

/**
 * @param {Progress} progress
 * @returns {WorkProgress | undefined}
 */
function workProgress(progress) {
  if (progress === "EncodingPicture") return { stage: "image" };
  if (progress === "LoadingModel" || !progress.EncodingLabels) return undefined;
  return { stage: "labels", ...progress.EncodingLabels };
}
