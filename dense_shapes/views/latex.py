r"""LaTeX, for a paper: a plain `tabular` that needs no package."""

from __future__ import annotations

import re
from typing import assert_never

from dense_shapes.drawing.scene import Scene
from dense_shapes.tables import Table, written
from dense_shapes.words import Prose

SPECIAL = {
    **{sign: f"\\{sign}" for sign in "{}$&#%_"},
    **{sign: f"{{{sign}}}" for sign in "[]*"},  # after \\ they would be its arguments
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\char34{}",
    "×": r"$\times$",
    "→": r"$\rightarrow$",
    "…": r"\dots{}",
    "⋮": r"$\vdots$",
    "—": r"\textemdash{}",
    "–": r"\textendash{}",
}
"""How each sign is written that LaTeX would act upon, or that not every font has."""

TOKEN = re.compile(r"(([-'`,])(?=\2)|[?!](?=`))|(.)")
"""A sign that would melt together with the one after it (`--` is a dash), or any other."""


def latex(content: Table | Scene | Prose) -> str:
    r"""A `tabular` with its title above and its notes below, a list, or of a picture its description.

    It may stand anywhere in the body of a document. Letters outside ASCII are left as they are.

    >>> print(latex(Prose("A title", ("50% of a_b.",))))
    \textbf{A title}
    \begin{itemize}
      \item 50\% of a\_b.
    \end{itemize}
    """
    match content:
        case Table():
            return table(content)
        case Scene():
            parts = [f"\\textbf{{{escaped(content.title)}}}", escaped(content.description)]
            return "\n\n".join([*parts, *([escaped(content.caption)] if content.caption else [])])
        case Prose():
            items = "".join(f"\n  \\item {escaped(line)}" for line in content.lines)
            whole = f"\n\\begin{{itemize}}{items}\n\\end{{itemize}}" if items else ""
            return f"\\textbf{{{escaped(content.title)}}}{whole}"
        case _ as never:
            assert_never(never)


def table(content: Table) -> str:
    """A tabular between its title and its notes."""
    sides = "".join("r" if column.align == "right" else "l" for column in content.columns)
    lines = [" & ".join(escaped(column.title) for column in content.columns)]
    for row in content.rows:
        first, *rest = (escaped(written(entry)) for entry in row.entries)
        lines.append(" & ".join(["\\quad " * row.depth + first, *rest]))
    head, *body = (f"{line} \\\\" for line in lines)
    notes = " \\\\\n".join(map(escaped, content.notes))
    whole = [
        *(f"\\textbf{{{escaped(content.title)}}}", "", "\\noindent"),
        *(f"\\begin{{tabular}}{{{sides}}}", "\\hline", head, "\\hline", *body, "\\hline"),
        *("\\end{tabular}", *(["", f"\\noindent\n{notes}"] if notes else [])),
    ]
    return "\n".join(whole)


def escaped(text: str) -> str:
    r"""Text in which nothing is a command of LaTeX.

    >>> print(escaped(r"a_b \input{x} -- 2 × 3"))
    a\_b \textbackslash{}input\{x\} -{}- 2 $\times$ 3
    """

    def write(found: re.Match[str]) -> str:
        return f"{found[1]}{{}}" if found[1] else SPECIAL.get(found[3], found[3])

    return TOKEN.sub(write, " ".join(text.split()))
