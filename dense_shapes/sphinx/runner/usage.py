"""What a process uses while a page runs in it: files, folders, modules and packages.

The standard library alone, and nothing of this package: the text of this file also runs inside ordinary
Jupyter kernels.
"""

from __future__ import annotations

import builtins
import contextlib
import hashlib
import importlib
import importlib.machinery
import importlib.util
import os
import platform
import site
import sys
import sysconfig
import time
from collections.abc import Iterable
from typing import Any

CHANGED = "changed while the page ran"
"""The digest of a file that was written while it was in use: it equals no other."""
IMPORT_SYSTEM = "<frozen importlib._bootstrap>"
METADATA = "metadata of "
"""How the node of a package begins of which only the version was asked for."""
IMPORTERS = ("<frozen importlib", "<frozen zipimport")
"""How the names of the files begin that the import system is made of."""
LEAVES = ("IPython", "matplotlib_inline")
"""Packages that look for others which happen to be loaded, to show their values."""
INSTALLED = "installed:"
"""How the name of a file begins that lies where packages are installed."""
SITES = (f"{os.sep}site-packages", f"{os.sep}dist-packages")
"""What the folders are called in which packages are installed."""
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


def digest(path: str, *, since: int | None = None) -> str | None:
    """The SHA-256 of a file; None if there is none, `CHANGED` if it was written after `since` (ns)."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            found = hashlib.file_digest(file, "sha256").hexdigest()
            late = since is not None and os.fstat(file.fileno()).st_mtime_ns > since
    except OSError:
        return None
    return CHANGED if late else found


def listing(path: str) -> str | None:
    """The SHA-256 of the names in a folder; None if there is none."""
    try:
        names = sorted(name for name in os.listdir(path) if name != "__pycache__")  # noqa: PTH208
    except OSError:
        return None
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def site_folders() -> tuple[str, ...]:
    """Where packages are installed: here, and where a `.pth` file finds those of another environment.

    A folder of another environment is known by its name; the sources of a project, to which an
    editable installation leads, are never called so.
    """
    paths = sysconfig.get_paths()
    found = [path for path in map(os.path.realpath, sys.path) if path.endswith(SITES)]
    found += [paths["purelib"], paths["platlib"], *site.getsitepackages()]
    found.append(site.getusersitepackages())
    return tuple(dict.fromkeys(os.path.realpath(path) + os.sep for path in found))


def installed_folders() -> tuple[str, ...]:
    """Where packages and the standard library lie; what lies elsewhere is somebody's project."""
    paths = sysconfig.get_paths()
    library = (os.path.realpath(paths[name]) + os.sep for name in ("stdlib", "platstdlib"))
    return (*site_folders(), *library)


def is_installed(package: str) -> bool:
    """Whether a package of this name lies where packages are installed."""
    return importlib.machinery.PathFinder.find_spec(package, list(site_folders())) is not None


def top(module: str) -> str:
    """The first part of a module's name."""
    return module.partition(".")[0]


class Watch:
    """Notes what this process imports, and which files under a folder it reads.

    Imports are noted from `install` on and files from `start` on. What was imported before a fork is
    still known to belong to those who ask for it after; what was read before counts for every page.
    """

    def __init__(self, own: Iterable[str] = ()) -> None:
        self.own = frozenset(own)
        """The packages of the project, which are watched file by file even where they are installed."""
        self.edges: dict[str, set[str]] = {}
        """Which packages a package asks for, by the first parts of their names; or whose version."""
        self.asked: dict[str, set[str]] = {}
        """What a package asks for once a page runs: `module` or `module:part`."""
        self.hidden: set[Any] = set()
        self.root = ""
        self.active = False
        self.read: set[str] = set()
        self.written: set[str] = set()
        self.listed: set[str] = set()
        self.loaded: set[str] = set()
        """The sources of the project that the import system has read."""
        self.absent: set[str] = set()
        """The packages that were looked for and not found."""
        self.before: set[str] = set()
        self.local_before: dict[str, set[str]] = {}
        self.since = 0
        self.sites = site_folders()
        self.installed = installed_folders()

    # Imports

    def install(self) -> None:
        """Note every import statement of this process from now on."""
        real_import, real_module = builtins.__import__, importlib.import_module

        def import_(
            name: str,
            globals: Any = None,  # noqa: A002
            locals: Any = None,  # noqa: A002
            fromlist: Any = (),
            level: int = 0,
        ) -> Any:
            if level == 0:
                self.asks((globals or {}).get("__name__") or "", name, fromlist or ())
            return real_import(name, globals, locals, fromlist, level)

        def import_module(name: str, package: str | None = None) -> Any:
            if not name.startswith("."):
                self.asks("importlib", name, ())
            return real_module(name, package)

        # So that warnings and tracebacks pass over them as they do over Python's own import.
        for function in (import_, import_module):
            function.__code__ = function.__code__.replace(co_filename=IMPORT_SYSTEM)
            self.hidden.add(function.__code__)
        builtins.__import__ = import_
        importlib.import_module = import_module
        sys.meta_path.append(self)

    def asks(self, importer: str, name: str, parts: Iterable[str]) -> None:
        """Note that one module asks for another, and for these parts of it."""
        imported = top(name)
        if imported in sys.stdlib_module_names:
            return
        importer = top(importer)
        if not importer or importer in sys.stdlib_module_names:
            importer = _asker()
        if importer != imported:
            self.edges.setdefault(importer, set()).add(imported)
        if self.active:
            asked = self.asked.setdefault(importer, set())
            asked.add(name)
            asked.update(f"{name}:{part}" for part in parts if part != "*")

    def find_spec(self, name: str, path: Any = None, _: Any = None) -> None:
        """Note where a module would lie that was not found: Python asks this when all others have failed."""
        asker = _asker()
        if "." not in name and name not in sys.stdlib_module_names:
            self.absent.add(name)
            self.edges.setdefault(asker, set()).add(name)
        file = getattr(sys.modules.get(asker), "__file__", None) or ""
        if not self.active or self.foreign(asker, file):
            return
        with contextlib.suppress(Exception):
            last = name.rpartition(".")[2]
            for folder in sys.path if path is None else path:
                for end in (".py", f"{os.sep}__init__.py"):
                    self.read |= self.mine(os.path.join(folder, last + end))  # noqa: PTH118

    def hide(self, shell: Any) -> None:
        """Leave the functions of `install` out of the tracebacks that an IPython shell shows."""
        real = shell._get_exc_info

        def exc_info(exc_tuple: Any = None) -> Any:
            kind, error, traceback = real(exc_tuple)
            self.trim(error)
            return kind, error, traceback

        shell._get_exc_info = exc_info

    def trim(self, error: BaseException | None) -> None:
        """Take the frames of the functions of `install` out of an error and those that led to it."""
        seen: set[int] = set()
        while error is not None and id(error) not in seen:
            seen.add(id(error))
            link = error.__traceback__
            while link is not None:
                while link.tb_next is not None and link.tb_next.tb_frame.f_code in self.hidden:
                    link.tb_next = link.tb_next.tb_next
                link = link.tb_next
            error = error.__cause__ or error.__context__

    def reached(self, starts: Iterable[str]) -> set[str]:
        """All the packages that these ask for, directly or through others."""
        found: set[str] = set()
        todo = set(starts)
        while todo:
            found |= todo
            asking = todo.difference(LEAVES)
            todo = {one for name in asking for one in self.edges.get(name, ())} - found
        return found

    # Files

    def start(self, root: str) -> None:
        """Note the files below this folder that are opened from now on."""
        self.root = os.path.realpath(root) + os.sep
        self.active = True
        sys.addaudithook(self.audit)

    def settle(self) -> None:
        """Take what was imported and read until now for what every page finds."""
        self.local_before = self.local()
        self.before = set(sys.modules)
        self.loaded.clear()
        self.asked.clear()
        self.edges.pop("__main__", None)

    def begin(self) -> None:
        """Note from now on what the page itself uses."""
        self.before &= set(sys.modules)
        self.since = time.time_ns()

    def end(self) -> None:
        """Note no more files."""
        self.active = False

    def audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note the opening of a file or folder; Python calls this before it happens."""
        if not self.active:
            return
        with contextlib.suppress(Exception):
            if event == "open":
                file, mode, flags = arguments
                self.opened(file, mode, flags, sys._getframe(1).f_code.co_filename)
            elif event in ("os.listdir", "os.scandir"):
                place = "." if arguments[0] is None else arguments[0]
                if not _imports(sys._getframe(1).f_code.co_filename):
                    self.listed |= self.mine(os.fsdecode(place))
            elif event == "os.rename":
                self.renamed(*(os.path.realpath(os.fsdecode(it)) for it in arguments[:2]))

    def opened(self, file: Any, mode: Any, flags: Any, caller: str) -> None:
        """Note the opening of a file, by a function of the file of the caller."""
        path = os.fsdecode(file)
        real = os.path.realpath(path)
        if path.endswith(("METADATA", "PKG-INFO")):
            folder = os.path.basename(os.path.dirname(real))  # noqa: PTH119, PTH120
            self.edges.setdefault(_asker(), set()).add(METADATA + folder)
        elif set("wax+") & set(mode) if isinstance(mode, str) else (flags or 0) & WRITING:
            self.written.add(real)
        elif caller.startswith(IMPORTERS) and path.endswith((".py", ".pyc")):
            compiled = path.endswith(".pyc")
            self.loaded |= self.mine(importlib.util.source_from_cache(path) if compiled else path)
        elif real not in self.written and (caller.startswith(IMPORTERS) or not _imports(caller)):
            self.read |= self.mine(path)

    def renamed(self, old: str, new: str) -> None:
        """Note that what the page has written is called otherwise now."""
        for path in list(self.written):
            if path == old or path.startswith(old + os.sep):
                self.written.add(new + path.removeprefix(old))

    def mine(self, path: str) -> set[str]:
        """The names of a file or folder of the project: as it was asked for, and where that leads.

        A link may lead elsewhere the next time. What is installed or compiled has no names here.
        """
        names = {os.path.abspath(path), os.path.realpath(path)}  # noqa: PTH100
        if any(
            f"{os.sep}__pycache__{os.sep}" in name + os.sep
            or (name.startswith(self.installed) and not self.owns(name))
            for name in names
        ):
            return set()
        return {one for one in names if (one + os.sep).startswith(self.root) or self.owns(one)}

    def owns(self, path: str) -> bool:
        """Whether a path is of a package of the project that is installed."""
        return any(
            path.removeprefix(folder).partition(os.sep)[0].removesuffix(".py") in self.own
            for folder in self.sites
            if path.startswith(folder)
        )

    # The report

    def local(self) -> dict[str, set[str]]:
        """The modules that were loaded since `settle` and are not installed, with their files."""
        found = {}
        for name in set(sys.modules) - self.before - {"__main__"}:
            path = getattr(sys.modules.get(name), "__file__", None)
            if not isinstance(path, str) or self.foreign(name, path):
                continue
            real = os.path.realpath(path)
            if os.path.isfile(real) and real not in self.written and not self.foreign(name, real):  # noqa: PTH113
                found[name] = self.mine(path) or {real}
        return found

    def foreign(self, name: str, path: str) -> bool:
        """Whether a module of this name, from this file, is installed and not of the project."""
        return path.startswith(self.installed) and top(name) not in self.own

    def report(self) -> dict[str, Any]:
        """Everything that was used, as plain data; call it when the page has run."""
        self.end()
        new = self.local()
        tops = self.reached({"__main__", *map(top, new)})
        files = self.loaded.union(self.read, *new.values())
        for name, paths in self.local_before.items():
            if name in sys.modules and top(name) in tops:
                files |= paths
        metadata = {name for name in tops if name.startswith(METADATA)}
        local = {top(name) for name in (*new, *self.local_before)}
        asked = {
            name for owner in {"__main__", *map(top, new)} for name in self.asked.get(owner, ())
        }
        return {
            "python": f"{platform.python_implementation()} {platform.python_version()}",
            "files": {
                self.name(path): digest(path, since=self.since)
                for path in sorted(files)
                if os.path.realpath(path) not in self.written
            },
            "folders": {self.name(path): listing(path) for path in sorted(self.listed)},
            "packages": sorted(tops - {"__main__"} - self.own - metadata),
            "absent": sorted(
                name
                for name in tops & self.absent
                if name not in sys.modules and not is_installed(name)
            ),
            "metadata": sorted(name.removeprefix(METADATA) for name in metadata),
            "imports": sorted(name for name in asked if top(name.partition(":")[0]) not in local),
        }

    def name(self, path: str) -> str:
        """A path as it is written down: from the root, or from where packages are installed."""
        for folder in self.sites:
            if path.startswith(folder):
                return INSTALLED + path.removeprefix(folder).replace(os.sep, "/")
        return os.path.relpath(path, self.root).replace(os.sep, "/")


def _asker() -> str:
    """Who had the standard library import something: the package nearest below it on the stack."""
    frame: Any = sys._getframe(2)
    while frame is not None:
        name = top(frame.f_globals.get("__name__") or "")
        if name and name not in sys.stdlib_module_names and frame.f_globals is not globals():
            return name
        frame = frame.f_back
    return ""


def _imports(caller: str) -> bool:
    """Whether a file of this name is part of the import system, which looks at many places."""
    return caller.startswith(IMPORTERS) or f"{os.sep}importlib{os.sep}" in caller
