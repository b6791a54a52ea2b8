// Transformers.js as a page loads it that takes everything from one server: the library's file for
// script elements, its own ONNX Runtime beside it, the model's files where a hub would have them.

import { RawImage, env, pipeline } from "/rivals/@huggingface/transformers/dist/transformers.min.js";

export { RawImage };

const runtime = "/rivals/@huggingface/transformers/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.asyncify";

/**
 * The pipeline in int8. `hub`: the URL of the model's files; `threads`: how many ONNX Runtime may
 * use.
 */
export function pipelineOf({ hub, threads }) {
  const url = new URL(hub, self.location.href);
  const [, host, model] = /^(.*\/)([^/]+)\/?$/.exec(url.href);
  env.remoteHost = host;
  env.remotePathTemplate = "{model}/";
  // What the library sets to a public host when it is not set: the default's variant, from this
  // server.
  env.backends.onnx.wasm.wasmPaths = {
    mjs: new URL(`${runtime}.mjs`, self.location.href).href,
    wasm: new URL(`${runtime}.wasm`, self.location.href).href,
  };
  env.backends.onnx.wasm.numThreads = threads;
  return pipeline("zero-shot-image-classification", model, { device: "wasm", dtype: "q8" });
}
