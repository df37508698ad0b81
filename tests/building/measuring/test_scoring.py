"""One variant on one place: what it is asked, and how often."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from edgekit.building.measuring import scoring
from edgekit.building.measuring.scoring import GOLDEN_ON_SLOW_PLACES
from edgekit.core import registry
from edgekit.core.recipe import Dataset
from edgekit.core.types import Batch, Run
from edgekit.running.place import Place
from tests.support.paths import RECIPES


class Exact(SimpleNamespace):
    """A session that adds pairs, and keeps how many it was asked at once."""

    def __call__(self, batch: Batch) -> Batch:
        self.asked.append(len(batch["pair"]))
        return {"start": batch["pair"].sum(axis=1, keepdims=True)}


@pytest.mark.parametrize(
    ("place", "adapter", "golden", "scored"),
    [
        (Place(runtime="litert"), "", 64, 64),
        (Place(runtime="litert", device="raspberry-pi"), "", GOLDEN_ON_SLOW_PLACES, 5),
        (Place(runtime="litert-gpu"), "SwiftShader Device (LLVM)", GOLDEN_ON_SLOW_PLACES, 5),
        (Place(runtime="litert-gpu"), "Adreno 740", 64, 64),
    ],
)
def test_slow_places_are_asked_less(
    place: Place, adapter: str, golden: int, scored: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    @contextmanager
    def opened(path: Path, *, runtime: str, device: str) -> Iterator[Exact]:
        yield Exact(info={"adapter": adapter}, steps={}, arena_bytes=0, asked=asked)

    monkeypatch.setattr(scoring, "open_session", opened)
    pairs = np.random.default_rng(0).random((64, 2), np.float32)
    start = ({"pair": pairs}, {"start": pairs.sum(axis=1, keepdims=True)})
    recipe = registry.get("recipes", str(RECIPES / "doubling.py"))
    measured = scoring.measure(
        {"model": Path("model.tflite")},
        place,
        precision="float32",
        vectors={"model": start},
        recipe=dataclasses.replace(recipe, num_emulated=5, parts=None, score=_sums),
        size="tiny",
    )
    assert asked == [golden, scored]
    assert measured.examples == scored
    assert measured.agreement.max_abs_error == 0


def _sums(run: Run, dataset: Dataset) -> float:
    """Return the mean error of the sums."""
    found = run(dataset.inputs)["start"][:, 0]
    return float(np.abs(found - dataset.target()).mean())
