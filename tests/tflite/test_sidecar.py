"""What is known of a file survives being written beside it."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import pytest

from edgekit.core.errors import BadInput, NotFound
from edgekit.core.kinds import Artifact
from edgekit.core.recipe import Signature, Tensor
from edgekit.tflite.sidecar import compressed_bytes, describe, read_sidecar, write_sidecar

SIGNATURE = Signature(
    inputs=(Tensor(name="image", shape=(1, 28, 28, 1), meaning="grey image, 0..1"),),
    outputs=(Tensor(name="kind", shape=(1, 2)),),
    labels=("cat", "dog"),
)


@pytest.fixture
def artifact(tmp_path: Path) -> Artifact:
    path = tmp_path / "int8" / "model.tflite"
    path.parent.mkdir()
    path.write_bytes(b"weights " * 500)
    return describe(path, precision="int8", signature=SIGNATURE, made_by={"note_1": "Batch is 1."})


def test_sizes_and_checksum_are_measured(artifact: Artifact) -> None:
    assert artifact.size_bytes == 4000
    assert artifact.sha256 == hashlib.sha256(b"weights " * 500).hexdigest()


def test_a_sidecar_reads_back_as_the_same_artifact(artifact: Artifact, tmp_path: Path) -> None:
    write_sidecar(artifact, tmp_path / "int8" / "artifact.json")
    assert read_sidecar(tmp_path / "int8" / "artifact.json") == artifact


def test_a_folder_can_be_moved(artifact: Artifact, tmp_path: Path) -> None:
    write_sidecar(artifact, tmp_path / "int8" / "artifact.json")
    (tmp_path / "int8").rename(tmp_path / "elsewhere")
    found = read_sidecar(tmp_path / "elsewhere" / "artifact.json")
    assert found.path.read_bytes() == b"weights " * 500


def test_the_compressed_size_is_that_of_a_zip(artifact: Artifact, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "z.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.write(artifact.path, "model")
        assert archive.infolist()[0].compress_size == compressed_bytes(artifact.path)


def test_a_missing_sidecar_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="is written beside each converted file"):
        read_sidecar(tmp_path / "artifact.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"file": 3}', "null", '"x"'])
def test_a_broken_sidecar_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "artifact.json").write_text(text)
    with pytest.raises(BadInput, match="convert the model again"):
        read_sidecar(tmp_path / "artifact.json")
