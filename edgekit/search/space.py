"""What may be tried: which optimizations with which options, and which precisions.

Every optimization says itself which values of its options are worth trying, so that a new one is
searched as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any, cast

from edgekit.core import registry
from edgekit.core.recipe import Recipe
from edgekit.core.variant import PRECISIONS, Option, Precision, Variant

if TYPE_CHECKING:
    from optuna.trial import Trial

NONE = "none"
"""The way that only converts."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to change a model before it is converted.

    Attributes:
        name: Of the optimization; `NONE` for none.
        precisions: That it goes with, on the target.
        values: Option -> the values that are worth trying.
    """

    name: str
    precisions: tuple[Precision, ...]
    values: Mapping[str, tuple[float, ...]]


def ways_for(recipe: Recipe, precisions: tuple[Precision, ...]) -> list[Way]:
    """Return all ways to make files of a recipe that a target takes.

    Args:
        recipe: Without a loss it cannot be retrained, and is converted only.
        precisions: Of the target.
    """
    # What a recipe leaves out has a reason: a type that its layers do not go with.
    own = {Variant.parse(text).precision for text in recipe.variants}
    allowed = tuple(p for p in PRECISIONS if p in precisions and p in own)
    ways = [Way(name=NONE, precisions=allowed, values={})]
    if recipe.loss is not None:
        for name in registry.names("optimizations"):
            optimization = registry.get("optimizations", name)
            fitting = tuple(p for p in allowed if p in optimization.precisions)
            if fitting:
                values = {
                    option: tuple(optimization.worth_trying.get(option, (default,)))
                    for option, default in optimization.options.items()
                }
                ways.append(Way(name=name, precisions=fitting, values=values))
    return ways


def usual(recipe: Recipe, ways: list[Way]) -> list[Variant]:
    """Return the recipe's own variants that are among the ways, those that only convert first."""
    variants = [Variant.parse(text) for text in recipe.variants]
    there = {(way.name, precision) for way in ways for precision in way.precisions}
    fitting = [v for v in variants if (_way_of(v), v.precision) in there]
    return sorted(fitting, key=lambda variant: bool(variant.optimizations))


def every(ways: list[Way]) -> Iterator[Variant]:
    """Give every variant of the space."""
    for way in ways:
        for values in product(*way.values.values()):
            options = dict(zip(way.values, values, strict=True))
            for precision in way.precisions:
                yield _variant(way.name, options, precision)


def suggested(trial: Trial, ways: list[Way]) -> Variant:
    """Return the variant that a trial of Optuna's is to try."""
    names = [way.name for way in ways]
    name = trial.suggest_categorical("way", names)
    way = ways[names.index(name)]
    options = {
        option: trial.suggest_categorical(f"{name}.{option}", values)
        for option, values in way.values.items()
    }
    precision = trial.suggest_categorical(f"{name}.precision", way.precisions)
    return _variant(name, options, precision)


def parameters(variant: Variant, ways: list[Way]) -> dict[str, Any]:
    """Return what Optuna has to suggest for a variant; {} if it is not among the ways."""
    name = _way_of(variant)
    way = next((way for way in ways if way.name == name), None)
    if way is None:
        return {}
    told = {**_defaults(name), **(variant.options_of(name) if name != NONE else {})}
    options = {f"{name}.{option}": told[option] for option in way.values}
    if any(told[option] not in values for option, values in way.values.items()):
        return {}
    return {"way": name, **options, f"{name}.precision": variant.precision}


def _defaults(name: str) -> Mapping[str, float]:
    return {} if name == NONE else registry.get("optimizations", name).options


def _way_of(variant: Variant) -> str:
    return "-".join(variant.optimizations) or NONE


def _variant(name: str, options: Mapping[str, float], precision: str) -> Variant:
    """Return a variant that tells only what is not as it is by default."""
    told = tuple(
        Option(name, option, float(value))
        for option, value in options.items()
        if value != _defaults(name)[option]
    )
    return Variant(
        precision=cast(Precision, precision),
        optimizations=() if name == NONE else (name,),
        options=told,
    )
