"""A browser, and the site as a web server sends it: under a sub-path, as on GitHub Pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

SITE = Path(os.environ.get("SITE", "docs/_build/html")).resolve()
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A running browser."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    assert path, f"no browser found; install one of: {', '.join(NAMES)}"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


class Quiet(SimpleHTTPRequestHandler):
    """A server that does not talk."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the site is served: `http://127.0.0.1:PORT/some/where/`."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "some").mkdir()
    (folder / "some" / "where").symlink_to(SITE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/some/where/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Open a page of the served site, which must be silent and ask no other host."""
    contexts = []
    faults: list[str] = []

    def open_page(name: str, width: int = 1280, height: int = 800, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(120_000)  # a busy machine is no fault
        page.on("console", lambda message: complaint(message, faults))
        page.on("pageerror", lambda error: faults.append(f"{name}: {error}"))
        page.on("requestfailed", lambda request: faults.append(f"{name}: {request.url}"))
        page.on("request", lambda request: local(request.url, faults, address))
        page.goto(address + name)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not faults


def complaint(message: Any, faults: list[str]) -> None:
    """Note what the browser complains of; the theme says there which colours it chose."""
    if message.type in ("error", "warning"):
        faults.append(message.text)


def local(url: str, faults: list[str], address: str) -> None:
    """Note a request that leaves the folder of the site."""
    if not url.startswith((address, "data:", "blob:")):
        faults.append(f"asked {url}")
