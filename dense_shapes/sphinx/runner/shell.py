"""An IPython shell that answers as a Jupyter kernel does, and writes its outputs into a list."""

from __future__ import annotations

import base64
import datetime
import io
import json
import numbers
import os
import sys
from typing import Any

from IPython.core import page
from IPython.core.application import BaseIPythonApplication
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell, InteractiveShellABC
from IPython.core.shellapp import InteractiveShellApp
from IPython.extensions import storemagic  # noqa: F401 - every page loads it, so it is loaded once
from traitlets import Type
from traitlets.config import Config

from dense_shapes.sphinx.runner.streams import NativeStreams

COLOURS = {
    "TERM": "xterm-color",
    "CLICOLOR": "1",
    "FORCE_COLOR": "1",
    "CLICOLOR_FORCE": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
}
"""What ipykernel puts into the environment of a page."""


def plain(value: Any) -> Any:
    """Something that JSON has no word for, as Jupyter writes it."""
    match value:
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case datetime.datetime() | datetime.date():
            return value.isoformat()
        case numbers.Integral():
            return int(value)
        case numbers.Real():
            return float(value)
        case set() | frozenset() | tuple():
            return list(value)
    msg = f"{type(value).__name__} cannot be written as JSON"
    raise TypeError(msg)


class Recorder:
    """The outputs of the cell that runs, in the order in which a kernel would send them."""

    def __init__(self) -> None:
        self.limit = 1_000_000
        self.outputs: list[dict[str, Any]] = []
        self.displays: dict[str, list[dict[str, Any]]] = {}
        self.waiting: dict[str, list[str]] = {"stdout": [], "stderr": []}
        self.written = {"stdout": 0, "stderr": 0}
        self.native: NativeStreams | None = None
        self.clear_next = False
        self.updated = False

    def begin(self, outputs: list[dict[str, Any]]) -> None:
        """Let a new cell write into this list."""
        self.outputs = outputs
        self.written = {"stdout": 0, "stderr": 0}
        self.clear_next = False
        self.updated = False

    def end(self) -> dict[str, int]:
        """Finish the cell, and say how many characters of which stream were written and not kept."""
        self.flush("stdout", "stderr")
        cut = {name: size - self.limit for name, size in self.written.items() if size > self.limit}
        for name in cut:
            last = [one for one in self.outputs if one.get("name") == name][-1:]
            for one in last:
                note = f"[cut: {self.limit:,} of {self.written[name]:,} characters are shown]"
                one["text"] = f"{one['text'].rstrip()}\n{note}\n"
        return cut

    def write(self, name: str, text: str) -> None:
        """Take text for a stream; beyond the limit it is counted and dropped."""
        self.drain()
        self.take(name, text)

    def take(self, name: str, text: str) -> None:
        """Keep as much of the text as the limit allows."""
        room = self.limit - self.written[name]
        self.written[name] += len(text)
        if room > 0:
            self.waiting[name].append(text[:room])

    def drain(self) -> None:
        """Take what C code or another process has written to the streams."""
        if self.native:
            for name, text, dropped in self.native.news(4 * self.limit):
                self.take(name, text)
                self.written[name] += dropped

    def flush(self, *names: str) -> None:
        """Make an output of what the streams hold."""
        if self.native:
            self.native.flush()
        self.drain()
        for name in names:
            if text := "".join(self.waiting[name]):
                self.waiting[name].clear()
                self.add({"output_type": "stream", "name": name, "text": text})

    def add(self, output: dict[str, Any], display: str | None = None) -> None:
        """Add an output."""
        if self.clear_next:
            self.clear()
        self.outputs.append(output)
        if display:
            self.displays.setdefault(display, []).append(output)

    def show(self, output: dict[str, Any], display: str | None = None) -> None:
        """Add an output that is not text of a stream, after all that the streams hold."""
        self.flush("stdout", "stderr")
        self.add(json.loads(json.dumps(output, default=plain)), display)

    def update(self, data: Any, metadata: Any, display: str) -> None:
        """Replace what was displayed under this name, in whichever cell."""
        self.flush("stdout", "stderr")
        self.updated = True  # perhaps in another cell
        for output in self.displays.get(display, ()):
            output["data"] = json.loads(json.dumps(data, default=plain))
            output["metadata"] = json.loads(json.dumps(metadata, default=plain))

    def clear(self) -> None:
        """Remove the outputs of the cell."""
        self.clear_next = False
        self.outputs.clear()


class PageStream(io.TextIOBase):
    """`sys.stdout` or `sys.stderr` of a page."""

    encoding = "UTF-8"

    def __init__(self, name: str, recorder: Recorder) -> None:
        self.name = name
        self.recorder = recorder

    def write(self, text: str) -> int:
        """Take text."""
        if not isinstance(text, str):
            msg = f"write() argument must be str, not {type(text)}"
            raise TypeError(msg)
        self.recorder.write(self.name, text)
        return len(text)

    def flush(self) -> None:
        """Make an output of what was written."""
        self.recorder.flush(self.name)

    def writable(self) -> bool:
        """Whether it can be written to: yes."""
        return True

    def isatty(self) -> bool:
        """Whether it is a terminal: no."""
        return False

    def fileno(self) -> int:
        """Where a process that the page starts writes."""
        return 1 if self.name == "stdout" else 2


class PageDisplayHook(DisplayHook):
    """Shows the value of a cell."""

    output: dict[str, Any] | None = None

    def start_displayhook(self) -> None:
        """Begin an output."""
        self.output = {"output_type": "execute_result", "metadata": {}, "data": {}}

    def write_output_prompt(self) -> None:
        """Number it."""
        assert self.output is not None
        self.output["execution_count"] = self.prompt_count

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Fill it."""
        assert self.output is not None
        self.output |= {"data": format_dict, "metadata": md_dict or {}}

    def finish_displayhook(self) -> None:
        """Show it."""
        if self.output and self.output["data"]:
            self.shell.recorder.show(self.output)
        self.output = None


class PagePublisher(DisplayPublisher):
    """Shows what `display()` is given."""

    def publish(  # noqa: D102
        self,
        data: Any,
        metadata: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        self._validate_data(data, metadata)
        display = (transient or {}).get("display_id")
        recorder = self.shell.recorder
        if update:
            recorder.update(data, metadata or {}, display)
        else:
            output = {"output_type": "display_data", "metadata": metadata or {}, "data": data}
            recorder.show(output, display)

    def clear_output(self, wait: bool = False) -> None:  # noqa: D102
        recorder = self.shell.recorder
        recorder.flush("stdout", "stderr")
        if wait:
            recorder.clear_next = True
        else:
            recorder.clear()


class ZMQInteractiveShell(InteractiveShell):
    """The shell of a page; rich and others know a notebook by the name of this class."""

    displayhook_class = Type(PageDisplayHook)
    display_pub_class = Type(PagePublisher)
    recorder: Recorder
    failed_display = False

    def init_environment(self) -> None:  # noqa: D102
        os.environ.update(COLOURS)

    def init_virtualenv(self) -> None:  # noqa: D102
        pass

    def init_hooks(self) -> None:  # noqa: D102
        super().init_hooks()
        self.set_hook("show_in_pager", page.as_hook(lambda *_, **__: None), 99)

    def enable_gui(self, gui: Any = None) -> None:  # noqa: D102
        pass

    def run_cell(self, *arguments: Any, **options: Any) -> Any:  # noqa: D102
        self.failed_display = False
        return super().run_cell(*arguments, **options)

    def _showtraceback(self, etype: Any, evalue: Any, stb: Any) -> None:
        if getattr(self.displayhook, "output", None) is not None:
            self.failed_display = True
        error = {"ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)}
        self.recorder.show({"output_type": "error", **error})

    def ask_exit(self) -> None:
        """Do nothing: the page ends with its last cell."""


InteractiveShellABC.register(ZMQInteractiveShell)


class IPKernelApp(BaseIPythonApplication, InteractiveShellApp):
    """Reads the same configuration as ipykernel: the profile, its files, its extensions."""

    name = "ipython-kernel"
    auto_create = True

    def prepare(self) -> None:
        """Make the shell."""
        os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
        self.initialize([])
        self.config.merge(Config(HistoryManager={"enabled": False}))
        self.config.IPKernelApp.runner = "dense_shapes"  # tqdm and others look for this section
        self.shell = ZMQInteractiveShell.instance(parent=self, profile_dir=self.profile_dir)
        self.shell.recorder = Recorder()
        self.shell.configurables.append(self)
        self.shell.transform_cell("ready")  # so that what this needs is there before a fork

    def start_page(self, limit: int) -> None:
        """Do in the process of the page what ipykernel does when it starts."""
        recorder = self.shell.recorder
        recorder.limit = limit
        sys.stdout = PageStream("stdout", recorder)
        sys.stderr = PageStream("stderr", recorder)
        recorder.native = NativeStreams()
        self.init_path()
        self.init_gui_pylab()
        self.init_extensions()
        self.init_code()
