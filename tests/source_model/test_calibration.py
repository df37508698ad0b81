"""Calibration data is refused with a reason before a converter sees it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from edgekit.core.errors import BadData, NotFound
from edgekit.core.recipe import Signature, Tensor
from edgekit.source_model.calibration import check_examples, how_to_make, load_calibration

ONE = Signature(inputs=(Tensor(name="image", shape=(1, 4, 4)),), outputs=())
TWO = Signature(
    inputs=(Tensor(name="image", shape=(1, 4)), Tensor(name="word", shape=(1, 2), dtype="int32")),
    outputs=(),
)
GOOD = np.random.default_rng(0).normal(size=(10, 4, 4)).astype(np.float32)
WORDS = np.arange(20).reshape(10, 2)


def written(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "c.npz", **arrays)
    return folder / "c.npz"


def with_value(value: float) -> Any:
    array = GOOD.copy()
    array[3, 1, 2] = value
    return array


def test_good_data_comes_back_in_the_types_and_order_of_the_inputs(tmp_path: Path) -> None:
    path = written(tmp_path, word=WORDS, image=GOOD[:, 0].astype(np.float64))
    batch = load_calibration(path, TWO)
    assert [(name, array.dtype) for name, array in batch.items()] == [
        ("image", np.dtype(np.float32)),
        ("word", np.dtype(np.int32)),
    ]
    np.testing.assert_array_equal(batch["word"], WORDS)


def test_a_single_array_needs_no_name(tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", GOOD)
    np.testing.assert_array_equal(load_calibration(tmp_path / "c.npz", ONE)["image"], GOOD)


def test_the_name_of_a_lone_array_does_not_matter(tmp_path: Path) -> None:
    path = written(tmp_path, x_train=GOOD)
    np.testing.assert_array_equal(load_calibration(path, ONE)["image"], GOOD)


def test_arrays_without_names_are_the_inputs_in_order(tmp_path: Path) -> None:
    np.savez(tmp_path / "c.npz", GOOD[:, 0], WORDS)
    batch = load_calibration(tmp_path / "c.npz", TWO)
    np.testing.assert_array_equal(batch["word"], WORDS)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no calibration file"):
        load_calibration(tmp_path / "c.npz", ONE)


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        (
            {"picture": GOOD, "more": GOOD},
            r"holds 'picture', 'more'; the model's inputs are 'image'\. Save some hundred",
        ),
        ({"image": GOOD, "label": WORDS}, r"holds 'image', 'label'; the model's inputs are"),
        ({}, r"holds no arrays; the model's inputs are 'image'"),
        ({"image": GOOD[:, :2]}, r"has shape \(10, 2, 4\); the model takes \(n, 4, 4\)"),
        ({"image": GOOD[0]}, r"has no batch axis; give it one: array\[np\.newaxis\]"),
        ({"image": GOOD[:0]}, r"holds no example"),
        ({"image": (GOOD * 40).astype(np.uint8)}, r"is uint8; the model takes float32"),
        ({"image": with_value(np.nan)}, r"1 NaN or infinite values, the first in example 3"),
        ({"image": with_value(-np.inf)}, r"1 NaN or infinite values, the first in example 3"),
        ({"image": np.full_like(GOOD, 0.5)}, r"is 0\.5 everywhere"),
        ({"image": GOOD * 1e8}, r"networks take values well below 1e\+06"),
        ({"image": GOOD.astype(np.float64) * 1e300}, r"is float64; the model takes float32"),
    ],
)
def test_bad_data_is_refused_with_a_reason(
    arrays: dict[str, Any], sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(BadData, match=sentence):
        load_calibration(written(tmp_path, **arrays), ONE)


def test_one_wild_value_is_refused(tmp_path: Path) -> None:
    many = np.random.default_rng(0).normal(size=(2000, 4, 4)).astype(np.float32)
    many[5, 0, 0] = 900_000
    with pytest.raises(
        BadData, match=r"but 98 % of it lies between .* Remove or clip the outliers"
    ):
        load_calibration(written(tmp_path, image=many), ONE)


def test_one_hot_data_is_not_an_outlier(tmp_path: Path) -> None:
    tokens = np.eye(1000, dtype=np.float32)[np.random.default_rng(0).integers(0, 1000, 50)]
    signature = Signature(inputs=(Tensor(name="x", shape=(1, 1000)),), outputs=())
    assert load_calibration(written(tmp_path, x=tokens), signature)["x"].shape == (50, 1000)


def test_inputs_need_the_same_number_of_examples(tmp_path: Path) -> None:
    path = written(tmp_path, image=GOOD[:, 0], word=WORDS[:7])
    with pytest.raises(BadData, match="holds 10 of 'image', 7 of 'word'; give the same number"):
        load_calibration(path, TWO)


def test_integers_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path, image=GOOD[:, 0], word=WORDS + 2**40)
    with pytest.raises(BadData, match="input 'word' is int64; the model takes int32"):
        load_calibration(path, TWO)


def test_pickles_are_never_loaded(tmp_path: Path) -> None:
    path = written(tmp_path, image=np.array([{"a": 1}], dtype=object))
    with pytest.raises(BadData, match="pickled Python objects, which are never loaded"):
        load_calibration(path, ONE)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_npz_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.npz").write_bytes(content)
    with pytest.raises(BadData, match=r"np\.savez"):
        load_calibration(tmp_path / "c.npz", ONE)


def test_a_single_npy_is_told_how_to_become_an_npz(tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", GOOD)
    with pytest.raises(BadData, match=r"is a single array; write it with np\.savez\('c\.npz'"):
        load_calibration(tmp_path / "c.npy", ONE)


def test_the_advice_is_code_that_runs() -> None:
    assert "np.savez('calibration.npz', image=array, word=array)" in how_to_make(TWO)
    odd = Signature(inputs=(Tensor(name="in-1", shape=(1,)),), outputs=())
    assert "**{'in-1': array}" in how_to_make(odd)


@given(
    array=npst.arrays(
        st.sampled_from(["float32", "float64", "int8", "int64", "uint8", "bool", "complex64"]),
        npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4),
    )
)
def test_whatever_comes_is_carried_exactly_or_refused(array: Any) -> None:
    try:
        batch = check_examples({"image": array}, ONE, what="It")
    except BadData as error:
        assert str(error).startswith("It")  # noqa: PT017  (it is raised for some arrays only)
    else:
        assert array.shape[1:] == (4, 4)
        assert np.isfinite(batch["image"]).all()
        np.testing.assert_array_equal(batch["image"], array.astype(np.float32))
