// What goes wrong, in words for developers. The page has words of its own for its visitors
// (`src/text/failures.rs`). TypeScript sees that there is a sentence for every failure of the
// engine, with details that it has, and a code that is in the types.

/**
 * @import { ClipletErrorCode } from "./cliplet.d.ts"
 * @import { Failure, FailureVariants } from "../messages"
 */

/**
 * @template Details
 * @typedef {(details: Details) => string} Sentence
 */

/**
 * What went wrong: `code` for programs, `message` as a sentence that says what happened and what to
 * do.
 */
export class ClipletError extends Error {
  /**
   * @param {ClipletErrorCode} code
   * @param {string} sentence
   * @param {unknown} [cause]
   */
  constructor(code, sentence, cause) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.name = "ClipletError";
    this.code = code;
  }
}

/**
 * By the variants of `Failure` in crates/protocol/src/messages.rs: the code, and the sentence, of
 * what the engine says of it.
 *
 * @type {{ [Name in keyof FailureVariants]: [ClipletErrorCode, Sentence<FailureVariants[Name]>] }}
 */
const FAILURES = {
  Unreachable: [
    "unreachable",
    () => "The model's server cannot be reached: there is no network, or the server does not allow this page to read its files (Access-Control-Allow-Origin).",
  ],
  HttpStatus: ["http-status", ({ code }) => `The model's server answered ${code} instead of the file. Check the model's address.`],
  Interrupted: ["interrupted", ({ received }) => `The connection to the model's server broke after ${received} bytes, which are kept. Load the model again to go on.`],
  Stalled: ["stalled", ({ received }) => `The model's server sends nothing more after ${received} bytes, which are kept. Load the model again to go on.`],
  WebPage: ["web-page", () => "What came is a web page, not a model. Check the model's address; a network may also ask for a log-in."],
  WrongLength: [
    "wrong-length",
    ({ expected, found }) => `The model's file should have ${expected} bytes and has ${found ?? "more"}, so it is another file. Nothing of it is kept.`,
  ],
  WrongHash: ["wrong-hash", () => "The model's file has another SHA-256 than it should have, so it was changed or damaged. Nothing of it is kept."],
  Changing: ["changing", () => "The model's file is being replaced at its server. Try again later."],
  NoRoom: [
    "no-room",
    ({ missing }) => `The browser has no room for the model${missing == null ? "" : `: ${missing} bytes are missing`}. Free some storage and load it again.`,
  ],
  FileInUse: ["file-in-use", () => "The model's kept file is in use in another tab. Close that tab and try again."],
  FilesGone: ["files-gone", () => "The model's files cannot be read any more. Have them chosen again."],
  UnusableModel: ["unusable-model", ({ reason }) => `The file is no model that Cliplet can use. ${ended(reason)}`],
  OutOfMemory: [
    "out-of-memory",
    ({ wanted }) => `There is not enough memory${wanted == null ? "" : `: the model takes ${wanted} bytes`}. Close other tabs, or use a smaller model.`,
  ],
  EmptyPicture: ["empty-image", () => "The image is empty: it has no bytes, or no pixels."],
  UnreadablePicture: ["unreadable-image", () => "The image cannot be decoded: it is damaged, or of a kind that neither the browser nor Cliplet reads."],
  UnsupportedPicture: ["unsupported-image", ({ what, advice }) => `The image is ${what}. ${ended(advice)}`],
  NoDecoder: ["no-decoder", () => "The part of Cliplet that reads this image could not be fetched. Check the network and try again."],
  HiddenPixels: [
    "hidden-pixels",
    () =>
      "The browser hides the image's pixels from pages, as a protection against fingerprinting. Give the file of a JPEG, PNG, WebP or GIF " +
      "instead, or have this site allowed to read canvases.",
  ],
  PictureTooLarge: ["image-too-large", ({ width, height }) => `The image is too large: ${width} by ${height} pixels. Make it smaller.`],
  UnknownPicture: ["internal", () => "The engine has lost an image. This is a defect of Cliplet; please report it."],
  NoModel: ["internal", () => "The engine has no model. This is a defect of Cliplet; please report it."],
  UnusableProbe: ["internal", ({ reason }) => `The linear probe cannot be used. ${ended(reason)}`],
  ProbeOfOtherModel: ["internal", ({ model }) => `The linear probe was made with another model, ${model}.`],
  Internal: ["internal", ({ message }) => `This is a defect of Cliplet; please report it. Details: ${ended(message)}`],
};

/**
 * The error for a `Failure` as it comes in a message: the name of a variant, or an object of that
 * name with details.
 *
 * @param {Failure} failure
 */
export function errorOf(failure) {
  const [variant, details] = typeof failure === "string" ? [failure, undefined] : Object.entries(failure)[0];
  // Which variant has which details, TypeScript does not follow.
  const known = /** @type {Record<string, [ClipletErrorCode, Sentence<any>]>} */ (FAILURES);
  if (Object.hasOwn(known, variant)) return new ClipletError(known[variant][0], known[variant][1](details));
  const [code, sentence] = FAILURES.Internal;
  return new ClipletError(code, sentence({ message: variant }));
}

/** @param {string} text */
function ended(text) {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

/**
 * What a rejected promise has: the caller's own reason where its signal has aborted.
 *
 * @param {AbortSignal} signal
 */
export function reasonOf(signal) {
  return signal.reason ?? new DOMException("The operation was aborted.", "AbortError");
}

/**
 * Settles as a promise does, unless the signal aborts before: then it rejects with the signal's
 * reason.
 *
 * @template Value
 * @param {Promise<Value>} promise
 * @param {AbortSignal | undefined} signal
 * @returns {Promise<Value>}
 */
export function unlessAborted(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(reasonOf(signal));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
