// All that there is in the package's types, used as they are meant. It is never run: `tsc` reads
// it, and refuses what no longer fits.

import {
  Cliplet,
  ClipletError,
  similarity,
  type ClassifyOptions,
  type ClipletErrorCode,
  type ImageSource,
  type LabelScore,
  type LoadOptions,
  type LoadProgress,
  type ModelDescription,
  type WorkOptions,
  type WorkProgress,
} from "cliplet";
import catalogue from "cliplet/models.json";

export async function everything(files: FileList, page: Document) {
  const control = new AbortController();
  const own: ModelDescription = {
    url: new URL("https://example.org/model.gguf"),
    layout: "gguf",
    weights: "q4_0",
    sha256: "0".repeat(64),
    bytes: 1,
    revision: "2",
    id: "mine",
    name: "Mine",
    licence: "MIT",
  };
  const models: LoadOptions["model"][] = [undefined, catalogue.models[0]!.id, "owner/name", new URL("https://example.org/a.gguf"), new Blob([]), files, [...files], own];
  for (const model of models) {
    const options: LoadOptions = { onProgress: loading, signal: control.signal, baseUrl: "https://example.org/", threads: 2 };
    if (model !== undefined) options.model = model;
    await Cliplet.load(options);
  }

  const clip: Cliplet = await Cliplet.load();
  const about: [string, string, string, string, boolean, string, number] = [
    clip.model.id,
    clip.model.name,
    clip.model.revision,
    clip.model.licence,
    clip.model.kept,
    clip.engine.build,
    clip.engine.threads,
  ];

  const canvas = page.createElement("canvas");
  const images: ImageSource[] = [
    "picture.jpg",
    new URL("https://example.org/picture.jpg"),
    new Blob([]),
    files[0]!,
    await createImageBitmap(canvas),
    new ImageData(1, 1),
    new Image(),
    canvas,
    new OffscreenCanvas(1, 1),
    page.createElement("video"),
  ];
  const work: WorkOptions = { signal: control.signal, onProgress: working };
  const options: ClassifyOptions = { ...work, template: "a drawing of a {}", topK: 3 };
  const results: LabelScore[] = await clip.classify(images[0]!, new Set(["cat", "dog"]), options);
  const lines = results.map(({ label, score, cosine, cut }) => `${label} ${score.toFixed(2)} ${cosine.toFixed(2)} ${cut === true}`);

  const [picture]: Float32Array[] = await clip.embedImages(images, work);
  const [text]: Float32Array[] = await clip.embedTexts(["a cat"], work);
  const cosines: number[] = [clip.similarity(picture!, text!), similarity([1, 0], picture!)];
  clip.dispose();
  return { about, lines, cosines };
}

function loading(progress: LoadProgress): string {
  switch (progress.stage) {
    case "starting":
    case "opening":
      return progress.stage;
    case "downloading":
    case "elsewhere":
      return `${progress.received} of ${progress.total ?? "?"}`;
    case "retrying":
      return `${progress.received}, again in ${progress.seconds} s`;
  }
}

function working(progress: WorkProgress): string {
  switch (progress.stage) {
    case "image":
      return progress.stage;
    case "labels":
    case "embedding":
      return `${progress.done} of ${progress.total}`;
  }
}

export function isMine(error: unknown): ClipletErrorCode | undefined {
  if (!(error instanceof ClipletError)) return undefined;
  const { code, message, index }: { code: ClipletErrorCode; message: string; index?: number } = error;
  return index === undefined && message !== "" ? code : undefined;
}

export function mistakes(clip: Cliplet) {
  // @ts-expect-error Only `load` makes one.
  new Cliplet();
  // @ts-expect-error A label is a string.
  clip.classify("picture.jpg", [7]);
  // @ts-expect-error An element that shows no picture.
  clip.classify(document.body, ["cat"]);
  // @ts-expect-error There is no such code.
  const code: ClipletErrorCode = "misspelt";
  return code;
}
