"""What may be tried: which optimizations with which options, and which precisions.

Every optimization says itself which values of its options are worth trying, and what it keeps of
what others did before it, so that a new one is searched as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from edgekit.building.optimizing import chains
from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.variant import CALIBRATED, PRECISIONS, Option, Precision, Variant

if TYPE_CHECKING:
    from optuna.trial import Trial

NONE = "none"
"""The way that only converts."""

LONGEST = 3
"""Optimizations that are tried one after another, at most: pruning, clustering and rounding."""

UNROLLED = "unrolled"
"""The way that converts recurrent layers step by step, as `edgekit convert --recurrent fast`."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to change a model before it is converted.

    Attributes:
        optimizations: Names, in the order in which they are applied; () to convert only.
        precisions: That they go with, on the target.
        values: Optimization and option -> the values that are worth trying.
    """

    optimizations: tuple[str, ...]
    precisions: tuple[Precision, ...]
    values: Mapping[tuple[str, str], tuple[float, ...]]

    @property
    def name(self) -> str:
        """The optimizations as text; `NONE` for none."""
        return "-".join(self.optimizations) or NONE

    def parameter(self, optimization: str, option: str) -> str:
        """Return what Optuna calls an option; each way has its own."""
        return f"{self.name}: {optimization}.{option}"


def ways_for(recipe: Recipe, precisions: tuple[Precision, ...]) -> list[Way]:
    """Return all ways to make files of a recipe that a target takes.

    Args:
        recipe: Without a loss it cannot be retrained, and is converted only.
        precisions: Of the target.
    """
    # What a recipe leaves out has a reason: a type that its layers do not go with.
    own = {Variant.parse(text).precision for text in recipe.variants}
    allowed = tuple(p for p in PRECISIONS if p in precisions and p in own)
    ways = [_converting((), allowed)]
    if recipe.loss is not None:
        found = (_way(names, allowed) for names in chains(LONGEST))
        ways += [way for way in found if way.precisions]
    return ways


def _way(names: tuple[str, ...], allowed: tuple[Precision, ...]) -> Way:
    optimizations = {name: registry.get("optimizations", name) for name in names}
    values: dict[tuple[str, str], tuple[float, ...]] = {}
    for name, each in optimizations.items():
        worth = each.worth_trying if len(names) == 1 else each.worth_combining
        for option, default in each.options.items():
            values[name, option] = tuple(worth.get(option, (default,)))
    fitting = (p for p in allowed if all(p in each.precisions for each in optimizations.values()))
    return Way(optimizations=names, precisions=tuple(fitting), values=values)


def ways_to_convert(
    precisions: tuple[Precision, ...], *, calibrated: bool, has_recurrent: bool
) -> list[Way]:
    """Return all ways to make files of a model that is there: those that need no training.

    Args:
        precisions: Of the target.
        calibrated: Whether there are examples, which some precisions need.
        has_recurrent: Whether the form of the model's recurrent layers can be chosen.
    """
    allowed = tuple(
        p for p in PRECISIONS if p in precisions and (calibrated or p not in CALIBRATED)
    )
    forms: list[tuple[str, ...]] = [(), (UNROLLED,)] if has_recurrent else [()]
    return [_converting(form, allowed) for form in forms if allowed]


def _converting(form: tuple[str, ...], precisions: tuple[Precision, ...]) -> Way:
    """Return a way that trains nothing."""
    return Way(optimizations=form, precisions=precisions, values={})


def usual(recipe: Recipe, ways: list[Way]) -> list[Variant]:
    """Return the recipe's own variants that are among the ways, those that only convert first."""
    variants = [Variant.parse(text) for text in recipe.variants]
    there = {(way.optimizations, precision) for way in ways for precision in way.precisions}
    fitting = [v for v in variants if (v.optimizations, v.precision) in there]
    return sorted(fitting, key=lambda variant: bool(variant.optimizations))


def every(ways: list[Way]) -> Iterator[Variant]:
    """Give every variant of the space."""
    for way in ways:
        for values in product(*way.values.values()):
            options = dict(zip(way.values, values, strict=True))
            for precision in way.precisions:
                yield _variant(way, options, precision)


def suggested(trial: Trial, ways: list[Way]) -> Variant:
    """Return the variant that a trial of Optuna's is to try."""
    names = [way.name for way in ways]
    way = ways[names.index(trial.suggest_categorical("way", names))]
    options = {
        key: trial.suggest_categorical(way.parameter(*key), values)
        for key, values in way.values.items()
    }
    precision = trial.suggest_categorical(f"{way.name}.precision", way.precisions)
    return _variant(way, options, precision)


def parameters(variant: Variant, ways: list[Way]) -> dict[str, Any]:
    """Return what Optuna has to suggest for a variant; {} if it is not among the ways."""
    way = next((way for way in ways if way.optimizations == variant.optimizations), None)
    if way is None:
        return {}
    told = {(o.optimization, o.name): o.value for o in variant.options}
    chosen = {key: told.get(key, _default(*key)) for key in way.values}
    if any(value not in way.values[key] for key, value in chosen.items()):
        return {}
    options = {way.parameter(*key): value for key, value in chosen.items()}
    return {"way": way.name, **options, f"{way.name}.precision": variant.precision}


def _default(optimization: str, option: str) -> float:
    return registry.get("optimizations", optimization).options[option]


def _variant(way: Way, options: Mapping[tuple[str, str], float], precision: str) -> Variant:
    """Return a variant that tells only what is not as it is by default."""
    told = tuple(
        Option(*key, float(value)) for key, value in options.items() if value != _default(*key)
    )
    return Variant(
        precision=cast(Precision, precision), optimizations=way.optimizations, options=told
    )
