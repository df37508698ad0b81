"""Examples with right answers tell how right the source and its file are, side by side."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import BadData, NotFound
from edgekit.core.report import Evaluation, Score
from edgekit.core.types import Array
from edgekit.tflite.sidecar import read_sidecar
from edgekit.verbs.convert import convert
from edgekit.verbs.verify import Proof, verify
from tests.support.paths import GOLDEN

RANDOM = np.random.default_rng(0)
COUNT = 60

WRITE_MODEL = """
import sys
from tests.support.strangers import photo_and_facts
photo_and_facts().save(sys.argv[1])
"""


def edgekit(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "edgekit", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    return Path(shutil.copy(GOLDEN / "int8.tflite", tmp_path / "model.tflite"))


def asked(count: int = COUNT) -> dict[str, Array]:
    images = RANDOM.random((count, 8, 8, 1), np.float32)
    return {"image": images, "labels": RANDOM.integers(0, 3, count)}


def accuracy(proofs: list[Proof]) -> list[float]:
    scores = [proof.evaluation.file[proof.runtime] for proof in proofs if proof.evaluation]
    return [score.value for (score,) in scores]


def test_a_file_alone_is_scored_without_its_source(golden: Path) -> None:
    data = asked()
    (proof,) = verify(golden, runtime="litert", evaluate=data)
    assert proof.evaluation
    assert proof.evaluation.source == ()
    assert proof.evaluation.examples == COUNT
    (score,) = proof.evaluation.file["litert"]
    assert (score.output, score.question) == ("scores", "accuracy")
    flipped = data | {"labels": (data["labels"] + 1) % 3}
    twice = data | {"labels": (data["labels"] + 2) % 3}
    shares = [accuracy(verify(golden, runtime="litert", evaluate=d)) for d in (flipped, twice)]
    assert score.value + sum(share for (share,) in shares) == pytest.approx(1)


def test_what_was_measured_is_printed_with_how_sure_it_is(golden: Path, tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **asked())  # type: ignore[arg-type]
    ran = edgekit("verify", golden, "--runtime", "litert", "--evaluate", tmp_path / "data.npz")
    text = " ".join(ran.stdout.split())
    assert ran.returncode == 0, ran.stderr
    for words in ("accuracy", "not known", "60 examples", "one example alone is 1.7 points", "+-"):
        assert words in text
    assert "edgekit convert` was given the same examples (--evaluate)" in text


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": np.full(COUNT, 3)}, "the class 3; the output has 3 classes, 0 to 2"),
        ({"labels": np.full(COUNT, np.nan)}, "NaN"),
        ({"labels": np.array([None] * COUNT)}, "pickled"),
        ({"picture": np.zeros((COUNT, 8, 8, 1), np.float32)}, "inputs are 'image'"),
    ],
)
def test_bad_answers_get_one_sentence_and_exit_code_2(
    golden: Path, tmp_path: Path, change: dict[str, Array], words: str
) -> None:
    np.savez(tmp_path / "data.npz", **asked() | change)  # type: ignore[arg-type]
    ran = edgekit("verify", golden, "--runtime", "litert", "--evaluate", tmp_path / "data.npz")
    assert ran.returncode == 2
    assert words in ran.stderr
    assert len(ran.stderr.strip().splitlines()) == 1


@pytest.mark.slow
def test_source_and_file_stand_side_by_side(tmp_path: Path) -> None:
    model, out = tmp_path / "model.keras", tmp_path / "model.tflite"
    subprocess.run([sys.executable, "-c", WRITE_MODEL, model], check=True, capture_output=True)
    inputs = {
        "photo": RANDOM.random((COUNT, 16, 16, 3), np.float32),
        "facts": RANDOM.random((COUNT, 5), np.float32),
    }
    data = inputs | {
        "labels:kind": RANDOM.integers(0, 4, COUNT),
        "labels:age": RANDOM.random(COUNT),
    }
    result = convert(
        model, out, precision=("float32", "float16"), calibration=inputs, evaluate=data
    )
    assert not result.refused
    for done in result.done:
        evaluation = done.evaluation
        assert isinstance(evaluation, Evaluation)
        assert [(s.output, s.question) for s in evaluation.source] == [
            ("kind", "accuracy"),
            ("age", "mean absolute error"),
        ]
        assert set(evaluation.file) == {"tflite-runtime", "litert"}
        for scores in evaluation.file.values():
            assert values(scores) == pytest.approx(values(evaluation.source), abs=2e-2)
    file = tmp_path / "model.float32.tflite"
    stored = read_sidecar(file.with_suffix(".json")).evaluation
    assert stored == result.done[0].evaluation
    assert stored
    kind, age = stored.file["litert"]
    assert kind.changed == (0, 0)  # of float32 all are as they were; errors are not counted
    assert age.changed is None
    assert not any(score.right for score in stored.source)

    (proof,) = verify(file, runtime="litert", evaluate=data)  # the source's scores were kept
    assert proof.evaluation
    assert proof.evaluation.source == stored.source
    other = data | {"labels:kind": RANDOM.integers(0, 4, COUNT)}
    (proof,) = verify(file, runtime="litert", evaluate=other)
    assert proof.evaluation
    assert proof.evaluation.source == ()

    np.savez(tmp_path / "data.npz", **data)  # type: ignore[arg-type]
    again = tmp_path / "again.tflite"
    ran = edgekit("convert", model, "--out", again, "--evaluate", tmp_path / "data.npz", "--json")
    printed = json.loads(ran.stdout)
    assert ran.returncode == 0, ran.stderr
    assert [score["output"] for score in printed["evaluation"]["source"]] == ["kind", "age"]
    assert printed["proofs"][0]["evaluation"]["examples"] == COUNT

    before = sorted(tmp_path.iterdir())
    for bad, words in (
        ({"labels:kind": np.full(COUNT, 4)}, "the class 4"),
        ({"labels:size": np.ones(COUNT)}, "no output of the model"),
        ({"photo": data["photo"][:, :8]}, "has shape"),
    ):
        with pytest.raises(BadData, match=words):
            convert(model, tmp_path / "bad.tflite", evaluate=data | bad)
    with pytest.raises(NotFound, match="no evaluation file"):
        convert(model, tmp_path / "bad.tflite", evaluate=tmp_path / "nothing.npz")
    assert sorted(tmp_path.iterdir()) == before


def values(scores: tuple[Score, ...]) -> list[float]:
    return [score.value for score in scores]
