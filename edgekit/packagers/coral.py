"""Coral Edge TPU: int8 models, compiled where the compiler was there, and a runner with libedgetpu.

The runner says aloud when the CPU answers instead, and its exit code tells.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from edgekit.bundling.board.files import Board, package_for
from edgekit.bundling.contents import Contents, fitting
from edgekit.core.kinds import Packager
from edgekit.core.report import Row
from edgekit.on_device.board.edge_tpu import COMPILED, OPERATOR


def fits(rows: Sequence[Row]) -> bool:
    """Whether a variant is int8 and right on a CPU, which is what the Edge TPU is compared with."""
    on_cpus = [row for row in rows if not row.adapter]
    return all(row.precision == "int8" for row in rows) and any(row.ok for row in on_cpus)


def add_compiled(folder: Path, contents: Contents) -> None:
    """Copy what the compiler made of the models, where a build had it."""
    for variant in contents.variants:
        for part, artifact in variant.files.items():
            made = artifact.path.with_name(f"{artifact.path.stem}{COMPILED}.tflite")
            if made.is_file() and OPERATOR in made.read_bytes():
                name = Path(variant.file_name(part))
                shutil.copyfile(made, folder / f"{name.stem}{COMPILED}.tflite")


BOARD = Board(
    name="board with a Coral Edge TPU",
    fits=fits,
    modules=("board/runner.py", "board/edge_tpu.py"),
    accelerator={
        "imports": "from on_device.board.edge_tpu import LIBRARY, on_edge_tpu",
        "value": 'Accelerator("Edge TPU", LIBRARY, on_edge_tpu)',
    },
    add=add_compiled,
    notes="edge_tpu.md.jinja",
)


def package(run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
    """Make the bundle; see `package_for`."""
    return package_for(BOARD, run_dir, out, variants)


packager = Packager(takes=lambda report: bool(fitting(report, fits)), package=package)
