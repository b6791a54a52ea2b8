// What a page of the project does: scores a picture with the model that comes with the package, and
// tells the test.

import { Cliplet, ClipletError } from "cliplet";

async function run() {
  const clip = await Cliplet.load({ model: "cliplet-starter" });
  const results = await clip.classify("rocket.jpg", ["airplane", "rocket", "train", "boat", "car", "bicycle"]);
  clip.dispose();
  return { results, engine: clip.engine };
}

const found = await run().catch((error) => ({
  error: error instanceof ClipletError ? `${error.code}: ${error.message}` : String(error),
}));
Object.assign(globalThis, { found });
