// The zero-shot-image-classification pipeline of Transformers.js, with its defaults on the
// processor.

import { answer } from "./answer.js";
import { RawImage, pipelineOf } from "./transformers.js";

let classify;

answer({
  async start(options) {
    classify = await pipelineOf(options);
  },

  async prepare(blob, labels, template) {
    await this.whole(blob, labels, template);
  },

  async whole(blob, labels, template) {
    const began = performance.now();
    await classify(await RawImage.fromBlob(blob), labels, { hypothesis_template: template });
    return performance.now() - began;
  },
});
