// Cliplet's worker. It runs one build of the engine: the first of these that the browser can run,
// and where that one does not start, the next.
//
// `?threads=N` behind this script's address sets how many threads compute, `?build=NAME` which
// build is taken.
//
// The worker's name is that of the line on which its threads speak to the page, and empty where
// there is none. Or it is JSON with more than an address can say: `line`, `threads` and `build` as
// above, and `files`, the addresses of the engine's files by their names, for pages where they do
// not lie beside this one.

const builds = __CLIPLET_BUILDS__;

// The program that decodes pictures which browsers do not.
const decoder = __CLIPLET_DECODER__;

/** @type {{ line?: string, threads?: number, build?: string, files?: Record<string, string> }} */
const told = self.name.startsWith("{") ? JSON.parse(self.name) : { line: self.name };

// More share the memory's bandwidth rather than add to it.
const MOST_THREADS = 8;
const MOST_THREADS_ASKED_FOR = 64;

// How far a shared memory may grow, in pages of 64 KiB. A browser may refuse the larger ones: it
// sets the addresses aside at once.
const MOST_PAGES = [65536, 32768, 16384];

// A function that returns i32x4.relaxed_dot_i8x16_i7x16_add_s of its three arguments.
const RELAXED = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x08, 0x01, 0x60, 0x03, 0x7b, 0x7b, 0x7b, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x0d, 0x01, 0x0b, 0x00, 0x20, 0x00, 0x20, 0x01, 0x20, 0x02, 0xfd, 0x93, 0x02, 0x0b],
);

/** @type {{ threads?: number | string, build?: string }} */
const asked = { ...Object.fromEntries(new URL(import.meta.url).searchParams), ...told };
const threads =
  asked.threads === undefined
    ? Math.min(navigator.hardwareConcurrency || 1, MOST_THREADS)
    : Math.min(Math.trunc(Number(asked.threads)) || 1, MOST_THREADS_ASKED_FOR);

const address = (/** @type {string} */ name) => new URL(told.files?.[name] ?? name, import.meta.url).href;

// The address of a script as a worker can be started from it. That must be of the page's own
// origin: where the engine comes from another one, a small script of ours imports it.
/** @param {string} script */
function startable(script) {
  if (new URL(script).origin === self.origin) return script;
  return URL.createObjectURL(new Blob([`import ${JSON.stringify(script)};`], { type: "text/javascript" }));
}

// Whether a thread that breaks down could tell the page. Where it could not, the page would wait
// for ever, so that there are no threads then: browsers refuse channels to pages that may keep
// nothing.
function canTell() {
  if (!told.line) return false;
  try {
    new BroadcastChannel(told.line).close();
    return true;
  } catch {
    return false;
  }
}

function candidates() {
  if (asked.build !== undefined) return builds.filter((build) => build.name === asked.build);
  const relaxed = WebAssembly.validate(RELAXED);
  const shared = globalThis.crossOriginIsolated === true && typeof SharedArrayBuffer === "function" && canTell();
  return builds.filter(
    (build) => (relaxed || !build.relaxed) && (!build.threads || (shared && threads > 1)),
  );
}

/** @param {number} initial */
function sharedMemory(initial) {
  for (const maximum of MOST_PAGES) {
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw new RangeError("this browser gives no shared memory");
}

// The two files of a program, at once: neither has to wait for the other.
/**
 * @param {import("../globals").Program} program
 * @param {string} query of the script's address
 */
function fetchProgram(program, query = "") {
  const wasm = fetch(address(program.wasm));
  const script = import(/* @vite-ignore */ address(program.script) + query);
  // Of two that fail only one is waited for.
  wasm.catch(() => {});
  script.catch(() => {});
  return { wasm, script };
}

// Comes back when the build listens to the page.
/** @param {import("../globals").Build} build */
async function start(build) {
  const { wasm, script } = fetchProgram(build);
  if (!build.threads) {
    const engine = await script;
    await engine.default({ module_or_path: wasm });
    engine.listen(build.name, 1);
    return;
  }
  const count = Math.max(threads, 1);
  const crew = await import(/* @vite-ignore */ address(build.crew));
  try {
    crew.hire(count, startable(address(build.thread)), /** @type {string} */ (told.line), address(build.script));
    const engine = await script;
    await engine.default({ module_or_path: wasm, memory: sharedMemory(build.pages) });
    await engine.initThreadPool(count);
    engine.listen(build.name, count);
  } catch (error) {
    crew.dismiss();
    throw error;
  }
}

// ---- Pictures that the browser does not decode ----

/** @type {Promise<any> | undefined} */
let fetched;
// How often it could not be fetched.
let failedFetches = 0;

async function fetchDecoder() {
  // Firefox remembers of an address that no module came from there, as HTML's standard has it.
  const { wasm, script } = fetchProgram(decoder, failedFetches > 0 ? `?again=${failedFetches}` : "");
  const program = await script;
  await program.default({ module_or_path: wasm });
  return program;
}

// The engine calls this. What the decoder has taken of memory is given back after each picture, and
// one that it breaks down over is read by nobody; where it cannot be fetched, that is tried anew
// the next time.
globalThis.decodeClipletPicture = async (/** @type {Uint8Array} */ file) => {
  fetched ??= fetchDecoder().catch((error) => {
    fetched = undefined;
    failedFetches += 1;
    throw error;
  });
  const program = await fetched;
  try {
    return program.decode(file);
  } catch (error) {
    console.warn("A picture cannot be decoded.", error);
    return [];
  } finally {
    program.__wbg_reset_state();
  }
};

// ---- The engine ----

async function startFirst() {
  const wanted = candidates();
  if (wanted.length === 0) {
    const names = builds.map((build) => build.name).join(", ");
    const reason = asked.build !== undefined
      ? `there is no build ${asked.build} of the engine`
      : "this browser can run no build of the engine";
    throw new Error(`${reason}; there are ${names}`);
  }
  /** @type {{ build: import("../globals").Build, error: Error }[]} */
  const failures = [];
  for (const build of wanted) {
    // Where one build gets no threads, another gets none either.
    if (build.threads && failures.some((failure) => failure.build.threads)) continue;
    try {
      return await start(build);
    } catch (error) {
      console.warn(`The engine's build ${build.name} does not start.`, error);
      failures.push({ build, error: error instanceof Error ? error : new Error(String(error)) });
    }
  }
  throw new Error(failures.map(({ build, error }) => `${build.name}: ${error.message}`).join("; "));
}

// Thrown from a timer: of a module that fails while it starts, WebKit tells the page nothing.
startFirst().catch((error) => setTimeout(() => {
  throw error;
}));
