"""Hold `edgekit check` against what runtimes do with thousands of files of one operator each.

    edgekit setup tflite-runtime gpu raspberry-pi
    python benchmarks/operator_tables/differential_test.py [--files 3200] [--kept FILE] [--page]

Each file is drawn at random: operator, type, rank, batch, shapes, attributes, scales, zero points.
The truth is computed in NumPy from what the stored numbers stand for, not by a runtime. A runtime
runs a file right, refuses it, dies of it, or answers wrong; `check` says yes, no or unknown. They
disagree where it says yes and the answer is not right, or no and it is. All that is known stands
in `disagreements.md`, each with the number by which `--only` draws its file again: what is new
ends this with exit code 1. `--page` writes the page, and wants fewer than 1 % for each target. A
run that was stopped goes on where `--kept` ends.

With `--learn`, other files are drawn, and what becomes of them is written to the table that `check`
reads (`edgekit/operators/operators.json`), beside what `probe_operators.py` found by files that
TensorFlow converted.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from differential import cuts, elementwise, moves, products, reductions
from differential.asking import RIGHT, ask
from differential.files import Single, write
from differential.learning import LEARNED, learn
from runtime_process import Worker

from edgekit.operators.measured import rank_of, type_key
from edgekit.operators.traits import file_traits, traits_of
from edgekit.running.place import places
from edgekit.tflite.reader import Model, read
from edgekit.verbs.check import check

TARGETS: Mapping[str, str] = {"cpu": "cpu", "litert": "cpu", "gpu": "gpu", "raspberry-pi": "cpu"}
"""Target -> how `probe_worker` asks its runtime."""

MODULES = (elementwise, reductions, moves, cuts, products)
DRAWS = {name: draw for module in MODULES for name, draw in module.draws()}
TURN = [*DRAWS, *(2 * [name for name, _ in products.draws()])]
"""Operators in turn; those with many attributes come more often."""

SEED, SEED_OF_LEARNING = 31, 23
"""No file that `check` is held against is one that its table was learned from."""

LIMIT = 0.01
REPORT = Path(__file__).with_name("disagreements.md")
Row = dict[str, Any]


def single(number: int, seed: int, folder: Path) -> Single:
    """Draw the file of a number."""
    random = np.random.default_rng([seed, number])
    return write(DRAWS[TURN[number % len(TURN)]](random), random, folder / "single.tflite")


def row_of(number: int, seed: int, workers: Mapping[str, Worker], folder: Path) -> Row:
    """Return what a file is, what is said of it, and what becomes of it, for each target."""
    drawn = single(number, seed, folder)
    model = read(drawn.path)
    says, does = {}, {}
    for target, worker in workers.items():
        says[target] = verdict(drawn.path, target)
        does[target] = ask(worker, TARGETS[target], drawn, folder)
    told = facts(model)
    return {
        "number": number, "file": described(model, told), **told, "says": says, "does": does
    }  # fmt: skip


def verdict(path: Path, target: str) -> str:
    """Return what `check` says: "yes", "no" or "unknown"."""
    found = check(path, target)
    if not found.ok:
        return "no"
    return "yes" if all(each.verdict == "yes" for each in found.operators) else "unknown"


def facts(model: Model) -> Row:
    """Return what a verdict follows from."""
    operator, main = model.main.operators[0], model.main
    return {
        "operator": operator.name,
        "types": type_key(operator, main),
        "rank": rank_of(operator, main),
        "traits": traits_of(operator, main),
    }


def described(model: Model, told: Row) -> str:
    """Return operator, types, shapes, attributes and what is special, for people."""
    main = model.main
    operator = main.operators[0]
    kind = f"{operator.name} v{operator.version} {told['types']} rank {told['rank']}"
    given = [main.tensors[index].shape for index in operator.inputs]
    shapes = " ".join("x".join(map(str, shape)) or "1" for shape in given)
    options = [f"{k} {v}" for k, v in operator.options.items() if v not in (0, False, None)]
    return ", ".join((f"{kind}: {shapes}", *options, *told["traits"], *file_traits(model)))


def disagrees(row: Row, target: str) -> bool:
    """Whether what is said of a file and what becomes of it cannot both be true."""
    says, right = row["says"][target], row["does"][target] == RIGHT
    return (says == "yes" and not right) or (says == "no" and right)


def report(rows: Sequence[Row]) -> str:
    """Return the page: how often `check` and runs agree, and where they do not."""
    lines = [
        "# Where `edgekit check` and a run disagree",
        "",
        f"{len(rows):,} files of one operator each, of {len(DRAWS)} operators, drawn at random "
        "(`benchmarks/operator_tables/differential_test.py`, which draws one again with "
        f"`--only NUMBER`). {platform.machine()}, {datetime.date.today()}. The GPU is one in "
        "software, the Raspberry Pi is emulated: what they compute is asked, not how fast.",
        "",
        "| target | files that ran right | `check` says unknown | disagreements |",
        "| --- | --- | --- | --- |",
    ]
    for target in rows[0]["says"]:
        right = sum(row["does"][target] == RIGHT for row in rows)
        unknown = sum(row["says"][target] == "unknown" for row in rows)
        wrong = sum(disagrees(row, target) for row in rows)
        share = wrong / len(rows)
        lines.append(f"| {target} | {right:,} | {unknown:,} | {wrong} ({share:.2%}) |")
    lines += ["", "| file | target | `check` says | what became of it |"]
    lines += ["| --- | --- | --- | --- |"]
    lines += [
        _line(row, target) for row in rows for target in row["says"] if disagrees(row, target)
    ]
    return "\n".join(lines) + "\n"


def _line(row: Row, target: str) -> str:
    does = re.sub(r"\(-?\d[^)]*\)|by \d+%", "", row["does"][target].replace("|", "/"))
    said = "right" if row["does"][target] == RIGHT else " ".join(does.split())[:100]
    return f"| {row['number']}: {row['file']} | {target} | {row['says'][target]} | {said} |"


def _said(line: str) -> str:
    """Return a line without its last column: a wrong answer is not always wrong alike."""
    return line.rpartition(" | ")[0]


def main() -> None:
    """Draw the files, ask all runtimes, conclude or learn."""
    chosen = _parser().parse_args()
    rows = _kept(chosen.kept)
    numbers = chosen.only or range(chosen.first + len(rows), chosen.first + chosen.files)
    workers = _workers(chosen.target or [*(LEARNED if chosen.learn else TARGETS)])
    seed = SEED_OF_LEARNING if chosen.learn else SEED
    with tempfile.TemporaryDirectory() as scratch:
        for number in numbers:
            rows.append(row_of(number, seed, workers, Path(scratch)))
            if chosen.only:
                print(json.dumps(rows[-1], indent=1))
            elif chosen.kept:
                with chosen.kept.open("a") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
            if number % 100 == 0:
                print(f"{number}: {rows[-1]['file']}", file=sys.stderr)
    if chosen.learn:
        learn(rows)
    elif not chosen.only:
        conclude(rows, page=chosen.page)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--files", type=int, default=3200)
    parser.add_argument("--first", type=int, default=0, help="number of the first file")
    parser.add_argument("--kept", type=Path, help="JSON lines that a later run goes on from")
    parser.add_argument("--only", type=int, action="append", help="numbers of files to print")
    parser.add_argument("--target", action="append", choices=[*TARGETS])
    parser.add_argument("--page", action="store_true", help="write disagreements.md")
    parser.add_argument("--learn", action="store_true", help="write what is found to the table")
    return parser


def conclude(rows: Sequence[Row], *, page: bool) -> None:
    """Print where verdicts are not what happens; exit 1 if that is new, or happens too often."""
    if page:
        REPORT.write_text(report(rows), encoding="utf-8")
    listed = {_said(line) for line in REPORT.read_text(encoding="utf-8").splitlines()}
    found = [(row, target) for row in rows for target in row["says"] if disagrees(row, target)]
    new = [line for each in found if _said(line := _line(*each)) not in listed]
    told = Counter(target for _, target in found)
    print(f"{len(rows)} files; disagreements: {dict(told)}; not in {REPORT.name}: {len(new)}")
    print(*new, sep="\n")
    if new or (page and max(told.values(), default=0) > LIMIT * len(rows)):
        raise SystemExit(1)


def _kept(path: Path | None) -> list[Row]:
    if path is None or not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def _workers(targets: Iterable[str]) -> dict[str, Worker]:
    found = {}
    for name, place in places([*targets]).items():
        if missing := place.missing():
            raise SystemExit(missing)
        runtime, device = place.find()
        found[name] = Worker(device.command(runtime))
    return found


if __name__ == "__main__":
    main()
