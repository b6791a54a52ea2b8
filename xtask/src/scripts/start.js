// Starts the engine's worker while the page's own program is still on its way, and keeps what the worker says until that
// program listens.

const url = new URL(WORKER, import.meta.url);
// For people who want to try: `?threads=N` and `?build=NAME` behind the page's address are passed on.
const asked = new URLSearchParams(location.search);
for (const name of ["threads", "build"]) {
  if (asked.has(name)) url.searchParams.set(name, asked.get(name));
}

class Engine {
  #worker;
  #threads;
  #early = [];
  #tell = {
    message: (message) => this.#early.push(["message", message]),
    failure: (why) => this.#early.push(["failure", why]),
  };

  constructor() {
    const name = `cliplet-${Math.random().toString(36).slice(2)}`;
    this.#worker = new Worker(url, { type: "module", name });
    this.#worker.onmessage = ({ data }) => this.#tell.message(data);
    this.#worker.onerror = this.#worker.onmessageerror = (event) => {
      event.preventDefault();
      // An event about a script that could not be loaded has no message.
      this.#tell.failure(event.message ?? "");
    };
    // A thread that breaks down tells the page itself: the worker may be waiting for it, for ever.
    this.#threads = new BroadcastChannel(name);
    this.#threads.onmessage = ({ data }) => this.#tell.message(data);
  }

  // Calls `message` with each message of the worker and `failure` with the reason why the worker cannot go on, the
  // earlier ones first.
  listen(message, failure) {
    this.#tell = { message, failure };
    for (const [kind, what] of this.#early.splice(0)) this.#tell[kind](what);
  }

  post(message) {
    this.#worker.postMessage(message);
  }

  end() {
    this.#tell = { message() {}, failure() {} };
    this.#worker.terminate();
    this.#threads.close();
  }
}

let first;
try {
  first = new Engine();
} catch {
  // The page's program tries again, and says why it fails.
}

// Gives the engine that has been started, and after that new ones.
globalThis.startClipletEngine = () => {
  const engine = first ?? new Engine();
  first = undefined;
  return engine;
};
