"""What a bundle says is done before and after a model is what its program does."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from edgekit.building.parts import parts_of
from edgekit.bundling.bundle_json import schema, steps_of
from edgekit.core import registry
from edgekit.core.errors import BadData
from edgekit.core.recipe import Program, Recipe
from edgekit.core.records import to_json
from edgekit.core.types import Array, Batch, Run
from edgekit.on_device.answering import Answer, Models
from edgekit.on_device.interpreter import ModelFacts
from edgekit.on_device.programs import detect, segment
from edgekit.on_device.vision.key_points import Decoder
from edgekit.verbs.run.bundles import program_called
from tests.support import bundle_reader

RANDOM = np.random.default_rng(0)


@pytest.fixture(params=registry.names("recipes"), scope="module")
def recipe(request: pytest.FixtureRequest) -> Recipe:
    found: Recipe = registry.get("recipes", request.param)
    return found


@pytest.fixture(scope="module")
def folder(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle's folder with the files that the program reads."""
    made = tmp_path_factory.mktemp("bundle")
    for name, content in (recipe.assets("tiny") if recipe.assets else {}).items():
        (made / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return made


def models_of(recipe: Recipe) -> dict[str, ModelFacts]:
    def tensor(each: Any) -> Any:
        return {"name": each.name, "shape": list(each.shape)}

    return {
        part: {
            "variant": "float32",
            "part": part,
            "file": "",
            "inputs": [tensor(each) for each in signature.inputs],
            "outputs": [tensor(each) for each in signature.outputs],
        }
        for part, signature in parts_of(recipe).signatures.items()
    }


def described(recipe: Recipe, folder: Path) -> dict[str, Any]:
    steps = steps_of(recipe.program, folder, models_of(recipe), recipe.signature.labels)
    found: dict[str, Any] = to_json(steps)
    return found


def test_it_is_of_the_kinds_that_the_schema_knows(recipe: Recipe, folder: Path) -> None:
    whole = schema()
    for name, value in described(recipe, folder).items():
        part = {"$defs": whole["$defs"], **whole["properties"][name]}
        Draft202012Validator.check_schema(part)
        Draft202012Validator(part).validate(value)
        without = {key: item for key, item in value.items() if key != "kind"}
        assert not Draft202012Validator(part).is_valid(without)


def test_nothing_that_a_program_says_is_lost(recipe: Recipe, folder: Path) -> None:
    program = program_called(recipe.program.name)
    said = program.steps(Models(folder, models_of(recipe), {}, recipe.signature.labels))
    assert json.loads(json.dumps(said._asdict())) == described(recipe, folder)


class Given(Exception):
    """What a program gives its first model."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch


def answered(recipe: Recipe, folder: Path, item: object, run: Run) -> Answer:
    """Return what a program answers whose models are all `run`."""
    facts, program = models_of(recipe), program_called(recipe.program.name)
    parser = ArgumentParser()
    program.options(parser)
    models = Models(folder, facts, dict.fromkeys(facts, run), recipe.signature.labels)
    return program.answer(models, item, parser.parse_args([]))


def first_given(recipe: Recipe, folder: Path, item: object) -> Batch:
    """Return what a program gives the first model that it calls."""

    def run(batch: Batch) -> Batch:
        raise Given(batch)

    with pytest.raises(Given) as given:
        answered(recipe, folder, item, run)
    return given.value.batch


def item_for(before: Mapping[str, Any], folder: Path) -> tuple[object, Array]:
    """Return something to ask, and what a reader of `before` alone makes of it."""
    if before["kind"] == "picture":
        smooth = np.cumsum(np.cumsum(RANDOM.random((150, 210, 3)) - 0.5, axis=0), axis=1)
        pixels = ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)
        return pixels, bundle_reader.picture(before, pixels)
    if before["kind"] == "sound":
        samples = RANDOM.normal(0, 3000, 7001).astype("<i2")
        write_wav(folder / "noise.wav", samples, before["rate"])
        return folder / "noise.wav", bundle_reader.sound(before, samples / 32768)
    text = "I don't like it, but you: WILL! " * 40 + "Was it good?"
    return text, bundle_reader.text(before, text, folder)


def write_wav(path: Path, samples: Array, rate: int) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())


def test_what_is_said_of_before_is_what_the_models_are_given(recipe: Recipe, folder: Path) -> None:
    before = described(recipe, folder)["before"]
    if before["kind"] == "numbers":
        assert set(before) == {"kind"}
        return
    inputs = {each["name"] for facts in models_of(recipe).values() for each in facts["inputs"]}
    if before["input"] not in inputs:  # its decoder cuts regions out of the picture
        assert inputs == {"crop"}
        return
    item, expected = item_for(before, folder)
    given = first_given(recipe, folder, item)
    np.testing.assert_allclose(given[before["input"]][0], expected, atol=2e-5)


def test_what_is_said_of_after_is_what_is_done_with_the_answers(
    recipe: Recipe, folder: Path
) -> None:
    steps = described(recipe, folder)
    after = steps["after"]
    outputs = {each["name"] for facts in models_of(recipe).values() for each in facts["outputs"]}
    if after["kind"] in ("labels", "mask"):
        assert after["output"] in outputs
    if after["kind"] == "labels":
        scores = np.zeros((1, len(recipe.signature.labels)), np.float32)
        item = item_for(steps["before"], folder)[0]
        answer = answered(recipe, folder, item, lambda batch: {after["output"]: scores})
        assert len(answer.lines) == after["top"]
    if after["kind"] == "boxes":
        facts = json.loads((folder / detect.FACTS).read_text())
        assert facts.pop("shape") == [steps["before"][x] for x in ("height", "width", "channels")]
        assert after["decoder"] == facts
        detect.KINDS[after["decoder"]["kind"]](after["decoder"])
    if after["kind"] == "key_points":
        assert Decoder(**after["decoder"]).stride > 0
        ends = {end for bone in after["bones"] for end in bone}
        assert ends == set(range(len(after["joints"])))


def test_large_pictures_are_made_smaller_as_the_bundle_says(tmp_path: Path) -> None:
    recipe: Recipe = registry.get("recipes", "segment_unet")
    settings = segment.Settings(longest=100, margin=8)
    (tmp_path / segment.SETTINGS).write_text(settings.to_json())
    before = described(recipe, tmp_path)["before"]
    assert (before["longest"], before["margin"]) == (100, 8)
    item, expected = item_for(before, tmp_path)
    given = first_given(recipe, tmp_path, item)
    np.testing.assert_allclose(given["image"][0], expected, atol=2e-5)


@pytest.mark.parametrize("content", [None, "{", '{"kind": "moon", "shape": [2, 2, 1]}', "[]"])
def test_a_file_that_does_not_describe_a_detector_is_refused(
    tmp_path: Path, content: str | None
) -> None:
    if content:
        (tmp_path / detect.FACTS).write_text(content)
    with pytest.raises(
        BadData, match=r"'detect' cannot use what lies beside it \(.*build it again"
    ):
        steps_of(Program(name="detect", example=()), tmp_path, {}, ())


def test_a_detector_without_what_its_decoder_needs_is_refused(tmp_path: Path) -> None:
    (tmp_path / detect.FACTS).write_text('{"kind": "grid_cells", "shape": [8, 8, 3], "grids": []}')
    with pytest.raises(BadData, match=r"has no '\w+'; build it again"):
        steps_of(Program(name="detect", example=()), tmp_path, {}, ())
