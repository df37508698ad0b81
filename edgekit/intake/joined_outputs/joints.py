"""How outputs are put together from parts, and what int8 makes of parts of different sizes.

In int8 a tensor has one step. Where boxes in pixels and scores in 0..1 are joined into one tensor,
that step is the boxes', and every score becomes zero.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from edgekit.core.types import Array, Batch

UNEVEN = 16.0
"""Where one part reaches this many times as far as another, the other is left 4 bits or fewer."""


@dataclass(frozen=True, kw_only=True)
class Joint:
    """How an output is put together.

    Attributes:
        output: Its name; "" for a part that is joined itself.
        axis: Along which the parts are joined, counted from the end: -1 is the last.
        parts: What is joined, in order: names of outputs, or further joints.
        sizes: How much of the axis each part has.
    """

    output: str
    axis: int
    parts: tuple[str | Joint, ...]
    sizes: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.output} = {self.expression()}"

    def expression(self) -> str:
        """Return the NumPy expression that puts the output together."""
        parts = [part if isinstance(part, str) else part.expression() for part in self.parts]
        return f"np.concatenate([{', '.join(parts)}], axis={self.axis})"

    def reaches(self, answers: Array) -> dict[str, float]:
        """Return part -> its largest magnitude in an output's values, batch axis first."""
        ends = np.cumsum(self.sizes)[:-1].tolist()
        pieces = np.split(answers, ends, axis=self.axis)
        reaches: dict[str, float] = {}
        for part, values in zip(self.parts, pieces, strict=True):
            if isinstance(part, str):
                further = {part: float(np.abs(values).max(initial=0.0))}
            else:
                further = part.reaches(values)
            reaches |= {name: max(reach, reaches.get(name, 0.0)) for name, reach in further.items()}
        return reaches


def renamed(joint: Joint, names: Mapping[str, str]) -> Joint:
    """Return the same with the names that the user gave; own name -> given name."""
    parts = (
        names.get(part, part) if isinstance(part, str) else renamed(part, names)
        for part in joint.parts
    )
    return replace(joint, output=names.get(joint.output, joint.output), parts=tuple(parts))


def too_different(joints: Sequence[Joint], answers: Batch) -> list[str]:
    """Return a sentence for each output whose parts differ too much to share a step of int8.

    Args:
        joints: Of the model.
        answers: What it answers to real examples, by output name.
    """
    sentences = []
    for joint in (each for each in joints if each.output in answers):
        reaches = joint.reaches(answers[joint.output])
        known = {name: reach for name, reach in reaches.items() if reach > 0}
        if len(known) < 2 or max(known.values()) < UNEVEN * min(known.values()):
            continue
        small, large = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        sentences.append(
            f"Output '{joint.output}' joins '{small}' (up to {known[small]:.3g}) and '{large}' (up "
            f"to {known[large]:.3g}), which share one step in int8: '{small}' is lost in it. "
            "--split-outputs makes each an output with a range of its own."
        )
    return sentences


def how_to_join(joints: Sequence[Joint]) -> str:
    """Return the sentence that says how to put the outputs together again."""
    return f"Outputs are given in parts; together: {'; '.join(map(str, joints))}."


@dataclass(frozen=True, kw_only=True)
class Leaf:
    """A tensor that is joined, or an output that is not.

    Attributes:
        key: Equal for the same tensor.
        tensor: Of whichever library.
        names: What it may be called, the best first.
    """

    key: object
    tensor: object
    names: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Knot:
    """A Concatenate: its axis, counted from the end, what it joins, and how much of each."""

    axis: int
    parts: tuple[Knot | Leaf, ...]
    sizes: tuple[int, ...]


Outputs: TypeAlias = "Mapping[str, Knot | Leaf]"
"""Output name -> what it is."""


def named(outputs: Outputs) -> tuple[dict[str, object], tuple[Joint, ...]]:
    """Give every part a name of its own.

    Args:
        outputs: In the model's order.

    Returns:
        Name -> tensor, for outputs that are not joined and for all parts; and the joints.
    """
    taken: dict[object, str] = {
        each.key: name for name, each in outputs.items() if isinstance(each, Leaf)
    }
    tensors: dict[str, object] = {}
    leaves = {leaf.key: leaf for each in outputs.values() for leaf in _leaves(each)}
    wishes = Counter(leaf.names[0] for leaf in leaves.values())
    for key, leaf in leaves.items():
        if key not in taken:
            wished = leaf.names[0] if wishes[leaf.names[0]] == 1 else leaf.names[-1]
            taken[key] = _free(wished, {*taken.values()})
        tensors[taken[key]] = leaf.tensor
    joints = tuple(
        _joint(name, each, taken) for name, each in outputs.items() if isinstance(each, Knot)
    )
    return tensors, joints


def _leaves(each: Knot | Leaf) -> list[Leaf]:
    return [each] if isinstance(each, Leaf) else [x for part in each.parts for x in _leaves(part)]


def _free(wished: str, taken: set[str]) -> str:
    candidates = (wished, *(f"{wished}_{k}" for k in range(1, len(taken) + 1)))
    return next(name for name in candidates if name not in taken)


def _joint(output: str, knot: Knot, names: Mapping[object, str]) -> Joint:
    return Joint(
        output=output,
        axis=knot.axis,
        parts=tuple(
            names[part.key] if isinstance(part, Leaf) else _joint("", part, names)
            for part in knot.parts
        ),
        sizes=knot.sizes,
    )
