"""A file that claims too low versions is refused by old runtimes once they are raised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import ModelRefused
from edgekit.core.types import Array
from edgekit.operators.versions import needed_version, raise_versions
from edgekit.running.environments import tflite_runtime
from edgekit.running.session import open_session
from edgekit.tflite.editing import pack, unpack
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from edgekit.verbs.slim import slim
from tests.support.paths import GOLDEN

FOLDER = GOLDEN / "ai_edge_quantizer"
NEEDED = {
    "dynamic_int8": {"CONV_2D": (1, 5), "FULLY_CONNECTED": (1, 12)},
    "dynamic_int4": {"CONV_2D": (1, 8), "FULLY_CONNECTED": (1, 12)},
    "blocks_int4": {"FULLY_CONNECTED": (1, 14)},
}
IMAGES = {"image": np.random.default_rng(0).random((8, 2, 2, 8), dtype=np.float32)}


def raised(path: Path, out: Path) -> dict[str, tuple[int, int]]:
    model = unpack(path.read_bytes())
    changed = raise_versions(model, read(path))
    out.write_bytes(pack(model))
    return changed


def answer(path: Path, runtime: str) -> Array:
    with open_session(path, runtime=runtime) as session:
        (scores,) = session(IMAGES).values()
    return scores


@pytest.mark.parametrize("name", NEEDED)
def test_versions_become_what_types_and_options_need(name: str, tmp_path: Path) -> None:
    out = tmp_path / "raised.tflite"
    assert raised(FOLDER / f"{name}.tflite", out) == NEEDED[name]
    model = read(out)
    for operator in model.main.operators:
        assert operator.version >= (needed_version(operator, model.main) or 1)
    used = {(operator.name, operator.version) for operator in model.main.operators}
    assert len(unpack(out.read_bytes()).operatorCodes) == len(used)
    assert raised(out, tmp_path / "again.tflite") == {}


@pytest.mark.parametrize("name", NEEDED)
def test_a_runtime_that_has_the_versions_answers_as_before(name: str, tmp_path: Path) -> None:
    path, out = FOLDER / f"{name}.tflite", tmp_path / "raised.tflite"
    raised(path, out)
    np.testing.assert_array_equal(answer(out, "litert"), answer(path, "litert"))


@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.tflite")), ids=lambda path: path.stem)
def test_right_versions_stay_and_none_is_lowered(file: Path, tmp_path: Path) -> None:
    """TensorFlow 2.21 itself claims the versions of int8 for int16x8."""
    changed = raised(file, tmp_path / "raised.tflite")
    assert bool(changed) == (file.stem in ("wrong_version", "int16x8"))
    before, after = read(file), read(tmp_path / "raised.tflite")
    for one, other in zip(before.subgraphs, after.subgraphs, strict=True):
        assert [o.name for o in one.operators] == [o.name for o in other.operators]
        for first, second in zip(one.operators, other.operators, strict=True):
            assert second.version >= first.version


@pytest.mark.parametrize("name", NEEDED)
def test_the_check_says_that_the_file_answers_wrong_and_what_to_do(name: str) -> None:
    found = check(FOLDER / f"{name}.tflite", "cpu")
    wrong = [o for o in found.operators if "it loads and answers wrong" in o.reason]
    assert "FULLY_CONNECTED" in [o.name for o in wrong]
    assert all("edgekit slim --fix-versions" in o.fix for o in wrong)
    assert check(FOLDER / f"{name}.tflite", "litert").ok


@pytest.mark.device
@pytest.mark.skipif(bool(tflite_runtime.missing()), reason=tflite_runtime.missing() or "-")
@pytest.mark.parametrize("name", NEEDED)
def test_an_old_runtime_answers_nonsense_before_and_refuses_after(
    name: str, tmp_path: Path
) -> None:
    path, out = FOLDER / f"{name}.tflite", tmp_path / "raised.tflite"
    right, wrong = answer(path, "litert"), answer(path, "tflite-runtime")
    assert not np.abs(wrong - right).max() < 0.5 * np.ptp(right)  # zeros, or NaN
    done = slim(path, out, fix_versions=True)
    assert done.versions == NEEDED[name]
    assert done.same_answers == ("litert",)
    assert "refuses" in done.not_run["tflite-runtime"]
    with pytest.raises(ModelRefused, match=r"version|resolve|registration"):
        answer(out, "tflite-runtime")
    np.testing.assert_array_equal(answer(out, "litert"), right)
