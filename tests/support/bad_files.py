"""Files that nobody can use, each called after what is wrong with it."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core import registry
from edgekit.core.types import Array
from edgekit.tflite.editing import pack, unpack
from tests.support import planted_files
from tests.support.board_bundle import add_classifier
from tests.support.example_run import write_run
from tests.support.paths import GOLDEN, RECIPES

GOOD = (GOLDEN / "float32.tflite").read_bytes()
"""It takes `image`, `(1, 8, 8, 1)`, and gives `scores`, `(1, 3)`."""
TEXT = b"This is no model, but it is long enough to be read as one. " * 20
DEEP = "[" * 100_000
NESTED = '{"a": ' + "[" * 600 + "]" * 600 + "}"
"""Deep enough to end a function that calls itself, and not Python's own reader."""
BOMB_BYTES = 50_000_000

TYPES = {"string": 5, "resource": 13, "int4": 17, "bfloat16": 18}


def write_bad_files(folder: Path) -> Path:
    """Write them all, and some good ones to go with them; return the folder."""
    for name, content in {**_tflites(), **_archives(), **_vectors(), **_keras_files()}.items():
        (folder / name).write_bytes(content)
    _write_hdf5(folder)
    _write_saved_models(folder)
    _write_runs(folder)
    _write_bundles(folder)
    for name, text in _PROGRAMS.items():
        (folder / name).write_text(text)
    for name in ("folder", "pictures/a", "pictures/b"):
        (folder / name).mkdir(parents=True)
    for name in ("text.txt", "text.csv", "text.png", "text.wav", "pictures/a/1.png"):
        (folder / name).write_bytes(TEXT)
    (folder / "latin.csv").write_bytes(b"text,label\n\xff\xfe,1\n")
    (folder / "text.json").write_text("no JSON")
    (folder / "deep.json").write_text(DEEP)
    return folder


_PROGRAMS = {
    "blobs.py": (RECIPES / "blobs.py").read_text(),
    "dots.py": (RECIPES / "dots.py").read_text(),
    "syntax.py": "def (",
    "raises.py": "1 / 0",
    "exits.py": "raise SystemExit(7)",
    "nothing.py": "",
    "three.py": "recipe = target = runtime = device = packager = 3",
}


def _tflites() -> dict[str, bytes]:
    """Files without what a model needs, of other types, or of sizes that no memory has."""
    return {
        "good.tflite": GOOD,
        "int8.tflite": (GOLDEN / "int8.tflite").read_bytes(),
        "loop.tflite": (GOLDEN / "loop.tflite").read_bytes(),
        "no-operators.tflite": (GOLDEN / "no_operators.tflite").read_bytes(),
        "text.tflite": TEXT,
        "empty.tflite": b"",
        "cut.tflite": GOOD[: len(GOOD) // 2],
        "no-inputs.tflite": _changed(lambda model: setattr(model.subgraphs[0], "inputs", [])),
        "no-outputs.tflite": _changed(lambda model: setattr(model.subgraphs[0], "outputs", [])),
        "no-graphs.tflite": _changed(lambda model: setattr(model, "subgraphs", [])),
        "no-buffers.tflite": _changed(lambda model: setattr(model, "buffers", [])),
        "zero.tflite": _changed(_input(shape=[0, 8, 8, 1])),
        "negative.tflite": _changed(_input(shape=[1, -8, 8, 1])),
        "giant.tflite": _changed(_input(shape=[1, 65536, 65536, 1])),  # 17 GB
        **{f"{name}.tflite": _changed(_input(type=code)) for name, code in TYPES.items()},
    }


def _changed(change: Callable[[Any], None]) -> bytes:
    model = unpack(GOOD)
    model.signatureDefs = []
    change(model)
    return bytes(pack(model))


def _input(**fields: Any) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        tensor = model.subgraphs[0].tensors[model.subgraphs[0].inputs[0]]
        for name, value in fields.items():
            setattr(tensor, name, value)

    return change


def _npz(arrays: Mapping[str, Array]) -> bytes:
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    return stream.getvalue()


def _zip(members: Mapping[str, str | bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return stream.getvalue()


def _encrypted(archive: bytes) -> bytes:
    """Return a zip whose members say that they need a password."""
    data = bytearray(archive)
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(mark, at + 1)) >= 0:
            data[at + offset] |= 1
    return bytes(data)


IMAGE, SCORES = np.full((4, 8, 8, 1), 0.5, np.float32), np.zeros((4, 3), np.float32)
NAN = np.full_like(IMAGE, np.nan)


def _golden(image: Array = IMAGE, scores: Array = SCORES) -> bytes:
    return _npz({"input:image": image, "output:scores": scores})


def _archives() -> dict[str, bytes]:
    """Files called `.npz` that are none, or none that can be read."""
    alone = io.BytesIO()
    np.save(alone, IMAGE)
    return {
        "text.npz": TEXT,
        "empty.npz": b"",
        "cut.npz": _golden()[:500],
        "encrypted.npz": _encrypted(_golden()),
        "nothing.npz": _zip({}),
        "renamed.npz": alone.getvalue(),
        "bytes.npz": _zip({"image.npy": TEXT}),
        "pickled.npz": _npz({"image": np.array([None] * 4)}),
        "bomb.npz": _zip({"image.npy": bytes(BOMB_BYTES)}),
    }


def _vectors() -> dict[str, bytes]:
    """Golden vectors, and those that fit no file or are no numbers."""
    return {
        "good.npz": _golden(),
        "nan.npz": _golden(image=NAN),
        "nan-answers.npz": _golden(scores=SCORES * np.nan),
        "unnamed.npz": _npz({"image": IMAGE}),
        "inputs-alone.npz": _npz({"input:image": IMAGE}),
        "shape.npz": _golden(image=IMAGE[:, :4]),
        "one-number.npz": _golden(image=np.array(1, np.float32)),
        "none.npz": _golden(image=IMAGE[:0], scores=SCORES[:0]),
        "words.npz": _golden(image=np.full(IMAGE.shape, "a")),
        "complex.npz": _golden(image=IMAGE.astype(np.complex64)),
        "fewer-answers.npz": _golden(scores=SCORES[:2]),
        "narrow-answers.npz": _golden(scores=SCORES[:, :2]),
        "others.npz": _npz({"input:a": IMAGE, "input:b": IMAGE, "output:scores": SCORES}),
    }


def _keras_files() -> dict[str, bytes]:
    """Files called `.keras` that are none, or are damaged; `.h5` that are something else."""
    config = json.dumps(planted_files.functional(form="keras_3"))
    metadata = json.dumps({"keras_version": planted_files.VERSIONS["keras_3"]})
    parts = {"config.json": config, "metadata.json": metadata}
    whole = _zip({**parts, "model.weights.h5": TEXT})
    return {
        "text.keras": TEXT,
        "empty.keras": b"",
        "cut.keras": whole[: len(whole) // 2],
        "encrypted.keras": _encrypted(whole),
        "bomb.keras": _zip({**parts, "config.json": bytes(BOMB_BYTES)}),
        "npz.keras": _golden(),
        "tflite.keras": GOOD,
        "wrong-json.keras": _zip({**parts, "config.json": "{"}),
        "deep.keras": _zip({**parts, "config.json": DEEP}),
        "nested.keras": _zip({**parts, "config.json": NESTED}),
        "number.keras": _zip({**parts, "config.json": "3"}),
        "null.keras": _zip({**parts, "metadata.json": "null"}),
        "bad-weights.keras": whole,
        "no-weights.keras": _zip(parts),
        "later.keras": _zip({**parts, "metadata.json": '{"keras_version": "9.0"}'}),
        "text.h5": TEXT,
        "empty.h5": b"",
        "keras.h5": whole,
        "headed.h5": b"\x89HDF\r\n\x1a\n" + TEXT,
        "model.onnx": TEXT,
    }


def _write_hdf5(folder: Path) -> None:
    """Write what h5py is needed for: whole models, and what is left of them."""
    import h5py

    code = planted_files.layer("Lambda", {"function": ["4wEA", None, None]}, [[["x", 0, 0, {}]]])
    for form, suffix in (("keras_3", "keras"), ("keras_2", "h5")):
        for name, layers in (("good", ()), ("lambda", (code,))):
            config = planted_files.functional(*layers, form=form)
            planted_files.write(folder / f"{name}.{suffix}", config, form=form)
    whole = (folder / "good.h5").read_bytes()
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    (folder / "hdf5.keras").write_bytes(whole)
    for name, described in (("wrong-json", "{"), ("number", 3), ("weights", None)):
        with h5py.File(folder / f"{name}.h5", "w") as file:
            if described is not None:
                file.attrs["model_config"] = described


def _write_saved_models(folder: Path) -> None:
    for name, content in (("text", TEXT), ("empty", b""), ("cut", b"\x08\x01\x12\x80")):
        (folder / f"saved-{name}").mkdir()
        (folder / f"saved-{name}" / "saved_model.pb").write_bytes(content)


def _write_runs(folder: Path) -> None:
    """Write run folders, each damaged in one place."""
    run = write_run(folder / "run")
    whole = (run / "report.json").read_text()
    report = json.loads(whole)

    def of_size(size: object) -> str:
        return json.dumps({**report, "rows": [{**report["rows"][0], "size_bytes": size}]})

    damaged: dict[str, tuple[str, bytes | str | None]] = {
        "text": ("report.json", "no JSON"),
        "latin": ("report.json", b"\xff\xfe"),
        "list": ("report.json", "[]"),
        "deep": ("report.json", DEEP),
        "nested": ("report.json", NESTED),
        "long-number": ("report.json", '{"seed": ' + "9" * 5000 + "}"),
        "huge": ("report.json", of_size(10**30)),
        "words": ("report.json", of_size("much")),
        "nan": ("report.json", of_size(float("nan"))),
        "no-model": ("int8/model.tflite", None),
        "other-model": ("int8/model.tflite", GOOD),
        "no-sidecar": ("int8/artifact.json", None),
        "bad-sidecar": ("int8/artifact.json", "{}"),
        "no-vectors": ("vectors.npz", None),
        "bad-vectors": ("vectors.npz", TEXT),
        "bad-plan": ("plan.json", "no JSON"),
        "old-plan": ("plan.json", '{"recipe": "image_cnn", "size": "tiny", "seed": 0}'),
    }
    for name, (file, content) in damaged.items():
        _damage(Path(shutil.copytree(run, folder / f"run-{name}")) / file, content)


def _write_bundles(folder: Path) -> None:
    """Write bundles, each damaged in one place."""
    run_dir = write_run(folder / "whole")
    add_classifier(run_dir)
    made: Path = registry.get("packagers", "bundle").package(run_dir, folder / "bundle")
    shutil.rmtree(run_dir)
    damaged: dict[str, tuple[str, bytes | str | None]] = {
        "changed": ("labels.txt", "other"),
        "no-sums": ("SHA256SUMS", None),
        "no-model": ("float32.tflite", None),
        "text": ("bundle.json", "no JSON"),
        "list": ("bundle.json", "[]"),
        "object": ("bundle.json", "{}"),
    }
    for name, (file, content) in damaged.items():
        _damage(Path(shutil.copytree(made, folder / f"bundle-{name}")) / file, content)


def _damage(path: Path, content: bytes | str | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_bytes(content.encode() if isinstance(content, str) else content)
