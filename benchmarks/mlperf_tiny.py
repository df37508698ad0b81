"""Are MLPerf Tiny's ResNet-8 and DS-CNN small enough in int8, and as right as in float?

Both nets are recipes in `mlperf_tiny_recipes/`, trained on our data: pictures of garments and
spoken digits, not CIFAR-10 and Speech Commands. Each is built with several seeds, as
`edgekit build` does it, and its files run on tflite-runtime 2.14. Claimed is, of each net and seed,
that its int8 file or its qat-int8 file is below a size and scores no less than the Keras float net.
Exits 1 where neither does. Builds are kept in the work folder.

    python benchmarks/mlperf_tiny.py [--net NAME] [--size full] [--seeds 3] [--work FOLDER]
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import edgekit
from edgekit.core.report import Report, Row
from edgekit.reporting import wording

RECIPES = Path(__file__).parent / "mlperf_tiny_recipes"
LIMITS: Mapping[str, int] = {"image_resnet8": 90_000, "keywords_dscnn": 50_000}
"""Net -> bytes that its int8 file stays below."""

VARIANTS = ("int8", "qat-int8")
HEAD = ("net", "seed", "Keras float", "variant", "accuracy", "drop", "its 95 % interval")
SIZES = ("bytes", "compressed", "ms")


def claim(report: Report) -> tuple[bool, str]:
    """Return whether what is claimed of a net holds with the seed of a build, and a sentence."""
    limit = LIMITS[report.recipe]
    rows = [row_of(report, variant) for variant in VARIANTS]
    good = [
        row
        for row in rows
        if row.value is not None and row.value >= report.reference and _size(row) < limit
    ]
    what = f"{report.recipe}, seed {report.seed}: "
    if good:
        names = ", ".join(row.variant for row in good)
        return True, f"{what}below {limit:,} bytes and no worse than the float net: {names}"
    figures = [f"{row.variant} scores {row.value} in {_size(row):,} bytes" for row in rows]
    asked = f"asked for are {report.reference} in less than {limit:,}"
    return False, f"{what}{', '.join(figures)}; {asked}"


def _size(row: Row) -> int:
    if row.size_bytes is None:
        raise ValueError(f"{row.variant} has no file: {row.reason}")
    return row.size_bytes


def row_of(report: Report, variant: str) -> Row:
    """Return what was measured of a variant."""
    return next(row for row in report.rows if row.variant == variant)


def table(reports: Sequence[Report]) -> Iterator[str]:
    """Return the lines of a Markdown table, one for each net, seed and variant."""
    yield from wording.markdown_head([*HEAD, *SIZES])
    for report in reports:
        for variant in ("float32", *VARIANTS):
            row, metric = row_of(report, variant), report.metric
            yield wording.markdown_row(
                [
                    report.recipe,
                    str(report.seed),
                    wording.value_text(metric, report.reference),
                    variant,
                    wording.value_text(metric, row.value),
                    wording.drop_text(metric, row.drop),
                    wording.interval_text(metric, row.drop_interval),
                    f"{_size(row):,}",
                    f"{row.compressed_bytes:,}",
                    wording.latency_text(row.latency_ms_median).removesuffix(" ms"),
                ]
            )


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
        print(f"\n{reports[0].recipe}: {reports[0].notes[0]}; {reports[0].machine}\n")
        print("\n".join(table(reports)))
    print()
    claimed = [claim(report) for reports in built.values() for report in reports]
    print("\n".join(sentence for _, sentence in claimed))
    return 0 if all(holds for holds, _ in claimed) else 1


if __name__ == "__main__":
    sys.exit(main())
