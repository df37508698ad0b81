"""What may be tried: which optimizations with which options, and which precisions.

Every optimization says itself which values of its options are worth trying, and what it keeps of
what others did before it, so that a new one is searched as soon as it is there. Which options of
precisions are worth trying is said here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

from edgekit.building.optimizing import chains
from edgekit.conversion import int4_weights
from edgekit.core import registry
from edgekit.core.kinds import Optimization
from edgekit.core.recipe import Recipe
from edgekit.core.variant import (
    AS_USUAL,
    CALIBRATED,
    PRECISIONS,
    Option,
    Precision,
    Variant,
    parse_precision,
)

if TYPE_CHECKING:
    from optuna.trial import Trial

NONE = "none"
"""The way that only converts."""

WORTH_TELLING: Mapping[str, tuple[str, ...]] = {
    "dynamic_int8": ("weight_bits=4", "weight_bits=4,block=32"),
    "int8": (
        "mse=1",
        "percentile=99.9",
        "percentile=99.99",
        "float_layers=1",
        "float_layers=3",
        "per_tensor=1",
    ),
}
"""Precision -> options that `edgekit optimize` tries."""

CHEAP = ("dynamic_int8,weight_bits=4", "int8,mse=1", "int8,percentile=99.9")
"""Of these, what is tried before anything is retrained: it takes seconds."""

AFTER_OTHERS = ("dynamic_int8,weight_bits=4",)
"""Of these, what is tried after an optimization too: it halves the bytes once more. The others save
a little of a drop, and each would multiply the ways that take minutes."""

COMBINED = "pruned-clustered-qat-int8"
"""What is tried after the usual variants, before others are guessed at: the smallest of what was
measured within its limits on several recipes, and far from where guessing begins."""

LONGEST = 4
"""Optimizations that are tried one after another, at most: a narrower network, pruning, clustering
and quantization-aware training."""

UNROLLED = "unrolled"
"""The way that converts recurrent layers step by step, as `edgekit convert --recurrent fast`."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """A way to change a model before it is converted.

    Attributes:
        optimizations: Names, in the order in which they are applied; () to convert only.
        precisions: That they go with, on the target, some with options: `int8,mse=1`.
        values: Optimization and option -> the values that are worth trying.
    """

    optimizations: tuple[str, ...]
    precisions: tuple[str, ...]
    values: Mapping[tuple[str, str], tuple[float, ...]]

    @property
    def name(self) -> str:
        """The optimizations as text; `NONE` for none."""
        return "-".join(self.optimizations) or NONE

    def parameter(self, optimization: str, option: str) -> str:
        """Return what Optuna calls an option; each way has its own."""
        return f"{self.name}: {optimization}.{option}"


def with_options(
    precisions: Sequence[Precision], weight_bits: Sequence[int] = (8,)
) -> tuple[str, ...]:
    """Return precisions, and each with the options that are worth trying on a target.

    Args:
        precisions: That the target takes.
        weight_bits: Of weights that it has kernels for.
    """
    texts = []
    for precision in PRECISIONS:
        if precision in precisions:
            texts += [precision, *(f"{precision},{t}" for t in WORTH_TELLING.get(precision, ()))]
    told = {text: parse_precision(text)[1] for text in texts}
    four_bits = 4 in weight_bits and not int4_weights.missing()
    return tuple(
        text
        for text, each in told.items()
        if not (each.float_layers and "float32" not in precisions)
        and not (each.weight_bits == 4 and not four_bits)
    )


def ways_for(
    recipe: Recipe, precisions: Sequence[Precision], weight_bits: Sequence[int] = (8,)
) -> list[Way]:
    """Return all ways to make files of a recipe that a target takes.

    Args:
        recipe: Without a loss it cannot be retrained, and is converted only.
        precisions: Of the target.
        weight_bits: Of weights that it has kernels for.
    """
    # What a recipe leaves out has a reason: a type that its layers do not go with.
    own = {Variant.parse(text).precision for text in recipe.variants}
    texts = with_options(precisions, weight_bits)
    allowed = tuple(text for text in texts if parse_precision(text)[0] in own)
    ways = [_converting((), allowed)]
    if recipe.loss is not None:
        fewer = tuple(text for text in allowed if text in (*PRECISIONS, *AFTER_OTHERS))
        found = (_way(names, fewer) for names in chains(LONGEST))
        ways += [way for way in found if way.precisions]
    return ways


def _way(names: tuple[str, ...], allowed: tuple[str, ...]) -> Way:
    optimizations = {name: registry.get("optimizations", name) for name in names}
    values: dict[tuple[str, str], tuple[float, ...]] = {}
    for name, each in optimizations.items():
        worth = each.worth_trying if len(names) == 1 else each.worth_combining
        for option, default in each.options.items():
            values[name, option] = tuple(worth.get(option, (default,)))
    fitting = (p for p in allowed if all(_fits(p, each) for each in optimizations.values()))
    return Way(optimizations=names, precisions=tuple(fitting), values=values)


def _fits(text: str, optimization: Optimization) -> bool:
    """Whether an optimization goes with a precision, and leaves its options a choice."""
    precision, quantization = parse_precision(text)
    is_free = quantization == AS_USUAL or not optimization.trains_ranges
    return precision in optimization.precisions and is_free


def ways_to_convert(
    precisions: Sequence[Precision],
    weight_bits: Sequence[int] = (8,),
    *,
    calibrated: bool,
    has_recurrent: bool,
) -> list[Way]:
    """Return all ways to make files of a model that is there: those that need no training.

    Args:
        precisions: Of the target.
        weight_bits: Of weights that it has kernels for.
        calibrated: Whether there are examples, which some precisions need.
        has_recurrent: Whether the form of the model's recurrent layers can be chosen.
    """
    possible = [p for p in precisions if calibrated or p not in CALIBRATED]
    allowed = with_options(possible, weight_bits)
    forms: list[tuple[str, ...]] = [(), (UNROLLED,)] if has_recurrent else [()]
    return [_converting(form, allowed) for form in forms if allowed]


def _converting(form: tuple[str, ...], precisions: tuple[str, ...]) -> Way:
    """Return a way that trains nothing."""
    return Way(optimizations=form, precisions=precisions, values={})


def usual(recipe: Recipe, ways: list[Way]) -> list[Variant]:
    """Return what is tried first, of what is among the ways; before others, what only converts.

    That are the recipe's own variants, and a few precisions with options.
    """
    variants = [Variant.parse(text) for text in (*recipe.variants, *CHEAP)]
    there = {(way.optimizations, precision) for way in ways for precision in way.precisions}
    fitting = [v for v in variants if (v.optimizations, v.precision_text) in there]
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
    if variant.precision_text not in way.precisions:
        return {}
    options = {way.parameter(*key): value for key, value in chosen.items()}
    return {"way": way.name, **options, f"{way.name}.precision": variant.precision_text}


def _default(optimization: str, option: str) -> float:
    return registry.get("optimizations", optimization).options[option]


def _variant(way: Way, options: Mapping[tuple[str, str], float], text: str) -> Variant:
    """Return a variant that tells only what is not as it is by default."""
    told = tuple(
        Option(*key, float(value)) for key, value in options.items() if value != _default(*key)
    )
    precision, quantization = parse_precision(text)
    return Variant(
        precision=precision,
        quantization=quantization,
        optimizations=way.optimizations,
        options=told,
    )
