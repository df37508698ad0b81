"""Families of recipes, by which the pages of results are ordered.

A recipe belongs to a family by its name's first word: `detect_yolov1` to objects in pictures. A
recipe whose first word stands nowhere here is a family of its own, so that a new recipe touches no
other file.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """Recipes that solve tasks of one kind.

    Attributes:
        name: The name of its page, `docs/recipes/NAME.md`, and of its part of `docs/results.md`.
        title: What tables call it.
        words: First words of its recipes' names, in the order in which they are listed.
    """

    name: str
    title: str
    words: tuple[str, ...]


FAMILIES = (
    Family("pictures", "Pictures", ("image",)),
    Family("objects", "Objects in pictures", ("detect", "localize")),
    Family("segmentation", "Segmentation", ("segment",)),
    Family("pose", "Poses", ("pose",)),
    Family("video", "Video", ("video",)),
    Family("speech", "Speech", ("keywords", "speech")),
    Family("series", "Time series", ("forecast",)),
    Family("graphs", "Graphs", ("graph",)),
    Family("text", "Text", ("text", "sentiment", "summarize")),
    Family("translation", "Translation", ("translate",)),
    Family("words", "Word vectors", ("words",)),
)


def by_family(recipes: Iterable[str]) -> dict[Family, list[str]]:
    """Return family -> its recipes, in the order of `FAMILIES`; families of their own come last."""
    known = {word: family for family in FAMILIES for word in family.words}
    grouped: dict[Family, list[str]] = {family: [] for family in FAMILIES}
    for recipe in sorted(recipes):
        word = recipe.partition("_")[0]
        grouped.setdefault(known.get(word, Family(word, word, (word,))), []).append(recipe)
    return {
        family: sorted(names, key=lambda name: family.words.index(name.partition("_")[0]))
        for family, names in grouped.items()
        if names
    }
