"""What there is to ask: a variant of a bundle, or a `.tflite` alone.

A bundle may come from a stranger. Its checksums are compared, its files are opened by name inside
it only, and none of its code runs: the program is edgekit's own of the same name.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.core.paths import packaged, sha256
from edgekit.core.records import from_json, read_json
from edgekit.core.types import Array, Batch, Run
from edgekit.intake.media import PREPARED, check_pixels
from edgekit.on_device.answering import Program
from edgekit.on_device.interpreter import BUNDLE, ModelFacts, TensorFacts, facts_file, too_new
from edgekit.running.quantization import number_ports
from edgekit.tflite.reader import Port, read
from edgekit.tflite.sidecar import descriptions_of
from edgekit.verbs.explain import recorded_options

SUMS = "SHA256SUMS"
MODEL = "model"
REMEDY = "take the bundle again from where it was made"
CLASSIFY, ARRAYS = "classify", "arrays"
"""Programs for a file alone: of a classifier of pictures, and of any other model."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A program with the files that it asks.

    Attributes:
        name: Of the program.
        folder: Where the program reads its own files.
        variant: Of a bundle; of a file alone its name without the ending.
        files: Part name -> `.tflite`.
        labels: What the outputs are called; empty if that is not known.
        pixels: What the pixels of a file alone become, a key of `PREPARED`; "" as they are.
        example: Arguments that work with the bundle.
    """

    name: str
    program: Program[object]
    folder: Path
    variant: str
    files: Mapping[str, Path]
    labels: tuple[str, ...]
    pixels: str = ""
    example: tuple[str, ...] = ()

    def facts(self) -> dict[str, ModelFacts]:
        """Return what a program is told of the files: what the files themselves say."""
        return {part: _facts(self.variant, part, file) for part, file in self.files.items()}

    def prepared(self, run: Run) -> Run:
        """Return a part that takes pictures in 0..1 as a file alone wants them."""
        if not self.pixels:
            return run
        port = number_ports(read(self.files[MODEL]))[0][0]

        def prepared(batch: Batch) -> Batch:
            return run({port.name: _pixels(batch[port.name], port, self.pixels)})

        return prepared


@dataclass(frozen=True, kw_only=True)
class _File:
    variant: str
    part: str
    file: str


@dataclass(frozen=True, kw_only=True)
class _Started:
    file: str
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Bundle:
    """What is read of a bundle's `bundle.json`, or of the `signature.json` of older ones."""

    version: int = 0
    models: tuple[_File, ...]
    labels: tuple[str, ...] = ()
    program: _Started | None = None


def bundle(folder: Path, variant: str = "") -> Asked:
    """Return what a bundle asks, after checking that it is whole.

    Args:
        folder: The bundle, or the run folder of a build that has one.
        variant: Of the models; the first of the bundle if "".

    Raises:
        NotFound: There is no bundle, or no such variant in it.
        BadData: It is not as it was made, or not complete.
    """
    folder = folder if facts_file(folder).is_file() else folder / "bundle"
    path = facts_file(folder)
    if not path.is_file():
        raise NotFound(
            f"'{folder.parent}' is no bundle: it has no {BUNDLE}, nor a folder 'bundle' with "
            "one; give what `edgekit build` writes as bundle/, or a .tflite."
        )
    whole = _checked_files(folder)
    value = read_json(path, written_by="a bundle has it", remedy=REMEDY)
    facts = from_json(_Bundle, value, what=f"'{path}'", remedy=REMEDY)
    if problem := too_new(facts.version):
        raise BadData(f"'{path}' {problem}")
    there = tuple(dict.fromkeys(model.variant for model in facts.models))
    chosen = variant or next(iter(there), "")
    files = {model.part: model.file for model in facts.models if model.variant == chosen}
    if not files:
        raise NotFound(f"There is no variant '{variant}' in '{folder}'; it has {', '.join(there)}.")
    if strangers := [name for name in files.values() if name not in whole]:
        raise BadData(f"{SUMS} of '{folder}' does not name '{strangers[0]}'; {REMEDY}.")
    name = Path(facts.program.file).stem if facts.program else ARRAYS
    example = facts.program.arguments[2:] if facts.program else ()
    return Asked(
        name=name,
        program=program_called(name),
        folder=folder,
        variant=chosen,
        files={part: whole[file] for part, file in files.items()},
        labels=facts.labels,
        example=example,
    )


def alone(file: Path, *, labels: Path | None = None, pixels: str = "") -> Asked:
    """Return what a file alone is asked: what a picture shows, or what arrays give.

    It is a classifier of pictures if its only input is a picture and its only output a row of
    scores. Its labels are those of `labels`, of what describes it beside it, or of what is packed
    behind its model.

    Args:
        file: A `.tflite`.
        labels: A text file, one label a line.
        pixels: What pixels become for a float input, a key of `PREPARED`; what describes the file
            says it if "".

    Raises:
        NotFound, BadModelFile, BadInput, BadData: It cannot be asked.
    """
    inputs, outputs = number_ports(read(file))
    is_classifier = (
        len(inputs) == len(outputs) == 1
        and len(inputs[0].shape) == 4
        and inputs[0].shape[3] in (1, 3)
        and min(inputs[0].shape[1:3]) > 1
        and len(outputs[0].shape) == 2
        and outputs[0].shape[1] > 1
    )
    name = CLASSIFY if is_classifier else ARRAYS
    found = _read_labels(labels) if labels else _labels_of(file)
    return Asked(
        name=name,
        program=program_called(name),
        folder=file.parent,
        variant=file.stem,
        files={MODEL: file},
        labels=found,
        pixels=_pixels_of(file, inputs[0], pixels) if is_classifier else "",
    )


def program_called(name: str) -> Program[object]:
    """Return edgekit's own program of a name.

    Raises:
        NotFound: There is none.
    """
    there = sorted(path.stem for path in packaged("on_device", "programs").glob("[!_]*.py"))
    if name not in there:
        raise NotFound(
            f"The bundle's program is '{name}', which this edgekit does not have; it has "
            f"{', '.join(there)}. Run the bundle with the edgekit that made it."
        )
    program: Program[object] = import_module(f"edgekit.on_device.programs.{name}").program
    return program


def _checked_files(folder: Path) -> dict[str, Path]:
    """Return the files that a bundle's checksums name, all of them there and unchanged."""
    sums = folder / SUMS
    if not sums.is_file():
        raise BadData(f"'{folder}' has no {SUMS}, which every bundle has; {REMEDY}.")
    found = {}
    for line in sums.read_text(encoding="utf-8", errors="replace").splitlines():
        digest, _, name = line.partition("  ")
        path, inside = folder / name, folder.resolve()
        if not path.is_file() or not path.resolve().is_relative_to(inside):
            raise BadData(f"{SUMS} of '{folder}' names {name!r}, which is not in it; {REMEDY}.")
        if sha256(path) != digest:
            raise BadData(f"'{path}' is not the file that {SUMS} names; {REMEDY}.")
        found[name] = path
    return found


def _facts(variant: str, part: str, file: Path) -> ModelFacts:
    inputs, outputs = number_ports(read(file))
    return ModelFacts(
        variant=variant,
        part=part,
        file=file.name,
        inputs=[_tensor(port) for port in inputs],
        outputs=[_tensor(port) for port in outputs],
    )


def _tensor(port: Port) -> TensorFacts:
    scale, zero_point = port.scale, port.zero_point
    return TensorFacts(
        name=port.name,
        index=port.index,
        shape=list(port.shape),
        dtype=port.dtype,
        quantization={"scale": scale, "zero_point": zero_point} if scale else None,
    )


def _labels_of(file: Path) -> tuple[str, ...]:
    """Return the labels that are written beside a file, or packed behind its model."""
    for described in descriptions_of(file):
        if described.signature.labels:
            return described.signature.labels
    if not zipfile.is_zipfile(file):
        return ()
    try:
        with zipfile.ZipFile(file) as packed:
            entries = [e for e in packed.infolist() if re.search(r"label.*\.txt$", e.filename)]
            if not entries or entries[0].file_size > MOST_BYTES:
                return ()
            return tuple(packed.read(entries[0]).decode("utf-8").splitlines())
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError) as error:
        raise BadData(
            f"The labels packed behind the model in '{file}' cannot be read; give them by --labels."
        ) from error


MOST_BYTES = 10_000_000
"""Of labels that are packed behind a model."""


def _read_labels(path: Path) -> tuple[str, ...]:
    try:
        return tuple(path.read_text(encoding="utf-8").splitlines())
    except (OSError, ValueError) as error:
        raise BadInput(f"'{path}' cannot be read as text; give labels, one a line.") from error


def _pixels_of(file: Path, port: Port, pixels: str) -> str:
    """Return what pixels become: as asked, as recorded, or by the type of the input."""
    check_pixels(pixels)
    if np.dtype(port.dtype).kind in "iu":
        return "0..255"
    meanings = (d.signature.inputs[0].meaning for d in descriptions_of(file) if d.signature.inputs)
    noted = next((key for meaning in meanings for key in PREPARED if key in meaning.split()), "")
    known = pixels or recorded_options(file).pixels or noted
    if not known:
        raise BadInput(
            f"What pixels become for '{port.name}' of '{file}' is not written beside it; say it, "
            f"as in training: --pixels {', '.join(PREPARED)}."
        )
    return known


def _pixels(pictures: Array, port: Port, pixels: str) -> Array:
    """Return pictures in 0..1 as an input takes them; an integer input takes its whole range."""
    dtype = np.dtype(port.dtype)
    if dtype.kind in "iu":
        shift = -128 if dtype == np.int8 else 0
        return np.asarray(np.rint(pictures * 255) + shift).astype(dtype)
    return np.asarray(PREPARED[pixels](pictures), np.float32)
