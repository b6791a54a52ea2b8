// ONNX Runtime Web on the processor: its own smallest build, its defaults. What is measured is
// `run` alone: pixels and token ids are made before.

import * as ort from "/rivals/onnxruntime-web/dist/ort.wasm.min.mjs";
import { Tokenizer } from "/rivals/@huggingface/tokenizers/dist/tokenizers.min.mjs";
import { answer } from "./answer.js";

let vision, text, tokenizer, preprocessor, padding;

async function json(url) {
  return (await fetch(url)).json();
}

async function session(url) {
  const model = new Uint8Array(await (await fetch(url)).arrayBuffer());
  return ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
}

/** A picture of the model's size as the model's pixels. */
async function pixels(blob) {
  const bitmap = await createImageBitmap(blob);
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  context.drawImage(bitmap, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const { image_mean: mean, image_std: std } = preprocessor;
  const planes = new Float32Array(3 * width * height);
  for (let at = 0; at < width * height; at++) {
    for (let channel = 0; channel < 3; channel++) {
      const value = rgba[4 * at + channel] / 255;
      planes[channel * width * height + at] = (value - mean[channel]) / std[channel];
    }
  }
  return { pixel_values: new ort.Tensor("float32", planes, [1, 3, height, width]) };
}

/** Prompts' token ids, padded to the longest as Transformers.js pads them. */
function padded(ids) {
  const length = Math.max(...ids.map((row) => row.length));
  const values = ids.flatMap((row) => [...row, ...Array(length - row.length).fill(padding)]);
  return { input_ids: new ort.Tensor("int64", BigInt64Array.from(values, BigInt), [ids.length, length]) };
}

/**
 * Prompts in batches that are sorted by length, so that little is padded; batches of one keep their
 * order.
 */
function batches(prompts, size) {
  const ids = prompts.map((prompt) => tokenizer.encode(prompt).ids);
  if (1 < size && size < ids.length) ids.sort((left, right) => left.length - right.length);
  const groups = [];
  for (let at = 0; at < ids.length; at += size) groups.push(padded(ids.slice(at, at + size)));
  return groups;
}

function unit(row) {
  const length = Math.hypot(...row);
  return Array.from(row, (value) => value / length);
}

// Measured: with batches of 32 a thousand prompts take the least time.
const BATCH = 32;

answer({
  async start({ threads, hub, visionModel, textModel }) {
    ort.env.wasm.numThreads = threads;
    preprocessor = await json(`${hub}/preprocessor_config.json`);
    if (visionModel) vision = await session(`${hub}/onnx/${visionModel}`);
    if (textModel) {
      const config = await json(`${hub}/tokenizer_config.json`);
      tokenizer = new Tokenizer(await json(`${hub}/tokenizer.json`), config);
      padding = tokenizer.token_to_id(config.pad_token);
      text = await session(`${hub}/onnx/${textModel}`);
    }
  },

  async picture(blob) {
    const feeds = await pixels(blob);
    const began = performance.now();
    await vision.run(feeds);
    return performance.now() - began;
  },

  prepare() {},

  async labels(labels, template) {
    const prompts = labels.map((label) => template.replace("{}", label));
    const groups = batches(prompts, prompts.length <= BATCH ? prompts.length : BATCH);
    const began = performance.now();
    for (const feeds of groups) await text.run(feeds);
    return performance.now() - began;
  },

  /**
   * One by one: activations are quantised with one scale for a whole batch, so that alone is most
   * exact.
   */
  async embed(blobs, prompts) {
    const found = { pictures: [], prompts: [] };
    for (const blob of blobs) {
      found.pictures.push(unit((await vision.run(await pixels(blob))).image_embeds.data));
    }
    for (const feeds of batches(prompts, 1)) {
      found.prompts.push(unit((await text.run(feeds)).text_embeds.data));
    }
    return found;
  },
});
