// The engine's worker, spoken to in the messages of crates/protocol/src/messages.rs: requests that
// end, with progress, and that can be aborted.
//
// The page's program keeps its open requests in Rust (`src/engine.rs`), and this module its own in
// JavaScript: what waits for a reply is a future in the one, and a promise in the other. They share
// the messages, whose types are made of the Rust.

import { ClipletError, errorOf, reasonOf } from "./errors.js";
import { WORKER, filesOfEngine } from "./files.js";

/**
 * @import { Envelope, FromWorker, Progress, Reply, RequestId, ToWorker } from "../messages"
 * @import { Answers, RequestVariants, ResponseVariants } from "../messages"
 * @import { Address } from "./files.js"
 */

/** @typedef {MessageEvent<Envelope<FromWorker>>} FromEngine */

/**
 * What travels with a request, and what is told of it.
 *
 * @typedef {object} Beside
 * @property {Blob} [blob]
 * @property {ImageBitmap | ImageData} [pixels]
 * @property {Transferable[]} [transfer]
 * @property {AbortSignal} [signal]
 * @property {(progress: Progress) => void} [onProgress]
 */

/**
 * Who waits for the end of a request.
 *
 * @typedef {object} Waiting
 * @property {Beside["onProgress"]} onProgress
 * @property {(value: any) => void} resolve
 * @property {(error: unknown) => void} reject
 */

// How long an engine may take to end gently, in milliseconds.
const PATIENCE = 5_000;

export class Engine {
  /** @type {Worker | undefined} */
  #worker;
  /** @type {BroadcastChannel | undefined} */
  #threads;
  /** @type {Map<RequestId, Waiting>} */
  #waiting = new Map();
  /**
   * Requests that were aborted, and have not come to their end.
   *
   * @type {Set<RequestId>}
   */
  #aborted = new Set();
  #lastId = 0;
  /** @type {ClipletError | undefined} */
  #ended;
  /** @type {{ resolve: () => void, reject: (error: ClipletError) => void } | undefined} */
  #listening;

  /** Which build of the engine runs, and on how many threads; known once `start` has come back. */
  build = "";
  threads = 0;

  /**
   * Starts a worker; comes back when it listens. `threads` sets how many threads it has, where
   * there can be several.
   *
   * @param {Address} address
   * @param {number} [threads]
   * @returns {Promise<void>}
   */
  async start(address, threads) {
    if (typeof Worker !== "function" || typeof WebAssembly !== "object") {
      throw new ClipletError("no-browser", "Cliplet runs in browsers: this place has no Worker or no WebAssembly.");
    }
    const script = address(WORKER);
    let line = `cliplet-${Math.random().toString(36).slice(2)}`;
    try {
      // A thread that breaks down tells the page itself: the worker may be waiting for it, for
      // ever.
      this.#threads = new BroadcastChannel(line);
      this.#threads.onmessage = (/** @type {FromEngine} */ { data }) => this.#heard(data.message);
    } catch {
      // Browsers refuse it to pages that may keep nothing. The worker then has no threads.
      line = "";
    }
    const name = JSON.stringify({ line, threads, files: filesOfEngine(address) });
    /** @type {Promise<void>} */
    const listening = new Promise((resolve, reject) => (this.#listening = { resolve, reject }));
    try {
      this.#worker = startWorker(script, name);
    } catch (error) {
      this.end(notStarted(script, /** @type {Error} */ (error).message, error));
      return await listening;
    }
    this.#worker.onmessage = (/** @type {FromEngine} */ { data }) => this.#heard(data.message);
    const broken = (/** @type {Event} */ event) => {
      event.preventDefault();
      // An event about a script that could not be loaded has no message.
      const why = /** @type {ErrorEvent} */ (event).message ?? "";
      this.end(this.#listening ? notStarted(script, why) : crashed(why));
    };
    this.#worker.addEventListener("error", broken);
    this.#worker.addEventListener("messageerror", broken);
    return await listening;
  }

  /** @param {FromWorker} message */
  #heard(message) {
    if (message.Listening) {
      ({ build: this.build, threads: this.threads } = message.Listening);
      this.#listening?.resolve();
      this.#listening = undefined;
    } else if (message.Crashed) {
      this.end(crashed(message.Crashed.message));
    } else if (message.Reply) {
      this.#replied(message.Reply);
    }
  }

  /** @param {{ id: RequestId, reply: Reply }} answer */
  #replied({ id, reply }) {
    const waiting = this.#waiting.get(id);
    if (reply !== "Cancelled" && reply.Progress) {
      waiting?.onProgress?.(reply.Progress);
      return;
    }
    this.#waiting.delete(id);
    this.#aborted.delete(id);
    if (this.#ended && this.#aborted.size === 0) this.#stop();
    if (!waiting) return;
    if (reply === "Cancelled") waiting.reject(givenUp());
    else if (reply.Done) waiting.resolve(reply.Done);
    else if (reply.Failed) waiting.reject(errorOf(reply.Failed));
  }

  /**
   * Makes a request, and gives what came of it. `beside` is what travels with it: `blob`, or
   * `pixels`, which are in `transfer` where they are handed over for good.
   *
   * @template {keyof Answers} Name
   * @param {Pick<RequestVariants, Name>} request
   * @param {Beside} [beside]
   * @returns {Promise<Pick<ResponseVariants, Answers[Name]>>}
   */
  request(request, { blob, pixels, transfer, signal, onProgress } = {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      /** @type {Envelope<ToWorker>} */
      const envelope = { message: { id, request: /** @type {any} */ (request) } };
      if (blob) envelope.blob = blob;
      if (pixels) envelope.pixels = pixels;
      // What cannot be posted rejects at once.
      this.#post(envelope, transfer);
      const abort = () => {
        this.#waiting.delete(id);
        this.#aborted.add(id);
        this.#post({ message: { id: ++this.#lastId, request: { Cancel: { request: id } } } });
        reject(reasonOf(/** @type {AbortSignal} */ (signal)));
      };
      signal?.addEventListener("abort", abort, { once: true });
      const done = () => signal?.removeEventListener("abort", abort);
      this.#waiting.set(id, {
        onProgress,
        resolve: (value) => (done(), resolve(value)),
        reject: (error) => (done(), reject(error)),
      });
    });
  }

  /**
   * @param {Envelope<ToWorker>} envelope
   * @param {Transferable[]} [transfer]
   */
  #post(envelope, transfer = []) {
    this.#worker?.postMessage(envelope, transfer);
  }

  /**
   * Ends the worker. All requests, those under way and those to come, reject with this error. With
   * `gently`, those that were aborted come to their end before, so that what has arrived of a model
   * is kept.
   *
   * @param {ClipletError} error
   */
  end(error, { gently = false } = {}) {
    if (this.#ended) return;
    this.#ended = error;
    this.#listening?.reject(error);
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    if (gently && this.#aborted.size > 0) setTimeout(() => this.#stop(), PATIENCE);
    else this.#stop();
  }

  #stop() {
    this.#worker?.terminate();
    this.#threads?.close();
  }
}

// A worker's script must be of the page's own origin. Where the engine comes from another one, or
// is part of the bundle, a small script of ours imports it, and throws what that fails with from a
// timer: of a module whose imports fail WebKit tells nothing. In a sandbox, which has no origin,
// browsers allow that to classic scripts alone.
/**
 * @param {string} script
 * @param {string} name
 */
function startWorker(script, name) {
  if (new URL(script).origin === self.origin) return new Worker(script, { type: "module", name });
  const importing = `import(${JSON.stringify(script)}).catch((error) => setTimeout(() => { throw error; }));`;
  const url = URL.createObjectURL(new Blob([importing], { type: "text/javascript" }));
  try {
    return new Worker(url, { type: self.origin === "null" ? "classic" : "module", name });
  } finally {
    // The worker fetches its script after this, at some time that nobody tells.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

function givenUp() {
  return new ClipletError("internal", "The engine gave up a request. This is a defect of Cliplet; please report it.");
}

/**
 * @param {string} script
 * @param {string} why
 * @param {unknown} [cause]
 */
function notStarted(script, why, cause) {
  const sentence = why
    ? `The engine does not start: ${why}`
    : `The engine's worker cannot be loaded from ${script.slice(0, 200)}. Check that the engine's folder lies there, that it may be read from ` +
      "this page, and that the page's Content-Security-Policy allows it; `baseUrl` names another place.";
  return new ClipletError("engine-not-started", sentence, cause);
}

/** @param {string} why */
function crashed(why) {
  return new ClipletError("engine-crashed", `The engine has broken down, most likely for want of memory. Load Cliplet again. Details: ${why}`);
}
