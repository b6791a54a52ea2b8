// The threads of the engine, seen from its worker: workers of their own, which share its memory.
//
// wasm-bindgen-rayon's part in Rust calls `startClipletThreads`; its own part in JavaScript is not
// used.

// How long a thread may take to answer, in milliseconds, once it has all that it needs.
const PATIENCE = 20_000;

let crew = [];

// Starts workers ahead of the engine, from the address of their own script: they fetch and read the
// engine's script while its WebAssembly is on its way. Their name is that of the line to the page.
export function hire(count, thread, name, script) {
  for (let hired = 0; hired < count; hired += 1) {
    const worker = new Worker(thread, { type: "module", name });
    const ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => (data.error === undefined ? resolve() : reject(new Error(data.error)));
      worker.onerror = (event) => {
        event.preventDefault();
        reject(new Error(event.message ?? "a thread cannot be started"));
      };
    });
    // It may fail before anybody asks.
    ready.catch(() => {});
    worker.postMessage({ script });
    crew.push({ worker, ready });
  }
}

// Ends the workers.
export function dismiss() {
  for (const { worker } of crew) worker.terminate();
  crew = [];
}

// Makes threads of the workers, and a pool of the threads.
globalThis.startClipletThreads = async (module, memory, builder) => {
  const receiver = builder.receiver();
  for (const { worker } of crew) worker.postMessage({ module, memory, receiver });
  let timer;
  const tooLong = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("a thread does not answer")), PATIENCE);
  });
  await Promise.race([Promise.all(crew.map(({ ready }) => ready)), tooLong]);
  clearTimeout(timer);
  builder.build();
};
