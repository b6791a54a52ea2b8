// Starts the engine's worker while the page's own program is still on its way, and keeps what the
// worker says until that program listens.
//
// Pages that stand side by side in somebody else's page, as its frames, share one worker: the first
// of them starts it, and the others are its guests. When the page that it belongs to goes away,
// another one starts the next, which is told what the guests had told the first. Only documents
// that say so share (`data-embed` on their root), and only with those of the same worker's script,
// which are of the same origin and version.

const url = new URL(WORKER, import.meta.url);
// For people who want to try: `?threads=N` and `?build=NAME` behind the page's address are passed
// on.
const asked = new URLSearchParams(location.search);
for (const name of ["threads", "build"]) {
  if (asked.has(name)) url.searchParams.set(name, asked.get(name));
}

// In a sandbox, which has no origin, there is nobody to share with.
let shares =
  "embed" in document.documentElement.dataset && parent !== window && self.origin !== "null" && navigator.locks !== undefined;

const newName = (kind) => `${kind}-${Math.random().toString(36).slice(2)}`;

// A Web Lock that is held until it is let go, or until this page is gone. It is said of one that it
// is there.
class Sign {
  #letGo;
  there;

  constructor(name) {
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
const lockName = (name) => `cliplet:${name}`;

// What a message takes along instead of a copy: pixels that are decoded already.
const handedOver = ({ pixels }) => (pixels instanceof ImageBitmap ? [pixels] : []);

// ---- A worker of this page's own ----

function newWorker(name) {
  if (self.origin !== "null") return new Worker(url, { type: "module", name });
  // A sandbox has no origin, and its workers no scripts but those of its own making. Such a one may
  // import others.
  const script = `import(${JSON.stringify(url.href)}).catch((error) => setTimeout(() => { throw error; }));`;
  return new Worker(URL.createObjectURL(new Blob([script], { type: "text/javascript" })), { name });
}

class Own {
  #worker;
  #threads;
  #listening = false;
  #sign;
  #guests = [];

  constructor({ heard, failed }) {
    const name = newName("cliplet");
    this.#worker = newWorker(name);
    this.#worker.onmessage = ({ data }) => {
      if (data.message.Listening) this.#bringGuests();
      if (data.message.Crashed) this.#turnAway();
      heard(data);
    };
    this.#worker.onerror = this.#worker.onmessageerror = (event) => {
      event.preventDefault();
      this.#leave();
      // An event about a script that could not be loaded has no message.
      failed(event.message ?? "");
    };
    // A thread that breaks down tells the page itself: the worker may be waiting for it, for ever.
    this.#threads = new BroadcastChannel(name);
    this.#threads.onmessage = ({ data }) => heard(data);
    if (shares) this.#invite(name);
  }

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

  post(message) {
    this.#worker.postMessage(message, handedOver(message));
  }

  end() {
    this.#leave();
    this.#worker.terminate();
    this.#threads.close();
  }
}

// ---- A worker of another page ----

// The signs of pages that are gone, although they may still seem to be there.
const gone = new Set();

// The page beside this one that has a worker to share.
function hostBeside() {
  for (let at = 0; at < parent.length; at += 1) {
    try {
      const host = parent[at] === window ? undefined : parent[at].clipletHost;
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

  constructor(host, { heard, left }) {
    const name = newName("guest");
    this.#sign = new Sign(name);
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    this.#port.onmessage = ({ data }) => heard(data);
    this.#threads = new BroadcastChannel(host.line);
    this.#threads.onmessage = ({ data }) => heard(data);
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

  post(message) {
    this.#port.postMessage(message, handedOver(message));
  }

  end() {
    this.#watch.abort();
    this.#port.close();
    this.#threads.close();
    this.#sign.takeAway();
  }
}

// What another worker has to be told, to know what this one knows, and to do what it had not done
// yet.
class Memory {
  #files = new Map();
  #model;
  #pictures = new Map();
  #open = new Map();
  #cancelled = new Set();

  asked(envelope) {
    const { id, request } = envelope.message;
    if (request.Cancel) this.#cancelled.add(request.Cancel.request);
    else this.#open.set(id, envelope);
  }

  heard({ message }) {
    if (!message.Reply || message.Reply.reply.Progress) return;
    const { id, reply } = message.Reply;
    const envelope = this.#open.get(id);
    this.#open.delete(id);
    this.#cancelled.delete(id);
    if (!envelope || !reply.Done) return;
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
    const isOver = ([id, { pixels }]) => this.#cancelled.has(id) || pixels !== undefined;
    const cancelled = [...this.#open].filter(isOver).map(([id]) => id);
    const open = [...this.#open].filter((asked) => !isOver(asked)).map(([, envelope]) => envelope);
    this.#open.clear();
    this.#cancelled.clear();
    return { cancelled, open };
  }
}

// ---- What the page's program sees ----

class Engine {
  #line;
  #memory = shares ? new Memory() : undefined;
  // Messages that wait until another worker knows what the last one knew, and the ids of what it is
  // being told.
  #queue;
  #telling = new Set();
  #hasListened = false;
  #early = [];
  #tell = {
    message: (message) => this.#early.push(["message", message]),
    failure: (why) => this.#early.push(["failure", why]),
  };

  constructor() {
    this.#start();
  }

  #start() {
    const host = shares ? hostBeside() : undefined;
    const ways = { heard: (data) => this.#heard(data), failed: (why) => this.#tell.failure(why), left: () => this.#moveOn() };
    this.#line = host ? new Guest(host, ways) : new Own(ways);
  }

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
    const { cancelled, open } = this.#memory.takeOpen();
    if (this.#hasListened) this.#queue = [...open, ...(this.#queue ?? [])];
    this.#telling.clear();
    try {
      this.#start();
    } catch (error) {
      this.#tell.failure(String(error));
    }
    for (const id of cancelled) this.#tell.message({ message: { Reply: { id, reply: "Cancelled" } } });
  }

  #tellAll() {
    const known = this.#memory.known();
    for (const { message } of known) this.#telling.add(message.id);
    for (const envelope of known) this.#line.post(envelope);
    this.#goOnWhenTold();
  }

  #told({ id, reply }) {
    if (reply.Progress) return;
    this.#telling.delete(id);
    if (reply.Failed) this.#tell.failure(`What was loaded could not be loaded again: ${JSON.stringify(reply.Failed)}`);
    else this.#goOnWhenTold();
  }

  #goOnWhenTold() {
    if (this.#telling.size > 0) return;
    const queue = this.#queue;
    this.#queue = undefined;
    for (const envelope of queue) this.post(envelope);
  }

  // Calls `message` with each message of the worker and `failure` with the reason why the worker
  // cannot go on, the earlier ones first.
  listen(message, failure) {
    this.#tell = { message, failure };
    for (const [kind, what] of this.#early.splice(0)) this.#tell[kind](what);
  }

  post(message) {
    if (this.#queue) {
      this.#queue.push(message);
    } else {
      this.#memory?.asked(message);
      this.#line.post(message);
    }
  }

  end() {
    this.#tell = { message() {}, failure() {} };
    this.#line.end();
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
