// The least that a page with Transformers.js can be: it classifies one picture as soon as it can.

import { RawImage, pipelineOf } from "./transformers.js";

const { hub, threads, picture, labels, template } = JSON.parse(new URLSearchParams(location.search).get("options"));
try {
  const [classify, image] = await Promise.all([
    pipelineOf({ hub, threads }),
    fetch(picture).then(async (response) => RawImage.fromBlob(await response.blob())),
  ]);
  const results = await classify(image, labels, { hypothesis_template: template });
  window.firstResult = { ms: performance.now(), results };
} catch (error) {
  window.firstResult = { failed: String(error.stack ?? error) };
}
