// <cliplet-classifier>: Cliplet inside other people's pages. docs/embedding.md says how to use it;
// embed.d.ts has the types.
//
// The element is a frame of Cliplet's own origin, embed.html beside this script. This script makes
// that frame once the element nears the view, tells it what the attributes say, and turns what it
// says into events. It knows nothing of pictures or models.
//
// The frame is a child of the element, and only its place is in the element's shadow: frames in
// shadows cannot find each other, and those of one page are to share one engine.
//
// Frame and element speak over a MessagePort. The frame says hello, with the token that stands
// behind its address; it is given one end of a new channel then, once. Settings go one way and
// events the other, each as a text that is JSON, so that nothing but plain data of a known shape
// can arrive. What comes from anywhere else is not looked at.

(() => {
  "use strict";

  const NAME = "cliplet-classifier";
  if (customElements.get(NAME)) return;

  // As a module this script has no element; a stack begins with its address in every browser.
  const element = /** @type {HTMLScriptElement | null} */ (document.currentScript);
  const script = element?.src || /\w+:\/\/[^\s]*?embed\.js/.exec(new Error().stack ?? "")?.[0];
  const page = new URL("embed.html", script);

  const HELLO = "cliplet:hello:";
  const CONNECT = "cliplet:connect";
  // How close to the view an element begins, in pixels.
  const NEAR = 200;
  // How long a frame may take to come, and then to be drawn, in milliseconds, before that is an
  // error. It may still be after.
  const PATIENCE = 30_000;
  const PATIENCE_LOADED = 10_000;
  // How long the page around may take to load, before what is in view does not wait for that any
  // more.
  const PATIENCE_WITH_PAGE = 3_000;
  // The longest text that a frame may send: results of as many labels as it takes.
  const MOST = 4_000_000;

  const MOST_LOST = 5;

  const ATTRIBUTES = ["labels", "template", "image", "model", "mode", "theme", "accent", "height", "download", "lang"];

  // Reserved before there is a frame, and kept. docs/embedding.md names the two heights.
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { display: block; width: 100%; container-type: inline-size }
    :host([hidden]) { display: none }
    div { position: relative; box-sizing: border-box; height: 640px; overflow: hidden; border-radius: 12px;
      border: 1px solid color-mix(in srgb, currentcolor 22%, transparent) }
    @container (min-width: 560px) { div { height: 420px } }
    ::slotted(iframe) { position: absolute !important; inset: 0 !important; width: 100% !important; height: 100% !important;
      min-width: 0 !important; max-width: none !important; min-height: 0 !important; max-height: none !important;
      margin: 0 !important; padding: 0 !important; border: 0 !important; visibility: hidden !important }
    .shown ::slotted(iframe) { visibility: visible !important }
    slot:not([name]) { display: block; box-sizing: border-box; height: 100%; padding: 16px; overflow: auto }
    .shown slot:not([name]) { display: none }
  `);

  // ---- What a frame may say ----

  /** @typedef {(value: unknown) => boolean} Test */
  /** @typedef {Record<string, Test>} Shape */

  /** @param {unknown} value @returns {value is string} */
  const isText = (value) => typeof value === "string";
  /** @type {Test} */
  const isNumber = (value) => typeof value === "number";
  /** @type {Test} */
  const isFlag = (value) => typeof value === "boolean";
  /** @type {Test} */
  const isTextOrNull = (value) => value === null || isText(value);
  /** @type {Test} */
  const isNumberOrNull = (value) => value === null || isNumber(value);
  /** @param {Shape} shape @returns {Test} */
  const listOf = (shape) => (value) => Array.isArray(value) && value.every((item) => fits(item, shape));

  // An object with these members of its own, and no others.
  /**
   * @param {unknown} value
   * @param {Shape} shape
   */
  function fits(value, shape) {
    return (
      typeof value === "object" &&
      value !== null &&
      Object.keys(value).length === Object.keys(shape).length &&
      Object.entries(shape).every(([name, test]) => Object.hasOwn(value, name) && test(/** @type {Record<string, unknown>} */ (value)[name]))
    );
  }

  const LABELS = listOf({ label: isText, score: isNumber, cosine: isNumber });
  const IMAGES = listOf({ image: isText, cosine: isNumber });
  /** @type {Record<string, Shape[]>} */
  const SHAPES = {
    ready: [{ model: isText, preview: isFlag }],
    progress: [{ stage: isText, model: isTextOrNull, loaded: isNumber, total: isNumberOrNull }],
    result: [
      { mode: isText, image: isTextOrNull, model: isText, preview: isFlag, labels: LABELS },
      { mode: isText, query: isText, model: isText, preview: isFlag, images: IMAGES },
    ],
    error: [{ code: isText, message: isText, fatal: isFlag }],
    picture: [{ url: isText }],
    shown: [{}],
  };

  // The type and the detail of a frame's text, or undefined.
  /** @param {unknown} data */
  function read(data) {
    if (!isText(data) || data.length > MOST) return undefined;
    let message;
    try {
      message = JSON.parse(data);
    } catch {
      return undefined;
    }
    if (!fits(message, { type: isText, detail: () => true }) || !Object.hasOwn(SHAPES, message.type)) return undefined;
    return SHAPES[message.type].some((shape) => fits(message.detail, shape)) ? message : undefined;
  }

  // ---- Hello ----

  /** @type {Map<string, ClipletClassifier>} */
  const waiting = new Map();
  addEventListener("message", ({ data, source, origin }) => {
    if (!isText(data) || !data.startsWith(HELLO)) return;
    // A page without an origin, as in a sandbox, gives its frames none either.
    if (origin !== page.origin && !(origin === "null" && self.origin === "null")) return;
    const element = waiting.get(data.slice(HELLO.length));
    if (element !== undefined && source !== null) element[MET](/** @type {Window} */ (source), origin);
  });

  const MET = Symbol("met");

  // Elements whose frames are overdue.
  /** @type {Set<ClipletClassifier>} */
  const late = new Set();
  addEventListener("online", () => {
    for (const element of late) element.load();
  });

  // What the page around has to fetch comes first, within reason. Frameworks have taken up what is
  // in the page by then, too.
  /** @type {Promise<void>} */
  const settled = new Promise((resolve) => {
    if (document.readyState === "complete") resolve();
    addEventListener("load", () => setTimeout(resolve));
    setTimeout(resolve, PATIENCE_WITH_PAGE);
  });

  /** @type {Set<Element>} */
  const near = new Set();
  const view = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (isIntersecting) settled.then(() => near.has(target) && /** @type {ClipletClassifier} */ (target).load());
      }
    },
    { rootMargin: `${NEAR}px` },
  );

  // ---- The element ----

  class ClipletClassifier extends HTMLElement {
    static observedAttributes = ATTRIBUTES;

    #box = document.createElement("div");
    /** @type {HTMLIFrameElement | undefined} */
    #frame;
    #token = "";
    /** @type {MessagePort | undefined} */
    #port;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    #timer;
    // The frame's document has had its `load`.
    #loaded = false;
    // The port's document has not had it yet.
    #fresh = false;
    #camera = false;
    #ready = false;
    #telling = false;
    // Frameworks that take the children of an element for their own may take the frame out. It
    // comes back, but not for ever.
    #lost = 0;
    #children = new MutationObserver(() => this.#lookForFrame());

    constructor() {
      super();
      const root = this.attachShadow({ mode: "open" });
      root.adoptedStyleSheets = [style];
      this.#box.part = "box";
      const place = document.createElement("slot");
      place.name = "frame";
      this.#box.append(document.createElement("slot"), place);
      root.append(this.#box);
    }

    connectedCallback() {
      // What was set before this script came stands in the way of the properties.
      const properties = /** @type {Record<string, unknown>} */ (/** @type {unknown} */ (this));
      for (const name of ATTRIBUTES) {
        if (Object.hasOwn(properties, name)) {
          const value = properties[name];
          delete properties[name];
          properties[name] = value;
        }
      }
      // A copy of an element has a copy of its frame.
      for (const stray of this.querySelectorAll(":scope > iframe[slot=frame]")) stray.remove();
      near.add(this);
      view.observe(this);
    }

    disconnectedCallback() {
      near.delete(this);
      view.unobserve(this);
      this.#end();
    }

    /** @param {string} name */
    attributeChangedCallback(name) {
      if (name === "height") {
        const height = this.height;
        this.#box.style.height = height === "auto" ? "" : height;
      } else if (name === "mode" && this.#frame && this.#camera !== this.#wantsCamera()) {
        // What a frame is allowed is settled when it is loaded.
        this.#end();
        this.load();
      } else {
        this.#tellSoon();
      }
    }

    /** Starts now, wherever the element is. After an error, starts again. */
    load() {
      near.delete(this);
      view.unobserve(this);
      if (late.has(this)) this.#end();
      if (this.#frame || !this.isConnected) return;
      const frame = document.createElement("iframe");
      this.#token = Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(36)).join("-");
      waiting.set(this.#token, this);
      this.#camera = this.#wantsCamera();
      frame.allow = `cross-origin-isolated${this.#camera ? "; camera" : ""}`;
      frame.referrerPolicy = "no-referrer";
      frame.title = "Cliplet: which of these words fits this picture?";
      frame.slot = "frame";
      frame.src = `${page}#${this.#token}`;
      frame.onload = () => this.#hasLoaded();
      this.#frame = frame;
      this.#waitFor(PATIENCE);
      this.append(frame);
      this.#children.observe(this, { childList: true });
    }

    #wantsCamera() {
      return this.getAttribute("mode") === "camera";
    }

    #lookForFrame() {
      if (!this.#frame || this.#frame.parentNode === this) return;
      this.#end();
      this.#lost += 1;
      if (this.#lost < MOST_LOST) setTimeout(() => this.load());
      else this.#emit("error", { code: "frame", message: "Something takes Cliplet's frame out of its element.", fatal: true });
    }

    // The frame has another document. If that has not said hello, the one that had is gone.
    #hasLoaded() {
      if (!this.#fresh) this.#disconnect();
      this.#fresh = false;
      this.#loaded = true;
      if (!this.#port) this.#waitFor(PATIENCE_LOADED);
    }

    /** @param {number} patience */
    #waitFor(patience) {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => {
        late.add(this);
        const message = `Nothing of Cliplet comes from ${page.origin}. Check the connection and the address of embed.js.`;
        this.#emit("error", { code: "frame", message, fatal: true });
      }, patience);
    }

    #disconnect() {
      this.#port?.close();
      this.#port = undefined;
      this.#ready = false;
      this.#box.className = "";
    }

    #end() {
      clearTimeout(this.#timer);
      this.#disconnect();
      late.delete(this);
      waiting.delete(this.#token);
      this.#children.disconnect();
      this.#frame?.remove();
      this.#frame = undefined;
      this.#loaded = this.#fresh = false;
    }

    // The frame has said hello.
    /**
     * @param {Window} source
     * @param {string} origin
     */
    [MET](source, origin) {
      if (source !== this.#frame?.contentWindow) return;
      // A second hello is that of a document that has taken the place of the first.
      this.#fresh = this.#port !== undefined || !this.#loaded;
      this.#disconnect();
      const { port1, port2 } = new MessageChannel();
      this.#port = port1;
      port1.onmessage = ({ data }) => {
        if (this.#port === port1) this.#heard(data);
      };
      source.postMessage(CONNECT, origin === "null" ? "*" : origin, [port2]);
      this.#tell();
    }

    // Once for all that is set in a row.
    #tellSoon() {
      if (this.#telling) return;
      this.#telling = true;
      queueMicrotask(() => {
        this.#telling = false;
        this.#tell();
      });
    }

    #tell() {
      const of = (/** @type {string} */ name) => this.getAttribute(name) ?? undefined;
      this.#port?.postMessage(
        JSON.stringify({
          // A text that is a list: the frame reads it with the code that the page has for lists.
          labels: this.hasAttribute("labels") ? [this.getAttribute("labels")] : undefined,
          images: this.image.map(absolute),
          template: of("template"),
          model: of("model"),
          mode: of("mode"),
          theme: of("theme"),
          accent: of("accent"),
          download: of("download"),
          lang: of("lang"),
        }),
      );
    }

    /** @param {unknown} data */
    #heard(data) {
      const message = read(data);
      if (message === undefined) return;
      const { type, detail } = message;
      if (type === "shown") {
        clearTimeout(this.#timer);
        late.delete(this);
        this.#box.className = "shown";
      } else if (type === "picture") {
        if (this.#port) this.#fetch(detail.url, this.#port);
      } else {
        // What cannot run at all makes room for what was written for that case.
        if (type === "error" && detail.fatal && !this.#ready && this.#hasFallback()) this.#end();
        if (type === "ready") this.#ready = true;
        this.#emit(type, detail);
      }
    }

    #hasFallback() {
      return Array.from(this.childNodes).some((node) => node !== this.#frame && (node.nodeType === 1 || node.textContent?.trim()));
    }

    /**
     * @param {string} type
     * @param {object} detail
     */
    #emit(type, detail) {
      this.dispatchEvent(new CustomEvent(type, { detail }));
    }

    // Pictures of the page's own host need not be open to all: the page itself reads them for the
    // frame.
    /**
     * @param {string} url
     * @param {MessagePort} port
     */
    async #fetch(url, port) {
      let file = null;
      try {
        if (new URL(url).origin === location.origin && this.image.map(absolute).includes(url)) {
          const response = await fetch(url);
          // Not `blob()`, by which Chromium gives nothing of more than some megabytes where the
          // disk is nearly full.
          if (response.ok) file = new Blob([await response.arrayBuffer()]);
        }
      } catch {
        // The frame tries by itself, and says so if that fails.
      }
      port.postMessage([url, file]);
    }

    // ---- Properties, each an attribute ----

    get labels() {
      const labels = this.getAttribute("labels");
      return fromJson(labels) ?? split(labels, /[,;\t\r\n]/);
    }
    set labels(labels) {
      // As JSON where something in a label could be taken for a part of the list.
      const plain = (/** @type {string} */ label) => /^\p{L}[\p{L}\p{M}\p{N} .!?&/_-]*$/u.test(label);
      if (!Array.isArray(labels)) this.#set("labels", labels);
      else this.#set("labels", labels.every(plain) ? labels.join(", ") : JSON.stringify(labels.map(String)));
    }

    get image() {
      return split(this.getAttribute("image"), /\s/);
    }
    set image(urls) {
      this.#set("image", Array.isArray(urls) ? urls.join(" ") : urls);
    }

    get height() {
      const height = (this.getAttribute("height") ?? "").trim();
      if (/^\d+(\.\d+)?$/.test(height)) return `${height}px`;
      return CSS.supports("height", height) && !/^-/.test(height) ? height : "auto";
    }
    set height(height) {
      this.#set("height", height);
    }

    /**
     * @param {string} name
     * @param {unknown} value
     */
    #set(name, value) {
      if (value === null || value === undefined) this.removeAttribute(name);
      else this.setAttribute(name, String(value));
    }

    // The others are texts with a default.
    static {
      const texts = {
        template: "a photo of a {}",
        model: "",
        mode: "classify",
        theme: "auto",
        accent: "",
        download: "ask",
      };
      for (const [name, otherwise] of Object.entries(texts)) {
        Object.defineProperty(this.prototype, name, {
          get() {
            return this.getAttribute(name) ?? otherwise;
          },
          set(value) {
            this.#set(name, value);
          },
          enumerable: true,
          configurable: true,
        });
      }
    }
  }

  // The texts of a list that is written as JSON; undefined for any other.
  /** @param {string | null} list @returns {string[] | undefined} */
  function fromJson(list) {
    if (!list?.trim().startsWith("[")) return undefined;
    try {
      const items = JSON.parse(list);
      return items.every(isText) ? items : undefined;
    } catch {
      return undefined;
    }
  }

  /**
   * @param {string | null} list
   * @param {RegExp} at
   */
  function split(list, at) {
    return (list ?? "").split(at).map((item) => item.trim()).filter(Boolean);
  }

  // What is no address is the frame's to refuse.
  /** @param {string} url */
  function absolute(url) {
    try {
      return new URL(url, document.baseURI).href;
    } catch {
      return url;
    }
  }

  customElements.define(NAME, ClipletClassifier);
})();
