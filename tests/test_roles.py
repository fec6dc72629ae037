"""The pens of the roles: readable on light and dark pages, in grey, and by colour-blind readers."""

from __future__ import annotations

from itertools import combinations
from math import dist
from typing import TypeAlias

import pytest

from dense_shapes.drawing.roles import MIX, NAMES, PENS, Pen, pen_rules
from dense_shapes.drawing.theme import STYLE
from dense_shapes.signature import Role

Colour: TypeAlias = tuple[float, float, float]

PAGES = [
    ("#ffffff", "#1b1f24"),
    ("#ffffff", "#000000"),
    ("#f8f9fb", "#24292f"),
    ("#0d1117", "#e6edf3"),
    ("#131416", "#cfd0d0"),
    ("#000000", "#ffffff"),
]
"""The colours of pages and of the text on them: light ones, and dark ones."""

BLINDNESS: dict[str, tuple[Colour, Colour, Colour]] = {
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
}
"""What is left of a colour, in linear light. Source: Machado, Oliveira and Fernandes, 2009, severity 1."""


def parsed(text: str) -> Colour:
    """A colour as numbers from 0 to 1."""
    red, green, blue = (int(text[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


def mixed(pen: Pen, ink: str) -> Colour:
    """The colour of a pen on a page with this colour of text, as `color-mix(in srgb, ...)` has it."""
    if not pen.colour:
        return parsed(ink)
    pairs = zip(parsed(pen.colour), parsed(ink), strict=True)
    red, green, blue = (MIX * one + (1 - MIX) * other for one, other in pairs)
    return red, green, blue


def linear(colour: Colour) -> Colour:
    """A colour in linear light."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour)
    return red, green, blue


def luminance(colour: Colour) -> float:
    """The relative luminance. Source: WCAG 2.2."""
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of two colours. Source: WCAG 2.2."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def seen(colour: Colour, matrix: tuple[Colour, Colour, Colour]) -> Colour:
    """What a colour-blind reader sees of a colour, in linear light."""
    light = linear(colour)
    red, green, blue = (sum(a * b for a, b in zip(row, light, strict=True)) for row in matrix)
    return red, green, blue


def lab(light: Colour) -> Colour:
    """A colour of linear light in Oklab, in which distances are those that are seen."""
    red, green, blue = light
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def distance(one: Colour, other: Colour) -> float:
    """How far two colours of linear light are apart, as the eye sees them."""
    return dist(lab(one), lab(other))


def test_a_known_contrast() -> None:
    assert contrast(parsed("#000000"), parsed("#ffffff")) == pytest.approx(21)
    assert contrast(parsed("#777777"), parsed("#ffffff")) == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize(("page", "ink"), PAGES)
@pytest.mark.parametrize("name", PENS)
def test_words_of_a_role_have_enough_contrast(name: str, page: str, ink: str) -> None:
    pen = PENS[name]  # type: ignore[index]
    assert contrast(mixed(pen, ink), parsed(page)) >= 4.5  # WCAG 2.2, level AA


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize(("page", "ink"), PAGES)
def test_colour_blind_readers_tell_the_colours_apart(kind: str, page: str, ink: str) -> None:
    colours = {pen.colour: mixed(pen, ink) for pen in PENS.values() if pen.colour}
    for one, other in combinations(colours.values(), 2):
        assert distance(seen(one, BLINDNESS[kind]), seen(other, BLINDNESS[kind])) > 0.02
        assert distance(linear(one), linear(other)) > 0.05


def test_without_colour_no_two_lines_are_the_same() -> None:
    patterns = [(pen.dashes, pen.width) for pen in PENS.values()]
    assert len(set(patterns)) == len(patterns)


def test_every_role_has_a_pen_and_a_property_of_its_own() -> None:
    assert set(NAMES) == set(Role)
    assert sorted(NAMES.values()) == sorted(PENS)
    assert all(rule in STYLE for rule in pen_rules())
    for name, pen in PENS.items():
        assert not pen.colour or f"var(--ds-{name},{pen.colour})" in STYLE
