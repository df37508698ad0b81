"""Choose what could be done about a quantized file that is wrong, and have each attempt measured.

What is tried follows from what was measured layer by layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgekit.core.variant import AS_USUAL, CALIBRATED, PRECISIONS, Precision, precision_text
from edgekit.explaining.laboratory import Laboratory, Tried
from edgekit.explaining.layer_noise import TensorNoise
from edgekit.explaining.ranking import LayerNoise, float_list, is_cut, is_wide

_WORTH_KEEPING = 0.01
"""Share of the signal that a layer must lose (20 dB) to be a candidate for float."""

_COUNTS = (1, 2, 3, 5, 8, 12)
"""How many of the ranked layers are left in float, in turn, until the file is within limits."""

_FIRST = 3
"""Layers whose ranges are looked at where none loses much, and all together too much."""

_CALIBRATIONS = (AS_USUAL, replace(AS_USUAL, percentile=99.9), replace(AS_USUAL, mse=True))
"""How the range of an activation can be chosen; two of these are not the file's own."""


def try_precisions(laboratory: Laboratory, precision: Precision, calibrated: bool) -> list[Tried]:
    """Try the other precisions that need calibration, or the quick ones that do not."""
    fitting = [each for each in reversed(PRECISIONS[1:]) if (each in CALIBRATED) is calibrated]
    others = [each for each in fitting if each != precision]
    return [laboratory.try_(each, each) for each in others if laboratory.has_time(each)]


def try_separate_outputs(laboratory: Laboratory, precision: Precision) -> list[Tried]:
    """Make the parts of joined outputs outputs of their own."""
    what = f"{precision} with separate outputs"
    if not laboratory.has_time(what):
        return []
    return [laboratory.try_(what, precision, split_outputs=True)]


def try_calibrations(laboratory: Laboratory, ranked: Sequence[LayerNoise]) -> list[Tried]:
    """Calibrate an int8 file in the two other ways, if ranges are what spoils it.

    They are if a layer to blame cuts values off, or rare large values make its range so wide that
    few steps are left for all others.

    Args:
        laboratory: Where to try.
        ranked: The layers, the one to blame most first.
    """
    worst = _to_blame(ranked) or ranked[:_FIRST]
    if not any(is_cut(noise.worst) or is_wide(noise.worst) for noise in worst):
        return []
    own = laboratory.options.quantization
    tried = []
    for each in _CALIBRATIONS:
        if (each.mse, each.percentile < 100) == (own.mse, own.percentile < 100):
            continue
        other = replace(own, mse=each.mse, percentile=each.percentile)
        what = precision_text("int8", other)
        if laboratory.has_time(what):
            tried.append(laboratory.try_(what, "int8", quantization=other))
    return tried


def try_float_layers(
    laboratory: Laboratory, ranked: Sequence[LayerNoise], tensors: Sequence[TensorNoise]
) -> list[Tried]:
    """Leave more and more layers of an int8 file in float until it is right.

    Args:
        laboratory: Where to try.
        ranked: The layers, the one to blame most first.
        tensors: What was measured.
    """
    candidates = _to_blame(ranked) or ranked
    tried: list[Tried] = []
    before: tuple[str, ...] = ()
    for count in _COUNTS:
        kept = float_list(candidates[:count], tensors)
        if kept == before or not kept:
            continue
        before = kept
        what = _in_words(kept)
        if not laboratory.has_time(what):
            break
        tried.append(laboratory.try_(what, "int8", kept))
        if tried[-1].ok:
            break
    return tried


def try_fewer(laboratory: Laboratory, kept: tuple[str, ...]) -> list[Tried]:
    """Try to do without each layer of a list that worked, the last first."""
    tried: list[Tried] = []
    for name in reversed(kept):
        fewer = tuple(other for other in kept if other != name)
        if not fewer or not laboratory.has_time(_in_words(fewer)):
            break
        tried.append(laboratory.try_(_in_words(fewer), "int8", fewer))
        if tried[-1].ok:
            kept = fewer
    return tried


def _to_blame(ranked: Sequence[LayerNoise]) -> list[LayerNoise]:
    return [noise for noise in ranked if noise.blame >= _WORTH_KEEPING]


def _in_words(kept: Sequence[str]) -> str:
    return f"int8 with {', '.join(kept)} in float"
