"""Is Faster R-CNN faster as one file or as two, and how long do the stages of its forebears take?

As one file, regions are proposed by TOPK_V2 of the surest anchors among their neighbours, always
64, and cut out of the features by GATHER, or as a product with matrices of interpolation weights;
all 64 go through the second network. As two files, NumPy proposes by non-maximum suppression as
many as there are, and cuts them out. Fast R-CNN and R-CNN have selective search in front.

Takes the models of builds, `edgekit build detect_faster_rcnn --size full` and so on, and their test
pictures. Networks are timed one invocation at a time in a worker on one thread (median of 30 after
5), what is done in NumPy and OpenCV on the same pictures here (mean). Exits with 1 if the form that
the recipe has, two files, is not the faster one in float32, or Faster R-CNN not faster than Fast
R-CNN, or that not faster than R-CNN.

    python benchmarks/two_stage_detectors.py [--runs runs] [--size full] [--runtime R]
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from edgekit.building.run_folder import source_path
from edgekit.converters.tflite import convert
from edgekit.core import registry
from edgekit.core.errors import EdgekitError
from edgekit.core.recipe import Dataset, Recipe
from edgekit.core.types import Array, Batch
from edgekit.core.variant import Precision
from edgekit.domains.vision import detection
from edgekit.on_device.vision import regions as looks
from edgekit.on_device.vision.boxes import Detections, padded
from edgekit.on_device.vision.regions import TwoStages, from_facts
from edgekit.on_device.vision.selective_search import selective_search
from edgekit.running.session import Session, open_session

if TYPE_CHECKING:
    import keras

PRECISIONS: tuple[Precision, ...] = ("float32", "int8")
FASTER, FAST, FIRST = "detect_faster_rcnn", "detect_fast_rcnn", "detect_rcnn"
RUNS, WARM_UP = 30, 5

T = TypeVar("T")


@dataclass
class Row:
    """What one form of a detector takes and finds.

    Attributes:
        stages: Name of a stage -> milliseconds of one picture.
        regions: Regions of a picture that the second network looks at, on average.
        score: mAP@0.5 in percent on the pictures.
    """

    name: str
    precision: str
    stages: dict[str, float]
    regions: float
    score: float

    @property
    def total_ms(self) -> float:
        """Of one picture, end to end."""
        return sum(self.stages.values())


class Clock:
    """Adds up what is done here, by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def __call__(self, stage: str, function: Callable[..., T], *arguments: object) -> T:
        """Call a function, and count its time."""
        start = time.perf_counter()
        done = function(*arguments)
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
        return done

    def mean_ms(self, count: int) -> dict[str, float]:
        """Return milliseconds of each stage for one of `count` pictures."""
        return {stage: 1e3 * seconds / count for stage, seconds in self.seconds.items()}


@dataclass
class Given:
    """The pictures that all are measured on, those that calibrate, and where."""

    test: Dataset
    calibration: Batch
    runtime: str


def by_matrices(
    cells: keras.KerasTensor, regions: keras.KerasTensor, of: TwoStages
) -> keras.KerasTensor:
    """Return what `domains/vision/regions.cut_out` does, as two products of matrices.

    A cell's weight falls from 1 to 0 over the distance to the next cell.
    """
    from keras import ops

    rows, columns, channels = (int(each) for each in cells.shape[1:])
    count = int(regions.shape[1])
    steps = ((np.arange(of.side) + 0.5) / of.side).astype(np.float32)

    def weights(first: keras.KerasTensor, last: keras.KerasTensor, cells: int) -> keras.KerasTensor:
        places = (first[..., None] + (last - first)[..., None] * steps) / of.stride - 0.5
        places = ops.maximum(ops.minimum(places, cells - 1.0), 0.0)[..., None]
        return ops.relu(1 - ops.abs(places - np.arange(cells, dtype=np.float32)))

    down = weights(regions[..., 1], regions[..., 3], rows)
    across = weights(regions[..., 0], regions[..., 2], columns)
    flat = ops.reshape(cells, (-1, rows, columns * channels))
    lower = ops.matmul(ops.reshape(down, (-1, count * of.side, rows)), flat)
    lower = ops.reshape(lower, (-1, count, of.side, columns, channels))
    lower = ops.reshape(ops.transpose(lower, (0, 1, 3, 2, 4)), (-1, columns, of.side * channels))
    crops = ops.matmul(ops.reshape(across, (-1, of.side, columns)), lower)
    crops = ops.reshape(crops, (-1, count, of.side, of.side, channels))
    return ops.transpose(crops, (0, 1, 3, 2, 4))


def looked_at(
    cells: keras.KerasTensor, regions: keras.KerasTensor, second: keras.Model, of: TwoStages
) -> list[keras.KerasTensor]:
    """Return scores and shifts of regions that are cut out by matrices."""
    from keras import ops

    crops = by_matrices(cells, regions, of)
    said = second(ops.reshape(crops, (-1, *crops.shape[2:])))
    return [ops.reshape(each, (-1, of.proposals, each.shape[-1])) for each in said]


def one_file(model: keras.Model, of: TwoStages, how: str) -> keras.Model:
    """Return the trained model as one that answers regions, and scores and shifts of each."""
    import keras

    regions, scores, shifts = (
        model.get_layer(name).output for name in ("regions", "region_scores", "region_shifts")
    )
    if how == "matrices":
        cells = model.get_layer("features").output
        given = [keras.Input(each.shape[1:]) for each in (cells, regions)]
        # A model of its own, since names in it may stand in the other one as well.
        second = looked_at(given[0], given[1], model.get_layer("second_look"), of)
        scores, shifts = keras.Model(given, second, name="matrices")([cells, regions])
    outputs = {"regions": regions, "region_scores": scores, "region_shifts": shifts}
    named = [keras.layers.Identity(name=f"said_{name}")(each) for name, each in outputs.items()]
    return keras.Model(model.input, named, name=f"one_file_{how}")


def whole_row(name: str, precision: Precision, path: Path, of: TwoStages, given: Given) -> Row:
    """Measure Faster R-CNN as one file."""
    clock, found = Clock(), []
    with open_session(path, runtime=given.runtime) as run:
        for image in given.test.inputs["image"]:
            answer = {
                key.removeprefix("said_"): value[0]
                for key, value in run({"image": image[None]}).items()
            }
            said = [answer[key] for key in ("regions", "region_scores", "region_shifts")]
            found.append(clock("boxes", looks.found_in, *said, image.shape[:2], of))
        network = timed(run, {"image": given.test.inputs["image"][:1]})
    stages = {"network": network, **clock.mean_ms(len(found))}
    return Row(name, precision, stages, of.proposals, score_of(found, given.test))


def parts_row(
    name: str, precision: Precision, files: Mapping[str, Path], of: TwoStages, given: Given
) -> Row:
    """Measure a detector of one or two files and what is done between them."""
    clock, found, counts = Clock(), [], []
    with ExitStack() as stack:
        runs = {
            part: stack.enter_context(open_session(path, runtime=given.runtime))
            for part, path in files.items()
        }
        for image in given.test.inputs["image"]:
            cells, regions = first_look(runs, image, of, clock)
            crops = clock("cut out", looks.cut_out, cells, regions, of)
            counts.append(len(regions))
            answer = runs[looks.REGIONS]({"crop": crops})
            said = (regions, answer["scores"], answer["shifts"], image.shape[:2], of)
            found.append(clock("boxes", looks.found_in, *said))
        networks = {
            part: timed(run, {"image": given.test.inputs["image"][:1]})
            for part, run in runs.items()
            if part != looks.REGIONS
        }
        each = timed(runs[looks.REGIONS], {"crop": crops[:1]})
    stages = {**networks, **clock.mean_ms(len(found)), "regions": each * float(np.mean(counts))}
    return Row(name, precision, stages, float(np.mean(counts)), score_of(found, given.test))


def first_look(
    runs: Mapping[str, Session], image: Array, of: TwoStages, clock: Clock
) -> tuple[Array, Array]:
    """Return what regions are cut out of, and the regions."""
    if looks.PROPOSALS in runs:
        answer = runs[looks.PROPOSALS]({"image": image[None]})
        cells = answer["features"][0]
        anchors = looks.anchor_boxes(of, *cells.shape[:2])
        said = answer["objectness"].reshape(-1), answer["shifts"].reshape(-1, 4)
        regions = clock("propose", looks.proposed, *said, anchors, image.shape[:2], of)
        return cells, regions
    regions = clock("search", selective_search, image, of.proposals)
    if looks.FEATURES in runs:
        return runs[looks.FEATURES]({"image": image[None]})["features"][0], regions
    return image, regions


def timed(run: Session, batch: Batch) -> float:
    """Return the median latency of one example in milliseconds."""
    return run.time(batch, runs=RUNS, warmup=WARM_UP).median_ms


def score_of(found: list[Detections], test: Dataset) -> float:
    """Return mAP@0.5 in percent."""
    answer = padded(found)
    return detection.score(lambda _: answer, test)


def measure(name: str, runs: Path, given: Given, scratch: Path) -> list[Row]:
    """Measure all forms of one recipe's detector."""
    folder = runs / name
    if not source_path(folder, "model").exists():
        raise SystemExit(f"'{folder}' has no trained model; build {name} first, or give --runs.")
    of = from_facts(json.loads((folder / "device" / "detector.json").read_text()))
    recipe: Recipe = registry.get("recipes", name)
    assert recipe.parts is not None
    rows = []
    for precision in PRECISIONS:
        files = {part: folder / precision / f"{part}.tflite" for part in recipe.parts.signatures}
        rows.append(parts_row(f"{name}, {len(files)} file(s)", precision, files, of, given))
        if name == FASTER:
            rows += one_file_rows(precision, folder, of, given, scratch)
    return rows


def one_file_rows(
    precision: Precision, folder: Path, of: TwoStages, given: Given, scratch: Path
) -> list[Row]:
    """Convert and measure Faster R-CNN as one file, in both ways to cut out."""
    import keras

    calibration, rows = scratch / "pictures.npz", []
    np.savez(calibration, image=given.calibration["image"])
    for how in ("gathered", "matrices"):
        source, path = scratch / f"{how}.keras", scratch / f"{how}-{precision}.tflite"
        model = keras.saving.load_model(source_path(folder, "model"), compile=False)
        one_file(model, of, how).save(source)
        try:
            convert(source, path, precision=precision, calibration=calibration)
            rows.append(whole_row(f"{FASTER}, 1 file, {how}", precision, path, of, given))
        except EdgekitError as error:
            print(f"{FASTER}, 1 file, {how}, {precision}: {error}")
    return rows


def main() -> int:
    """Print a line for each form, and say what is faster."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder of the builds")
    parser.add_argument("--runtime", default="tflite-runtime")
    parser.add_argument("--pictures", type=int, default=72)
    parser.add_argument("--size", choices=("tiny", "full"), default="full", help="of the builds")
    parser.add_argument("--recipe", action="append", choices=(FASTER, FAST, FIRST))
    chosen = parser.parse_args()
    data = registry.get("recipes", FASTER).data
    test = data("test", chosen.size).head(chosen.pictures)
    given = Given(test, data("calibration", chosen.size).inputs, chosen.runtime)
    rows: dict[str, list[Row]] = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name in chosen.recipe or (FASTER, FAST, FIRST):
            rows[name] = measure(name, chosen.runs, given, Path(scratch))
            for row in rows[name]:
                stages = ", ".join(f"{stage} {ms:.1f}" for stage, ms in row.stages.items())
                print(
                    f"{row.name:36}{row.precision:9}{row.total_ms:8.1f} ms = {stages}; "
                    f"{row.regions:.0f} regions; mAP@0.5 {row.score:.1f} %",
                    flush=True,
                )
    slow = []
    for precision in PRECISIONS:
        times = {
            name: next(row.total_ms for row in rows[name] if row.precision == precision)
            for name in rows
        }
        for faster, slower in ((FASTER, FAST), (FAST, FIRST)):
            if faster in times and slower in times:
                print(f"{precision}: {slower} / {faster} {times[slower] / times[faster]:.1f}")
                if times[slower] <= times[faster]:
                    slow.append(f"{faster} is not faster than {slower} in {precision}")
    forms = [row for row in rows.get(FASTER, []) if row.precision == "float32"]
    if forms and min(forms, key=lambda row: row.total_ms) is not forms[0]:
        slow.append("one file is faster than two")
    print("\n".join(slow))
    return bool(slow)


if __name__ == "__main__":
    sys.exit(main())
