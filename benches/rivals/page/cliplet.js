// Cliplet's engine, spoken to as Cliplet's page does: its worker, its messages.

export class Cliplet {
  #worker;
  #model;
  #small;
  #waiting = new Map();
  #lastId = 0;
  #lastPicture = 0;

  /**
   * `script`: the worker's URL, with the build that is wanted in its query; `model`: an entry of
   * models.json.
   */
  static async start({ script, model }) {
    const cliplet = new Cliplet();
    await cliplet.#listen(new Worker(script, { type: "module" }));
    cliplet.#model = { ...model, url: new URL(model.url, location.href).href };
    const url = new URL("/cliplet/models/starter.gguf", location.href).href;
    cliplet.#small = { ...model, id: "small", url, bytes: null };
    await cliplet.load();
    return cliplet;
  }

  /** From the store, but the first time. */
  async load() {
    const began = performance.now();
    await this.#load(this.#model);
    return performance.now() - began;
  }

  /**
   * The same once more: an engine that has the model already would not read it again, so it has a
   * small one in between.
   */
  async reload() {
    await this.#load(this.#small);
    return this.load();
  }

  #load(model) {
    return this.#ask({ LoadModel: { model, patience: 1 } });
  }

  #listen(worker) {
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.onerror = (event) => reject(new Error(event.message ?? "the worker's script could not be loaded"));
      worker.onmessage = ({ data: { message } }) => {
        if (message.Listening) resolve();
        else if (message.Crashed) this.#crashed(message.Crashed.message);
        else this.#replied(message.Reply);
      };
    });
  }

  #crashed(why) {
    for (const { reject } of this.#waiting.values()) reject(new Error(why));
    this.#waiting.clear();
  }

  #replied({ id, reply }) {
    if (reply.Progress) return;
    const { resolve, reject } = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (reply.Done) resolve(reply.Done);
    else reject(new Error(`Cliplet: ${JSON.stringify(reply)}`));
  }

  #ask(request, blob) {
    const id = ++this.#lastId;
    this.#worker.postMessage({ message: { id, request }, ...(blob && { blob }) });
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  async #take(blob) {
    const picture = ++this.#lastPicture;
    await this.#ask({ TakePicture: { picture } }, blob);
    return picture;
  }

  #classify(picture, labels, template) {
    labels = labels.map((label) => ({ label }));
    return this.#ask({ Classify: { picture, query: { labels, templates: [template] } } });
  }

  /**
   * Decoding is not what is measured here. The label is known but the first time, which is a
   * warm-up.
   */
  async picture(blob) {
    const picture = await this.#take(blob);
    const began = performance.now();
    await this.#classify(picture, ["picture"], "{}");
    return performance.now() - began;
  }

  async prepare(blob, labels, template) {
    await this.#classify(await this.#take(blob), labels, template);
  }

  async labels(labels, template) {
    const began = performance.now();
    await this.#classify(this.#lastPicture, labels, template);
    return performance.now() - began;
  }

  async whole(blob, labels, template) {
    const began = performance.now();
    await this.#classify(await this.#take(blob), labels, template);
    return performance.now() - began;
  }

  async embed(blobs, prompts) {
    const pictures = [];
    for (const blob of blobs) pictures.push(await this.#take(blob));
    const { Embeddings } = await this.#ask({ Embed: { pictures, prompts } });
    return { pictures: Embeddings.pictures, prompts: Embeddings.prompts };
  }

  stop() {
    this.#worker.terminate();
  }
}
