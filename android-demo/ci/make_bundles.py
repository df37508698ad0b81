"""Puts bundles of builds where the app finds them.

make_bundles.py [--out FOLDER] RUN_DIR...    writes FOLDER/<recipe>/, the app's assets by default
make_bundles.py --list RUNS                  prints the builds in RUNS that the app ships with
"""

from __future__ import annotations

import shutil
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from edgekit.core import registry

SHIPPED = (
    "image_mobilenet",
    "detect_yolo9000",
    "segment_unet",
    "pose_posenet",
    "keywords_cnn",
    "text_bert",
)
"""Recipes whose builds the app ships with, where they were built: one for each kind of task."""

UNREAD = ("*.npz", "README.md", "report.json", "bundle.schema.json", "SHA256SUMS")
"""Files of a bundle that the app does not read; it takes golden vectors as raw numbers."""

ASSETS = Path(__file__).parents[1] / "app/src/main/assets/bundles"


def main() -> None:
    """Make the bundles, or list the builds."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", type=Path, metavar="RUN_DIR")
    parser.add_argument("--out", type=Path, default=ASSETS)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        built = (options.runs[0] / name for name in SHIPPED)
        for run in built:
            if (run / "report.json").is_file():
                print(run)
        return
    shutil.rmtree(options.out, ignore_errors=True)
    for run in options.runs:
        put(run, options.out / run.name)


def put(run: Path, out: Path) -> None:
    """Make the bundle of a build, and copy of it what the app reads."""
    with tempfile.TemporaryDirectory() as folder:
        bundle = registry.get("packagers", "android").package(run, Path(folder) / "bundle")
        shutil.copytree(bundle, out, ignore=shutil.ignore_patterns(*UNREAD))
    size = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{out.name}: {size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
