"""How heavy the pages of the built site are, and, with `--lighthouse`, what Lighthouse says of them.

Weights are what a server with gzip sends for the first visit. Lighthouse comes by npm, and runs in Chromium
on pages that are served with gzip on this machine.
"""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

SITE = Path(os.environ.get("SITE", "docs/_build/html"))
PAGES = (
    "index.html",
    "axes.html",
    "questions.html",
    "flatten.html",
    "when-shapes-do-not-fit.html",
    "layers/core.html",
    "reference.html",
    "search.html",
    "zh/index.html",
)
"""A page of each kind."""
FORMS = {"mobile": (), "desktop": ("--preset=desktop",)}
LIGHTHOUSE = "lighthouse@12.8.2"  # the last that runs on Node 20
RUNS = 5
FLAGS = "--headless=new --no-sandbox --disable-gpu --disable-background-networking"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}


def files(page: str) -> set[Path]:
    """The files that a browser asks for when it opens a page."""
    html = (SITE / page).read_text("utf-8")
    named = re.findall(r'<(?:script|img)[^>]* src="([^"?#]+)', html)
    named += re.findall(r'<link rel="(?:stylesheet|shortcut icon)"[^>]* href="([^"?#]+)', html)
    return {SITE / page, *((SITE / page).parent / name for name in named)}


def weights() -> None:
    """Print requests and kilobytes of each page."""
    print(f"{'page':32}{'requests':>9}{'KB sent':>9}")
    for page in PAGES:
        asked = files(page)
        sent = sum(len(gzip.compress(path.read_bytes())) for path in asked)
        print(f"{page:32}{len(asked):>9}{sent / 1024:>9.1f}")


class Server(SimpleHTTPRequestHandler):
    """A server that sends text with gzip, as every host of pages does."""

    def do_GET(self) -> None:
        """Send a file."""
        path = Path(self.translate_path(self.path.partition("?")[0]))
        if not path.is_file() or path.suffix not in TYPES:
            return super().do_GET()
        body = gzip.compress(path.read_bytes())
        self.send_response(200)
        self.send_header("Content-Type", TYPES[path.suffix])
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "max-age=600")
        self.end_headers()
        self.wfile.write(body)
        return None

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def scores(url: str, form: str) -> dict[str, float]:
    """The four scores of one run."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        command = [
            "npx",
            "--yes",
            LIGHTHOUSE,
            url,
            *FORMS[form],
            "--quiet",
            f"--chrome-flags={FLAGS}",
        ]
        command += ["--output=json", f"--output-path={file.name}"]
        browser = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), "")
        subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": browser})  # noqa: S603
        report = json.loads(Path(file.name).read_text("utf-8"))
    return {name: 100 * it["score"] for name, it in report["categories"].items()}


def lighthouse() -> None:
    """Print the median of the scores of some runs, for each page, as a phone and as a desktop."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, directory=str(SITE)))
    Thread(target=server.serve_forever, daemon=True).start()
    for page in PAGES:
        for form in FORMS:
            url = f"http://127.0.0.1:{server.server_port}/{page}"
            runs = [scores(url, form) for _ in range(RUNS)]
            medians = {name: statistics.median(run[name] for run in runs) for name in runs[0]}
            said = "  ".join(f"{name} {score:.0f}" for name, score in medians.items())
            print(f"{page:32}{form:9}{said}", flush=True)
    server.shutdown()


if __name__ == "__main__":
    if not (SITE / "index.html").exists():
        print("there is no site yet; build it with: nox -s docs")
        sys.exit("--lighthouse" in sys.argv)
    weights()
    if "--lighthouse" in sys.argv:
        lighthouse()
