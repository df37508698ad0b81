"""Splits of a user's examples, by a rule: the same examples always come into the same splits."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array

SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
NAMES = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "dev": "validation",
    "test": "test",
    "testing": "test",
}
"""What people call their splits -> what they are called here."""

LEAST = 3
"""Examples that a class needs: one to train on, one to validate, one to test."""

RULE = (
    "Splits: of each class 70 % train, 10 % validate, 20 % test, in the order of the SHA-256 of "
    "their content, so that the same examples always come into the same split; "
)


@dataclass(frozen=True, kw_only=True)
class ToSplit:
    """Examples that are to be split.

    Attributes:
        labels: `(n,)`, numbers of `label_names`.
        keys: `(n,)`, of each example's content; they decide the order.
        groups: `(n,)`: examples of one group, such as a person, stay together; "" for none.
        given: `(n,)`: the split that a user gave; "" for none.
        alike: Indices of examples that show the same: they stay together too.
        where: The folder or file, for messages.
        what: What an example is called: "pictures".
    """

    labels: Array
    label_names: Sequence[str]
    keys: Sequence[str]
    groups: Sequence[str]
    given: Sequence[str]
    where: str
    what: str
    alike: Sequence[Sequence[int]] = field(default=())


def named_split(path: Path) -> str:
    """Return the split that a folder on the way to a file is called after; "" if none is."""
    found = (NAMES[part.lower()] for part in path.parts[:-1] if part.lower() in NAMES)
    return next(found, "")


def content_key(content: bytes) -> str:
    """Return what an example is ordered by."""
    return hashlib.sha256(content).hexdigest()


def pairs_of_equals(keys: Sequence[str]) -> list[tuple[int, int]]:
    """Return pairs of examples with the same content."""
    first: dict[str, int] = {}
    pairs = ((first.setdefault(key, index), index) for index, key in enumerate(keys))
    return [pair for pair in pairs if pair[0] != pair[1]]


def split(examples: ToSplit) -> tuple[Array, tuple[str, ...]]:
    """Return the split of each example, "" for those left out, and the rule in sentences.

    Raises:
        BadData: A class has too few examples, or too few groups to split by.
    """
    groups, said = _groups(examples)
    unit_of = _units(len(examples.labels), groups, examples.alike)
    given, dropped = _given(examples, unit_of)
    if dropped:
        said = (
            *said,
            f"Left out of the larger split, since they look like one of another: {dropped} "
            f"{examples.what}.",
        )
    _check_counts(examples, unit_of, given)
    splits = _filled(examples, unit_of, given)
    _check_training(examples, splits, groups)
    rule = (
        "Splits: as your folders or column 'split' name them; what they leave open was taken from "
        "train, in the order of the SHA-256 of the content; "
        if any(examples.given)
        else RULE
    )
    counts = Counter(splits.tolist())
    numbers = ", ".join(f"{counts[name]:,} {name}" for name in SHARES)
    return splits, (f"{rule}{numbers}.", *said)


def _groups(examples: ToSplit) -> tuple[Sequence[str], tuple[str, ...]]:
    """Return the groups to split by, and what is said of them."""
    names = sorted(set(filter(None, examples.groups)))
    if any(examples.given) or len(names) < 2:  # a single one tells nothing apart
        return [""] * len(examples.labels), ()
    if len(names) < LEAST:
        raise BadData(
            f"{examples.where} names {len(names)} groups, '{names[0]}' and '{names[1]}'; a split "
            f"by group needs {LEAST} or more. Name more, or put the {examples.what} of a class "
            "side by side."
        )
    return examples.groups, (
        f"Groups stay together: {len(names)}, such as '{names[0]}', so that no group that was "
        "trained on is tested.",
    )


def _units(count: int, groups: Sequence[str], alike: Iterable[Sequence[int]]) -> Array:
    """Return the number of the unit that each example belongs to; a unit is never divided."""
    parent = list(range(count))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first: dict[str, int] = {}
    for index, group in enumerate(groups):
        if group:
            parent[root(index)] = root(first.setdefault(group, index))
    for cluster in alike:
        for index in cluster[1:]:
            parent[root(index)] = root(cluster[0])
    return np.array([root(index) for index in range(count)], int)


def _given(examples: ToSplit, unit_of: Array) -> tuple[list[str], int]:
    """Return given splits so that no unit lies in two; "left out" for what is too many."""
    order = ("test", "validation", "train")
    given = list(examples.given)
    best: dict[int, str] = {}
    for unit, name in zip(unit_of, given, strict=True):
        if name and order.index(name) < order.index(best.get(unit, "train")):
            best[unit] = name
    left_out = [
        index
        for index, unit in enumerate(unit_of)
        if given[index] and given[index] != best.get(unit, given[index])
    ]
    for index, unit in enumerate(unit_of):
        given[index] = given[index] or best.get(unit, "")
    for index in left_out:
        given[index] = "left out"
    return given, len(left_out)


def _check_counts(examples: ToSplit, unit_of: Array, given: Sequence[str]) -> None:
    kept = np.array([name != "left out" for name in given])
    for label, name in enumerate(examples.label_names):
        units = len(set(unit_of[kept & (examples.labels == label)].tolist()))
        total = int((examples.labels == label).sum())
        if total >= LEAST and units < LEAST and any(examples.groups):
            raise BadData(
                f"Class '{name}' of {examples.where} has {total:,} {examples.what} in {units} "
                f"group(s); to train, validate and test it takes {LEAST}."
            )
        if units < LEAST:
            raise BadData(
                f"Class '{name}' of {examples.where} has {units} different {examples.what} that "
                f"can be used; each class needs {LEAST} or more, to train, validate and test."
            )


def _filled(examples: ToSplit, unit_of: Array, given: Sequence[str]) -> Array:
    """Give every unit to the split that lacks most of its classes."""
    splits = np.array([name if name != "left out" else "" for name in given], "U10")
    open_splits = [name for name in SHARES if name == "train" or name not in given]
    units: dict[int, list[int]] = {}
    for index, unit in enumerate(unit_of):
        if not given[index] or (given[index] == "train" and len(open_splits) > 1):
            units.setdefault(int(unit), []).append(index)
    counts = {
        unit: np.bincount(examples.labels[members], minlength=len(examples.label_names))
        for unit, members in units.items()
    }
    if not counts:
        return splits
    lacking = _targets(sum(counts.values(), np.zeros(len(examples.label_names), int)), open_splits)
    wanted = {name: np.maximum(target, 1e-9) for name, target in lacking.items()}
    keys = {unit: min(examples.keys[index] for index in units[unit]) for unit in units}
    for unit in sorted(units, key=lambda each: (-len(units[each]), keys[each])):
        chosen = max(
            open_splits, key=lambda name: float((counts[unit] * lacking[name] / wanted[name]).sum())
        )
        lacking[chosen] = lacking[chosen] - counts[unit]
        splits[units[unit]] = chosen
    return splits


def _targets(counts: Array, open_splits: Sequence[str]) -> dict[str, Array]:
    """Return how many examples of each class each split is to get, one at least."""
    targets: dict[str, Array] = {}
    for name in open_splits:
        if name != "train":
            targets[name] = np.maximum(1.0, np.rint(SHARES[name] * counts)) * (counts > 0)
    targets["train"] = np.maximum(counts - sum(targets.values(), np.zeros(len(counts))), 0.0)
    return {name: targets[name] for name in open_splits}


def _check_training(examples: ToSplit, splits: Array, groups: Sequence[str]) -> None:
    for split_name in ("train", "test"):
        there: Mapping[int, int] = Counter(examples.labels[splits == split_name].tolist())
        lacking = [n for label, n in enumerate(examples.label_names) if not there.get(label)]
        if lacking and (split_name == "train" or len(lacking) == len(examples.label_names)):
            by = "groups" if any(groups) else "folders"
            raise BadData(
                f"Class '{lacking[0]}' of {examples.where} would have no {examples.what} to "
                f"{split_name}; give {examples.what} of it in more {by}."
            )
