// Takes the time from each letter in a label to the frame that shows the score of what the label
// then reads.

window.keystrokes = [];

addEventListener("input", ({ target, timeStamp }) => {
  if (target.dataset.testid !== "label") return;
  const text = target.value.trim();
  const results = target.closest("li").getElementsByClassName("result");
  const look = () => {
    const isShown = Array.from(results).some(({ dataset }) => dataset.label === text);
    if (!isShown) return void requestAnimationFrame(look);
    // Behind the frame in which it is painted.
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.keystrokes.push(performance.now() - timeStamp);
    port2.postMessage(null);
  };
  requestAnimationFrame(look);
});
