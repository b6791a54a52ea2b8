// What `cargo xtask` fills in as it builds the page. Each of these names stands once in the
// scripts, and the build puts the value there that it has for it, as JSON or as an expression.

import type { Build, Program } from "./globals";

declare global {
  // begin.js: the address of the page's program, relative to the page.
  const __CLIPLET_PROGRAM__: string;

  // engine/start.js: the address of the worker's script, relative to it.
  const __CLIPLET_WORKER__: string;

  // engine/worker.js: the builds of the engine, the better ones first; and the program that decodes
  // pictures.
  const __CLIPLET_BUILDS__: Build[];
  const __CLIPLET_DECODER__: Program;

  // service-worker.js: paths of files, relative to the page, each with its SHA-256; and the policy
  // that workers get.
  const __CLIPLET_PAGE_FILES__: Record<string, string>;
  const __CLIPLET_BUILD_FILES__: { name: string; relaxed: boolean; threads: boolean; files: Record<string, string> }[];
  const __CLIPLET_MODEL_FILES__: Record<string, string>;
  const __CLIPLET_LATER_FILES__: Record<string, string>;
  const __CLIPLET_WORKER_POLICY__: string;

  // cliplet/files.js: the addresses of the files beside cliplet.js by their paths; and which of the
  // paths is the worker's script.
  const __CLIPLET_FILES__: Record<string, URL>;
  const __CLIPLET_WORKER_PATH__: string;
}
