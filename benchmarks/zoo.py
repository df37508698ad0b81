"""Does `edgekit convert` say rightly of strangers' models whether their files are right?

Ten of Keras' applications, five families of keras-hub and fourteen models of users' kinds are
converted to every precision, each model by one call of `edgekit.convert`. Then every file, also a
rejected one, is run on 64 examples that edgekit never saw, by a few lines of its own
(`zoo_models/answers.py`, `zoo_models/own_check.py`), on every CPU runtime here. A cell says

- `verified`: edgekit says so, and the fresh examples do not contradict;
- `refused`: edgekit says so, and the fresh examples do not contradict; with the next step that
  edgekit proposes, converted and checked in the same way;
- `wrong`: verified and beyond edgekit's own limits; refused and right on every runtime; or refused
  without a next step that is right.

Exits 1 if a cell is wrong. What is done is kept in the work folder, so that a run goes on where it
was interrupted; `--again` converts anew, with the models as they are. keras-hub is taken from
`PYTHONPATH` (`pip install --target FOLDER keras-hub`); without it, its rows are `not run`.

    python benchmarks/zoo.py [--only NAME ...] [--work FOLDER] [--again] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from zoo_models.make import MAKERS, make
from zoo_models.own_check import Verdict, check
from zoo_models.table import Cell, Row, show

import edgekit
from edgekit.core import processes
from edgekit.core.child_process import Child, ChildDied
from edgekit.core.errors import EdgekitError
from edgekit.core.paths import home
from edgekit.core.records import Json, from_json
from edgekit.core.variant import PRECISIONS, Precision
from edgekit.explaining.laboratory import Tried
from edgekit.intake.options import Options
from edgekit.running.environments import tflite_runtime
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.reference import CHILD_ENV
from edgekit.verbs.delivery import Conversion, Conversions
from edgekit.verbs.explain import explain

BESIDE = Path(__file__).with_name("zoo_models")

BUDGET_S = 60.0
"""How long `explain` may try next steps for the first rejected file of a model."""


@dataclass(frozen=True, kw_only=True)
class Model:
    """A made model, and where its files go."""

    folder: Path
    about: Json

    @property
    def source(self) -> Path:
        """The model."""
        saved = self.folder / "saved_model"
        return saved if saved.is_dir() else self.folder / "model.keras"

    @property
    def calibration(self) -> Path:
        """Examples for edgekit."""
        return self.folder / "calibration.npz"

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """What edgekit is told about free axes."""
        return {name: tuple(shape) for name, shape in self.about["shapes"].items()}


def made(name: str, work: Path) -> Model | str:
    """Return a model, made in a process of its own unless it is there; or why it is not."""
    folder = work / name
    about = folder / "about.json"
    if not about.exists():
        shutil.rmtree(folder, ignore_errors=True)
        places = [str(BESIDE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
        env = {**CHILD_ENV, "PYTHONPATH": os.pathsep.join(places)}
        try:
            Child(env=env).call(make, name, folder)
        except ChildDied as error:
            return str(error)
    return Model(folder=folder, about=json.loads(about.read_text()))


def runtimes() -> dict[str, list[str]]:
    """Return the Pythons of the CPU runtimes here."""
    found = {"litert": [sys.executable]}
    if not tflite_runtime.missing():
        found["tflite-runtime"] = list(tflite_runtime.command().argv)
    return found


def own_verdict(model: Model, file: Path, precision: str) -> tuple[list[Verdict], str]:
    """Run a file on fresh examples on every runtime."""
    verdicts: list[Verdict] = []
    said = []
    _, reference = read_vectors(model.folder / "fresh.npz")
    for runtime, python in runtimes().items():
        out = file.with_suffix(".answers.npz")
        script = str(BESIDE / "answers.py")
        fresh = str(model.folder / "fresh.npz")
        done = processes.run([*python, script, str(file), fresh, str(out)])
        if not done.ok:
            verdicts.append("wrong")
            said.append(f"{runtime}: {done.cause('RuntimeError', 'ValueError', 'KeyError')}")
            continue
        with np.load(out) as arrays:
            answers = {name: arrays[name] for name in arrays.files}
        if len(reference) == 1 == len(answers):  # its name may be the converter's choice
            answers = dict(zip(reference, answers.values(), strict=True))
        verdict, figures = check(reference, answers, model.about["kinds"], precision)
        verdicts.append(verdict)
        said.append(f"{runtime} {verdict}: {figures}")
    return verdicts, " | ".join(said)


def state_of(ok: bool, verdicts: Sequence[Verdict], forward_is_right: bool) -> str:
    """Return the state of a cell.

    Args:
        ok: Whether edgekit verified the file.
        verdicts: Of the fresh examples, by runtime; none if there is no file.
        forward_is_right: Whether a next step was tried and is right.
    """
    if ok:
        return "wrong" if "wrong" in verdicts else "verified"
    if verdicts and all(verdict == "right" for verdict in verdicts):
        return "wrong"
    return "refused" if forward_is_right else "wrong"


def converted(model: Model, out: Path, **choices: object) -> Conversions:
    """Convert a model to some precisions."""
    return edgekit.convert(  # type: ignore[call-overload, no-any-return]
        model.source, out, calibration=model.calibration, shapes=model.shapes, **choices
    )


def row_of(name: str, work: Path) -> Row:
    """Convert one model to every precision, and check what is said of each file."""
    model = made(name, work)
    if isinstance(model, str):
        return Row(name=name, reason=model)
    began = time.monotonic()
    files = model.folder / "files"
    shutil.rmtree(files, ignore_errors=True)
    files.mkdir()
    try:
        result = converted(model, files / "model.tflite", precision=list(PRECISIONS))
    except EdgekitError as error:
        return Row(name=name, reason=f"edgekit: {error}")
    seconds = time.monotonic() - began
    done = {each.artifact.precision: each for each in result.done}
    checked = {
        precision: own_verdict(model, each.artifact.path, precision)
        for precision, each in done.items()
    }
    explained: Tried | None = None
    if "int8" in done and not done["int8"].ok:
        explained = proposed(model, done["int8"])
    good = [p for p, each in done.items() if each.ok and "wrong" not in checked[p][0]]
    cells: dict[str, Cell] = {}
    for precision in PRECISIONS:
        if precision in done and done[precision].ok:
            verdicts, own = checked[precision]
            cells[precision] = Cell(state=state_of(True, verdicts, False), own=own)
            continue
        refusal = result.refused.get(precision, "")
        verdicts, own = checked.get(precision, ([], ""))
        is_right, forward = way_forward(model, precision, refusal, explained, good)
        said = refusal or _reasons(done[precision])
        state = state_of(False, verdicts, is_right)
        cells[precision] = Cell(state=state, said=said, own=own, forward=forward)
    return Row(name=name, cells=cells, seconds=(seconds, time.monotonic() - began))


def proposed(model: Model, conversion: Conversion) -> Tried | None:
    """Return the mixed file that `explain` proposes for a rejected one, if any."""
    file = conversion.artifact.path
    try:
        explanation = explain(
            file,
            model.source,
            model.calibration,
            options=Options(shapes=model.shapes),
            budget_s=BUDGET_S,
        )
    except EdgekitError as error:
        (model.folder / "explained.txt").write_text(str(error))
        return None
    (model.folder / "explained.txt").write_text(
        "\n".join([explanation.advice, *(str(tried) for tried in explanation.tried)])
    )
    good = [tried for tried in explanation.tried if tried.ok and tried.keep_float]
    return min(good, key=lambda tried: len(tried.keep_float), default=None)


def way_forward(
    model: Model, precision: Precision, refusal: str, mixed: Tried | None, good: Sequence[str]
) -> tuple[bool, str]:
    """Return whether a next step is right, and which.

    Args:
        model: The model.
        precision: What was refused.
        refusal: The converter's sentence, if there is no file.
        mixed: What `explain` proposes.
        good: Precisions whose files are right.
    """
    choices: dict[str, object] = {}
    if precision == "int8" and mixed:
        choices = {"keep_float": list(mixed.keep_float), "io": "float"}
    elif "--recurrent fast" in refusal:
        choices = {"recurrent": "fast"}
    if choices:
        out = model.folder / "files" / "forward.tflite"
        result = converted(model, out, precision=[precision], **choices)
        for each in result.done:
            verdicts, own = own_verdict(model, each.artifact.path, precision)
            if each.ok and "wrong" not in verdicts:
                kept = ", ".join(mixed.keep_float) if mixed else ""
                what = f"{kept} in float" if kept else "--recurrent fast"
                return True, f"{what}: {own}"
    named = [p for p in good if p in refusal] if refusal else list(good)
    smaller = [p for p in reversed(PRECISIONS) if p in (named or good)]
    return bool(smaller), f"{smaller[0]}, verified in this row" if smaller else ""


def _reasons(conversion: Conversion) -> str:
    return " | ".join(f"{p.runtime}: {p.reason}" for p in conversion.proofs if p.ok is False)


def main() -> int:
    """Go through the zoo."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=MAKERS, metavar="NAME")
    parser.add_argument("--work", type=Path, default=home() / "zoo")
    parser.add_argument("--again", action="store_true", help="convert anew what is done")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows = []
    for name in given.only or MAKERS:
        kept = given.work / f"{name}.json"
        if kept.exists() and not given.again:
            row = from_json(Row, json.loads(kept.read_text()), what=str(kept), remedy="delete it")
        else:
            row = row_of(name, given.work)
            given.work.mkdir(parents=True, exist_ok=True)
            if not row.reason:
                kept.write_text(json.dumps(asdict(row), indent=1))
        rows.append(row)
        print(f"{name}: {', '.join(c.state for c in row.cells.values())}", file=sys.stderr)
    show(rows, runtimes())
    if given.json:
        given.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    return int(any(cell.state == "wrong" for row in rows for cell in row.cells.values()))


if __name__ == "__main__":
    sys.exit(main())
