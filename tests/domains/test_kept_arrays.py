"""Arrays are made once for the same facts, and anew for others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Array, Batch
from edgekit.domains.learning.kept_arrays import digest_of, kept

CODE = ("domains/learning/kept_arrays.py",)


def test_they_are_made_once_for_the_same_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path))
    made = []

    def make() -> Batch:
        made.append(1)
        return {"numbers": np.arange(3), "names": np.array(["a", "b"])}

    for facts, times in ((1, 1), (1, 1), (2, 2), (1, 2)):
        arrays = kept("some", facts, CODE, make)
        assert arrays["numbers"].tolist() == [0, 1, 2]
        assert arrays["names"].tolist() == ["a", "b"]
        assert len(made) == times
    kept("some", 1, (*CODE, "domains/learning/fit.py"), make)
    assert len(made) == 3
    assert len(list((tmp_path / "arrays").iterdir())) == 3


def test_a_digest_tells_values_types_and_shapes_apart() -> None:
    arrays: list[Array] = [
        np.zeros(4, np.uint8),
        np.zeros((2, 2), np.uint8),
        np.zeros(1, np.int32),
        np.ones(4),
    ]
    assert len({digest_of(each) for each in arrays}) == 4
    assert digest_of(np.ones((2, 3)).T) == digest_of(np.ones((3, 2)))
