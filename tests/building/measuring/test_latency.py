"""How often a bundle's example calls each file: the program itself is asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.building.measuring.latency import calls_of, example_of, timed
from edgekit.core import registry
from edgekit.core.report import Row
from edgekit.on_device.answering import TEXTS, Answer, Models, Program
from edgekit.running.place import Place
from edgekit.source_model.golden_vectors import Vectors
from edgekit.verbs.run.bundles import Asked
from tests.support.paths import GOLDEN

PLACE = Place(runtime="litert")
IMAGE = np.zeros((3, 8, 8, 1), np.float32)


def looping(models: Models, text: str, options: object) -> Answer:
    """Ask `start` for three examples at once, then `step` as often as the text has letters."""
    models.runs["start"]({"image": IMAGE})
    for _ in text:
        models.runs["step"]({"image": IMAGE[:1]})
    return Answer(["done"])


def asked(folder: Path, *example: str) -> Asked:
    file = GOLDEN / "float32.tflite"
    return Asked(
        name="looping",
        program=Program(looping, takes=TEXTS, description="Loop."),  # type: ignore[arg-type]
        folder=folder,
        variant="float32",
        files={"start": file, "step": file, "spare": file},
        labels=(),
        example=example,
    )


def test_every_invocation_of_the_example_is_counted(tmp_path: Path) -> None:
    assert calls_of(asked(tmp_path, "four"), PLACE) == {"start": 3, "step": 4, "spare": 0}


def test_of_several_items_it_is_the_answer_to_the_first(tmp_path: Path) -> None:
    found = calls_of(asked(tmp_path, "one", "seven"), PLACE)
    assert found == {"start": 3, "step": 3, "spare": 0}


def test_an_example_that_cannot_be_made_has_no_calls(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert calls_of(asked(tmp_path, "--unknown"), PLACE) == {}
    capsys.readouterr()
    lacking = replace(asked(tmp_path, "four"), files={"start": GOLDEN / "float32.tflite"})
    with pytest.raises(KeyError):  # a program that asks for what it has not is wrong
        calls_of(lacking, PLACE)


def test_the_latency_of_the_example_is_that_of_all_its_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = Row(variant="a", precision="float32", runtime="litert", device="local", status="measured")
    example = asked(tmp_path, "four")
    vectors: Vectors = {part: ({"image": IMAGE}, {}) for part in example.files}
    found = timed(row, example.files, PLACE, vectors=vectors, example=example)
    of_each = found.latency_ms_by_file
    assert found.calls_by_file == {"start": 3, "step": 4, "spare": 0}
    assert found.latency_ms_example == pytest.approx(3 * of_each["start"] + 4 * of_each["step"])
    assert found.latency_ms_median == pytest.approx(sum(of_each.values()))
    without = timed(row, example.files, PLACE, vectors=vectors, example=None)
    assert (without.latency_ms_example, without.calls_by_file) == (None, {})


def test_the_example_is_that_of_the_bundles_program(tmp_path: Path) -> None:
    recipe = registry.get("recipes", "keywords_lstm")
    found = example_of(recipe, tmp_path, "int8", {"whole": Path("w"), "hop": Path("h")})
    assert found is not None
    assert (found.name, found.example) == ("keywords", recipe.program.example)
    assert found.labels == recipe.signature.labels
    stranger = replace(recipe, program=replace(recipe.program, name="mine"))
    assert example_of(stranger, tmp_path, "int8", {}) is None
