"""Int8 files of trained picture networks, and the mixed files `explain` proposes, beside Keras.

MobileNetV3Small and EfficientNetB0 of Keras are trained for some minutes on photos of hands that
sign the digits, converted to int8, and scored beside Keras on photos of other people's hands. Where
int8 is rejected, or more than a point below Keras on a runtime, `explain` is asked, and the file
with the layers in float that it proposes is scored too; every second of those photos is given to
`explain`. Exits 1 if neither is within a point of Keras on every runtime.

    python benchmarks/trained_pictures.py [--folder models] [--only MobileNetV3Small]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from sign_language import middle, photos, train

from edgekit.core.report import Evaluation
from edgekit.core.types import Array
from edgekit.verbs.convert import convert
from edgekit.verbs.delivery import Conversion
from edgekit.verbs.explain import explain

LIMIT_POINTS = 1.0
CALIBRATING = 400


@dataclass(frozen=True, kw_only=True)
class Network:
    """One of `keras.applications` and how it is trained here."""

    name: str
    side: int
    epochs: int
    rate: float

    @property
    def title(self) -> str:
        """Name and size."""
        return f"{self.name} {self.side} px"


NETWORKS = [
    Network(name="MobileNetV3Small", side=96, epochs=30, rate=2e-3),
    Network(name="EfficientNetB0", side=64, epochs=30, rate=2e-3),
]


RUNTIMES = ("tflite-runtime", "litert")
HEADER = ("model", "Keras", "float32", "int8", "int8 in MB", "mixed", "mixed in MB", "in float")


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A file's accuracy by runtime, in percent."""

    percent: dict[str, float]
    size_bytes: int
    ok: bool
    kept: Sequence[str] = ()

    def is_close_to(self, keras: float) -> bool:
        """Whether it is within its limits and, on every runtime, at most a point below Keras."""
        runs_everywhere = set(self.percent) == set(RUNTIMES)
        return self.ok and runs_everywhere and keras - min(self.percent.values()) <= LIMIT_POINTS

    def cells(self) -> tuple[str, str]:
        """Return what stands in the table: accuracies in the order of `RUNTIMES`, and the size."""
        shares = " / ".join(f"{self.percent.get(name, float('nan')):.1f}" for name in RUNTIMES)
        return f"{shares} %{'' if self.ok else ' (rejected)'}", f"{self.size_bytes / 1e6:.2f}"


def main() -> int:
    """Examine every network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("runs/trained_pictures"))
    parser.add_argument("--only", default="", help="Name of one network.")
    parser.add_argument("--budget", type=float, default=900, help="Seconds for explain.")
    chosen = parser.parse_args()
    os.environ |= {"CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "2"}
    chosen.folder.mkdir(parents=True, exist_ok=True)
    networks = [each for each in NETWORKS if chosen.only in ("", each.name)]
    examined = [examine(each, chosen.folder, chosen.budget) for each in networks]
    print(f"\nAccuracy on {' / '.join(RUNTIMES)}; photos of people not seen in training.\n")
    for row in (HEADER, ["---"] * len(HEADER), *(row for row, _ in examined)):
        print(f"| {' | '.join(row)} |")
    return 0 if all(close for _, close in examined) else 1


def examine(network: Network, folder: Path, budget_s: float) -> tuple[tuple[str, ...], bool]:
    """Train, convert, score, explain; return a row, and whether a file comes close to Keras."""
    source = folder / f"{network.name}-{network.side}.keras"
    if not source.exists():
        train(network.name, network.side, epochs=network.epochs, rate=network.rate).save(source)
    data = photos(network.side)
    calibration = folder / f"calibration-{network.side}.npz"
    some = np.linspace(0, len(data.train) - 1, CALIBRATING).round().astype(int)
    np.savez(calibration, image=middle(data.train[some], network.side))
    answers = {"image": middle(data.test, network.side), "labels": data.test_digits}
    result = convert(
        source,
        source.with_suffix(".tflite"),
        precision=("float32", "int8"),
        calibration=calibration,
        evaluate=answers,
    )
    made = {each.artifact.precision: each for each in result.done}
    if set(made) != {"float32", "int8"}:
        raise SystemExit(f"{network.title}: {result.refused}")
    evaluation = made["int8"].evaluation
    assert evaluation
    keras, int8 = accuracy_of(evaluation), scored(made["int8"])
    mixed = None
    if not int8.is_close_to(keras):
        mixed = proposed(made["int8"], source, calibration, answers, budget_s)
    row = (
        network.title,
        f"{keras:.1f} % of {evaluation.examples}",
        scored(made["float32"]).cells()[0],
        *int8.cells(),
        *(mixed.cells() if mixed else ("", "")),
        ", ".join(mixed.kept) if mixed else "",
    )
    return row, any(file.is_close_to(keras) for file in (int8, mixed) if file)


def accuracy_of(evaluation: Evaluation, runtime: str = "") -> float:
    """Return the accuracy on a runtime, or the source's, in percent."""
    scores = evaluation.file[runtime] if runtime else evaluation.source
    return 100 * next(score.value for score in scores if score.question == "accuracy")


def scored(conversion: Conversion, kept: Sequence[str] = ()) -> Scored:
    """Return the accuracy of a converted file."""
    evaluation = conversion.evaluation
    assert evaluation
    return Scored(
        percent={name: accuracy_of(evaluation, name) for name in evaluation.file},
        size_bytes=conversion.artifact.size_bytes,
        ok=conversion.ok,
        kept=kept,
    )


def proposed(
    int8: Conversion, source: Path, calibration: Path, answers: dict[str, Array], budget_s: float
) -> Scored | None:
    """Return the mixed file that `explain` proposes; None if it proposes none."""
    half = {name: array[::2] for name, array in answers.items()}  # it chooses layers by them
    found = explain(int8.artifact.path, source, calibration, budget_s=budget_s, evaluate=half)
    print(f"{source.stem}: {found.advice}")
    for tried in found.tried:
        print(f"  {tried.what}: {tried.judged or tried.reason} ({tried.seconds} s)", flush=True)
    good = [tried for tried in found.tried if tried.ok and tried.keep_float]
    if not good:
        return None
    best = min(good, key=lambda tried: len(tried.keep_float))
    made = convert(
        source,
        source.with_suffix(".mixed.tflite"),
        precision="int8",
        calibration=calibration,
        keep_float=best.keep_float,
        io="float",
        evaluate=answers,
    )
    return scored(made, best.keep_float)


if __name__ == "__main__":
    sys.exit(main())
