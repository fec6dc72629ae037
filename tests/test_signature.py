"""The notation of signatures: read, written, refused; and the role of each axis."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dense_shapes.axes import Axis, Merge, One, Pattern, Rest, Sum, Term
from dense_shapes.errors import NotationError
from dense_shapes.signature import Role, Signature, write_pattern
from tests.profiles import examples

NAMES = ("b", "h", "w", "c", "h'", "w'", "kh", "in", "out", "axis1", "_", "é", "long_name'")
WEIGHTS = ("kernel", "bias", "gamma")


@st.composite
def patterns(draw: st.DrawFn, rest: bool = True) -> Pattern:
    """A pattern in which no axis stands twice: axes, brackets, ones, and perhaps `...`."""
    axes = draw(st.lists(st.sampled_from(NAMES).map(Axis), unique=True, max_size=7))
    terms: list[Term] = []
    while axes:
        count = draw(st.integers(0, min(3, len(axes))))
        bracket = Sum if count > 1 and draw(st.booleans()) else Merge
        terms.append(bracket(tuple(axes[:count])) if count else axes[0])
        del axes[: count or 1]
    others: list[Term] = draw(st.lists(st.just(One()), max_size=2))
    if rest and draw(st.booleans()):
        others = [*others, Rest()]
    for term in others:
        terms.insert(draw(st.integers(0, len(terms))), term)
    return tuple(terms)


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    """A signature as the notation allows it."""
    inputs = tuple(draw(st.lists(patterns(), min_size=1, max_size=3)))
    output = draw(patterns(rest=any(Rest() in pattern for pattern in inputs)))
    return Signature(inputs, output, draw(st.dictionaries(st.sampled_from(WEIGHTS), patterns())))


@given(signatures())
def test_reading_what_was_written_gives_the_signature_back(signature: Signature) -> None:
    weights = {name: write_pattern(pattern) for name, pattern in signature.weights.items()}
    assert Signature.read(signature.write(), **weights) == signature


@given(signatures(), st.text(" \t\n", max_size=3))
def test_space_between_the_pieces_does_not_matter(signature: Signature, space: str) -> None:
    text = signature.write()
    for piece in ("->", ",", "(", ")", "+", "..."):
        text = text.replace(piece, f"{space}{piece}{space}")
    assert Signature.read(text).write() == signature.write()


def test_a_signature_is_written_with_single_spaces() -> None:
    assert Signature.read(" b  h w c->b   (h w)c ").write() == "b h w c -> b (h w) c"
    assert Signature.read("b t p,b t q->b t").write() == "b t p, b t q -> b t"


def test_what_is_read_is_named_term_by_term() -> None:
    signature = Signature.read("... 1 (g c), b -> ... h'", kernel="kh (g f)")
    assert signature.inputs == (
        (Rest(), One(), Merge((Axis("g"), Axis("c")))),
        (Axis("b"),),
    )
    assert signature.output == (Rest(), Axis("h'"))
    assert signature.weights == {"kernel": (Axis("kh"), Merge((Axis("g"), Axis("f"))))}
    assert signature.operand(1) == signature.inputs[1]
    assert signature.operand("output") == signature.output
    assert signature.operand("kernel") == signature.weights["kernel"]


# Each case: the text, the message, and below the text the caret as it must stand.
REFUSED = [
    (
        "b (h w -> b",
        "'(' is never closed",
        "  ^",
    ),
    (
        "b h) w -> b",
        "')' is not expected here",
        "   ^",
    ),
    (
        "b h w c - b h w",
        "'-' is not part of the notation",
        "        ^",
    ),
    (
        "b 12 -> b",
        "'1' is not part of the notation",
        "  ^",
    ),
    (
        "b h'' -> b",
        '"\'" is not part of the notation',
        "    ^",
    ),
    (
        "b h w",
        "expected one '->', found 0",
        "     ^",
    ),
    (
        "b -> h -> w",
        "expected one '->', found 2",
        "       ^^",
    ),
    (
        "b rows rows -> b",
        "axis 'rows' stands twice in one pattern",
        "       ^^^^",
    ),
    (
        "b (h w h) -> b",
        "axis 'h' stands twice in one pattern",
        "       ^",
    ),
    (
        "... c ... -> c",
        "axis '...' stands twice in one pattern",
        "      ^^^",
    ),
    (
        "b c -> b ... c",
        "'...' stands on the right only",
        "         ^^^",
    ),
    (
        "b (h (w c)) -> b",
        "'(' is not expected here",
        "     ^",
    ),
    (
        "b () -> b",
        "')' is not expected here",
        "   ^",
    ),
    (
        "b (h ...) -> b",
        "'...' is not expected here",
        "     ^^^",
    ),
    (
        "b (h 1) -> b",
        "'1' is not expected in a bracket",
        "     ^",
    ),
    (
        "b (h, w) -> b",
        "'(' is never closed",
        "  ^",
    ),
    (
        "b c -> b, c",
        "',' is not expected here",
        "        ^",
    ),
    (
        "b -> b (+ p)",
        "'+' is not expected here",
        "        ^",
    ),
    (
        "b -> b (p +)",
        "')' is not expected here",
        "           ^",
    ),
    (
        "b -> b (p + + q)",
        "'+' is not expected here",
        "            ^",
    ),
    (
        "b -> b (p q + r)",
        "'+' is not expected here",
        "            ^",
    ),
    (
        "b -> b (p + q r)",
        "expected '+' or ')'",
        "              ^",
    ),
    (
        "b -> b (p + q",
        "'(' is never closed",
        "       ^",
    ),
    (
        "b -> b (p + p)",
        "axis 'p' stands twice in one pattern",
        "            ^",
    ),
    (
        "b -> b (p + 1)",
        "'1' is not expected in a bracket",
        "            ^",
    ),
    (
        "b -> b (p + ...)",
        "'...' is not expected here",
        "            ^^^",
    ),
    (
        "b p + q -> b",
        "'+' is not expected here",
        "    ^",
    ),
]


@pytest.mark.parametrize(("text", "message", "caret"), REFUSED)
def test_what_cannot_be_read_is_shown_with_a_caret(text: str, message: str, caret: str) -> None:
    with pytest.raises(NotationError) as caught:
        Signature.read(text)
    assert str(caught.value) == f"{message}\n    {text}\n    {caret}"
    assert caught.value.source == text
    assert caught.value.span[0] == caret.index("^")


def test_the_span_is_the_half_open_range_of_the_fault() -> None:
    with pytest.raises(NotationError) as caught:
        Signature.read("b rows rows -> b")
    start, stop = caught.value.span
    assert (start, caught.value.source[start:stop]) == (7, "rows")


def test_a_missing_arrow_is_shown_at_the_end() -> None:
    with pytest.raises(NotationError) as caught:
        Signature.read("b h w")
    assert caught.value.span == (5, 5)


@pytest.mark.parametrize(
    ("pattern", "message", "caret"),
    [
        ("in, out", "',' is not expected here", "  ^"),
        ("in -> out", "'->' is not expected here", "   ^^"),
        ("in (out", "'(' is never closed", "   ^"),
        ("in in", "axis 'in' stands twice in one pattern", "   ^^"),
        ("in out!", "'!' is not part of the notation", "      ^"),
    ],
)
def test_the_pattern_of_a_weight_is_refused_in_its_own_text(
    pattern: str, message: str, caret: str
) -> None:
    with pytest.raises(NotationError) as caught:
        Signature.read("... in -> ... out", kernel=pattern)
    assert str(caught.value) == f"{message}\n    {pattern}\n    {caret}"
    assert caught.value.source == pattern


def outcome(text: str, pattern: str) -> Signature | NotationError:
    """What reading gives; any other error is let through."""
    try:
        return Signature.read(text, kernel=pattern)
    except NotationError as error:
        return error


@settings(max_examples=examples(400))
@given(st.text("bh1'.(),+-> _é2\n"), st.text("bh1'.(),+-> "))
@example("...", "")
@example("->", "1")
def test_any_text_is_read_or_refused_with_a_notation_error(text: str, pattern: str) -> None:
    match outcome(text, pattern):
        case NotationError(source=source, span=(start, stop)):
            assert source in (text, pattern)
            assert 0 <= start <= stop <= len(source)
        case Signature() as signature:
            assert Signature.read(signature.write()).write() == signature.write()


KEPT, CONTRACTED, CREATED = Role.KEPT, Role.CONTRACTED, Role.CREATED
MERGED, SPLIT, SLID = Role.MERGED, Role.SPLIT, Role.SLID
JOINED, SPREAD = Role.JOINED, Role.SPREAD

# The table of DESIGN, section 2: what happens to each axis of each operand.
ROLES: dict[str, tuple[Signature, dict[int | str, dict[str, Role]]]] = {
    "Dense": (
        Signature.read("... in -> ... out", kernel="in out", bias="out"),
        {
            0: {"...": KEPT, "in": CONTRACTED},
            "kernel": {"in": CONTRACTED, "out": CREATED},
            "bias": {"out": CREATED},
            "output": {"...": KEPT, "out": CREATED},
        },
    ),
    "Conv2D": (
        Signature.read("b h w c -> b h' w' f", kernel="kh kw c f", bias="f"),
        {
            0: {"b": KEPT, "h": SLID, "w": SLID, "c": CONTRACTED},
            "kernel": {"kh": CONTRACTED, "kw": CONTRACTED, "c": CONTRACTED, "f": CREATED},
            "bias": {"f": CREATED},
            "output": {"b": KEPT, "h'": SLID, "w'": SLID, "f": CREATED},
        },
    ),
    "Conv2D with groups": (
        Signature.read("b h w (g c) -> b h' w' (g f)", kernel="kh kw c (g f)", bias="(g f)"),
        {
            0: {"b": KEPT, "h": SLID, "w": SLID, "g": KEPT, "c": CONTRACTED},
            "kernel": {
                "kh": CONTRACTED,
                "kw": CONTRACTED,
                "c": CONTRACTED,
                "g": KEPT,
                "f": CREATED,
            },
            "bias": {"g": KEPT, "f": CREATED},
            "output": {"b": KEPT, "h'": SLID, "w'": SLID, "g": KEPT, "f": CREATED},
        },
    ),
    "DepthwiseConv2D": (
        Signature.read("b h w c -> b h' w' (c m)", kernel="kh kw c m", bias="(c m)"),
        {
            0: {"b": KEPT, "h": SLID, "w": SLID, "c": MERGED},
            "output": {"b": KEPT, "h'": SLID, "w'": SLID, "c": MERGED, "m": CREATED},
        },
    ),
    "GlobalAveragePooling2D": (
        Signature.read("b h w c -> b c"),
        {
            0: {"b": KEPT, "h": CONTRACTED, "w": CONTRACTED, "c": KEPT},
            "output": {"b": KEPT, "c": KEPT},
        },
    ),
    "Flatten": (
        Signature.read("b h w c -> b (h w c)"),
        {
            0: {"b": KEPT, "h": MERGED, "w": MERGED, "c": MERGED},
            "output": {"b": KEPT, "h": MERGED, "w": MERGED, "c": MERGED},
        },
    ),
    "Reshape that splits": (
        Signature.read("b (p q) -> b p q"),
        {0: {"b": KEPT, "p": SPLIT, "q": SPLIT}, "output": {"b": KEPT, "p": SPLIT, "q": SPLIT}},
    ),
    "Embedding": (
        Signature.read("b t -> b t vector", kernel="word vector"),
        {
            0: {"b": KEPT, "t": KEPT},
            "kernel": {"word": CONTRACTED, "vector": CREATED},
            "output": {"b": KEPT, "t": KEPT, "vector": CREATED},
        },
    ),
    "attention scores": (
        Signature.read("b t head d, b s head d -> b head t s"),
        {
            0: {"b": KEPT, "t": KEPT, "head": KEPT, "d": CONTRACTED},
            1: {"b": KEPT, "s": KEPT, "head": KEPT, "d": CONTRACTED},
            "output": {"b": KEPT, "head": KEPT, "t": KEPT, "s": KEPT},
        },
    ),
    "Concatenate": (
        Signature.read("b t p, b t q -> b t (p + q)"),
        {
            0: {"b": KEPT, "t": KEPT, "p": JOINED},
            1: {"b": KEPT, "t": KEPT, "q": JOINED},
            "output": {"b": KEPT, "t": KEPT, "p": JOINED, "q": JOINED},
        },
    ),
    "Conv1DTranspose": (
        Signature.read("b t' c -> b t f", kernel="kt f c", bias="f"),
        {
            0: {"b": KEPT, "t'": SPREAD, "c": CONTRACTED},
            "kernel": {"kt": CONTRACTED, "f": CREATED, "c": CONTRACTED},
            "bias": {"f": CREATED},
            "output": {"b": KEPT, "t": SPREAD, "f": CREATED},
        },
    ),
    "LSTM": (
        Signature.read("b t in -> b t' unit", kernel="in (gate unit)", bias="(gate unit)"),
        {
            0: {"b": KEPT, "t": SLID, "in": CONTRACTED},
            "kernel": {"in": CONTRACTED, "gate": CONTRACTED, "unit": CREATED},
            "output": {"b": KEPT, "t'": SLID, "unit": CREATED},
        },
    ),
    "RepeatVector": (
        Signature.read("b c -> b n c"),
        {0: {"b": KEPT, "c": KEPT}, "output": {"b": KEPT, "n": CREATED, "c": KEPT}},
    ),
    "sum over the rest": (
        Signature.read("b ... -> b"),
        {0: {"b": KEPT, "...": CONTRACTED}, "output": {"b": KEPT}},
    ),
}


@pytest.mark.parametrize("layer", ROLES)
def test_the_role_of_each_axis_as_seen_from_each_operand(layer: str) -> None:
    signature, expected = ROLES[layer]
    assert {operand: signature.roles(operand) for operand in expected} == expected


def test_an_axis_is_slid_over_also_where_its_places_are_merged() -> None:
    signature = Signature.read("b h w -> b (h' w')", kernel="kh kw")
    assert signature.roles(0) == {"b": KEPT, "h": SLID, "w": SLID}
    assert signature.roles("output") == {"b": KEPT, "h'": SLID, "w'": SLID}
