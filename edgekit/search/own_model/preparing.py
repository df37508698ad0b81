"""Take in a user's own model and examples for a search; what is refused leaves nothing behind."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from edgekit.core import registry
from edgekit.core.errors import BadInput, NotFound, Unavailable
from edgekit.core.paths import require_writable
from edgekit.core.types import AnyPath, Progress, is_path
from edgekit.core.variant import CALIBRATED
from edgekit.intake.examples import Given, as_path
from edgekit.intake.live_model import saved
from edgekit.intake.media import check_pixels
from edgekit.intake.options import Options
from edgekit.reporting.wording import listed
from edgekit.search.candidate import Limits, Reference
from edgekit.search.own_model.drop import reference_of
from edgekit.search.own_model.facts import look
from edgekit.search.own_model.source import OwnModel, name_of
from edgekit.search.space import UNROLLED
from edgekit.source_model.interface import KerasModel
from edgekit.verbs.delivery import refuse_to_overwrite

UNTRAINED = (
    "The model has no training recipe, so only what needs no training was tried: precisions and "
    "their options. Pruning, clustering and quantization-aware training need a recipe."
)


def prepared(
    model: AnyPath | KerasModel,
    target: str,
    out: Path,
    *,
    limits: Limits,
    data: Given | None,
    options: Options,
    progress: Progress,
) -> tuple[OwnModel, Reference]:
    """Read a model and its examples, and return what is searched and compared with.

    Args:
        model: A Keras file, a SavedModel folder or a live model, which is saved in this process.
        target: Its name, or the path of its file.
        out: Folder of the run folder, which is called after the model.
        limits: Of the user.
        data: Examples; see `edgekit.search.own_model.facts.look`.
        options: With which the model is converted.
        progress: Told how far it is.

    Raises:
        NotFound, BadInput: The model or the data cannot be used, or nothing can be written.
    """
    if sentence := registry.get("converters", "tflite").missing():
        raise Unavailable(sentence)
    _check_request(model, target, data, options)
    with tempfile.TemporaryDirectory() as temporary:
        scratch, notes = Path(temporary), tuple[str, ...]()
        path = Path(model) if is_path(model) else None
        if path is None:
            path, notes = saved(model, scratch)
        name = name_of(path)
        folder = out / name
        require_writable(folder / "optimize.json")
        refuse_to_overwrite(folder / f"{name}.tflite")
        examples = None if data is None else as_path(data, scratch)
        facts = look(path, examples, options, scratch, progress)
        _move(scratch, folder)
    found = OwnModel(
        model=_moved(path, scratch, folder),
        target=target,
        folder=folder,
        limits=limits,
        options=options,
        facts=replace(
            facts,
            calibration=facts.calibration and _moved(facts.calibration, scratch, folder),
            evaluation=facts.evaluation and _moved(facts.evaluation, scratch, folder),
        ),
    )
    return found, reference_of(found.facts, (UNTRAINED, *_left_out(found), *notes))


def _check_request(
    model: AnyPath | KerasModel, target: str, data: Given | None, options: Options
) -> None:
    if is_path(model) and not Path(model).exists():
        raise NotFound(
            f"There is no '{model}'; give a recipe's name or file, a .keras or .h5 file, or a "
            "SavedModel folder."
        )
    if data is not None and is_path(data) and not Path(data).exists():
        raise NotFound(
            f"There is no '{data}'; give examples: an .npz made by np.savez, a .npy, or a folder "
            "of pictures, WAV or .npy files."
        )
    kind = registry.get("targets", target)
    if data is None and set(kind.precisions) <= set(CALIBRATED):
        raise BadInput(
            f"Target '{target}' takes {listed(kind.precisions)}, whose ranges are measured on "
            "examples, and there are none. Give some hundred (--data)."
        )
    if maker := kind.converter:
        raise BadInput(
            f"Target '{target}' runs what {maker} makes of a .tflite, and a search of your own "
            "model measures the .tflite itself. Search for another target, such as cpu, with the "
            "precision that it takes."
        )
    check_pixels(options.pixels)


def _left_out(source: OwnModel) -> list[str]:
    """Say what was not tried for want of examples, and what an unrolled variant is."""
    notes = []
    if source.facts.calibration is None:
        notes.append(
            "int8 and int16x8 were not tried: their ranges are measured on examples. Give some "
            "hundred (--data)."
        )
    if source.facts.has_recurrent:
        notes.append(f"{UNROLLED}: the steps of recurrent layers one by one (--recurrent fast).")
    return notes


def _move(scratch: Path, folder: Path) -> None:
    """Move what was made into the run folder, in place of what an earlier search left there."""
    folder.mkdir(parents=True, exist_ok=True)
    for made in scratch.iterdir():
        kept = folder / made.name
        if kept.is_dir():
            shutil.rmtree(kept)
        shutil.move(made, kept)


def _moved(path: Path, scratch: Path, folder: Path) -> Path:
    """Return where a file is now that may have been in `scratch`."""
    return folder / path.relative_to(scratch) if path.is_relative_to(scratch) else path
