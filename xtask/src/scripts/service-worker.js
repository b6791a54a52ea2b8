// Cliplet's service worker. It keeps the files of one version of the page for visits without a
// network, and adds the headers that threads need where the host cannot.
//
// The lists below are filled in when the page is built: paths relative to the page, each with the
// SHA-256 of its file. So another version of the page is another service worker. Files are kept
// under their paths and hashes: what two versions share is fetched once, and as the lists say which
// files are meant, a visit sees files of one version only.

// What every visit needs.
const page = PAGE;
// The builds of the engine. A visit needs one.
const builds = BUILDS;
// The models that come with the page. Mostly the engine keeps them itself, and then they are not
// kept here.
const models = MODELS;
// What can wait.
const later = LATER;

const all = Object.assign({}, page, ...builds.map((build) => build.files), models, later);

const ISOLATION = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};
// The page has its policy in an element. A worker can only have one from a header.
const FOR_WORKERS = { ...ISOLATION, "Content-Security-Policy": POLICY };

const address = (path) => new URL(path === "index.html" ? "./" : path, registration.scope);
const key = (path) => new URL(`${path}?${all[path]}`, registration.scope).href;
// What the page has said of itself last.
const NOTE = new URL("service-worker.js?in-use", registration.scope).href;

// Another page of this host has a store of its own.
const store = () => caches.open(`cliplet ${registration.scope}`);

addEventListener("install", (event) => event.waitUntil(inTurn(keepWhatIsNeeded)));
addEventListener("activate", (event) => event.waitUntil(inTurn(tidyUp)));
addEventListener("message", (event) => event.waitUntil(heard(event.data, event.source)));
addEventListener("fetch", (event) => {
  const path = named(event.request);
  if (path !== undefined) event.respondWith(answer(event.request, path));
});

let last = Promise.resolve();
// Does one thing after the other, so that none fetches what another is fetching.
function inTurn(work) {
  const done = last.then(work);
  last = done.catch(() => {});
  return done;
}

// ---- What is kept ----

// The paths that a visit needs, as far as is known what it uses: its build of the engine, and a
// model that the engine does not keep itself.
async function needed() {
  const paths = Object.keys(page);
  const note = await (await store()).match(NOTE);
  if (note === undefined) return paths;
  const { build: name, isolated, stored } = await note.json();
  const used = builds.find((build) => build.name === name);
  // From the next visit on the page is isolated, and then the worker takes the build with threads.
  const next = builds.find(
    (build) => used && !isolated && navigator.hardwareConcurrency > 1 && build.threads && build.relaxed === used.relaxed,
  );
  for (const build of new Set([used, next])) {
    if (build !== undefined) paths.push(...Object.keys(build.files));
  }
  return paths.concat(Object.keys(models).filter((path) => !stored.includes(models[path])));
}

async function keepWhatIsNeeded() {
  await Promise.all((await needed()).map(keep));
}

// Keeps a file of this version, unless it is kept already. What the page has just fetched comes
// from the browser's cache. That may be of another version, as may be what a host sends while it is
// being updated: the hash tells.
async function keep(path) {
  const files = await store();
  if ((await files.match(key(path), { ignoreVary: true })) !== undefined) return;
  for (const cache of ["default", "reload"]) {
    const response = await fetch(address(path), { cache, priority: "low" });
    if (response.ok && (await sha256(response.clone())) === all[path]) {
      await files.put(key(path), response);
      return;
    }
  }
  throw new Error(`The host has another ${path} than this version of the page.`);
}

async function sha256(response) {
  const hash = await crypto.subtle.digest("SHA-256", await response.arrayBuffer());
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// Forgets what neither this version nor its present visit needs.
async function tidyUp() {
  const files = await store();
  const wanted = new Set([NOTE, ...[...(await needed()), ...Object.keys(later)].map(key)]);
  for (const { url } of await files.keys()) {
    if (!wanted.has(url)) await files.delete(url, { ignoreVary: true });
  }
}

// ---- What the page says ----

async function heard({ inUse, take }, sender) {
  if (inUse) {
    await inTurn(async () => {
      await (await store()).put(NOTE, new Response(JSON.stringify(inUse)));
      await keepWhatIsNeeded();
      for (const path of Object.keys(later)) await keep(path);
      // Unless a newer version is collecting its files.
      if (!registration.installing && !registration.waiting) await tidyUp();
    });
    sender.postMessage({ complete: true });
  }
  if (take) {
    // Another page in the middle of a visit would find files of two versions.
    const pages = await clients.matchAll({ type: "window", includeUncontrolled: true });
    const others = pages.filter(({ id, url }) => id !== sender.id && url.startsWith(registration.scope));
    if (others.length > 0) sender.postMessage({ others: true });
    else await skipWaiting();
  }
}

// ---- What is asked for ----

// The path of a file of the lists, or undefined: the rest of the host, and other hosts, are none of
// this worker's business.
function named({ method, url }) {
  const [plain] = url.split(/[?#]/);
  if (method !== "GET" || !plain.startsWith(registration.scope)) return undefined;
  const path = plain.slice(registration.scope.length) || "index.html";
  return Object.hasOwn(all, path) ? path : undefined;
}

async function answer(request, path) {
  // A browser that gives no store has a network.
  const kept = await find(path).catch(() => undefined);
  const range = request.headers.get("Range");
  if (kept && range) return part(kept, range, request.headers.get("If-Range"));
  const response = kept ?? (await fetch(request));
  // Others are handed on as they are, for then the browser also keeps their programs compiled.
  if (request.mode === "navigate") return withHeaders(response, ISOLATION);
  if (request.destination === "worker") return withHeaders(response, FOR_WORKERS);
  return response;
}

async function find(path) {
  return (await store()).match(key(path), { ignoreVary: true });
}

// The response with these headers, where it has none of that name.
function withHeaders(response, more) {
  // A redirection is the browser's business.
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(more)) {
    if (!headers.has(name)) headers.set(name, value);
  }
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}

// The part of a file from one byte to another, as `bytes=0-499` or `bytes=500-` ask for it.
async function part(response, range, onlyOf) {
  const found = /^bytes=(\d+)-(\d*)$/.exec(range);
  if (!found || (onlyOf !== null && onlyOf !== response.headers.get("ETag"))) return response;
  const file = await response.blob();
  const [first, behind] = [Number(found[1]), Math.min(found[2] === "" ? Infinity : Number(found[2]) + 1, file.size)];
  const headers = new Headers(response.headers);
  headers.delete("Content-Encoding");
  if (first >= behind) {
    headers.set("Content-Range", `bytes */${file.size}`);
    headers.set("Content-Length", "0");
    return new Response(null, { status: 416, headers });
  }
  headers.set("Content-Range", `bytes ${first}-${behind - 1}/${file.size}`);
  headers.set("Content-Length", String(behind - first));
  return new Response(file.slice(first, behind), { status: 206, headers });
}
