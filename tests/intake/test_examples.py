"""Calibration examples come from folders, files and memory, prepared as is said in a note."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import BadData, BadInput
from edgekit.core.types import Batch
from edgekit.intake.examples import as_npz, as_path
from edgekit.on_device.pictures import to_pgm
from edgekit.source_model.golden_vectors import read_arrays
from tests.support import strangers

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def gray() -> Any:
    from keras import layers

    return strangers.chain((8, 8, 1), layers.Flatten(), layers.Dense(2))


@pytest.fixture(scope="module")
def wide() -> Any:
    from keras import layers

    return strangers.chain((100,), layers.Dense(2))


def read(given: Path, model: Any, tmp_path: Path, pixels: str = "") -> tuple[Batch, str]:
    path, notes = as_npz(given, model, tmp_path / "out.npz", pixels=pixels)
    return read_arrays(path), " ".join(notes)


def pictures(folder: Path, count: int) -> Path:
    for k in range(count):
        path = folder / f"class {k % 2}" / f"{k}.pgm"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(to_pgm(RANDOM.integers(0, 256, (16, 20))))
    return folder


@pytest.mark.parametrize(
    ("pixels", "low", "high"), [("0..255", 0, 255), ("0..1", 0, 1), ("-1..1", -1, 1)]
)
def test_pictures_become_what_was_said(
    gray: Any, tmp_path: Path, pixels: str, low: float, high: float
) -> None:
    folder = pictures(tmp_path / "photos", 6)
    batch, note = read(folder, gray, tmp_path, pixels)
    assert batch["x"].shape == (6, 8, 8, 1)
    assert batch["x"].dtype == np.float32
    assert low <= batch["x"].min() < batch["x"].max() <= high
    assert np.ptp(batch["x"]) > (high - low) / 3
    assert "6 pictures; of each the middle in the input's proportions, brought to 8x8" in note
    assert f"as float32 {pixels}." in note


def test_what_pixels_become_is_never_guessed(gray: Any, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "photos", 2)
    with pytest.raises(BadInput, match=r"say what their pixels become .* --pixels 0\.\.255, 0"):
        read(folder, gray, tmp_path)
    with pytest.raises(BadInput, match="pixels is '0-1'; say"):
        read(folder, gray, tmp_path, "0-1")
    with pytest.raises(BadInput, match="pixels is 'caffe'; input 'x' takes float32"):
        read(folder, gray, tmp_path, "caffe")


def test_a_rescaling_layer_tells_what_pixels_become(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8, 8, 1), layers.Rescaling(1 / 255), layers.Flatten())
    batch, note = read(pictures(tmp_path / "photos", 2), model, tmp_path)
    assert batch["x"].max() > 100
    assert "as float32 0..255." in note


def test_pictures_for_integers_are_whole_numbers(tmp_path: Path) -> None:
    from keras import layers

    model = strangers.chain((8, 8, 3), layers.Flatten(), dtype="uint8")
    batch, note = read(pictures(tmp_path / "photos", 2), model, tmp_path)
    assert batch["x"].dtype == np.uint8
    assert batch["x"].shape == (2, 8, 8, 3)
    assert "as whole numbers 0..255." in note


def test_pictures_are_prepared_as_keras_applications_do(tmp_path: Path) -> None:
    import keras
    from keras import layers

    model = strangers.chain((8, 8, 3), layers.Flatten())
    folder = tmp_path / "photos"
    folder.mkdir()
    colours = RANDOM.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    (folder / "a.ppm").write_bytes(b"P6\n8 8\n255\n" + colours.tobytes())
    for mode in ("caffe", "torch"):
        wanted = keras.applications.imagenet_utils.preprocess_input(
            colours[np.newaxis].astype("float32"), mode=mode, data_format="channels_last"
        )
        batch, _ = read(folder, model, tmp_path, mode)
        np.testing.assert_allclose(batch["x"], wanted, atol=2e-4)


def test_corrupt_files_are_named_counted_and_left_out(gray: Any, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "photos", 3)
    (folder / "cut.pgm").write_bytes(b"P5\n8 8\n255\n1234")
    (folder / "readme.txt").write_text("nothing")
    batch, note = read(folder, gray, tmp_path, "0..1")
    assert len(batch["x"]) == 3
    assert "1 of 4 files could not be used and were left out: 'cut.pgm' (" in note


def test_a_folder_without_one_good_file_is_refused(gray: Any, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    with pytest.raises(BadData, match=r"holds no examples; give a folder of one kind"):
        read(folder, gray, tmp_path, "0..1")
    (folder / "cut.pgm").write_bytes(b"P5\n8 8\n255\n1234")
    with pytest.raises(BadData, match=r"'cut\.pgm' cannot be used, nor can any other"):
        read(folder, gray, tmp_path, "0..1")
    np.save(folder / "a.npy", np.ones(3))
    with pytest.raises(BadData, match="holds pictures and files of numbers; give a folder of one"):
        read(folder, gray, tmp_path, "0..1")


def test_a_model_of_two_inputs_takes_no_folder_of_pictures(tmp_path: Path) -> None:
    folder = pictures(tmp_path / "photos", 1)
    with pytest.raises(BadData, match=r"the model has the inputs 'photo', 'facts'; give all"):
        read(folder, strangers.photo_and_facts(), tmp_path, "0..1")


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2])
def test_sounds_become_samples(wide: Any, tmp_path: Path, width: int, channels: int) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    samples = np.sin(np.arange(60) / 5) * 0.5
    whole = np.round(samples * 2.0 ** (8 * width - 1)).astype(np.int64).repeat(channels)
    content = (whole + 128 if width == 1 else whole).astype("<i8").view(np.uint8)
    with wave.open(str(folder / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(8000)
        file.writeframes(content.reshape(-1, 8)[:, :width].tobytes())
    (folder / "b.wav").write_bytes(b"RIFF")
    batch, note = read(folder, wide, tmp_path)
    assert batch["x"].shape == (1, 100)
    np.testing.assert_allclose(batch["x"][0, :60], samples, atol=0.01)
    assert not batch["x"][0, 60:].any()
    assert "1 WAV files of 8000 Hz, one channel, the first 100 samples of each, zeros" in note
    assert "1 of 2 files could not be used and were left out: 'b.wav'" in note


def test_numbers_come_one_by_one_or_in_batches(wide: Any, tmp_path: Path) -> None:
    folder = tmp_path / "numbers"
    folder.mkdir()
    values = RANDOM.random((5, 100)).astype(np.float32)
    np.save(folder / "1.npy", values[0])
    np.save(folder / "2.npy", values[1:])
    np.save(folder / "3.npy", values[:, :7])
    np.save(folder / "4.npy", np.full(100, np.nan))
    np.savez(folder / "5.npz", whatever=values[:2])
    batch, note = read(folder, wide, tmp_path)
    np.testing.assert_array_equal(batch["x"], np.concatenate([values, values[:2]]))
    assert "2 of 5 files could not be used" in note
    assert "'3.npy' (it has shape (5, 7); input 'x' takes (100,)" in note


def test_a_single_npy_needs_no_name(wide: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "c.npy", RANDOM.random((5, 100)))
    batch, _ = read(tmp_path / "c.npy", wide, tmp_path)
    assert batch["x"].shape == (5, 100)


def in_memory(given: Any, model: Any, tmp_path: Path) -> Batch:
    return read(as_path(given, tmp_path), model, tmp_path)[0]


def test_what_lies_in_memory_is_taken_too(wide: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    values = RANDOM.random((6, 100)).astype(np.float32)

    def one_by_one() -> Iterator[Any]:
        yield from values

    def like_tensorflow() -> Iterator[Any]:
        for value in values:
            yield [value[np.newaxis]]

    forms = [
        values,
        {"anything": values},
        one_by_one(),
        like_tensorflow(),
        [{"x": values[:4]}, {"x": values[4:]}],
        tf.data.Dataset.from_tensor_slices(values).batch(4),
    ]
    for k, form in enumerate(forms):
        batch = in_memory(form, wide, tmp_path / str(k))
        (found,) = batch.values()
        np.testing.assert_array_equal(found, values)
    assert as_path("c.npz", tmp_path) == Path("c.npz")


def test_two_inputs_come_by_name_or_in_order(tmp_path: Path) -> None:
    model = strangers.photo_and_facts()
    photo, facts = RANDOM.random((3, 16, 16, 3)), RANDOM.random((3, 5))
    pairs = in_memory(zip(photo, facts, strict=True), model, tmp_path)
    np.testing.assert_array_equal(pairs["facts"], facts)
    with pytest.raises(BadData, match="it holds 1 arrays, arr_0; the model's inputs are 'photo'"):
        in_memory(iter(photo), model, tmp_path / "again")


@pytest.mark.parametrize("given", [3, [], [b"a", None], None])
def test_what_is_no_data_is_refused(given: Any, tmp_path: Path) -> None:
    with pytest.raises(BadData, match="calibration data"):
        as_path(given, tmp_path)
