// The worker's side of rival.js.

/** Answers calls with the methods of `deeds`, one after the other. */
export function answer(deeds) {
  let last = Promise.resolve();
  self.onmessage = ({ data: { id, method, parameters } }) => {
    last = last.then(async () => {
      try {
        self.postMessage({ id, value: await deeds[method](...parameters) });
      } catch (error) {
        self.postMessage({ id, failed: String(error.stack ?? error) });
      }
    });
  };
}
