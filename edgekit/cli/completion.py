"""What a shell offers when Tab is pressed: names, found without importing what they name."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable

from edgekit.core import registry
from edgekit.core.registry import KINDS

WIDEST = 70
"""Typer breaks what is said of a word into lines at 80 columns, which zsh cannot read."""

Offers = list[tuple[str, str]]
"""Words to choose from, each with what some shells show beside it."""


def things(*kinds: str) -> Callable[[str], Offers]:
    """Return what offers the names of some kinds, such as `"recipes"`."""
    return lambda incomplete: _beginning(
        incomplete, (item for kind in kinds for item in registry.summaries(kind).items())
    )


def kinds(incomplete: str) -> Offers:
    """Offer the kinds of `edgekit list`."""
    return _beginning(incomplete, ((kind, "") for kind in KINDS))


def sizes(incomplete: str) -> Offers:
    """Offer the sizes of a build."""
    return _beginning(incomplete, (("tiny", "seconds"), ("full", "minutes to hours")))


def precisions(incomplete: str) -> Offers:
    """Offer the precisions of a file."""
    from edgekit.core.variant import PRECISIONS

    return _beginning(incomplete, ((name, "") for name in PRECISIONS))


def variants(incomplete: str) -> Offers:
    """Offer each precision, alone and after each optimization."""
    from edgekit.core.variant import PRECISIONS

    before = ["", *(f"{name}-" for name in registry.names("optimizations"))]
    return _beginning(incomplete, ((f"{each}{name}", "") for each in before for name in PRECISIONS))


def data_sets(incomplete: str) -> Offers:
    """Offer the public data sets."""
    from edgekit.verbs.data import data_list

    return _beginning(incomplete, ((each.name, each.what) for each in data_list()))


def _beginning(incomplete: str, offers: Iterable[tuple[str, str]]) -> Offers:
    found = {name: about for name, about in offers if name.startswith(incomplete)}
    return [
        (name, textwrap.shorten(about, WIDEST, placeholder=" ...")) for name, about in found.items()
    ]
