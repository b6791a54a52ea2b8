"""Makes the README's pictures of the page: `docs/images/page-light.webp` and `page-dark.webp`.

Takes the folder of a built page, serves it on this machine, opens it in headless Chromium, chooses a sample, waits for its scores,
and takes a picture of the window in both colour schemes. The scores are the starter's, so no network is needed.
CHROME and CHROMEDRIVER may name the programs to use.
"""

import argparse
import base64
import io
import json
import os
import shutil
import subprocess
import threading
import time
import urllib.error
import urllib.request
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "docs/images"
WIDTH, HEIGHT = 1280, 800
# Pixels of the screen to one of CSS: text stays legible where the picture is made smaller.
DENSITY = 1.5
SAMPLE = "Bridge"
MOST_BYTES = 150_000
PATIENCE = 120


class Handler(SimpleHTTPRequestHandler):
    """Serves the page as `cargo xtask serve` does, and prints nothing."""

    def end_headers(self):
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, *_):
        pass


class Browser:
    """A session of WebDriver (https://www.w3.org/TR/webdriver2/)."""

    def __init__(self):
        driver = os.environ.get("CHROMEDRIVER") or shutil.which("chromedriver")
        chrome = os.environ.get("CHROME") or shutil.which("chromium") or shutil.which("google-chrome")
        self.process = subprocess.Popen([driver, "--port=0"], stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            if "successfully on port" in line:
                port = line.rstrip().rstrip(".").rsplit(" ", 1)[1]
                break
        self.url = f"http://127.0.0.1:{port}"
        arguments = [
            "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--disable-background-networking", "--disable-component-update",
        ]  # fmt: skip
        options = {"binary": chrome, "args": arguments}
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self.session = self.call("POST", "/session", wanted)["sessionId"]
        self.url += f"/session/{self.session}"

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request) as response:
                return json.load(response)["value"]
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path}: {error.read().decode()}") from None

    def cdp(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def script(self, script):
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def wait(self, condition):
        """Waits until an expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.script(f"return Boolean({condition})"):
            if time.monotonic() > end:
                text = self.script("return document.body.innerText")
                raise SystemExit(f"waited in vain for {condition}; the page says:\n{text}")
            time.sleep(0.2)

    def close(self):
        self.call("DELETE", "")
        self.process.terminate()


def take(browser, scheme):
    """The window as a picture, in one of the colour schemes."""
    browser.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    time.sleep(1)
    png = base64.b64decode(browser.cdp("Page.captureScreenshot", format="png")["data"])
    return Image.open(io.BytesIO(png)).convert("RGB")


def write(picture, path):
    """Writes a picture as well as it fits into so many bytes."""
    for quality in range(90, 40, -5):
        picture.save(path, "WEBP", quality=quality, method=6)
        if path.stat().st_size <= MOST_BYTES:
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size:,} bytes, quality {quality}")
            return
    raise SystemExit(f"{path} does not fit into {MOST_BYTES:,} bytes.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("page", type=Path, help="the folder that `cargo xtask build` has made")
    page = parser.parse_args().page
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=page))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    browser = Browser()
    try:
        browser.cdp(
            "Emulation.setDeviceMetricsOverride", width=WIDTH, height=HEIGHT, deviceScaleFactor=DENSITY, mobile=False
        )
        browser.call("POST", "/url", {"url": f"http://127.0.0.1:{server.server_port}/#model=cliplet-starter"})
        # The link suggests the starter; without that the page would look for a better model first.
        use_starter = "[...document.querySelectorAll('button')].find((button) => button.innerText.startsWith('Use Cliplet'))"
        browser.wait(use_starter)
        browser.script(f"{use_starter}.click()")
        browser.wait("document.body.innerText.includes('Cliplet starter is ready')")
        button = f"document.querySelector('[aria-label=\"Sample: {SAMPLE}\"]')"
        browser.wait(button)
        browser.script(f"{button}.click()")
        browser.wait("document.querySelector('[data-settled=true]')")
        # Nothing is focused or hovered over in the picture, and everything that fades in is there.
        browser.script("document.activeElement?.blur()")
        time.sleep(2)
        OUT.mkdir(exist_ok=True)
        for scheme in ["light", "dark"]:
            write(take(browser, scheme), OUT / f"page-{scheme}.webp")
    finally:
        browser.close()
        server.shutdown()


if __name__ == "__main__":
    main()
