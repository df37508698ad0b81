"""Static verdicts: right about the golden models, and no plain yes to what was not measured."""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core import registry
from edgekit.core.errors import BadModelFile, EdgekitError, NotFound
from edgekit.core.paths import packaged
from edgekit.core.records import to_json
from edgekit.operators.target import Check, Target
from edgekit.running.place import places
from edgekit.running.session import open_session
from edgekit.tflite.reader import Model, Operator, TensorInfo, read
from edgekit.verbs.check import check
from edgekit.verbs.inspect import inspect
from edgekit.verbs.setup import setup
from tests.support.paths import GOLDEN
from tests.support.small_files import Data, Step, write_file

MODELS = sorted(path.stem for path in GOLDEN.glob("*.tflite"))
SHARED_FOLDER = [HealthCheck.function_scoped_fixture]
TARGETS = ("cpu", "gpu", "litert", "microcontroller", "raspberry-pi", "raspberry-pi-litert")
UNRUNNABLE = {"custom", "flex", "no_operators"}
REFUSED = {
    "cpu": {*UNRUNNABLE, "wrong_version"},
    "raspberry-pi": {*UNRUNNABLE, "wrong_version"},
    "litert": UNRUNNABLE,
    "raspberry-pi-litert": UNRUNNABLE,
    "gpu": {*UNRUNNABLE, "int16x8", "loop", "sparse"},
    "microcontroller": {*UNRUNNABLE, "dynamic_int8", "float16", "sparse", "wrong_version"},
}


def test_a_targets_path_works_wherever_its_name_does(tmp_path: Path) -> None:
    """Not only in Python: as `--target` of check, convert, build and setup."""
    mine = tmp_path / "my_board.py"
    mine.write_text("from edgekit.targets.litert import target\n")
    assert check(GOLDEN / "float32.tflite", str(mine)).ok
    assert list(places([str(mine)]).values()) == list(places(["litert"]).values())
    assert [str(line) for line in setup(str(mine))] == ["litert: is in place"]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", TARGETS)
def test_golden_models_get_the_right_verdict(name: str, target: str) -> None:
    model = read(GOLDEN / f"{name}.tflite")
    found = check(model.path, target)
    assert found.ok == (name not in REFUSED[target])
    assert found.target == target
    told = [(verdict.index, verdict.name, verdict.version) for verdict in found.operators]
    assert told == [(o.index, o.name, o.version) for o in model.main.operators]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("target", TARGETS)
def test_a_refusal_says_why_from_where_and_what_to_do(name: str, target: str) -> None:
    for verdict in check(GOLDEN / f"{name}.tflite", target).operators:
        assert verdict.source
        assert bool(verdict.reason) == bool(verdict.fix) == (verdict.verdict != "yes")


def test_common_precisions_are_a_plain_yes_on_the_cpu() -> None:
    for name in ("float32", "float16", "int8", "int16x8", "dynamic_int8", "pruned", "loop"):
        for target in ("cpu", "litert"):
            found = check(GOLDEN / f"{name}.tflite", target)
            assert {verdict.verdict for verdict in found.operators} == {"yes"}, name
            assert found.problems == ()


def test_a_version_claimed_too_low_is_refused_because_the_answer_would_be_wrong() -> None:
    found = check(GOLDEN / "wrong_version.tflite", "cpu")
    dense = next(o for o in found.operators if o.name == "FULLY_CONNECTED")
    assert (dense.version, dense.needed_version, dense.verdict) == (1, 12, "no")
    assert "need version 12; tflite-runtime 2.14 has up to 10" in dense.reason
    assert "answers wrong" in dense.reason
    assert "TFLite 2.17.0 has it" in dense.fix


def _with_operator(model: Model, **changes: Any) -> Model:
    """Return the model with its first operator changed."""
    first, *others = model.main.operators
    main = replace(model.main, operators=(replace(first, **changes), *others))
    return replace(model, subgraphs=(main, *model.subgraphs[1:]))


def _checked(model: Model, target: str) -> Check:
    found: Target = registry.get("targets", target)
    return found.check(model)


def test_a_version_newer_than_the_runtime_is_refused() -> None:
    model = _with_operator(read(GOLDEN / "float32.tflite"), version=8)
    first = _checked(model, "cpu").operators[0]
    assert first.verdict == "no"
    assert "asks for version 8; tflite-runtime 2.14 has 1 to 7" in first.reason
    assert _checked(model, "litert").operators[0].verdict == "yes"


def test_an_operator_the_runtime_lacks_is_refused() -> None:
    model = _with_operator(read(GOLDEN / "float32.tflite"), name="STABLEHLO_ADD")
    assert _checked(model, "cpu").operators[0].verdict == "no"
    assert "does not have it" in _checked(model, "cpu").operators[0].reason


def test_types_nobody_asked_for_are_unknown_and_do_not_refuse_the_file() -> None:
    model = read(GOLDEN / "float32.tflite")
    image = model.main.operators[0].inputs[0]
    tensors = list(model.main.tensors)
    tensors[image] = replace(tensors[image], dtype="float64")
    odd = replace(model, subgraphs=(replace(model.main, tensors=tuple(tensors)),))
    for target in TARGETS:
        found = _checked(odd, target)
        assert found.operators[0].verdict == "unknown"
        assert "not measured with float64" in found.operators[0].reason
        assert found.ok


def test_what_is_not_known_is_not_said_to_run(tmp_path: Path) -> None:
    """static_w8_a16_quantized_q_einsum.tflite of https://github.com/google-ai-edge/LiteRT."""
    tensors = {
        "x": Data((1, 5, 6), "int16", scale=0.001),
        "w": Data((1, 6, 7), "int8", scale=0.01, values=np.ones((1, 6, 7))),
        "y": Data((1, 5, 7), "int16", scale=0.01),
    }
    step = Step("BATCH_MATMUL", ["x", "w"], ["y"], "BatchMatMulOptions")
    path = write_file(tmp_path / "m.tflite", [step], tensors, inputs=["x"], outputs=["y"])
    for target in ("cpu", "litert"):
        ran = CliRunner().invoke(app, ["check", str(path), "--target", target])
        assert "may run; 0 of 1 operators are accepted, and of 1 it is not known." in ran.stdout
    ran = CliRunner().invoke(app, ["check", str(GOLDEN / "int8.tflite"), "--target", "cpu"])
    assert "cpu: will run; 6 of 6 operators are accepted." in ran.stdout


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.tflite")), ids=lambda path: path.stem)
def test_what_is_predicted_is_said_to_be_and_nothing_runs_of_which_nothing_is_taken(
    file: Path,
) -> None:
    for target in registry.names("targets"):
        if registry.get("targets", target).missing():  # a compiler that was not set up
            continue
        is_predicted = target.startswith(("edgetpu", "ethos-u"))
        said = CliRunner().invoke(app, ["check", str(file), "--target", target]).stdout
        (verdict,) = [line for line in said.splitlines() if line.startswith(f"{target}: ")]
        assert not re.search(r"(will|is predicted to) run; 0 of", verdict)
        assert ("is predicted " in verdict) == is_predicted
        assert ("predicted to be accepted" in verdict) == is_predicted


def test_a_custom_operator_the_runtime_brings_along_is_not_refused() -> None:
    model = _with_operator(
        read(GOLDEN / "float32.tflite"), name="CUSTOM:TFLite_Detection_PostProcess", options={}
    )
    for target in TARGETS:
        assert _checked(model, target).operators[0].verdict == "unknown"


def test_operators_inside_a_loop_are_checked() -> None:
    model = read(GOLDEN / "loop.tflite")
    body = model.subgraphs[2]
    tensors = tuple(replace(tensor, dtype="string") for tensor in body.tensors)
    broken = tuple(replace(operator, version=99) for operator in body.operators)
    body = replace(body, tensors=tensors, operators=broken)
    found = _checked(replace(model, subgraphs=(*model.subgraphs[:2], body)), "cpu")
    assert not found.ok
    assert found.operators[0].verdict == "yes"
    assert len(found.problems) == 2
    assert "Subgraph 2 ('while_body'), operator 0, MUL" in found.problems[0]


def test_a_shape_that_is_not_fixed_is_told() -> None:
    (problem,) = check(GOLDEN / "dynamic_shape.tflite", "cpu").problems
    assert "no fixed shape [-1, 4]" in problem


def test_the_accelerator_takes_four_dimensions_at_most() -> None:
    five = TensorInfo(
        index=0, name="", shape=(1, 2, 3, 4, 5), shape_signature=(1, 2, 3, 4, 5), dtype="float32"
    )
    operator = Operator(index=0, name="TANH", version=1, inputs=(0,), outputs=(1,))
    model = read(GOLDEN / "float32.tflite")
    main = replace(
        model.main, tensors=(five, five), operators=(operator,), inputs=(0,), outputs=(1,)
    )
    model = replace(model, subgraphs=(main,))
    assert _checked(model, "gpu").operators[0].verdict == "no"
    assert "At rank 5" in _checked(model, "gpu").operators[0].reason
    assert _checked(model, "cpu").operators[0].verdict == "yes"


def test_a_wrong_file_or_target_is_told(tmp_path: Path) -> None:
    (tmp_path / "text.tflite").write_text("not a model, but long enough to look at\n")
    with pytest.raises(BadModelFile, match="TFL3"):
        check(tmp_path / "text.tflite", "cpu")
    with pytest.raises(NotFound, match="Did you mean 'cpu'"):
        check(GOLDEN / "float32.tflite", "cpus")


@settings(max_examples=60, deadline=5000, suppress_health_check=SHARED_FOLDER)
@given(
    name=st.sampled_from(MODELS),
    edits=st.lists(st.tuples(st.floats(0.0, 0.999), st.integers(0, 255)), max_size=3),
)
def test_a_damaged_file_gets_a_verdict_or_a_sentence(
    name: str, edits: list[tuple[float, int]], tmp_path: Path
) -> None:
    content = bytearray((GOLDEN / f"{name}.tflite").read_bytes())
    for place, new in edits:
        content[int(place * len(content))] = new
    damaged = tmp_path / "damaged.tflite"
    damaged.write_bytes(content)
    with contextlib.suppress(BadModelFile):
        json.dumps(to_json(inspect(damaged)), allow_nan=False)
        for target in TARGETS:
            check(damaged, target)


def test_a_microcontroller_is_told_what_is_too_large_and_what_it_would_not_call() -> None:
    model = read(GOLDEN / "float32.tflite")
    assert _checked(model, "microcontroller").ok
    big = tuple(
        replace(t, num_bytes=9_000_000) if not t.is_constant else t for t in model.main.tensors
    )
    large = replace(model, subgraphs=(replace(model.main, tensors=big),))
    found = _checked(large, "microcontroller")
    assert not found.ok
    assert "18.0 MB; the largest microcontrollers have some 17 MB" in found.problems[0]
    twice = replace(model, signatures=model.signatures * 2)
    assert "runs the first alone" in _checked(twice, "microcontroller").problems[0]


def test_the_tables_hold_what_was_measured() -> None:
    """Spot checks by hand; the table is only ever written by the probe."""
    path = packaged("operators", "operators.json")
    table = json.loads(path.read_text())["operators"]
    assert max(table["FULLY_CONNECTED"]["tflite_runtime_2_14"]["versions"]) == 10
    assert max(table["FULLY_CONNECTED"]["litert_2_3"]["versions"]) == 14
    assert table["BROADCAST_TO"]["litert_2_3"]["versions"] == [2, 3, 4]
    assert "float32/int8" in table["CONV_2D"]["gpu"]["types"]
    assert "int16/int8" in table["CONV_2D"]["gpu"]["types_refused"]
    asked = [name for name, columns in table.items() if columns["gpu"].get("types")]
    assert len(asked) >= 60


def _answer(path: Path, runtime: str, device: str = "local") -> np.ndarray | str:
    """Return what a runtime answers, or its refusal."""
    model = read(path)
    shape = model.main.tensors[model.main.inputs[0]].shape
    (name,) = model.signatures[0].inputs
    values = np.random.default_rng(0).random(shape).astype(np.float32)
    try:
        with open_session(path, runtime=runtime, device=device) as session:
            return next(iter(session({name: values}).values()))
    except EdgekitError as error:
        return str(error)


@pytest.mark.parametrize("name", sorted({*MODELS} - {"no_operators"}))
def test_litert_does_as_its_target_says(name: str) -> None:
    path = GOLDEN / f"{name}.tflite"
    answered = isinstance(_answer(path, "litert"), np.ndarray)
    assert answered == check(path, "litert").ok


def _pairs() -> list[tuple[str, str]]:
    """Give target and model; an emulated device is slow, so it gets the telling ones."""
    runnable = sorted({*MODELS} - {"no_operators"})
    pairs = [(t, name) for t in ("cpu", "gpu", "microcontroller") for name in runnable]
    pairs += [("raspberry-pi", name) for name in ("int16x8", "sparse", "wrong_version")]
    return pairs + [("raspberry-pi-litert", name) for name in ("dynamic_int8", "int8", "sparse")]


@pytest.mark.device
@pytest.mark.parametrize(("target", "name"), _pairs())
def test_other_places_answer_rightly_exactly_where_their_target_says_so(
    target: str, name: str
) -> None:
    path = GOLDEN / f"{name}.tflite"
    place: Target = registry.get("targets", target)
    expected = _answer(path, "litert")
    found = _answer(path, place.runtime, place.device)
    right = (
        isinstance(expected, np.ndarray)
        and isinstance(found, np.ndarray)
        and bool(np.max(np.abs(found - expected)) <= 0.05 * np.ptp(expected))
    )
    assert right == check(path, target).ok, found
