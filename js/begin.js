// The first script of the page, which stands in it: starts to fetch the page's program, once for
// all who wait for it, or says what keeps it from running; and keeps for the program what the
// visitor does before it listens. A classic script, which every browser reads.
(() => {
  const root = document.documentElement;

  /** @param {string} lacks What is missing: the outline has a sentence for it. */
  const say = (lacks) => {
    root.dataset.lacks = lacks;
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => tell(lacks));
    else tell(lacks);
  };
  /** @param {string} lacks */
  const tell = (lacks) => {
    const sentence = document.querySelector(`.lacks-${lacks}`);
    sentence?.removeAttribute("hidden");

    // Inside another page, that one is told as the program would tell it (`src/host.rs`).
    if (parent === window || location.hash.length < 2) return;
    addEventListener("message", ({ data, ports }) => {
      if (data !== "cliplet:connect") return;
      const message = sentence?.textContent?.replace(/\s+/g, " ").trim() ?? "";
      const post = (/** @type {string} */ type, /** @type {object} */ detail) => ports[0].postMessage(JSON.stringify({ type, detail }));
      post("error", { code: "engine", message, fatal: true });
      post("shown", {});
    });
    parent.postMessage(`cliplet:hello:${location.hash.slice(1)}`, "*");
  };

  // A function that gives the result of i8x16.splat.
  const SIMD = Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
    ...[0x03, 0x02, 0x01, 0x00],
    ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
  );
  if (typeof WebAssembly !== "object") return say("wasm");
  if (!WebAssembly.validate(SIMD)) return say("simd");

  // To WebKit, a document without an origin is not its own policy's 'self': it runs no file.
  if (self.origin === "null") addEventListener("securitypolicyviolation", () => say("origin"), { once: true });
  // Not by a `preload`, which WebKit fetches once more for who asks for it.
  globalThis.clipletProgram = fetch(__CLIPLET_PROGRAM__);

  root.dataset.runs = "";
  // The labels of another visit, or of a link, are not those that the outline shows.
  let isFirstVisit = location.hash.length < 2;
  try {
    isFirstVisit &&= localStorage.getItem("cliplet") === null;
    // Inside another page, that one chooses.
    const theme = "embed" in root.dataset ? null : localStorage.getItem("cliplet-theme");
    if (theme) root.dataset.theme = theme;
  } catch {
    // What cannot be read was never written.
  }
  if (isFirstVisit) root.dataset.first = "";

  // What is done before the program listens is done again once all of the page is drawn.
  /** @type {(() => void) | undefined} */
  let again;
  const outline = () => document.getElementById("outline");
  /** @type {(redo: () => void) => void} */
  const keep = (redo) => {
    again = redo;
    outline()?.querySelector(".opening")?.removeAttribute("hidden");
  };
  // A transfer is empty once its event is over; what lies in it is not.
  const copied = (/** @type {DataTransfer} */ from) => {
    const texts = new Map(from.types.map((type) => [type, from.getData(type)]));
    const items = [...from.items].map((item) => ({ kind: item.kind, type: item.type, entry: item.webkitGetAsEntry?.() ?? null }));
    return {
      types: [...from.types],
      files: from.files,
      items: items.map(({ kind, type, entry }) => ({ kind, type, webkitGetAsEntry: () => entry })),
      getData: (/** @type {string} */ type) => texts.get(type) ?? "",
    };
  };
  const TRANSFERS = /** @type {const} */ ({ drop: "dataTransfer", paste: "clipboardData" });
  for (const [type, name] of Object.entries(TRANSFERS)) {
    addEventListener(type, (event) => {
      const transfer = /** @type {Record<string, DataTransfer>} */ (/** @type {unknown} */ (event))[name];
      if (!outline() || !transfer) return;
      event.preventDefault();
      const value = copied(transfer);
      keep(() => window.dispatchEvent(Object.defineProperty(new Event(type, { cancelable: true }), name, { value })));
    });
  }
  // Without this the browser would leave the page for what is dropped on it.
  addEventListener("dragover", (event) => outline() && event.preventDefault());
  addEventListener("change", ({ target }) => {
    if (!outline() || !(target instanceof HTMLInputElement)) return;
    const { files } = target;
    keep(() => {
      const field = document.querySelector("[data-testid=file-input]");
      if (!(field instanceof HTMLInputElement)) return;
      field.files = files;
      field.dispatchEvent(new Event("change"));
    });
  });
  const named = (/** @type {Element} */ button) => button.getAttribute("aria-label") ?? button.textContent;
  addEventListener("click", ({ target }) => {
    const button = target instanceof Element && outline()?.contains(target) && target.closest("button");
    if (!button) return;
    const name = named(button);
    keep(() => [...document.querySelectorAll("button")].find((other) => named(other) === name)?.click());
  });
  new MutationObserver((_, observer) => {
    // The last that is drawn.
    if (outline() || !document.querySelector(".models-dialog, .embed-footer")) return;
    observer.disconnect();
    // After the program has done what it does at its start.
    if (again) setTimeout(again);
  }).observe(root, { childList: true, subtree: true });
})();
