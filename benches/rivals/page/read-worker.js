// Reads Cliplet's kept models as Cliplet's store does, through a synchronous handle, and does no
// more with what it reads than to hold it, as a model in memory has to.

const PIECE = 1 << 20;

onmessage = async () => {
  const root = await navigator.storage.getDirectory();
  const folder = await root.getDirectoryHandle("models");
  let milliseconds = 0;
  for await (const [name, file] of folder) {
    // The small one is only there to be loaded in between.
    if (!name.endsWith(".gguf") || name.startsWith("small.")) continue;
    const began = performance.now();
    const handle = await file.createSyncAccessHandle();
    const bytes = new Uint8Array(handle.getSize());
    for (let at = 0; at < bytes.length; ) {
      const read = handle.read(bytes.subarray(at, at + PIECE), { at });
      if (read === 0) throw new Error(`${name} ends after ${at} bytes`);
      at += read;
    }
    handle.close();
    milliseconds += performance.now() - began;
  }
  if (milliseconds === 0) throw new Error("no model is kept");
  postMessage(milliseconds);
};
