// Types of cliplet.js. docs/javascript.md tells how it is used.

/**
 * What can be scored and embedded. URLs are relative to the document; their servers have to allow
 * the page to read them.
 */
export type ImageSource =
  | string
  | URL
  | Blob
  | ImageBitmap
  | ImageData
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  /** Its current frame. */
  | HTMLVideoElement;

/** A model that is not in `models.json`, with what is known of it. */
export interface ModelDescription {
  /**
   * Of a GGUF file, or of a folder laid out as Hugging Face transformers does it. Relative to the
   * document.
   */
  url: string | URL;
  /** Taken from the address if it is missing. */
  layout?: "gguf" | "transformers";
  /** What the weights of a folder are made into; `q8_0` if it is missing. */
  weights?: "q8_0" | "q4_0" | "f16";
  /** Of the file, in hexadecimal: another file is refused. Not for folders. */
  sha256?: string;
  /** Length of the file in bytes: another length is refused. */
  bytes?: number;
  /** Which version it is. One that is kept under another revision is not taken. */
  revision?: string;
  /**
   * Names it in the browser's store, together with the revision. Made of the address if it is
   * missing.
   */
  id?: string;
  /** For people. */
  name?: string;
  /** SPDX expression. */
  licence?: string;
}

/** How far `Cliplet.load` is. Bytes of a file that others are made of count as they arrive. */
export type LoadProgress =
  /** The engine is being fetched and started. */
  | { stage: "starting" }
  /** The model is arriving: `received` of `total` bytes, where that is known. */
  | { stage: "downloading"; received: number; total: number | null }
  /**
   * The connection broke or the server cannot answer; it is asked again in so many seconds, by
   * itself.
   */
  | { stage: "retrying"; received: number; total: number | null; seconds: number }
  /** Another tab of this browser is fetching the same model, and this one waits for it. */
  | { stage: "elsewhere"; received: number; total: number | null }
  /** All bytes are here and are being read into memory. */
  | { stage: "opening" };

/** How far `classify`, `embedImages` or `embedTexts` is. */
export type WorkProgress =
  /** The image is being encoded. */
  | { stage: "image" }
  /** So many of the labels, or texts, that were not known yet are encoded. */
  | { stage: "labels"; done: number; total: number }
  /** So many images of `embedImages` are encoded. */
  | { stage: "embedding"; done: number; total: number };

export interface LoadOptions {
  /**
   * Which model: an `id` of `models.json`; the address of a GGUF file; a repository of the Hugging
   * Face Hub as `owner/name`, or its address; files on this device: a `.gguf`, or `.safetensors`
   * files with the `.json` files beside them. Without it, the first of `models.json`, LAION's
   * ViT-B/32 of 164 MB.
   */
  model?: string | URL | Blob | Iterable<File> | ModelDescription;
  onProgress?: (progress: LoadProgress) => void;
  /** Aborts loading. What has arrived of the model stays, and the next time goes on from there. */
  signal?: AbortSignal;
  /**
   * Where the engine's folder, `models.json` and the starter model lie, if not beside this module.
   */
  baseUrl?: string | URL;
  /**
   * How many threads compute, where the page is cross-origin isolated; as many as there are cores,
   * up to 8, without it.
   */
  threads?: number;
}

export interface WorkOptions {
  /** Aborts the work: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  onProgress?: (progress: WorkProgress) => void;
}

export interface ClassifyOptions extends WorkOptions {
  /**
   * The sentence that a label stands in when the model reads it, at `{}`. `a photo of a {}` without
   * it. Of several, the mean of the prompts' embeddings counts, as in the ensembles of the CLIP
   * paper.
   */
  template?: string | readonly string[];
  /**
   * How many results are wanted, the best first; all without it. Scores are those among all labels
   * in any case.
   */
  topK?: number;
}

/** What the model says of one label. */
export interface LabelScore {
  label: string;
  /** How well it fits compared with the other labels: from 0 to 1, all labels together 1. */
  score: number;
  /** Cosine of the image's and the label's embedding, from -1 to 1: what a label has by itself. */
  cosine: number;
  /** Label and template are longer than the model's context; the end was left out. */
  cut?: true;
}

/**
 * Set on what is found of an image of which the end of the file is missing. What is there counts.
 */
export interface MaybeIncomplete {
  incomplete?: true;
}

/** What can go wrong. */
export type ClipletErrorCode =
  // An argument.
  | "bad-argument"
  | "bad-template"
  | "duplicate-label"
  | "empty-label"
  | "no-label-reader"
  | "no-labels"
  | "not-an-image"
  | "unknown-model"
  // An image.
  | "empty-image"
  | "hidden-pixels"
  | "image-not-loaded"
  | "image-status"
  | "image-too-large"
  | "image-unreachable"
  | "no-decoder"
  | "no-frame"
  | "tainted-image"
  | "unreadable-image"
  | "unsupported-image"
  // A model.
  | "changing"
  | "file-in-use"
  | "files-gone"
  | "http-status"
  | "interrupted"
  | "no-catalogue"
  | "no-model-reader"
  | "no-room"
  | "stalled"
  | "unreachable"
  | "unusable-model"
  | "web-page"
  | "wrong-hash"
  | "wrong-length"
  // The engine.
  | "disposed"
  | "engine-crashed"
  | "engine-not-started"
  | "internal"
  | "no-browser"
  | "out-of-memory";

/** What went wrong; the message is a sentence that says what happened and what to do. */
export class ClipletError extends Error {
  constructor(code: ClipletErrorCode, sentence: string, cause?: unknown);
  readonly code: ClipletErrorCode;
  /** For `embedImages`: which of the images it is about. */
  index?: number;
}

/** A CLIP that is loaded and answers. All of its work is done in a worker of its own. */
export class Cliplet {
  private constructor();

  /** Starts an engine and loads a model, from the browser's store where it is kept. */
  static load(options?: LoadOptions): Promise<Cliplet>;

  /** Which model answers, and whether the browser keeps it for the next visit. */
  readonly model: Readonly<{ id: string; name: string; revision: string; licence: string; kept: boolean }>;

  /** Which build of the engine runs, and on how many threads. */
  readonly engine: Readonly<{ build: string; threads: number }>;

  /**
   * How well each label fits an image, best first. Images that are files and labels are encoded
   * once. Labels are a list, taken as they are, or a text that `readLabels` reads.
   */
  classify(image: ImageSource, labels: string | Iterable<string>, options?: ClassifyOptions): Promise<LabelScore[] & MaybeIncomplete>;

  /**
   * The labels of a list as people have it: separated by commas or line breaks, with bullets or
   * numbers, as JSON, Markdown or HTML. A label that is there twice, in capitals or small letters,
   * is given once.
   */
  readLabels(list: string, options?: { signal?: AbortSignal }): Promise<string[]>;

  /** The embeddings of images, in their order, of unit length each. */
  embedImages(images: Iterable<ImageSource>, options?: WorkOptions): Promise<(Float32Array & MaybeIncomplete)[]>;

  /**
   * The embeddings of texts, in their order, of unit length each. Texts are encoded as they are,
   * without a template.
   */
  embedTexts(texts: Iterable<string>, options?: WorkOptions): Promise<Float32Array[]>;

  /** The cosine of two embeddings of the same model, from -1 to 1. */
  similarity(a: ArrayLike<number>, b: ArrayLike<number>): number;

  /**
   * Ends the engine and frees its memory. What is under way rejects with the code `disposed`, and
   * so does whatever is asked later.
   */
  dispose(): void;
}

/**
 * The cosine of two embeddings of the same model, from -1 to 1; for embeddings that outlive their
 * Cliplet.
 */
export function similarity(a: ArrayLike<number>, b: ArrayLike<number>): number;
