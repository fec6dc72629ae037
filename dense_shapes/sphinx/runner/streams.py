"""What C code, and other processes, write to standard output and standard error."""

from __future__ import annotations

import codecs
import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator


class NativeStreams:
    """Standard output and standard error of this process, sent to files that can be read back.

    Files and not pipes: nobody has to read meanwhile, so no thread is needed, and a page that writes
    without end fills a disk and not the memory.
    """

    def __init__(self) -> None:
        self.numbers = {"stdout": 1, "stderr": 2}
        self.places = {"stdout": 0, "stderr": 0}
        self.files = {name: tempfile.TemporaryFile() for name in self.numbers}  # noqa: SIM115
        self.decoders = {
            name: codecs.getincrementaldecoder("utf-8")("replace") for name in self.files
        }
        self.libc = ctypes.CDLL(None)
        self.flush()
        for name, file in self.files.items():
            os.dup2(file.fileno(), self.numbers[name])
            os.set_inheritable(self.numbers[name], True)

    def flush(self) -> None:
        """Let C and Python write what they hold back."""
        for stream in (sys.__stdout__, sys.__stderr__):
            if stream is not None and not stream.closed:
                stream.flush()
        self.libc.fflush(None)

    def news(self, most: int) -> Iterator[tuple[str, str, int]]:
        """What was written since the last time: the stream, its text, and how many bytes were too many."""
        for name, file in self.files.items():
            size = os.fstat(file.fileno()).st_size - self.places[name]
            if size > 0:
                data = os.pread(file.fileno(), min(size, most), self.places[name])
                self.places[name] += size
                yield name, self.decoders[name].decode(data), size - len(data)
