// Runs in Cliplet's page before the page's own scripts: hands it a picture as soon as it takes one,
// and notes when the first result is there. The benchmark puts the picture's URL and the number of
// labels in.

(() => {
  if (location.protocol === "about:") return;
  const fetched = fetch(PICTURE).then(async (response) => {
    return new File([await response.blob()], "picture.jpg", { type: "image/jpeg" });
  });
  let given = false;

  async function give(input) {
    const transfer = new DataTransfer();
    transfer.items.add(await fetched);
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  function fail(error) {
    window.firstResult ??= { failed: String(error.stack ?? error) };
  }

  function look() {
    const input = document.querySelector("[data-testid=file-input]");
    if (input && !given) {
      given = true;
      give(input).catch(fail);
    }
    const rows = Array.from(document.querySelectorAll("[data-testid=result]"));
    const scored = rows.length === LABELS && rows.every((row) => row.dataset.score);
    const preview = document.querySelector(".preview");
    if (scored && !preview) window.firstResult ??= { ms: performance.now() };
    // The dialogues are drawn last.
    if (!window.drawn && document.querySelector(".share-dialog")) {
      window.drawn = Infinity;
      setTimeout(() => (window.drawn = performance.now()));
    }
    const error = document.querySelector("[data-testid=error]");
    if (error) fail(error.innerText);
  }

  const options = { subtree: true, childList: true, attributes: true };
  new MutationObserver(() => {
    try {
      look();
    } catch (error) {
      fail(error);
    }
  }).observe(document, options);
})();
