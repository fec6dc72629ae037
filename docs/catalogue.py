"""Writes the catalogue of layers from the rules, before Sphinx reads the pages.

A page for each family of rules: what each layer does, and its example, drawn and proved when the page
is run. And a page that says which layers are covered, and why the others are not.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from dense_shapes.rules import FAMILIES, OPAQUE, RULES, Rule, arguments, call
from dense_shapes.steps import Value
from dense_shapes.traces import Layer

FOLDER = Path(__file__).parent / "layers"
TITLES = {
    "core": "Core layers",
    "activations": "Activations, and what acts in training only",
    "embedding": "Embedding and EinsumDense",
    "convolution": "Convolutions",
    "pooling": "Pooling",
    "reshaping": "Reshaping",
    "merging": "Merging",
    "normalization": "Normalisation",
    "attention": "Attention",
    "recurrent": "Recurrent layers",
    "wrappers": "Layers around layers",
    "preprocessing": "Preprocessing",
    "operations": "Operations of keras.ops that compute",
    "moves": "Operations of keras.ops that move values",
}
HEAD = """\
---
file_format: mystnb
kernelspec:
  name: python3
  display_name: Python 3
  language: python
---

"""
EXPORTED = {"GroupedQueryAttention": "GroupQueryAttention"}
"""The public names of the classes that are called otherwise."""


def write() -> None:
    """Write every page of the catalogue."""
    FOLDER.mkdir(exist_ok=True)
    for family in FAMILIES:
        name = family.__name__.rpartition(".")[2]
        kinds = [kind for kind, rule in RULES.items() if home(rule) == name]
        (FOLDER / f"{name}.md").write_text(page(name, kinds), encoding="utf-8")
    (FOLDER / "index.md").write_text(coverage(), encoding="utf-8")


def home(rule: Rule) -> str:
    """The family of a rule."""
    return rule.function.__module__.rpartition(".")[2]


def page(name: str, kinds: list[str]) -> str:
    """The page of one family."""
    if all(kind.startswith("ops.") for kind in kinds):
        return operations(name, kinds)
    parts = [f"{HEAD}# {TITLES[name]}\n"]
    parts.append(cell("import dense_shapes as ds\nimport keras"))
    for kind in kinds:
        parts.append(entry(kind, RULES[kind]))
    return "\n".join(parts)


def operations(name: str, kinds: list[str]) -> str:
    """The page of the operations: a table, since there are many and each is small."""
    rows = []
    for kind in sorted(kinds):
        layer = example(kind, RULES[kind])
        before, after = (" and ".join(str(it.shape) for it in them) for them in ends(layer))
        known = "; ".join(f"`{it}`" for it in dict.fromkeys(layer.signatures)) or layer.opaque
        rows.append(f"| {kind.removeprefix('ops.')} | `{before}` | `{after}` | {known} |")
    table = "\n".join(rows)
    return f"""\
# {TITLES[name]}

A functional model may call a function of `keras.ops` between its layers, or an operator: `x + 1`,
`x[:, 0]`. Each of these operations has a rule too.

| Operation | Input | Output | Signature |
|:--|:--|:--|:--|
{table}
"""


def ends(layer: Layer) -> tuple[tuple[Value, ...], tuple[Value, ...]]:
    """What goes into a layer, and what comes out."""
    return layer.inputs, layer.outputs


def entry(kind: str, rule: Rule) -> str:
    """One layer: what it does, and its example."""
    doc = inspect.getdoc(rule.function) or ""
    words = doc.partition("Source:")[0].strip()
    parts = [f"## {kind}\n\n{words}\n"]
    if kind not in arguments() or rule.options or not rule.shapes or "Cell" in kind:
        layer = example(kind, rule)
        signatures = "".join(f"\n- `{signature}`" for signature in dict.fromkeys(layer.signatures))
        return "\n".join([*parts, f"{signatures}\n" if signatures else ""])
    shapes = [shape[1:] for shape in rule.shapes]
    given = str(shapes[0] if len(shapes) == 1 else shapes)
    made = f"keras.layers.{EXPORTED.get(kind, kind)}({written(rule.example)})"
    layer = example(kind, rule)
    columns = '["input", "output", "params", "formula", "signature"]'
    parts.append(
        cell(
            f"layer = {made}\ntrace = ds.trace(layer, input_shape={given})\n"
            f"ds.summary(trace, columns={columns})"
        )
    )
    if layer.opaque:
        parts.append(f"What its cells read is not drawn: {layer.opaque}.\n")
        return "\n".join(parts)
    last = tuple((size or 1) - 1 for size in layer.outputs[0].shape[1:])
    parts.append(cell(f"ds.draw(trace[0], cell={last})"))
    parts.append(cell(f"ds.verify(layer, input_shape={given})"))
    return "\n".join(parts)


def example(kind: str, rule: Rule) -> Layer:
    """The layer of the example of a rule."""
    return call(kind, rule.example, *rule.shapes, **rule.options)


def written(config: Any) -> str:
    """The arguments of a layer as code; a layer among them as a call."""
    return ", ".join(f"{name}={literal(it)}" for name, it in config.items())


def literal(thing: Any) -> str:
    """A value as code."""
    match thing:
        case {"class_name": str(kind), "config": dict(config)}:
            return f"keras.layers.{kind}({written(config)})"
        case list():
            return f"[{', '.join(map(literal, thing))}]"
    return repr(thing)


def cell(code: str, *tags: str) -> str:
    """A cell that is run when the site is built."""
    tagged = f":tags: [{', '.join(tags)}]\n\n" if tags else ""
    return f"```{{code-cell}} ipython3\n{tagged}{code}\n```\n"


def coverage() -> str:
    """The page that lists every layer of Keras, and what is known of it."""
    kinds = list(arguments())
    full = [kind for kind in kinds if kind in RULES and not example(kind, RULES[kind]).opaque]
    ruled = [kind for kind in kinds if kind in RULES]
    rows = "\n".join(f"| {kind} | {said} |" for kind, said in map(status, sorted(kinds)))
    pages = "\n".join(family.__name__.rpartition(".")[2] for family in FAMILIES)
    return f"""\
# The layers

Keras 3.15 has {len(kinds)} kinds of layers.

- Of **{len(full)}**, rules say everything: the shapes, the weights, and what each output cell reads.
- Of **{len(ruled) - len(full)}** more, rules say the shapes and the weights. What a cell reads is drawn at
  random, or depends on the data, so nothing is claimed about it.
- **{len(kinds) - len(ruled)}** are opaque: they are shown with the shapes and the weights of Keras.

That a layer is not covered is a decision. The reason is in the table below.

```{{toctree}}
:maxdepth: 1

{pages}
```

## Every layer of Keras

| Layer | What is known |
|:--|:--|
{rows}
"""


def status(kind: str) -> tuple[str, str]:
    """What is known of a layer."""
    if kind not in RULES:
        return kind, f"opaque: {OPAQUE[kind]}"
    layer = example(kind, RULES[kind])
    name = home(RULES[kind])
    link = f"[{kind}]({name}.md#{kind.lower()})"
    if layer.opaque:
        return link, f"shapes and weights: {layer.opaque}"
    return link, "everything"


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx write the catalogue before it reads the pages."""
    app.connect("config-inited", lambda *_: write())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
