"""Are MLPerf Tiny's ResNet-8 and DS-CNN small enough in int8, and as right as in float?

Both nets are recipes in `mlperf_tiny_recipes/`, trained on our data: pictures of garments and
spoken digits, not CIFAR-10 and Speech Commands. Each is built with several seeds, as
`edgekit build` does it, and its files run on tflite-runtime 2.14. Claimed is, of each net, that its
int8 or its qat-int8 files are below a size with every seed, and in the mean of the seeds score no
less than the Keras float net. Exits 1 where neither does. Builds are kept in the work folder.

    python benchmarks/mlperf_tiny.py [--net NAME] [--size full] [--seeds 3] [--work FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean

import edgekit
from edgekit.core.report import Report, Row
from edgekit.reporting import wording

RECIPES = Path(__file__).parent / "mlperf_tiny_recipes"
LIMITS: Mapping[str, int] = {"image_resnet8": 90_000, "keywords_dscnn": 50_000}
"""Net -> bytes that its int8 file stays below."""

VARIANTS = ("int8", "qat-int8")
FILES = ("float32", *VARIANTS)
HEAD = (
    "net",
    "seed",
    "Keras float",
    *VARIANTS,
    "bytes of float32",
    *VARIANTS,
    "ms of float32",
    "int8",
)


def claim(reports: Sequence[Report]) -> tuple[bool, str]:
    """Return whether what is claimed of a net holds, and a sentence.

    Args:
        reports: Of its builds, one a seed.
    """
    net, limit = reports[0].recipe, LIMITS[reports[0].recipe]
    asked = fmean(report.reference for report in reports)
    told, good = [], []
    for variant in VARIANTS:
        rows = [row_of(report, variant) for report in reports]
        mean, size = fmean(map(_value, rows)), max(map(_size, rows))
        told.append(f"{variant} {mean:.2f} % in {size:,} bytes at most")
        if mean >= asked and size < limit:
            good.append(variant)
    says = f"below {limit:,} bytes and no worse: {', '.join(good) or 'none'}"
    float_net = f"the float net {asked:.2f} % in the mean of {len(reports)} seeds"
    return bool(good), f"{net}: {float_net}, {', '.join(told)}; {says}"


def _value(row: Row) -> float:
    if row.value is None:
        raise ValueError(f"{row.variant} was not measured: {row.reason}")
    return row.value


def _size(row: Row) -> int:
    if row.size_bytes is None:
        raise ValueError(f"{row.variant} has no file: {row.reason}")
    return row.size_bytes


def row_of(report: Report, variant: str) -> Row:
    """Return what was measured of a variant."""
    return next(row for row in report.rows if row.variant == variant)


def table(reports: Sequence[Report]) -> Iterator[str]:
    """Return the lines of a Markdown table, one for each net and seed."""
    yield from wording.markdown_head(HEAD)
    for report in reports:
        scored = [_scored(report, row_of(report, variant)) for variant in VARIANTS]
        sizes = [f"{_size(row_of(report, variant)):,}" for variant in FILES]
        times = [row_of(report, variant).latency_ms_median for variant in FILES[:2]]
        reference = wording.value_text(report.metric, report.reference)
        latencies = [wording.latency_text(ms).removesuffix(" ms") for ms in times]
        yield wording.markdown_row(
            [report.recipe, str(report.seed), reference, *scored, *sizes, *latencies]
        )


def _scored(report: Report, row: Row) -> str:
    """Return `88.97 % (+0.06; -0.1 to 0.3 %)`: the score, its drop, and how sure that is."""
    drop = wording.drop_text(report.metric, row.drop)
    interval = wording.interval_text(report.metric, row.drop_interval)
    return f"{wording.value_text(report.metric, row.value)} ({drop}; {interval})"


def main() -> int:
    """Build, print the table and say which claims hold."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--net", choices=[*LIMITS], action="append")
    parser.add_argument("--size", choices=["tiny", "full"], default="full")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--work", type=Path, default=Path("runs/mlperf_tiny"))
    options = parser.parse_args()
    built = {
        net: [
            edgekit.build(
                RECIPES / f"{net}.py",
                size=options.size,
                targets="cpu",
                out=options.work / f"seed{seed}",
                seed=seed,
                progress=lambda share, what: print(f"[{share:4.0%}] {what}", file=sys.stderr),
            )
            for seed in range(options.seeds)
        ]
        for net in options.net or LIMITS
    }
    for reports in built.values():
        print(f"{reports[0].recipe}: {reports[0].notes[0].partition(';')[0]}; {reports[0].machine}")
    print("In brackets: how much less than Keras, and the 95 % interval of that.\n")
    print("\n".join(table([report for reports in built.values() for report in reports])), "\n")
    claimed = [claim(reports) for reports in built.values()]
    print("\n".join(sentence for _, sentence in claimed))
    return 0 if all(holds for holds, _ in claimed) else 1


if __name__ == "__main__":
    sys.exit(main())
