"""Files merged into one answer as each did alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.running.session import open_session
from edgekit.running.timing import random_batch
from edgekit.tflite.merging import merge
from edgekit.tflite.reader import read
from edgekit.verbs.inspect import inspect
from tests.support.paths import GOLDEN

NAMES = ("int8", "loop", "float32", "int16x8")


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("merged") / "all.tflite"
    path.write_bytes(merge({name: (GOLDEN / f"{name}.tflite").read_bytes() for name in NAMES}))
    return path


def test_each_answers_as_alone(merged: Path) -> None:
    alone = {name: GOLDEN / f"{name}.tflite" for name in NAMES}
    batches = {name: random_batch(path, count=3) for name, path in alone.items()}
    together = {f"{name}/{key}": array for name, b in batches.items() for key, array in b.items()}
    with open_session(merged, runtime="litert") as session:
        answers = session(together)
    for name, path in alone.items():
        with open_session(path, runtime="litert") as session:
            for key, array in session(batches[name]).items():
                np.testing.assert_array_equal(answers.pop(f"{name}/{key}"), array)
    assert not answers


def test_the_file_says_what_it_needs(merged: Path) -> None:
    model = read(merged)
    assert [signature.key for signature in model.signatures] == list(NAMES)
    needs = [read(GOLDEN / f"{name}.tflite").min_runtime for name in NAMES]
    assert model.min_runtime == max(needs, key=lambda text: [int(n) for n in text.split(".")])
    assert not inspect(merged).problems


def test_equal_constants_are_stored_once(tmp_path: Path) -> None:
    content = (GOLDEN / "float32.tflite").read_bytes()
    (tmp_path / "twice.tflite").write_bytes(merge({"one": content, "two": content}))
    once, twice = (inspect(p) for p in (GOLDEN / "float32.tflite", tmp_path / "twice.tflite"))
    assert twice.weights_bytes == once.weights_bytes
    assert twice.subgraphs == 2 * once.subgraphs
