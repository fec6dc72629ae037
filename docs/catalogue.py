"""Writes the catalogue of layers from the rules, before Sphinx reads the pages.

A page for each family of rules: what each layer does, and its example, drawn and proved when the page
is run. And a page that says which layers are covered, and why the others are not.
"""

from __future__ import annotations

import inspect
from functools import cache
from pathlib import Path
from typing import Any

from dense_shapes.rules import FAMILIES, OPAQUE, RULES, Rule, arguments, call
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
        keep(FOLDER / f"{name}.md", page(name, kinds))
    keep(FOLDER / "index.md", coverage())


def keep(path: Path, text: str) -> None:
    """Write a page, unless it is there as it is: Sphinx reads again what is newer than before."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


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
    """The page of the operations: those that do the same are drawn once, since there are many."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for kind in kinds:
        alike.setdefault(sameness(RULES[kind], example(kind)), []).append(kind)
    drawn = sorted((short(kind), anchor(kinds[0])) for kinds in alike.values() for kind in kinds)
    links = ",\n".join(f"[`{name}`](#{place})" for name, place in drawn)
    head = f"""\
{HEAD}# {TITLES[name]}

A functional model may call a function of `keras.ops` between its layers, or an operator: `x + 1`,
`x[:, 0]`. Each of these operations has a rule too. Those that read the same cells share a picture.

{links}
"""
    first = cell("import dense_shapes as ds\nimport keras")
    return "\n".join([head, first, *map(operation, alike.values())])


def sameness(rule: Rule, layer: Layer) -> tuple[str, ...]:
    """What is equal of operations that share a picture."""
    return summary(rule), str(layer.opaque or layer.signatures), str(rule.shapes)


def short(kind: str) -> str:
    """The name of an operation."""
    return kind.removeprefix("ops.")


def anchor(kind: str) -> str:
    """The name of the place where an operation is drawn."""
    return f"operation-{short(kind).replace('_', '-')}"


def summary(rule: Rule) -> str:
    """What a rule says that its layer does."""
    return (inspect.getdoc(rule.function) or "").partition("Source:")[0].strip()


def operation(kinds: list[str]) -> str:
    """The operations that read the same cells: what they do, and the first of them drawn and proved."""
    kind, rule = kinds[0], RULES[kinds[0]]
    names = [f"`{short(it)}`" for it in kinds]
    some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if names[3:] else "")
    others = f"\n\nThe same holds for {', '.join(names[3:])}." if names[3:] else ""
    parts = [f"({anchor(kind)})=\n\n## {some}\n\n{summary(rule)}{others}\n"]
    layer = example(kind)
    if layer.opaque:
        if layer.opaque not in summary(rule):
            parts.append(f"What its cells read is not drawn: {layer.opaque}.\n")
        return "\n".join(parts)
    parts.append(signatures(layer))
    return "\n".join([*parts, *shown(layer, functional(rule, operated(kind, rule)))])


def signatures(layer: Layer) -> str:
    """The signatures of a layer, as a list."""
    return "".join(f"- `{it}`\n" for it in dict.fromkeys(layer.signatures))


def operated(kind: str, rule: Rule) -> str:
    """The call of an operation as code, with {} for the inputs after the first."""
    if kind == "ops.get_item":
        return "x[:, 1:, 0]"
    options = dict(rule.example)
    tensors = "x, {}" if rule.shapes[1:] else "x"
    given = [f"[{tensors}]" if kind in ("ops.stack", "ops.concatenate") else tensors]
    if kind == "ops.einsum":
        given.insert(0, repr(options.pop("subscripts")))
    given += [f"{key}={value!r}" for key, value in options.items()]
    return f"keras.ops.{short(kind)}({', '.join(given)})"


@cache
def place(kind: str) -> tuple[str, str] | None:
    """The page of the catalogue that shows and proves a kind, and the place in it; none without a rule."""
    rule = RULES.get(kind)
    if rule is None or example(kind).opaque:
        return None
    if not kind.startswith("ops."):
        return f"layers/{home(rule)}", kind.lower()
    like = sameness(rule, example(kind))
    drawn = next(
        it for it in RULES if it.startswith("ops.") and sameness(RULES[it], example(it)) == like
    )
    return f"layers/{home(rule)}", anchor(drawn)


def entry(kind: str, rule: Rule) -> str:
    """One layer: what it does, and its example, drawn and proved."""
    layer = example(kind)
    parts = [f"## {kind}\n\n{summary(rule)}\n"]
    if layer.opaque:
        parts.append(f"What its cells read is not drawn: {layer.opaque}.\n")
    elif "Cell" in kind:
        return "\n".join(
            [*parts, *shown(layer, functional(rule, f"{made(kind, rule)}(x, [{{}}])"))]
        )
    shapes = [shape[1:] for shape in rule.shapes]
    if kind not in arguments() or rule.options or not shapes:
        config = ", ".join(f"{key!r}: {it!r}" for key, it in rule.example.items())
        given = "".join(f", {shape}" for shape in rule.shapes)
        given += "".join(f", {key}={it!r}" for key, it in rule.options.items())
        code = f"layer = call({kind!r}, {{{config}}}{given})\nds.draw(layer, cell={last(layer)})"
        return "\n".join([*parts, cell(f"from dense_shapes.rules import call\n\n{code}")])
    given = str(shapes[0] if len(shapes) == 1 else shapes)
    columns = '["input", "output", "params", "formula", "signature"]'
    parts.append(
        cell(
            f"layer = {made(kind, rule)}\ntrace = ds.trace(layer, input_shape={given})\n"
            f"ds.summary(trace, columns={columns})"
        )
    )
    if layer.opaque:
        return "\n".join([*parts, cell("ds.draw(trace[0])")])
    parts.append(cell(f"ds.draw(trace[0], cell={last(layer)})"))
    parts.append(cell(f"ds.verify(layer, input_shape={given})"))
    return "\n".join(parts)


def made(kind: str, rule: Rule) -> str:
    """The layer of Keras as code."""
    return f"keras.layers.{EXPORTED.get(kind, kind)}({written(rule.example)})"


def last(layer: Layer) -> tuple[int, ...]:
    """The last cell of the output, which is lit."""
    return tuple((size or 1) - 1 for size in layer.outputs[0].shape[1:])


def functional(rule: Rule, call: str) -> str:
    """A functional model of one call as code; {} in the call stands for the inputs after the first."""
    tensors = "xyz"[: len(rule.shapes)]
    inputs = ", ".join(f"keras.Input({shape[1:]})" for shape in rule.shapes)
    given = tensors if len(tensors) == 1 else f"[{', '.join(tensors)}]"
    outputs = call.replace("{}", ", ".join(tensors[1:]))
    return f"{', '.join(tensors)} = {inputs}\nmodel = keras.Model({given}, {outputs})"


def shown(layer: Layer, code: str) -> list[str]:
    """The cells that draw and prove the last layer of the model that this code makes."""
    drawn = f"{code}\nds.draw(ds.trace(model)[-1], cell={last(layer)})"
    return [cell(drawn), cell("ds.verify(model)")]


@cache
def example(kind: str) -> Layer:
    """The layer of the example of a rule."""
    rule = RULES[kind]
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


def cell(code: str) -> str:
    """A cell that is run when the site is built."""
    return f"```{{code-cell}} ipython3\n{code}\n```\n"


def coverage() -> str:
    """The page that lists every layer of Keras, and what is known of it."""
    kinds = list(arguments())
    full = [kind for kind in kinds if kind in RULES and not example(kind).opaque]
    ruled = [kind for kind in kinds if kind in RULES]
    rows = "\n".join(f"| {kind} | {said} |" for kind, said in map(status, sorted(kinds)))
    pages = "\n".join(family.__name__.rpartition(".")[2] for family in FAMILIES)
    return f"""\
# The layers: catalogue and gallery

Each page below shows its layers one by one: what a layer does, an example with its shapes and
parameters, the picture with one output cell lit, and the proof.

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
    layer = example(kind)
    name = home(RULES[kind])
    link = f"[{kind}]({name}.md#{kind.lower()})"
    if layer.opaque:
        return link, f"shapes and weights: {layer.opaque}"
    return link, "everything"


def setup(app: Any) -> dict[str, bool]:
    """Let Sphinx write the catalogue before it reads the pages."""
    app.connect("config-inited", lambda *_: write())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
