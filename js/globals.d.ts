// What the scripts leave for others in the global scope, and the shapes of what they exchange
// beside messages.

import type { Envelope, FromWorker, ToWorker } from "./messages";

/**
 * The two files of a program of WebAssembly, by their addresses relative to the worker's script.
 */
export interface Program {
  script: string;
  wasm: string;
}

/** A build of the engine. */
export type Build = Program & { name: string; relaxed: boolean } & ({ threads: false } | WithThreads);

/** What a build with threads needs. */
interface WithThreads {
  threads: true;
  /** How large its memory is at first, in pages of 64 KiB. */
  pages: number;
  /** The address of the script that starts threads. */
  crew: string;
  /** The address of the script that becomes a thread. */
  thread: string;
}

/** What wasm-bindgen-rayon has for those who start its threads. */
export interface PoolBuilder {
  receiver(): number;
  build(): void;
}

/** A page's worker, as its neighbours find it in order to share it. */
export interface Host {
  /** The name of the Web Lock that the page holds as long as it is there. */
  sign: string;
  /** The name of the line on which the worker's threads speak. */
  line: string;
  /** The address of the worker's script: only a page of the same version may join. */
  script: string;
  /** Gives the worker another page's port, and the name of that page's Web Lock. */
  join(port: MessagePort, guest: string): void;
}

/** The engine as the page's program sees it (`src/engine.rs`). */
export interface PageEngine {
  listen(message: (envelope: Envelope<FromWorker>) => void, failure: (why: string) => void): void;
  post(envelope: Envelope<ToWorker>): void;
  end(): void;
}

declare global {
  // begin.js, for the script that starts the page's program
  var clipletProgram: Promise<Response> | undefined;

  // engine/start.js
  var startClipletEngine: () => PageEngine;
  var clipletHost: Host | undefined;

  // engine/threads.js, for the engine
  var startClipletThreads: (module: WebAssembly.Module, memory: WebAssembly.Memory, builder: PoolBuilder) => Promise<void>;

  // engine/worker.js, for the engine
  var decodeClipletPicture: (file: Uint8Array) => Promise<unknown[]>;
}
