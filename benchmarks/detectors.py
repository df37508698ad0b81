"""What do detectors find in each precision on each runtime, and where does their time go?

Takes finished builds, `edgekit build detect_yolov3 --size full` and so on. The first table is what
those builds measured, the mean average precision at an overlap of 0.5, with the precisions' largest
difference from float32 on the same pictures. The second one is measured here, one thread, on test
pictures of the recipe as its program meets them: `fit` makes a photo of 640x480 as small as the
network's picture; each file is timed alone in a worker (median of 30 after 5) and counted as often
as it is called for a picture; `NumPy` is all that happens between and after the files, selective
search among it (median of the pictures). Exits with 1 if int8 loses more than 0.03 anywhere.

    python benchmarks/detectors.py [--runs runs] [--runtime R] [--pictures 20] [NAME...]
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from edgekit.core import registry
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.report import Report, Row
from edgekit.core.types import Array, Batch
from edgekit.on_device.programs.detect import FACTS, KINDS
from edgekit.on_device.vision.letterbox import letterbox
from edgekit.reporting.report_json import load_report
from edgekit.running.session import Session, open_session

VARIANTS = ("float32", "int8", "qat-int8")
PHOTO = (480, 640, 3)
MOST_LOST = 3.0
RUNS, WARM_UP = 30, 5


def main() -> int:
    """Print both tables in Markdown."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="recipes; all that were built")
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the builds")
    parser.add_argument("--runtime", default="tflite-runtime", help="that times the files")
    parser.add_argument("--pictures", type=int, default=20)
    chosen = parser.parse_args()
    names = chosen.names or [
        name
        for name in registry.names("recipes")
        if name.startswith("detect_") and (chosen.runs / name / "report.json").exists()
    ]
    reports = {name: load_report(chosen.runs / name) for name in names}
    lost = print_scores(reports)
    print_stages(names, chosen.runs, chosen.runtime, chosen.pictures)
    return int(lost > MOST_LOST)


def print_scores(reports: Mapping[str, Report]) -> float:
    """Print what each precision finds on each runtime; return the most that int8 loses."""
    measured = {
        (name, row.runtime, row.device): None
        for name, report in reports.items()
        for row in report.rows
        if row.status == "measured"
    }
    print(f"| detector | runtime | {' | '.join(VARIANTS)} |\n| --- | --- {'| ---: ' * 3}|")
    lost = 0.0
    for name, runtime, device in measured:
        rows = {
            row.variant: row
            for row in reports[name].rows
            if (row.runtime, row.device) == (runtime, device) and row.value is not None
        }
        where = runtime if device == "local" else f"{runtime} on {device}"
        print(f"| {name} | {where} | {' | '.join(_score(rows.get(each)) for each in VARIANTS)} |")
        lost = max(lost, *(row.drop or 0.0 for key, row in rows.items() if key == "int8"), 0.0)
    print(f"\nint8 loses at most {lost:.1f} points.\n")
    return lost


def _score(row: Row | None) -> str:
    if row is None or row.value is None:
        return "not run"
    return f"{row.value:.1f}" if row.ok else f"{row.value:.1f}, out of limits"


def print_stages(names: Sequence[str], runs: Path, runtime: str, count: int) -> None:
    """Print the milliseconds of each stage of a picture, in float32 and int8."""
    print("| detector | precision | fit | files | NumPy | whole |")
    print("| --- | --- | ---: | --- | ---: | ---: |")
    for name in names:
        recipe: Recipe = registry.get("recipes", name)
        assert recipe.parts is not None
        test = recipe.data("test", "full").head(count)
        for variant in ("float32", "int8"):
            files = {
                part: runs / name / variant / f"{part}.tflite" for part in recipe.parts.signatures
            }
            fit, networks, between = stages(runs / name / "device", files, runtime, test)
            each = " + ".join(f"{part} {ms:.1f}" for part, ms in networks.items())
            whole = fit + sum(networks.values()) + between
            print(
                f"| {name} | {variant} | {fit:.1f} | {each} | {between:.1f} | {whole:.1f} |",
                flush=True,
            )


class Counted:
    """A file as a function that remembers how often it is called, and how long that takes."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.seconds = 0.0
        self.examples = 0
        self.last: Batch = {}

    def __call__(self, batch: Batch) -> Batch:
        """Ask the file."""
        start = time.perf_counter()
        answer = self.session(batch)
        self.seconds += time.perf_counter() - start
        self.examples += len(next(iter(batch.values())))
        self.last = {name: np.asarray(array)[:1] for name, array in batch.items()}
        return answer


def stages(
    device: Path, files: Mapping[str, Path], runtime: str, test: Dataset
) -> tuple[float, dict[str, float], float]:
    """Return milliseconds of fitting a photo, of each file, and of what NumPy does besides."""
    facts = json.loads((device / FACTS).read_text(encoding="utf-8"))
    images = test.inputs["image"]
    between = []
    with ExitStack() as stack:
        parts = {
            part: Counted(stack.enter_context(open_session(path, runtime=runtime)))
            for part, path in files.items()
        }
        detect = KINDS[facts["kind"]](facts)(parts)
        for image in images:
            before = sum(part.seconds for part in parts.values())
            start = time.perf_counter()
            detect({"image": image[np.newaxis]})
            spent = time.perf_counter() - start
            between.append(spent - (sum(part.seconds for part in parts.values()) - before))
        networks = {
            name: part.session.time(part.last, runs=RUNS, warmup=WARM_UP).median_ms
            * part.examples
            / len(images)
            for name, part in parts.items()
            if part.examples
        }
    return fitting(facts["shape"]), networks, 1e3 * float(np.median(between))


def fitting(shape: Sequence[int]) -> float:
    """Return milliseconds that a photo takes to become the network's picture."""
    photo: Array = np.random.default_rng(0).random(PHOTO, np.float32)
    seconds = []
    for _ in range(RUNS):
        start = time.perf_counter()
        letterbox(photo, shape)
        seconds.append(time.perf_counter() - start)
    return 1e3 * float(np.median(seconds))


if __name__ == "__main__":
    sys.exit(main())
