"""Files of edgekit beside those of others: bytes, score, latency, and which are right.

Four recipes are trained once; each is converted to every precision by edgekit, by TensorFlow's
`TFLiteConverter`, by Keras' export and by ai-edge-quantizer, with the same calibration examples.
Every file is judged by edgekit's limits against the Keras model, scored by the recipe on its test
split, and timed, on tflite-runtime 2.14 and LiteRT. A file is right if it is so on both.

At the end stand the ratios of ours to the smallest and to the fastest right peer, and a line for
each that is above 1 (latency: above 1.03, or what ours differs by from itself) or above its goal.
Latencies are taken in turns in one run, on one thread; their ratio is the median over turns of what
two files took in the same turn. Exits 1 if ours is behind.

With `--minutes N`, `edgekit optimize` searches each recipe for so long, and its pick is held
against every right file of a peer on tflite-runtime: none may be no worse in compressed bytes,
latency and score, and better in one.

Models and peers' files are kept in the work folder; `--again` converts anew. Without
ai-edge-quantizer (`pip install 'edgekit-tflite[int4]'`), its rows are `not run`.

    python benchmarks/peers.py [--only MODEL] [--size full] [--turns 100]
        [--minutes 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path

from peer_files.measuring import Exam, examine
from peer_files.picking import beside_peers, picked
from peer_files.rows import OURS, Ratio, Row, ratios
from peer_files.table import behind, machine, show
from peer_files.ways import WAYS, Order, write

from edgekit.building.parts import MODEL, RecipeChoice
from edgekit.building.reference.training import Trained, train_reference
from edgekit.building.run_folder import calibration_path, source_path, vectors_path
from edgekit.converters.tflite import convert_each
from edgekit.core import registry
from edgekit.core.child_process import Child
from edgekit.core.errors import EdgekitError
from edgekit.core.paths import home
from edgekit.core.records import from_json
from edgekit.core.types import Size
from edgekit.core.variant import PRECISIONS, Precision
from edgekit.running.session import open_session
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.reference import CHILD_ENV
from edgekit.tflite.sidecar import compressed_bytes

MODELS: Mapping[str, Size] = {
    "image_cnn": "tiny",
    "keywords_cnn": "tiny",
    "text_bert": "tiny",
    "forecast_lstm": "tiny",
}
"""Recipe -> size it is trained in: minutes each; `full` takes an hour for all, on two cores."""

RUNTIMES = ("tflite-runtime", "litert")
FLOAT32 = "TFLiteConverter, batch 1"
"""Whose float file ai-edge-quantizer starts from."""


def trained(name: str, size: Size, folder: Path) -> Trained:
    """Train a recipe's model into a folder, unless it is there."""
    about = folder / "trained.json"
    if not about.exists():
        print(f"{name}: training, size {size}", file=sys.stderr)
        (folder / "files").mkdir(parents=True, exist_ok=True)
        calibration_path(folder, MODEL).parent.mkdir(exist_ok=True)
        choice = RecipeChoice(name=name)
        result = Child(env=CHILD_ENV).call(train_reference, choice, size, 0, folder)
        about.write_text(json.dumps(asdict(result)))
    return from_json(Trained, json.loads(about.read_text()), what=str(about), remedy="delete it")


def file_of(folder: Path, way: str, precision: str) -> Path:
    """Return where a file stands."""
    return folder / "files" / f"{way.replace(', ', '-').replace(' ', '_')}-{precision}.tflite"


def ours(name: str, folder: Path) -> dict[Precision, Row]:
    """Convert with edgekit to every precision."""
    outs = {precision: file_of(folder, OURS, precision) for precision in PRECISIONS}
    calibration = calibration_path(folder, MODEL)
    made = convert_each(source_path(folder, MODEL), outs, calibration=calibration)
    return {
        precision: _row(name, precision, OURS, outs[precision], str(result))
        if isinstance(result, EdgekitError)
        else _row(name, precision, OURS, outs[precision])
        for precision, result in made.items()
    }


def peers(name: str, folder: Path, precision: Precision, *, again: bool) -> Iterator[Row]:
    """Convert as others do, unless that was done."""
    for way in WAYS:
        if way == "ai-edge-quantizer" and precision == "float32":
            continue  # it starts from one
        order = Order(
            precision=precision,
            source=source_path(folder, MODEL),
            calibration=calibration_path(folder, MODEL),
            float32=file_of(folder, FLOAT32, "float32"),
            out=file_of(folder, way, precision),
        )
        reason = order.out.with_suffix(".txt")
        if again or not (order.out.exists() or reason.exists()):
            _write(way, order, reason)
        yield _row(name, precision, way, order.out, reason.read_text() if reason.exists() else "")


def _write(way: str, order: Order, reason: Path) -> None:
    """Write a file, or the reason why there is none."""
    for path in (order.out, reason):
        path.unlink(missing_ok=True)
    places = [str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    child = Child(env={**CHILD_ENV, "PYTHONPATH": os.pathsep.join(places)}, timeout_s=900)
    try:
        child.call(write, way, order)
    except EdgekitError as error:
        order.out.unlink(missing_ok=True)
        reason.write_text(str(error))


def _row(name: str, precision: str, way: str, path: Path, reason: str = "") -> Row:
    row = Row(model=name, precision=precision, way=way, reason=reason)
    if reason:
        return row
    return replace(row, size_bytes=path.stat().st_size, compressed_bytes=compressed_bytes(path))


def compared(name: str, size: Size, work: Path, *, turns: int, again: bool) -> Iterator[list[Row]]:
    """Yield for each precision of a model the rows of all ways."""
    folder = folder_of(name, size, work)
    trained(name, size, folder)
    by_us = ours(name, folder)
    for precision in PRECISIONS:
        rows = [by_us[precision], *peers(name, folder, precision, again=again)]
        exam = exam_of(name, size, work, precision)
        files = {row.way: file_of(folder, row.way, precision) for row in rows if not row.reason}
        for runtime in RUNTIMES:
            print(f"{name}, {precision}: running on {runtime}", file=sys.stderr)
            for way, seen in examine(files, runtime, exam, turns).items():
                next(row for row in rows if row.way == way).seen[runtime] = seen
        yield rows


def folder_of(name: str, size: Size, work: Path) -> Path:
    """Return where a trained model and the files made of it are kept."""
    return work / f"{name}-{size}"


def exam_of(name: str, size: Size, work: Path, precision: Precision) -> Exam:
    """Return what files of a model are asked."""
    folder = folder_of(name, size, work)
    recipe = registry.get("recipes", name)
    return Exam(
        recipe=recipe,
        test=recipe.data("test", size),
        vectors=read_vectors(vectors_path(folder, MODEL)),
        value=trained(name, size, folder).value,
        precision=precision,
    )


def searched(
    name: str, size: Size, work: Path, rows: list[Row], *, minutes: float, turns: int
) -> tuple[list[Row], list[str]]:
    """Return the row of what a search picks, and a line for each peer that is better."""
    print(f"{name}: searching", file=sys.stderr)
    pick = picked(name, size, work, minutes)
    if pick is None:
        return [], [f"{name}: the search found no file within limits"]
    print(f"{name}: {pick.found.why}", file=sys.stderr)
    folder = folder_of(name, size, work)
    peers = {
        f"{row.way}, {row.precision}": (file_of(folder, row.way, row.precision), row)
        for row in rows
        if row.way != OURS and row.is_right
    }
    exam = exam_of(name, size, work, pick.variant.precision)
    row, behind_of = beside_peers(pick, exam, peers, turns)
    return [row], behind_of


def infos(path: Path) -> list[str]:
    """Return the processor, and the runtimes with their versions."""
    told = []
    for runtime in RUNTIMES:
        with open_session(path, runtime=runtime) as session:
            told.append(session.info)
    return [told[0]["cpu"], *(info["runtime"] for info in told)]


def main() -> int:
    """Compare all models."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", action="append", choices=MODELS, metavar="MODEL")
    parser.add_argument("--size", choices=("tiny", "full"), help="of all; otherwise as in MODELS")
    parser.add_argument("--work", type=Path, default=home() / "peers")
    parser.add_argument("--turns", type=int, default=100, help="bursts each file is timed in")
    parser.add_argument("--minutes", type=float, help="of `edgekit optimize` for each model")
    parser.add_argument("--again", action="store_true", help="write the peers' files anew")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rows: list[Row] = []
    shares: list[Ratio] = []
    picks: list[Row] = []
    lines: list[str] = []
    for name in given.only or MODELS:
        size, of_model = given.size or MODELS[name], []
        for some in compared(name, size, given.work, turns=given.turns, again=given.again):
            of_model += some
            shares += ratios(some)
        rows += of_model
        if given.minutes:
            pick, better = searched(
                name, size, given.work, of_model, minutes=given.minutes, turns=given.turns
            )
            picks += pick
            lines += better
    show([*rows, *picks], shares, RUNTIMES)
    lines += behind(rows, shares)
    print("\nBehind:", *(lines or ["nowhere"]), sep="\n  ")
    ran = next(row for row in rows if row.way == OURS and not row.reason)
    size = given.size or MODELS[ran.model]
    print(machine(infos(file_of(given.work / f"{ran.model}-{size}", OURS, ran.precision))))
    if given.json:
        found = {
            "rows": [asdict(row) for row in [*rows, *picks]],
            "ratios": [asdict(r) for r in shares],
        }
        given.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(bool(lines))


if __name__ == "__main__":
    sys.exit(main())
