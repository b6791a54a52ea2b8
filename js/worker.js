// The engine's worker, spoken to in the messages of crates/protocol/src/messages.rs: requests that end, with progress, and that can
// be aborted.

import { ClipletError, errorOf, reasonOf } from "./errors.js";
import { WORKER, filesOfEngine } from "./files.js";

// How long an engine may take to end gently, in milliseconds.
const PATIENCE = 5_000;

export class Engine {
  #worker;
  #threads;
  #waiting = new Map();
  /** Requests that were aborted, and have not come to their end. */
  #aborted = new Set();
  #lastId = 0;
  #ended;
  #listening;

  /** Which build of the engine runs, and on how many threads; known once `start` has come back. */
  build;
  threads;

  /** Starts a worker; comes back when it listens. `threads` sets how many threads it has, where there can be several. */
  async start(address, threads) {
    if (typeof Worker !== "function" || typeof WebAssembly !== "object") {
      throw new ClipletError("no-browser", "Cliplet runs in browsers: this place has no Worker or no WebAssembly.");
    }
    const script = address(WORKER);
    const line = `cliplet-${Math.random().toString(36).slice(2)}`;
    const name = JSON.stringify({ line, threads, files: filesOfEngine(address) });
    const listening = new Promise((resolve, reject) => (this.#listening = { resolve, reject }));
    try {
      this.#worker = startWorker(script, name);
    } catch (error) {
      this.end(notStarted(script, error.message, error));
      return await listening;
    }
    this.#worker.onmessage = ({ data }) => this.#heard(data.message);
    this.#worker.onerror = this.#worker.onmessageerror = (event) => {
      event.preventDefault();
      // An event about a script that could not be loaded has no message.
      this.end(this.#listening ? notStarted(script, event.message) : crashed(event.message ?? ""));
    };
    // A thread that breaks down tells the page itself: the worker may be waiting for it, for ever.
    this.#threads = new BroadcastChannel(line);
    this.#threads.onmessage = ({ data }) => this.#heard(data.message);
    return await listening;
  }

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

  #replied({ id, reply }) {
    const waiting = this.#waiting.get(id);
    if (reply.Progress) {
      waiting?.onProgress?.(reply.Progress);
      return;
    }
    this.#waiting.delete(id);
    this.#aborted.delete(id);
    if (this.#ended && this.#aborted.size === 0) this.#stop();
    if (!waiting) return;
    if (reply.Done) waiting.resolve(reply.Done);
    else if (reply.Failed) waiting.reject(errorOf(reply.Failed));
    else waiting.reject(new ClipletError("internal", "The engine gave up a request. This is a defect of Cliplet; please report it."));
  }

  /**
   * Makes a request, and gives what came of it. `beside` is what travels with it: `blob`, or `pixels`, which are in `transfer` where
   * they are handed over for good.
   */
  request(request, { blob, pixels, transfer, signal, onProgress } = {}) {
    if (this.#ended) return Promise.reject(this.#ended);
    if (signal?.aborted) return Promise.reject(reasonOf(signal));
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      const message = { message: { id, request } };
      if (blob) message.blob = blob;
      if (pixels) message.pixels = pixels;
      // What cannot be posted rejects at once.
      this.#worker.postMessage(message, transfer ?? []);
      const abort = () => {
        this.#waiting.delete(id);
        this.#aborted.add(id);
        this.#worker.postMessage({ message: { id: ++this.#lastId, request: { Cancel: { request: id } } } });
        reject(reasonOf(signal));
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
   * Ends the worker. All requests, those under way and those to come, reject with this error. With `gently`, those that were aborted
   * come to their end before, so that what has arrived of a model is kept.
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

// A worker's script must be of the page's own origin. Where the engine comes from another one, or is part of the bundle, a small
// script of ours imports it. In a sandbox, which has no origin, browsers allow modules to do that only once they run.
function startWorker(script, name) {
  if (new URL(script).origin === self.origin) return new Worker(script, { type: "module", name });
  const sandboxed = self.origin === "null";
  const importing = sandboxed
    ? `import(${JSON.stringify(script)}).catch((error) => setTimeout(() => { throw error; }));`
    : `import ${JSON.stringify(script)};`;
  const url = URL.createObjectURL(new Blob([importing], { type: "text/javascript" }));
  try {
    return new Worker(url, { type: sandboxed ? "classic" : "module", name });
  } finally {
    // The worker fetches its script after this, at some time that nobody tells.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}

function notStarted(script, why, cause) {
  const sentence = why
    ? `The engine does not start: ${why}`
    : `The engine's worker cannot be loaded from ${script.slice(0, 200)}. Check that the engine's folder lies there, that it may be read from ` +
      "this page, and that the page's Content-Security-Policy allows it; `baseUrl` names another place.";
  return new ClipletError("engine-not-started", sentence, cause);
}

function crashed(why) {
  return new ClipletError("engine-crashed", `The engine has broken down, most likely for want of memory. Load Cliplet again. Details: ${why}`);
}
