"""What is sent to the Android app: a bundle, or a file alone made into one."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, BadInput
from edgekit.core.paths import sha256, write_json
from edgekit.core.records import Json, from_json, read_json
from edgekit.core.types import Batch
from edgekit.on_device.interpreter import BUNDLE, VERSION
from edgekit.running.timing import random_batch
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.reader import Port, ports, read
from edgekit.verbs.verify import find_vectors, precision_of

NUM_EXAMPLES = 8
REMEDY = "make the bundle again"


@dataclass(frozen=True, kw_only=True)
class _Model:
    variant: str


@dataclass(frozen=True, kw_only=True)
class _Bundle:
    """What `bundle.json` says that matters here."""

    models: tuple[_Model, ...]


@dataclass(frozen=True, kw_only=True)
class AppBundle:
    """A folder that the app can read.

    Attributes:
        variant: Which of its models is asked.
        has_answers: Whether its golden outputs are a reference's; False for random input.
    """

    folder: Path
    variant: str
    has_answers: bool = True

    def zipped(self) -> Path:
        """Return the bundle as a new zip."""
        base = scratch() / "bundle"
        return Path(shutil.make_archive(str(base), "zip", self.folder))


def scratch() -> Path:
    """Return a new folder, which is removed when edgekit ends."""
    folder = Path(tempfile.mkdtemp(prefix="edgekit-phone-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def app_bundle(path: Path, *, variant: str = "", vectors: Path | None = None) -> AppBundle:
    """Return what is sent to the app.

    Args:
        path: A bundle's folder, or a `.tflite` file.
        variant: Of a bundle; its first if empty.
        vectors: Golden vectors of a file alone; by default those beside it.

    Raises:
        NotFound: There is no such file.
        BadInput: The bundle has no such variant, or the path is something else.
        BadData: The bundle cannot be read.
        BadModelFile: The file is not a `.tflite` model.
    """
    if not path.is_dir():
        return _alone(path, vectors or find_vectors(path))
    described = read_json(
        path / BUNDLE, written_by="`edgekit bundle --for android` writes it", remedy=REMEDY
    )
    facts = from_json(_Bundle, described, what=f"'{path / BUNDLE}'", remedy=REMEDY)
    names = [model.variant for model in facts.models]
    if not names:
        raise BadData(f"'{path / BUNDLE}' names no models; {REMEDY}.")
    if variant and variant not in names:
        raise BadInput(f"The bundle has no variant '{variant}'; it has {', '.join(names)}.")
    return AppBundle(folder=path, variant=variant or names[0])


def _alone(file: Path, vectors: Path | None) -> AppBundle:
    """Return a bundle of a file that takes arrays as they are, and of golden vectors."""
    inputs, outputs = ports(read(file))
    if vectors:
        given, answers = read_vectors(vectors)
    else:  # so that it can be timed; the zeros are compared with nothing
        given = random_batch(file)
        answers = {port.name: np.zeros(port.shape, np.float32) for port in outputs}
    folder = scratch() / file.stem
    folder.mkdir()
    shutil.copyfile(file, folder / "model.tflite")
    tensors = [
        *_written(folder, "input", inputs, given),
        *_written(folder, "output", outputs, answers),
    ]
    precision = precision_of(file)
    model = {
        "variant": precision,  # which says that the vectors are the file's own
        "part": "model",
        "precision": precision,
        "file": "model.tflite",
        "size_bytes": file.stat().st_size,
        "sha256": sha256(file),
        "inputs": [_port(port) for port in inputs],
        "outputs": [_port(port) for port in outputs],
    }
    facts = {
        "version": VERSION,
        "recipe": file.stem,
        "task": "none",
        "labels": [],
        "before": {"kind": "numbers"},
        "after": {"kind": "numbers"},
        "models": [model],
        "golden": {"byte_order": "little", "tensors": tensors, "parts": {}},
        "program": None,
    }
    write_json(folder / BUNDLE, facts)
    return AppBundle(folder=folder, variant=precision, has_answers=vectors is not None)


def _written(folder: Path, role: str, own: Sequence[Port], batch: Batch) -> list[Json]:
    """Write a batch's first examples under the file's own names; return what there is to say."""
    lone = len(own) == len(batch) == 1
    written = []
    for index, port in enumerate(own):
        if not lone and port.name not in batch:
            raise BadInput(f"The vectors have no {role} '{port.name}'; they have {list(batch)}.")
        array = np.asarray(next(iter(batch.values())) if lone else batch[port.name])
        array = array[:NUM_EXAMPLES]
        array = array.astype("<i4" if array.dtype.kind in "iu" else "<f4")
        name = f"{role}_{index}.bin"
        (folder / name).write_bytes(np.ascontiguousarray(array).tobytes())
        facts = {"role": role, "name": port.name, "file": name, "dtype": array.dtype.name}
        written.append({**facts, "shape": list(array.shape)})
    return written


def _port(port: Port) -> Json:
    scaling = {"scale": port.scale, "zero_point": port.zero_point} if port.scale else None
    return {
        "name": port.name,
        "index": port.index,
        "shape": list(port.shape),
        "dtype": port.dtype,
        "meaning": "",
        "quantization": scaling,
    }
