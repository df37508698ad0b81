"""Metadata inside files: read back as written, never trusted, and without a trace in answers."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core import registry
from edgekit.core.recipe import Signature, Tensor
from edgekit.running.session import open_session
from edgekit.running.smoke_test import relu_model
from edgekit.tflite.bounds import Damaged
from edgekit.tflite.editing import unpack
from edgekit.tflite.metadata.describing import described, in_order_of
from edgekit.tflite.metadata.reading import packed_files, read_metadata
from edgekit.tflite.metadata.values import (
    COLORS,
    CONTENTS,
    FILE_KINDS,
    AssociatedFile,
    Metadata,
    TensorMetadata,
)
from edgekit.tflite.metadata.writing import with_metadata, without_metadata
from edgekit.tflite.reader import read
from edgekit.verbs.inspect import inspect
from edgekit.verbs.slim import slim
from tests.support.paths import GOLDEN

IMAGES = {"image": np.random.default_rng(0).random((8, 8, 8, 1), dtype=np.float32)}
LABELS = ("T-shirt", "trousers", "Käse")
SIGNATURE = Signature(
    inputs=(Tensor(name="image", shape=(1, 8, 8, 1), meaning="grey image, 0..1"),),
    outputs=(Tensor(name="scores", shape=(1, 3), meaning="probability of each label"),),
    labels=LABELS,
)
TEXTS = st.text(max_size=12)
FILES = st.lists(
    st.builds(AssociatedFile, name=TEXTS, description=TEXTS, kind=st.sampled_from(FILE_KINDS)),
    max_size=2,
).map(tuple)
FLOATS = st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), max_size=3)


@st.composite
def tensors(draw: st.DrawFn) -> TensorMetadata:
    content = draw(st.sampled_from(CONTENTS))
    mean = tuple(draw(FLOATS))
    return TensorMetadata(
        name=draw(TEXTS),
        description=draw(TEXTS),
        content=content,
        colors=draw(st.sampled_from(COLORS)) if content == "image" else "",
        mean=mean,
        std=mean[::-1],
        files=draw(FILES),
    )


METADATA = st.builds(
    Metadata,
    name=TEXTS,
    description=TEXTS,
    version=TEXTS,
    author=TEXTS,
    license=TEXTS,
    inputs=st.lists(tensors(), max_size=2).map(tuple),
    outputs=st.lists(tensors(), max_size=2).map(tuple),
    files=FILES,
    min_parser_version=TEXTS,
)


def stored(content: bytes) -> bytes:
    """Return the metadata of a file as it holds them."""
    model = unpack(content)
    (entry,) = [each for each in model.metadata if each.name == b"TFLITE_METADATA"]
    return bytes(model.buffers[entry.buffer].data)


def labelled(name: str) -> bytes:
    about = described(SIGNATURE, name="digits", description="A network of one layer.")
    return with_metadata((GOLDEN / f"{name}.tflite").read_bytes(), *about)


@settings(deadline=None, max_examples=60)
@given(METADATA)
def test_metadata_are_read_as_they_were_written(metadata: Metadata) -> None:
    assert read_metadata(stored(with_metadata(relu_model(), metadata, {}))) == metadata


@settings(deadline=None, max_examples=300)
@given(st.data())
def test_damaged_metadata_are_read_or_refused_with_a_sentence(data: st.DataObject) -> None:
    content = bytearray(stored(labelled("int8")))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    with suppress(Damaged):
        assert isinstance(read_metadata(bytes(content[:cut])), Metadata)
    with suppress(Damaged):
        read_metadata(b"\4\0\0\0M001" + data.draw(st.binary(max_size=200)))


def test_metadata_that_refer_to_themselves_end() -> None:
    """A vector that lies over itself makes of a few bytes many tables."""
    root = bytearray(b"\x14\0\0\0M001" + bytes(400))
    with pytest.raises(Damaged):
        read_metadata(bytes(root))
    with pytest.raises(Damaged, match="M001"):
        read_metadata(b"\x14\0\0\0M002" + bytes(40))


@pytest.mark.parametrize("name", ["float32", "int8", "dynamic_int8", "loop"])
def test_answers_stay_the_same_bit_for_bit(name: str, tmp_path: Path) -> None:
    plain, told = GOLDEN / f"{name}.tflite", tmp_path / "told.tflite"
    metadata = Metadata(name="a", inputs=(TensorMetadata(name="x"),))
    told.write_bytes(with_metadata(plain.read_bytes(), metadata, {"labels.txt": b"one\n"}))
    runtimes = ["litert"]
    if not registry.get("runtimes", "tflite-runtime").missing():
        runtimes.append("tflite-runtime")
    ports = read(plain).main
    for runtime in runtimes:
        answers = []
        for path in (plain, told):
            with open_session(path, runtime=runtime) as run:
                shape = ports.tensors[ports.inputs[0]].shape
                values = np.random.default_rng(0).random((4, *shape[1:]), dtype=np.float32)
                (input_name,) = read(path).signatures[0].inputs
                answers.append(next(iter(run({input_name: values}).values())))
        assert answers[0].tobytes() == answers[1].tobytes()


def test_it_costs_little_and_the_same_bytes_each_time() -> None:
    plain = without_metadata((GOLDEN / "int8.tflite").read_bytes())
    assert labelled("int8") == labelled("int8")
    assert len(labelled("int8")) - len(plain) < 720
    assert without_metadata(labelled("int8")) == plain


def test_labels_are_packed_behind_and_the_file_is_still_sound(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(labelled("int8"))
    with zipfile.ZipFile(path) as packed:
        assert packed.read("labels.txt").decode() == "T-shirt\ntrousers\nKäse\n"
    found = inspect(path)
    assert found.problems == ()
    assert found.metadata is not None
    assert found.metadata.name == "digits"
    (image,), (scores,) = found.metadata.inputs, found.metadata.outputs
    assert (image.content, image.colors, image.mean, image.std) == ("image", "grey", (0,), (255,))
    assert [(each.name, each.kind) for each in scores.files] == [("labels.txt", "axis labels")]
    assert [each.name for each in found.packed_files] == ["labels.txt"]
    ran = CliRunner().invoke(app, ["inspect", str(path)])
    assert ran.exit_code == 0
    assert "image: grey image, 0..1; grey image; (x - 0) / 255" in ran.stdout
    assert "scores: probability of each label; axis labels in labels.txt" in ran.stdout
    assert '"name": "digits"' in CliRunner().invoke(app, ["inspect", str(path), "--json"]).stdout


def test_what_others_wrote_survives_slimming(tmp_path: Path) -> None:
    content = (GOLDEN / "int8.tflite").read_bytes()
    metadata = Metadata(name="theirs", license="MIT", version="7")
    path, out = tmp_path / "m.tflite", tmp_path / "slim.tflite"
    path.write_bytes(content)
    model = unpack(with_metadata(content, metadata, {}))
    from edgekit.tflite.editing import pack  # unlike ours it repeats what is equal

    with io.BytesIO(bytes(pack(model))) as stream:
        with zipfile.ZipFile(stream, "a") as packed:
            packed.writestr("notes.txt", "theirs")
        path.write_bytes(stream.getvalue())
    done = slim(path, out)
    assert done.out == str(out)
    assert inspect(out).metadata == metadata
    assert [each.name for each in packed_files(out)] == ["notes.txt"]


def test_what_cannot_be_read_is_ignored_with_a_sentence(tmp_path: Path) -> None:
    content = labelled("int8")
    broken = content.replace(b"M001", b"M009")
    path = tmp_path / "m.tflite"
    path.write_bytes(broken[: broken.rindex(b"PK\1\2") + 6] + broken[broken.rindex(b"PK\5\6") :])
    found = inspect(path)
    assert found.metadata is None
    assert "The metadata in the file are ignored: they begin with b'M009'" in found.metadata_problem
    assert "The files packed behind the model are ignored" in found.metadata_problem
    ran = CliRunner().invoke(app, ["inspect", str(path)])
    assert ran.exit_code == 0
    assert "are ignored" in ran.output


def test_signatures_come_into_the_order_of_the_graph() -> None:
    model = unpack((GOLDEN / "int8.tflite").read_bytes())
    assert model.signatureDefs is not None
    told = unpack(labelled("int8")).signatureDefs[0]
    assert [entry.name for entry in told.inputs] == [
        entry.name for entry in model.signatureDefs[0].inputs
    ]


@pytest.mark.parametrize(
    ("shape", "meaning", "pixels", "mean"),
    [
        ((1, 8, 8, 3), "red, green and blue, 0..1", "", (0.0,)),
        ((1, 8, 8, 3), "colours, -1..1", "", (127.5,)),
        ((1, 8, 8, 3), "", "torch", (123.675, 116.28, 103.53)),
        ((1, 8, 8, 3), "", "caffe", ()),
        ((1, 8, 8, 3), "", "", ()),
        ((1, 8, 8, 2), "two channels, 0..1", "", ()),
        ((1, 8), "numbers, 0..1", "", ()),
    ],
)
def test_pictures_say_how_their_pixels_are_scaled_if_that_is_known(
    shape: tuple[int, ...], meaning: str, pixels: str, mean: tuple[float, ...]
) -> None:
    tensor = Tensor(name="x", shape=shape, meaning=meaning)
    signature = Signature(inputs=(tensor,), outputs=())
    metadata, files = described(signature, name="n", description="d", pixels=pixels)
    assert files == {}
    assert metadata.inputs[0].mean == mean
    assert metadata.inputs[0].content == ("image" if mean else "")


def test_labels_of_no_output_belong_to_the_model() -> None:
    told = Signature(inputs=(), outputs=(Tensor(name="boxes", shape=(1, 4)),), labels=("a", "b"))
    metadata, files = described(told, name="n", description="d")
    assert [each.kind for each in metadata.files] == ["value labels"]
    assert files == {"labels.txt": b"a\nb\n"}


def test_what_a_recipe_says_comes_into_the_order_of_the_file() -> None:
    names = ("b", "a", "only in the file")
    file = Signature(inputs=tuple(Tensor(name=n, shape=(1,)) for n in names), outputs=())
    told = Signature(
        inputs=tuple(Tensor(name=n, shape=(1,), meaning=n.upper()) for n in ("a", "b")),
        outputs=(),
    )
    ordered = in_order_of(file, told)
    assert [tensor.meaning for tensor in ordered.inputs] == ["B", "A", ""]
