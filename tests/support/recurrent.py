"""Convert models with recurrent layers in this process, and look at the files."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.conversion.writing import write
from edgekit.core.variant import Precision
from edgekit.intake.options import Io, Options
from edgekit.running.session import open_session
from edgekit.source_model.loading import load_model
from edgekit.source_model.recurrent import DEFAULT, Form
from edgekit.source_model.reference import run_model
from edgekit.tflite.reader import read
from tests.support import strangers

FUSED = "UNIDIRECTIONAL_SEQUENCE_LSTM"


def operators(path: Path) -> Counter[str]:
    return Counter(op.name for graph in read(path).subgraphs for op in graph.operators)


def converted(
    model: Any,
    tmp_path: Path,
    precision: Precision,
    *,
    io: Io | None = "float",
    recurrent: Form = DEFAULT,
) -> tuple[Path, str]:
    """Convert in this process, as the child does; return the file and all notes."""
    source, out = tmp_path / "m.keras", tmp_path / f"{precision}.tflite"
    strangers.saved(model, source)
    calibration = source.with_suffix(".npz")
    options = Options(io=io, recurrent=recurrent)
    written = write(source, out, precision, calibration, options)
    made_by = written.made_by
    return out, " ".join(made_by[key] for key in sorted(made_by) if key.startswith("note"))


def largest_error(path: Path, source: Path, runtime: str = "litert") -> float:
    """Run a file and its source on the calibration data."""
    model = load_model(source)
    batch = dict(strangers.examples(model))
    wanted = run_model(model, batch)
    with open_session(path, runtime=runtime) as session:
        found = session(batch)
    return max(float(np.abs(found[name] - wanted[name]).max()) for name in wanted)
