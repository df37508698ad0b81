"""A build replaces what a build wrote, and refuses anything else before it begins."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edgekit.building.run_folder import PLAN, refuse_strangers, remove_bundle, save_model
from edgekit.core.errors import BadInput


def refuse(folder: Path) -> None:
    refuse_strangers(folder, bundles=["bundle"])


def test_a_new_an_empty_and_an_earlier_run_folder_are_taken(tmp_path: Path) -> None:
    refuse(tmp_path / "new")
    refuse(tmp_path)
    (tmp_path / PLAN).write_text("{}")
    (tmp_path / "notes.txt").write_text("kept by a build")
    refuse(tmp_path)


def test_a_folder_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "device").mkdir()
    (tmp_path / "device" / "thesis.txt").write_text("years of work")
    with pytest.raises(BadInput, match="holds 'device' and was not made by a build"):
        refuse(tmp_path)


def test_a_file_is_no_run_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="which is a file"):
        refuse(tmp_path / "file")


def test_a_strangers_file_in_the_bundle_is_named_and_stays(tmp_path: Path) -> None:
    (tmp_path / PLAN).write_text("{}")
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"bundle' holds 'notes\.txt', which edgekit did not write"):
        refuse(tmp_path)
    remove_bundle(tmp_path / "bundle")
    assert (tmp_path / "bundle" / "notes.txt").read_text() == "mine"


@pytest.mark.filterwarnings("ignore")  # Keras warns of itself when it saves
def test_the_same_model_is_the_same_file_whenever_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    def made(name: str, zone: str) -> bytes:
        monkeypatch.setenv("TZ", zone)  # Keras writes the local time
        time.tzset()
        keras.utils.clear_session()
        keras.utils.set_random_seed(7)
        shared = keras.dtype_policies.DTypePolicy("float32")
        x = keras.Input((3,), name="x")
        y = keras.layers.Dense(2, dtype=shared)(keras.layers.Dense(4, dtype=shared)(x))
        save_model(keras.Model(x, y), tmp_path / name)
        return (tmp_path / name).read_bytes()

    first, second = made("first.keras", "UTC"), made("second.keras", "Asia/Tokyo")
    monkeypatch.undo()
    time.tzset()
    assert first == second
    with zipfile.ZipFile(tmp_path / "first.keras") as saved:
        assert b'"shared_object_id": 0' in saved.read("config.json")
        assert saved.testzip() is None
    loaded = keras.saving.load_model(tmp_path / "first.keras", safe_mode=True)
    again = keras.saving.load_model(tmp_path / "second.keras", safe_mode=True)
    inputs = np.ones((1, 3), np.float32)
    np.testing.assert_array_equal(loaded.predict(inputs, verbose=0), again(inputs))
