// Starts the engine's worker while the page's own program is still on its way, and keeps what the
// worker says until that program listens.
//
// Pages that stand side by side in somebody else's page, as its frames, share one worker: the first
// of them starts it, and the others are its guests. When the page that it belongs to goes away,
// another one starts the next, which is told what the guests had told the first. Only documents
// that say so share (`data-embed` on their root), and only with those of the same worker's script,
// which are of the same origin and version.

/**
 * @import { Envelope, FromWorker, Reply, RequestId, ToWorker } from "../messages"
 * @import { Host, PageEngine } from "../globals"
 */

/** @typedef {MessageEvent<Envelope<FromWorker>>} FromEngine */

const url = new URL(__CLIPLET_WORKER__, import.meta.url);
// For people who want to try: `?threads=N` and `?build=NAME` behind the page's address are passed
// on.
const asked = new URLSearchParams(location.search);
for (const name of ["threads", "build"]) {
  const value = asked.get(name);
  if (value !== null) url.searchParams.set(name, value);
}

// In a sandbox, which has no origin, there is nobody to share with.
let shares =
  "embed" in document.documentElement.dataset && parent !== window && self.origin !== "null" && navigator.locks !== undefined;

const newName = (/** @type {string} */ kind) => `${kind}-${Math.random().toString(36).slice(2)}`;

// A Web Lock that is held until it is let go, or until this page is gone. It is said of one that it
// is there.
class Sign {
  #letGo = () => {};
  /** @type {Promise<void>} */
  there;

  /** @param {string} name */
  constructor(name) {
    /** @type {Promise<void>} */
    const gone = new Promise((resolve) => (this.#letGo = resolve));
    this.there = new Promise((resolve, reject) => {
      const held = () => (resolve(), gone);
      navigator.locks.request(lockName(name), held).catch(reject);
    });
    // Not all who make one wait for it.
    this.there.catch(() => {});
  }

  takeAway() {
    this.#letGo();
  }
}

// As the engine names all its locks.
const lockName = (/** @type {string} */ name) => `cliplet:${name}`;

// A line on which threads speak to the page. There is none where the browser refuses it, as it does
// to pages that may keep nothing.
/** @param {string} name */
function lineOf(name) {
  try {
    return new BroadcastChannel(name);
  } catch {
    return undefined;
  }
}

// What a message takes along instead of a copy: pixels that are decoded already.
const handedOver = (/** @type {Envelope<ToWorker>} */ { pixels }) => (pixels instanceof ImageBitmap ? [pixels] : []);

// ---- A worker of this page's own ----

/** @param {string} name */
function newWorker(name) {
  if (self.origin !== "null") return new Worker(url, { type: "module", name });
  // A sandbox has no origin, and its workers no scripts but those of its own making. Such a one may
  // import others.
  const script = `import(${JSON.stringify(url.href)}).catch((error) => setTimeout(() => { throw error; }));`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { name });
}

/**
 * What a worker's line tells the page.
 *
 * @typedef {object} Listeners
 * @property {(envelope: Envelope<FromWorker>) => void} heard
 * @property {(why: string) => void} failed
 * @property {() => void} left
 */

class Own {
  #worker;
  #threads;
  #listening = false;
  /** @type {Sign | undefined} */
  #sign;
  /** @type {{ port: MessagePort, lock: string }[]} */
  #guests = [];

  /** @param {Listeners} listeners */
  constructor({ heard, failed }) {
    const name = newName("cliplet");
    // A thread that breaks down tells the page itself: the worker may be waiting for it, for ever.
    this.#threads = lineOf(name);
    this.#worker = newWorker(this.#threads ? name : "");
    this.#worker.onmessage = (/** @type {FromEngine} */ { data }) => {
      if (data.message.Listening) this.#bringGuests();
      if (data.message.Crashed) this.#turnAway();
      heard(data);
    };
    const broken = (/** @type {Event} */ event) => {
      event.preventDefault();
      this.#leave();
      // An event about a script that could not be loaded has no message.
      failed(event instanceof ErrorEvent ? (event.message ?? "") : "");
    };
    this.#worker.addEventListener("error", broken);
    this.#worker.addEventListener("messageerror", broken);
    if (!this.#threads) return;
    this.#threads.onmessage = (/** @type {FromEngine} */ { data }) => heard(data);
    if (shares) this.#invite(name);
  }

  /** @param {string} line */
  #invite(line) {
    const name = newName("host");
    this.#sign = new Sign(name);
    globalThis.clipletHost = {
      sign: name,
      line,
      script: url.href,
      join: (port, guest) => {
        this.#guests.push({ port, lock: guest });
        if (this.#listening) this.#bringGuests();
      },
    };
    addEventListener("pagehide", () => this.#leave(), { once: true });
  }

  // What is posted before the worker listens may be lost.
  #bringGuests() {
    this.#listening = true;
    for (const { port, lock } of this.#guests.splice(0)) {
      this.#worker.postMessage({ message: { id: 0, request: { Join: { lock } } }, port }, [port]);
    }
  }

  #turnAway() {
    if (this.#sign) delete globalThis.clipletHost;
  }

  #leave() {
    this.#turnAway();
    this.#sign?.takeAway();
  }

  /** @param {Envelope<ToWorker>} message */
  post(message) {
    this.#worker.postMessage(message, handedOver(message));
  }

  end() {
    this.#leave();
    this.#worker.terminate();
    this.#threads?.close();
  }
}

// ---- A worker of another page ----

// The signs of pages that are gone, although they may still seem to be there.
/** @type {Set<string>} */
const gone = new Set();

// The page beside this one that has a worker to share.
function hostBeside() {
  for (let at = 0; at < parent.length; at += 1) {
    try {
      const beside = /** @type {Window & typeof globalThis} */ (parent[at]);
      const host = beside === window ? undefined : beside.clipletHost;
      if (host?.script === url.href && !gone.has(host.sign)) return host;
    } catch {
      // Of another origin.
    }
  }
  return undefined;
}

class Guest {
  #sign;
  #port;
  #threads;
  #watch = new AbortController();

  /**
   * @param {Host} host
   * @param {Listeners} listeners
   */
  constructor(host, { heard, left }) {
    const name = newName("guest");
    this.#sign = new Sign(name);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = (/** @type {FromEngine} */ { data }) => heard(data);
    this.#threads = lineOf(host.line);
    if (this.#threads) this.#threads.onmessage = (/** @type {FromEngine} */ { data }) => heard(data);
    // The worker looks for this page's sign, and forgets the page when there is none.
    this.#sign.there
      .then(() => host.join(port2, name))
      // Whoever gets this lock knows that nobody has it any more.
      .then(() => navigator.locks.request(lockName(host.sign), { signal: this.#watch.signal }, () => {}))
      .catch(() => {})
      .then(() => {
        if (this.#watch.signal.aborted) return;
        gone.add(host.sign);
        left();
      });
  }

  /** @param {Envelope<ToWorker>} message */
  post(message) {
    this.#port.postMessage(message, handedOver(message));
  }

  end() {
    this.#watch.abort();
    this.#port.close();
    this.#threads?.close();
    this.#sign.takeAway();
  }
}

// What another worker has to be told, to know what this one knows, and to do what it had not done
// yet.
class Memory {
  /** @type {Map<string, Envelope<ToWorker>>} */
  #files = new Map();
  /** @type {Envelope<ToWorker> | undefined} */
  #model;
  /** @type {Map<number, Envelope<ToWorker>>} */
  #pictures = new Map();
  /** @type {Map<RequestId, Envelope<ToWorker>>} */
  #open = new Map();
  /** @type {Set<RequestId>} */
  #cancelled = new Set();

  /** @param {Envelope<ToWorker>} envelope */
  asked(envelope) {
    const { id, request } = envelope.message;
    if (request.Cancel) this.#cancelled.add(request.Cancel.request);
    else this.#open.set(id, envelope);
  }

  /** @param {Envelope<FromWorker>} envelope */
  heard({ message }) {
    if (!message.Reply || isProgress(message.Reply.reply)) return;
    const { id, reply } = message.Reply;
    const envelope = this.#open.get(id);
    this.#open.delete(id);
    this.#cancelled.delete(id);
    if (!envelope || reply === "Cancelled" || !reply.Done) return;
    const { LoadModel, TakeModelFile, TakePicture, ForgetPicture } = envelope.message.request;
    if (LoadModel) this.#model = envelope;
    if (TakeModelFile) this.#files.set(JSON.stringify(TakeModelFile), envelope);
    if (TakePicture) this.#pictures.set(TakePicture.picture, envelope);
    if (ForgetPicture) this.#pictures.delete(ForgetPicture.picture);
  }

  // What was done, and lasts.
  known() {
    return [...this.#files.values(), ...(this.#model ? [this.#model] : []), ...this.#pictures.values()];
  }

  // What was asked and not answered: the ids that nobody waits for any more, or that took along
  // what cannot be had twice, and the others' messages.
  takeOpen() {
    const isOver = (/** @type {[RequestId, Envelope<ToWorker>]} */ [id, { pixels }]) => this.#cancelled.has(id) || pixels !== undefined;
    const cancelled = [...this.#open].filter(isOver).map(([id]) => id);
    const open = [...this.#open].filter((asked) => !isOver(asked)).map(([, envelope]) => envelope);
    this.#open.clear();
    this.#cancelled.clear();
    return { cancelled, open };
  }
}

const isProgress = (/** @type {Reply} */ reply) => reply !== "Cancelled" && reply.Progress !== undefined;

// ---- What the page's program sees ----

/**
 * What the page's program is told.
 *
 * @typedef {object} Tell
 * @property {(envelope: Envelope<FromWorker>) => void} message
 * @property {(why: string) => void} failure
 */

/** @implements {PageEngine} */
class Engine {
  #memory = shares ? new Memory() : undefined;
  // Messages that wait until another worker knows what the last one knew, and the ids of what it is
  // being told.
  /** @type {Envelope<ToWorker>[] | undefined} */
  #queue;
  /** @type {Set<RequestId>} */
  #telling = new Set();
  #hasListened = false;
  // What is told before the page's program listens, to be told again.
  /** @type {((tell: Tell) => void)[]} */
  #early = [];
  /** @type {Tell} */
  #tell = {
    message: (envelope) => this.#early.push((tell) => tell.message(envelope)),
    failure: (why) => this.#early.push((tell) => tell.failure(why)),
  };
  /** @type {Own | Guest} */
  #line = this.#start();

  #start() {
    const host = shares ? hostBeside() : undefined;
    /** @type {Listeners} */
    const listeners = {
      heard: (data) => this.#heard(data),
      failed: (why) => this.#tell.failure(why),
      left: () => this.#moveOn(),
    };
    return host ? new Guest(host, listeners) : new Own(listeners);
  }

  /** @param {Envelope<FromWorker>} data */
  #heard(data) {
    this.#memory?.heard(data);
    const { Listening, Reply } = data.message;
    // The page has heard that already.
    if (Listening && this.#queue) return this.#tellAll();
    this.#hasListened ||= Listening !== undefined;
    if (Reply && this.#telling.has(Reply.id)) return this.#told(Reply);
    this.#tell.message(data);
  }

  // The page that the worker belonged to is gone.
  #moveOn() {
    // One that was never heard of most likely cannot be.
    if (!this.#hasListened) shares = false;
    this.#line.end();
    const { cancelled, open } = this.#memory?.takeOpen() ?? { cancelled: [], open: [] };
    if (this.#hasListened) this.#queue = [...open, ...(this.#queue ?? [])];
    this.#telling.clear();
    try {
      this.#line = this.#start();
    } catch (error) {
      this.#tell.failure(String(error));
    }
    for (const id of cancelled) this.#tell.message({ message: { Reply: { id, reply: "Cancelled" } } });
  }

  #tellAll() {
    const known = this.#memory?.known() ?? [];
    for (const { message } of known) this.#telling.add(message.id);
    for (const envelope of known) this.#line.post(envelope);
    this.#goOnWhenTold();
  }

  /** @param {{ id: RequestId, reply: Reply }} answer */
  #told({ id, reply }) {
    if (isProgress(reply)) return;
    this.#telling.delete(id);
    if (reply !== "Cancelled" && reply.Failed) this.#tell.failure(`What was loaded could not be loaded again: ${JSON.stringify(reply.Failed)}`);
    else this.#goOnWhenTold();
  }

  #goOnWhenTold() {
    if (this.#telling.size > 0) return;
    const queue = this.#queue ?? [];
    this.#queue = undefined;
    for (const envelope of queue) this.post(envelope);
  }

  // Calls `message` with each message of the worker and `failure` with the reason why the worker
  // cannot go on, the earlier ones first.
  /**
   * @param {Tell["message"]} message
   * @param {Tell["failure"]} failure
   */
  listen(message, failure) {
    this.#tell = { message, failure };
    for (const tellAgain of this.#early.splice(0)) tellAgain(this.#tell);
  }

  /** @param {Envelope<ToWorker>} envelope */
  post(envelope) {
    if (this.#queue) {
      this.#queue.push(envelope);
    } else {
      this.#memory?.asked(envelope);
      this.#line.post(envelope);
    }
  }

  end() {
    this.#tell = { message() {}, failure() {} };
    this.#line.end();
  }
}

/** @type {Engine | undefined} */
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
