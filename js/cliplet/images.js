// From what a page has of an image to what the engine takes: a file, or pixels where those are
// decoded already. Nothing is encoded again, and nothing is read back on the page's thread.

import { ClipletError, reasonOf, unlessAborted } from "./errors.js";
import { documentUrl } from "./files.js";

/** @import { ImageSource } from "./cliplet.d.ts" */

/** @typedef {{ pixels: ImageBitmap | ImageData, transfer?: Transferable[] }} Pixels */

// How long a video that has a frame may draw nothing, in milliseconds. One that is transparent is
// taken as it is then.
const PATIENCE_WITH_VIDEOS = 2_000;

/**
 * Gives `{ blob }`, or `{ pixels, transfer }` for `Engine.request`.
 *
 * @param {ImageSource} image
 * @param {AbortSignal} [signal]
 * @returns {Promise<{ blob: Blob } | Pixels & { blob?: undefined }>}
 */
export async function readImage(image, signal) {
  if (typeof image === "string") return { blob: await fetchImage(image, signal) };
  // By its name and not by `instanceof`: it may come from another frame.
  switch (Object.prototype.toString.call(image).slice("[object ".length, -1)) {
    case "String":
    case "URL":
      return { blob: await fetchImage(String(image), signal) };
    case "Blob":
    case "File":
      return { blob: /** @type {Blob} */ (image) };
    case "ImageData":
      return ofImageData(/** @type {ImageData} */ (image));
    case "HTMLImageElement":
      await unlessAborted(imageIsThere(/** @type {HTMLImageElement} */ (image)), signal);
      return pixelsOf(/** @type {HTMLImageElement} */ (image));
    case "HTMLVideoElement":
      return ofVideo(/** @type {HTMLVideoElement} */ (image), signal);
    case "HTMLCanvasElement":
    case "OffscreenCanvas":
    case "ImageBitmap":
      return pixelsOf(/** @type {HTMLCanvasElement | OffscreenCanvas | ImageBitmap} */ (image));
    default:
      throw new ClipletError(
        "not-an-image",
        "That is no image. Give a URL, Blob, File, ImageBitmap, ImageData, or an image, canvas or video element.",
      );
  }
}

/**
 * @param {string} text
 * @param {AbortSignal} [signal]
 */
async function fetchImage(text, signal) {
  let url;
  try {
    url = new URL(text, documentUrl());
  } catch (error) {
    throw new ClipletError("image-unreachable", `“${short(text)}” is no address of an image.`, error);
  }
  let response;
  try {
    response = await fetch(url, { signal });
  } catch (error) {
    if (signal?.aborted) throw reasonOf(signal);
    throw new ClipletError(
      "image-unreachable",
      `The image at ${short(url.href)} cannot be fetched: there is no network, or its server does not allow this page to read it ` +
        "(Access-Control-Allow-Origin).",
      error,
    );
  }
  if (!response.ok) {
    throw new ClipletError("image-status", `The server answered ${response.status} instead of the image at ${short(url.href)}.`);
  }
  try {
    // Not `blob()`, by which Chromium gives nothing of more than some megabytes where the disk is
    // nearly full.
    return new Blob([await response.arrayBuffer()]);
  } catch (error) {
    if (signal?.aborted) throw reasonOf(signal);
    throw new ClipletError("image-unreachable", `The connection broke before all of the image at ${short(url.href)} was here. Try again.`, error);
  }
}

/** @param {string} text */
function short(text) {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

/** @param {HTMLImageElement} element */
async function imageIsThere(element) {
  try {
    await element.decode();
  } catch (error) {
    throw new ClipletError("image-not-loaded", "The image element shows no image: it has no source, or that could not be loaded.", error);
  }
}

/**
 * Copied as it is posted: the array stays the caller's.
 *
 * @param {ImageData} data
 * @returns {Promise<Pixels>}
 */
async function ofImageData(data) {
  const plain = data.data instanceof Uint8ClampedArray && (data.colorSpace ?? "srgb") === "srgb";
  // The browser knows how to make sRGB of eight bits of all others.
  return plain ? { pixels: data } : pixelsOf(data);
}

/**
 * @param {HTMLVideoElement} video
 * @param {AbortSignal} [signal]
 */
async function ofVideo(video, signal) {
  if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.videoWidth === 0) {
    throw new ClipletError("no-frame", "The video has no frame yet. Wait for its `loadeddata` event.");
  }
  return pixelsOf(await unlessAborted(drawn(video), signal));
}

/**
 * As it is shown. Firefox turns what it draws as the file says, but no bitmap that it makes of the
 * video itself.
 *
 * @param {HTMLVideoElement} video
 */
async function drawn(video) {
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight);
  const context = contextOf(canvas);
  const lastTry = performance.now() + PATIENCE_WITH_VIDEOS;
  for (;;) {
    if (hasPixels(video) || performance.now() > lastTry) {
      context.drawImage(video, 0, 0, canvas.width, canvas.height);
      return canvas;
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

// Whether a video is drawn by now: behind `loadeddata`, a busy Chromium draws nothing at first, and
// says nothing of it. Of one that other sites may not read nobody knows; the bitmap will say that.
/** @param {HTMLVideoElement} video */
function hasPixels(video) {
  const context = contextOf(new OffscreenCanvas(1, 1), { willReadFrequently: true });
  context.drawImage(video, 0, 0, 1, 1);
  try {
    return context.getImageData(0, 0, 1, 1).data[3] > 0;
  } catch {
    return true;
  }
}

/**
 * @param {OffscreenCanvas} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
function contextOf(canvas, settings) {
  // It is null only where the canvas has a context of another kind.
  return /** @type {OffscreenCanvasRenderingContext2D} */ (canvas.getContext("2d", settings));
}

/**
 * @param {ImageBitmapSource} source
 * @returns {Promise<Pixels>}
 */
async function pixelsOf(source) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(source);
  } catch (error) {
    if (/** @type {Error} */ (error).name === "SecurityError") throw tainted(error);
    throw new ClipletError("empty-image", "The image has no pixels: its width or height is zero, or it was closed or transferred.", error);
  }
  return { pixels: bitmap, transfer: [bitmap] };
}

/**
 * The error for pixels that could not be posted: browsers let nobody have those of other sites.
 *
 * @param {unknown} cause
 */
export function tainted(cause) {
  return new ClipletError(
    "tainted-image",
    "The browser does not allow this page to read the image, since it comes from another site. That site has to allow it " +
      "(Access-Control-Allow-Origin), and the element needs the attribute `crossorigin`.",
    cause,
  );
}
