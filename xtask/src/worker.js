// Cliplet's worker. It runs one build of the engine, the first of these that the browser can run.
const builds = BUILDS;

const { default: start } = await import(builds[0]);
await start();
