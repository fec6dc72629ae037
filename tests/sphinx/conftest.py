"""A small site that a test writes, builds and looks at."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sphinx.testing.util import SphinxTestApp
from sphinx.util.console import strip_escape_sequences

MODELS = """\
from keras import Input, Model, Sequential
from keras.layers import Conv2D, Dense, Flatten

__import__("os")._exit(3)  # nothing here is executed

classifier = Sequential([Input((4, 5, 1)), Conv2D(8, 2), Flatten(), Dense(5)], name="classifier")
head = Dense(7)


def segmenter():
    image = Input((4, 5, 1), name="image")
    return Model(image, Dense(5, name="dense")(Conv2D(8, 2, name="conv")(image)), name="segmenter")
"""


@dataclass
class Built:
    """What a build gave: its folder, its warnings with the folder of the site left out, what was read."""

    folder: Path
    warnings: list[str]
    read: list[str]

    def page(self, name: str) -> str:
        """The text of a file of the output."""
        return (self.folder / name).read_text("utf-8")


@dataclass
class Site:
    """A folder with the sources of a site."""

    folder: Path

    def write(self, name: str, text: str) -> Path:
        """Write a file of the sources."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def build(self, builder: str = "html", **options: Any) -> Built:
        """Build the site, as far as it has changed."""
        read: list[str] = []
        output, warning = self.folder / "_build", io.StringIO()
        config = {
            "extensions": ["myst_parser", "dense_shapes.sphinx"],
            "numfig": True,
            "source_suffix": {".rst": "restructuredtext", ".md": "markdown"},
            **options,
        }
        app = SphinxTestApp(
            builder, srcdir=self.folder, builddir=output, confoverrides=config, warning=warning
        )
        try:
            app.connect("source-read", lambda _, name, __: read.append(name))
            app.build()
            found = strip_escape_sequences(warning.getvalue()).replace(f"{self.folder}/", "")
            return Built(output / builder, found.splitlines(), read)
        finally:
            app.cleanup()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a file of models, and no page yet but an empty first one."""
    made = Site(tmp_path / "site")
    made.write("conf.py", "exclude_patterns = ['_build']\n")
    made.write("models.py", MODELS)
    return made


@pytest.fixture
def page(site: Site) -> Callable[..., Built]:
    """Build a site of one page, in Markdown or reStructuredText."""

    def build(text: str, builder: str = "html", *, suffix: str = "md", **options: Any) -> Built:
        site.write(f"index.{suffix}", text)
        return site.build(builder, **options)

    return build
