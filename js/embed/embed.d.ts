// Types of <cliplet-classifier>, the element that embed.js defines. docs/embedding.md says what
// each part is for.

/**
 * The element. Each property is an attribute of the same name, and both can be changed at any time.
 */
export interface ClipletClassifierElement extends HTMLElement {
  /**
   * Candidate labels. Set as a list of labels, or as one text that is a list. A text that is
   * neither JSON nor has separators alone, such as Markdown, is given back in pieces here, and read
   * rightly by the element.
   */
  get labels(): string[];
  set labels(labels: string | readonly string[] | null);
  /** The prompt that a label stands in, at `{}`. */
  get template(): string;
  set template(template: string | null);
  /**
   * Addresses of pictures, relative to the page. Set as a list, or as one text with spaces between
   * them.
   */
  get image(): string[];
  set image(urls: string | readonly string[] | null);
  /** The id of a model of Cliplet's list, or "" for the usual one. */
  get model(): string;
  set model(id: string | null);
  get mode(): ClipletMode;
  set mode(mode: ClipletMode | null);
  get theme(): "auto" | "light" | "dark";
  set theme(theme: "auto" | "light" | "dark" | null);
  /** A colour as `#rrggbb`, or "". */
  get accent(): string;
  set accent(colour: string | null);
  /** A CSS length, or "auto". A number is one of pixels. */
  get height(): string;
  set height(height: string | number | null);
  /** When a model's megabytes are fetched. */
  get download(): "ask" | "auto" | "never";
  set download(when: "ask" | "auto" | "never" | null);
  /** Starts now, in view or not. After a fatal error, starts again. */
  load(): void;

  addEventListener<Type extends keyof ClipletClassifierEvents>(
    type: Type,
    listener: (this: ClipletClassifierElement, event: ClipletClassifierEvents[Type]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export type ClipletMode = "classify" | "search" | "camera";

/** What the element says. None of the events bubbles. */
export interface ClipletClassifierEvents extends HTMLElementEventMap {
  ready: CustomEvent<ClipletReady>;
  progress: CustomEvent<ClipletProgress> & ProgressEvent;
  result: CustomEvent<ClipletResult>;
  error: CustomEvent<ClipletError> & ErrorEvent;
}

/** A model answers: the first one, or one that takes over. */
export interface ClipletReady {
  /** Its id. */
  model: string;
  /**
   * It is the small starter model, which stands in for a better one: good on everyday things, weak
   * on people and scenes.
   */
  preview: boolean;
}

/** Something takes a while. */
export interface ClipletProgress {
  /**
   * `waiting`: another copy or tab is fetching it. `labels`: labels are read; the numbers count
   * these, and bytes otherwise.
   */
  stage: "fetching" | "retrying" | "waiting" | "opening" | "labels";
  /** The id of the model that it is about. */
  model: string | null;
  loaded: number;
  total: number | null;
}

export type ClipletResult = ClipletScores | ClipletHits;

/** Pictures in the order in which they fit a phrase, whoever has written that. */
export interface ClipletHits {
  mode: "search";
  query: string;
  /** The id of the model that compared them. */
  model: string;
  preview: boolean;
  /** Best first. A cosine is from -1 to 1. */
  images: { image: string; cosine: number }[];
}

/** Scores of the picture on screen, for the labels as they now read, whoever has written these. */
export interface ClipletScores {
  mode: "classify" | "camera";
  /** The picture's address, if it is one of `image`; `null` for one of the reader's own. */
  image: string | null;
  /** The id of the model that gave them. */
  model: string;
  preview: boolean;
  /** Best first. The scores add up to 1; a cosine is from -1 to 1. */
  labels: { label: string; score: number; cosine: number }[];
}

/** Something went wrong. */
export interface ClipletError {
  code: "frame" | "engine" | "model" | "image" | "camera" | "settings";
  /** A sentence. */
  message: string;
  /** Nothing can be scored, and the element shows its own content instead. */
  fatal: boolean;
}

declare global {
  interface HTMLElementTagNameMap {
    "cliplet-classifier": ClipletClassifierElement;
  }
}
