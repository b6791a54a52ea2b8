// A thread of the engine. The first message names the engine's script; the second brings its
// WebAssembly and its memory.

let engine;

onmessage = async ({ data }) => {
  if (data.script) {
    engine = import(/* @vite-ignore */ data.script);
    engine.catch(() => {});
    return;
  }
  let report = (error) => postMessage({ error: String(error) });
  try {
    const { default: start, wbg_rayon_start_worker: work } = await engine;
    await start({ module_or_path: data.module, memory: data.memory });
    postMessage({});
    // From here on this speaks to the page itself: the worker that has started this one may be
    // waiting for it.
    const page = new BroadcastChannel(self.name);
    self.postMessage = (message) => page.postMessage(message);
    report = (error) => postMessage({ message: { Crashed: { message: String(error) } } });
    // Comes back only if it breaks.
    work(data.receiver);
  } catch (error) {
    report(error);
  }
};
