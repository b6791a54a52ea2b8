// A rival in a worker of its own, where its makers advise to run it. It measures itself, so that
// its times hold no message to and from the worker; Cliplet's do.

export class Rival {
  #worker;
  #waiting = new Map();
  #lastId = 0;

  constructor(script) {
    this.#worker = new Worker(script, { type: "module" });
    this.#worker.onerror = (event) => {
      const error = new Error(event.message ?? `${script} could not be loaded`);
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    this.#worker.onmessage = ({ data: { id, value, failed } }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (failed === undefined) resolve(value);
      else reject(new Error(failed));
    };
  }

  /** Both towers, or one, in ONNX Runtime Web. */
  static async startOrt(options) {
    const rival = new Rival("ort-worker.js");
    await rival.#call("start", options);
    return rival;
  }

  /** The zero-shot-image-classification pipeline of Transformers.js. */
  static async startTransformers(options) {
    const rival = new Rival("transformers-worker.js");
    await rival.#call("start", options);
    return rival;
  }

  #call(method, ...parameters) {
    const id = ++this.#lastId;
    this.#worker.postMessage({ id, method, parameters });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  picture(blob) {
    return this.#call("picture", blob);
  }

  prepare(blob, labels, template) {
    return this.#call("prepare", blob, labels, template);
  }

  labels(labels, template) {
    return this.#call("labels", labels, template);
  }

  whole(blob, labels, template) {
    return this.#call("whole", blob, labels, template);
  }

  embed(blobs, prompts) {
    return this.#call("embed", blobs, prompts);
  }

  stop() {
    this.#worker.terminate();
  }
}
