"""Who imports whom: the core needs the standard library alone, and every arrow points one way."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import dense_shapes

PACKAGE = Path(dense_shapes.__file__).parent
HEAVY = ("numpy", "keras", "tensorflow", "matplotlib", "sphinx", "IPython")
EDGE = {
    *("cli", "evaluation", "options", "probes", "proofs", "readers.rebuild", "runs", "sampling"),
    *("__main__", "sphinx", "sphinx.builders", "sphinx.contents", "sphinx.deferred"),
    *("sphinx.directives", "sphinx.mime", "sphinx.nodes", "sphinx.roles", "sphinx.sources"),
    *("sphinx.runner.cache", "sphinx.runner.child", "sphinx.runner.cluster"),
    *("sphinx.runner.execution", "sphinx.runner.hooks", "sphinx.runner.kernels"),
    *("sphinx.runner.pages", "sphinx.runner.report", "sphinx.runner.server", "sphinx.runner.shell"),
}
"""The modules that compute with NumPy, run Keras, are the command line or the extension of Sphinx;
everything else is the core."""
LATE = {"display", "views.mpl"}
"""The modules that import Matplotlib inside a function, or for a type alone: they load without it."""

# What each room may import of the package: a module that stands alone, or a folder, in which the
# modules may import each other. A new room needs a line here, and a reason.
ALLOWED: dict[str, set[str]] = {
    "": {"display", "errors", "proofs", "readers", "records", "traces"},
    "errors": set(),
    "axes": {"errors"},
    "cells": {"axes", "errors"},
    "signature": {"axes", "errors"},
    "binding": {"axes", "errors", "signature"},
    "steps": {"axes", "binding", "cells", "errors", "signature"},
    "traces": {"axes", "cells", "errors", "steps"},
    "reaches": {"axes", "cells", "steps", "traces"},
    "records": {"axes", "errors", "signature", "steps", "traces"},
    "rules": {"axes", "errors", "signature", "steps", "traces"},
    "lessons": {"axes", "errors", "traces"},
    "readers": {"axes", "errors", "lessons", "records", "rules", "steps", "traces"},
    "equations": {"axes", "cells", "steps"},
    "fates": {"axes", "signature", "steps", "traces"},
    "origins": {"axes", "steps", "traces"},
    "words": {"axes", "cells", "equations", "fates", "steps", "traces"},
    "tables": {"axes", "errors", "traces"},
    "drawing": {
        *(
            "axes",
            "cells",
            "errors",
            "fates",
            "origins",
            "reaches",
            "signature",
            "steps",
            "traces",
            "words",
        ),
    },
    "reports": {"axes", "drawing", "errors", "tables", "traces", "words"},
    "views": {"axes", "drawing", "errors", "reports", "tables", "words"},
    "data": {"errors", "records", "traces"},
    "selection": {"errors", "traces"},
    "typed": {"axes", "errors"},
    "display": {
        *("axes", "data", "drawing", "errors", "lessons", "records", "reports", "tables", "traces"),
        *("views", "words"),
    },
    "evaluation": {"axes", "steps"},
    "sampling": {"axes", "evaluation", "steps"},
    "runs": {"errors", "evaluation", "readers"},
    "probes": {"axes", "evaluation", "readers", "rules", "runs", "sampling", "steps", "traces"},
    "proofs": {
        *("axes", "cells", "display", "errors", "evaluation", "probes", "readers", "rules", "runs"),
        *("sampling", "steps", "tables", "traces", "words"),
    },
    "terminal": {"drawing", "reports", "tables", "views", "words"},
    "options": {"", "axes", "errors", "readers", "tables", "traces", "typed"},
    "cli": {
        *("", "axes", "display", "drawing", "errors", "options", "proofs", "readers", "records"),
        *("selection", "tables", "terminal", "traces", "views", "words"),
    },
    "sphinx": {
        *("", "axes", "data", "display", "drawing", "errors", "readers", "reports", "selection"),
        *("tables", "traces", "typed", "words"),
    },
    "__main__": {"cli"},
}
OUTSIDE: dict[str, set[str]] = {
    "views.mpl": {"matplotlib"},
    "display": {"matplotlib"},
    "cli": {"click"},
    "options": {"click"},
    "sphinx.builders": {"docutils", "sphinx"},
    "sphinx.contents": {"docutils", "sphinx"},
    "sphinx.deferred": {"docutils", "sphinx"},
    "sphinx.directives": {"docutils", "sphinx"},
    "sphinx.mime": {"docutils"},
    "sphinx.nodes": {"docutils"},
    "sphinx.roles": {"docutils", "sphinx"},
    "readers.rebuild": {"keras"},
    "evaluation": {"numpy"},
    "sampling": {"numpy"},
    "runs": {"keras", "numpy"},
    "probes": {"keras", "numpy"},
    "proofs": {"keras", "numpy"},
    "sphinx.runner.cache": {"jupyter_cache", "nbformat", "sqlalchemy"},
    "sphinx.runner.child": {"comm"},
    "sphinx.runner.cluster": {"distributed"},
    "sphinx.runner.hooks": {"sphinx"},
    "sphinx.runner.kernels": {"jupyter_client", "nbclient", "nbformat"},
    "sphinx.runner.pages": {"myst_nb"},
    "sphinx.runner.report": {"sphinx"},
    "sphinx.runner.shell": {"IPython", "traitlets"},
}

# The order of the design: a module knows those before it, and none after it.
ORDER = ["errors", "axes", "cells", "signature", "binding", "steps", "traces", "rules"]
NEVER: list[tuple[str, set[str]]] = [
    ("records", {"rules", "readers", "views", "display"}),
    ("words", {"rules", "readers", "views", "display"}),
    ("tables", {"rules", "readers", "views", "display"}),
    ("drawing", {"rules", "readers", "views", "display"}),
    ("views", {"rules", "readers", "display"}),
    ("display", {"rules", "readers", "proofs"}),
    ("rules", {"readers", "words", "tables", "drawing", "views", "display"}),
    ("sphinx.runner", {*ORDER, "readers", "words", "tables", "drawing", "views", "display"}),
    ("readers", {"words", "tables", "drawing", "views", "display", "proofs"}),
]


def modules(package: Path) -> dict[str, Path]:
    """The files of the package by the names of their modules; the package itself is the empty one."""
    found = {}
    for path in sorted(package.rglob("*.py")):
        *folders, name = path.relative_to(package).with_suffix("").parts
        found[".".join(folders if name == "__init__" else [*folders, name])] = path
    return found


def imported(path: Path, module: str) -> Iterator[str]:
    """The full name of everything that a file imports, wherever in it."""
    here = ["dense_shapes", *module.split(".")] if module else ["dense_shapes"]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.Import(names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(source, names, level):
                base = here[: len(here) - (level or 0) + (path.name == "__init__.py")]
                start = [*(base if level else []), *([source] if source else [])]
                yield from (".".join([*start, alias.name]) for alias in names)


def arrows(package: Path) -> tuple[dict[str, set[str]], dict[str, set[str]]]:
    """What each module imports of the package, and what from outside the standard library."""
    files = modules(package)
    inside: dict[str, set[str]] = {module: set() for module in files}
    outside: dict[str, set[str]] = {module: set() for module in files}
    for module, path in files.items():
        for name in imported(path, module):
            top, _, rest = name.partition(".")
            if top != "dense_shapes":
                outside[module] |= {top} - sys.stdlib_module_names
                continue
            while rest not in files:
                rest = rest.rpartition(".")[0]
            inside[module].add(rest)
    return inside, outside


def room(module: str) -> str:
    """The room of a module: its folder, or itself."""
    return module.partition(".")[0]


def forbidden(package: Path) -> list[tuple[str, str]]:
    """Every import that the tables do not allow: who, and what."""
    inside, outside = arrows(package)
    wrong = [
        (who, it)
        for who, found in inside.items()
        for it in found
        if room(it) not in {room(who), *ALLOWED.get(room(who), set())}
    ]
    wrong += [(who, it) for who, found in outside.items() for it in found - OUTSIDE.get(who, set())]
    return sorted(wrong)


def reached(module: str, inside: dict[str, set[str]]) -> set[str]:
    """All the modules that a module needs, directly or through others."""
    found: set[str] = set()
    todo = {module}
    while todo:
        found |= todo
        todo = {one for name in todo for one in inside[name]} - found
    return found - {module}


def family(module: str, names: set[str]) -> set[str]:
    """Those of the names that are this module or lie in this folder."""
    return {name for name in names if name == module or name.startswith(f"{module}.")}


def run(code: str, folder: Path, *paths: Path) -> Any:
    """What a new Python prints, as JSON, with these folders before all others on its path."""
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, paths))},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(result.stdout)


# What is loaded


LOADED = f"""
import importlib, json, pkgutil, sys
import dense_shapes
for found in pkgutil.walk_packages(dense_shapes.__path__, "dense_shapes."):
    if found.name not in {sorted(f"dense_shapes.{name}" for name in EDGE)}:
        importlib.import_module(found.name)
from dense_shapes.rules import call
from dense_shapes.traces import Trace
layer = call("Dense", {{"units": 5, "activation": "softmax"}}, (None, 2, 3, 1))
trace = Trace("model", layer.inputs, (layer,), ((0, 0),))
assert dense_shapes.from_json(dense_shapes.to_json(trace)) == trace
shown = [dense_shapes.summary(trace), dense_shapes.explain(layer, cell=(1, 2, 4))]
picture = dense_shapes.draw(layer, cell=(1, 2, 4))
for view in ("text", "markdown", "html"):
    assert all(it.to(view) for it in (*shown, picture))
assert picture.to("svg")
assert dense_shapes.report(trace).to("html")
print(json.dumps(sorted(set({HEAVY}) & set(sys.modules))))
"""


def test_the_core_works_without_any_framework(tmp_path: Path) -> None:
    assert run(LOADED, tmp_path, PACKAGE.parent) == []


def test_a_core_that_loads_a_framework_would_be_found(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "dense_shapes")
    (tmp_path / "numpy.py").write_text("")
    with (tmp_path / "dense_shapes" / "axes.py").open("a") as file:
        file.write("\nimport numpy\n")
    assert run(LOADED, tmp_path, tmp_path) == ["numpy"]


ALONE = """
import json, sys
before = set(sys.modules)
import dense_shapes
after = set(sys.modules) - before
names = {name: True for name in dense_shapes.__all__ if name != "verify"}
for name in names:
    names[name] = getattr(dense_shapes, name).__module__.startswith("dense_shapes.")
print(json.dumps([sorted(after), names, sorted(set(sys.modules) - before)]))
"""


def test_importing_the_package_loads_the_standard_library_only(tmp_path: Path) -> None:
    after, names, finally_ = run(ALONE, tmp_path, PACKAGE.parent)
    assert [name for name in after if name.startswith("dense_shapes")] == ["dense_shapes"]
    for loaded in (after, finally_):
        tops = {name.partition(".")[0] for name in loaded}
        assert tops - sys.stdlib_module_names == {"dense_shapes"}
    assert all(names.values())


def test_every_public_name_has_a_home_and_is_listed() -> None:
    homes = [name for names in dense_shapes.HOMES.values() for name in names]
    assert sorted(homes) == sorted(dense_shapes.__all__) == dense_shapes.__all__
    assert set(dense_shapes.__all__) <= set(dir(dense_shapes))
    for name in set(dense_shapes.__all__) - {"verify"}:
        assert getattr(dense_shapes, name).__name__ == name
        assert getattr(dense_shapes, name).__doc__


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'dense_shapes' has no attribute 'nothing'"):
        _ = dense_shapes.nothing
    assert not hasattr(dense_shapes, "numpy")


# What is written


def test_no_module_imports_what_it_may_not() -> None:
    assert forbidden(PACKAGE) == []


def test_every_room_has_a_line_in_the_table_and_every_line_a_room() -> None:
    assert sorted(ALLOWED) == sorted({room(module) for module in modules(PACKAGE)})


def test_no_module_imports_itself_through_others() -> None:
    inside, _ = arrows(PACKAGE)
    assert set(TopologicalSorter(inside).static_order()) == set(inside)


def test_only_the_edge_imports_what_is_not_in_the_standard_library() -> None:
    _, outside = arrows(PACKAGE)
    assert {module for module, found in outside.items() if found} <= EDGE | LATE


@pytest.mark.parametrize("place", range(1, len(ORDER)))
def test_a_module_knows_none_that_comes_after_it(place: int) -> None:
    inside, _ = arrows(PACKAGE)
    before = [module for name in ORDER[:place] for module in family(name, set(inside))]
    for module in before:
        later = {one for name in ORDER[place:] for one in family(name, reached(module, inside))}
        assert later == set(), module


@pytest.mark.parametrize(("who", "never"), NEVER, ids=[who for who, _ in NEVER])
def test_what_a_module_never_needs_even_through_others(who: str, never: set[str]) -> None:
    inside, _ = arrows(PACKAGE)
    for module in family(who, set(inside)):
        needed = reached(module, inside)
        assert {one for name in never for one in family(name, needed)} == set(), module


@pytest.mark.parametrize(
    ("who", "line", "found"),
    [
        ("words.py", "from dense_shapes.rules import call", ("words", "rules")),
        ("words.py", "from dense_shapes import rules", ("words", "rules")),
        ("words.py", "def later():\n    import dense_shapes.rules.core", ("words", "rules.core")),
        ("axes.py", "from .steps import Step", ("axes", "steps")),
        ("views/svg.py", "from ..display import draw", ("views.svg", "display")),
        ("views/__init__.py", "from .. import display", ("views", "display")),
        ("views/svg.py", "from ..readers import spec", ("views.svg", "readers.spec")),
        ("errors.py", "import numpy.linalg as linalg", ("errors", "numpy")),
        ("traces.py", "from keras import layers", ("traces", "keras")),
    ],
)
def test_a_forbidden_import_would_be_found(
    tmp_path: Path, who: str, line: str, found: tuple[str, str]
) -> None:
    package = tmp_path / "dense_shapes"
    shutil.copytree(PACKAGE, package)
    with (package / who).open("a") as file:
        file.write(f"\n{line}\n")
    assert forbidden(package) == [found]


# What the documentation says


ARCHITECTURE = Path(__file__).parents[1] / "docs" / "architecture.md"


def drawn(text: str) -> dict[str, set[str]]:
    """What each room imports, by the arrows of a page: in `a <- b, c`, both `b` and `c` import `a`."""
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        groups = [group.strip().split(", ") for group in line.split("<-")]
        for one, other in pairwise(groups):
            for name in other:
                found.setdefault(name, set()).update(one)
    return found


def test_the_arrows_of_the_documentation_are_those_of_the_code() -> None:
    blocks = ARCHITECTURE.read_text("utf-8").split("```text")[1:]
    [block] = [it for it in (block.partition("```")[0] for block in blocks) if "<-" in it]
    page = drawn(block)
    inside, _ = arrows(PACKAGE)
    assert page.keys() | {"errors"} == ALLOWED.keys() - {""}
    for who, found in page.items():
        imports = {room(it) for module in inside if room(module) == who for it in inside[module]}
        assert found <= imports, f"{who} does not import all of {found}"
        assert imports - {who, ""} <= reached(who, {**page, "errors": set()}), who


def test_the_documentation_lists_every_room() -> None:
    text = ARCHITECTURE.read_text("utf-8")
    listed = {line.split()[0] for line in text.splitlines() if line.startswith("  ")}
    folders = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"}
    rooms = {f"{name}/" if name in folders else f"{name}.py" for name in ALLOWED if name}
    assert {*rooms, "__init__.py", "schema/"} <= listed


def names(node: ast.AST, context: type[ast.expr_context]) -> set[str]:
    """The names that are read (`Load`) or bound (`Store`) anywhere in a piece of code."""
    found = (one for one in ast.walk(node) if isinstance(one, ast.Name))
    return {one.id for one in found if isinstance(one.ctx, context)}


def mixed_up(source: str) -> list[tuple[str, str]]:
    """The functions in which one comprehension binds a name that another reads from the module."""
    tree = ast.parse(source)
    outer = names(ast.Module([n for n in tree.body if isinstance(n, ast.Assign)], []), ast.Store)
    for node in tree.body:
        match node:
            case ast.Import(aliases) | ast.ImportFrom(names=aliases):
                outer |= {alias.asname or alias.name for alias in aliases}
            case ast.FunctionDef(name) | ast.ClassDef(name):
                outer.add(name)
    found = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            inlined = [
                (names(one, ast.Store), names(one, ast.Load))
                for one in ast.walk(function)
                if isinstance(one, ast.ListComp | ast.SetComp | ast.DictComp)
            ]
            bound = {name for binds, _ in inlined for name in binds}
            read = {name for binds, reads in inlined for name in reads - binds}
            found += [(function.name, name) for name in sorted(bound & read & outer)]
    return found


@pytest.mark.parametrize("module", modules(PACKAGE))
def test_no_comprehension_binds_what_another_reads_from_the_module(module: str) -> None:
    # Python 3.12 takes such a name for an unbound local (github.com/python/cpython/issues/118513).
    assert mixed_up(modules(PACKAGE)[module].read_text("utf-8")) == []


def test_a_mixed_up_name_would_be_found() -> None:
    source = "import sys\ndef f():\n    [sys for sys in ()]\n    {sys.path for _ in ()}\n"
    assert mixed_up(source) == [("f", "sys")]
    assert mixed_up(source.replace("sys for sys", "one for one")) == []
