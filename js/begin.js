// The first script of the page, which stands in it: starts to fetch the page's program, once for
// all who wait for it, or says what keeps it from running. A classic script, which every browser
// reads.
(() => {
  // A function that gives the result of i8x16.splat.
  const SIMD = Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
  );
  const canRun = typeof WebAssembly === "object" && WebAssembly.validate(SIMD);
  if (canRun) {
    // Not by a `preload`, which WebKit fetches once more for who asks for it.
    globalThis.clipletProgram = fetch(__CLIPLET_PROGRAM__);
    return;
  }
  // The outline has a sentence for either.
  const lacks = typeof WebAssembly === "object" ? "simd" : "wasm";
  document.documentElement.dataset.lacks = lacks;

  // Inside another page, that one is told as the program would tell it (`src/host.rs`).
  if (parent === window || location.hash.length < 2) return;
  addEventListener("message", ({ data, ports }) => {
    if (data !== "cliplet:connect") return;
    const message = document.querySelector(`.lacks-${lacks}`)?.textContent?.replace(/\s+/g, " ").trim() ?? "";
    const tell = (/** @type {string} */ type, /** @type {object} */ detail) => ports[0].postMessage(JSON.stringify({ type, detail }));
    tell("error", { code: "engine", message, fatal: true });
    tell("shown", {});
  });
  parent.postMessage(`cliplet:hello:${location.hash.slice(1)}`, "*");
})();
