"""Run a quantized file beside its float model, and say which layers lose most."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from edgekit.conversion.writing import READING
from edgekit.core.child_process import Child, ChildDied
from edgekit.core.errors import BadInput, ConversionFailed, WorkerDied
from edgekit.core.types import Progress, silent
from edgekit.core.variant import AS_USUAL, Precision
from edgekit.explaining.float_twin import Twin, write_twin
from edgekit.explaining.layer_noise import TensorNoise, measure
from edgekit.explaining.ranking import float_list, rank
from edgekit.intake.options import Options
from edgekit.source_model.reference import CHILD_ENV, cannot_read

EXAMPLES = 16
"""How many examples are compared layer by layer where only the ranking is wanted."""


def with_worst_in_float(file: Path, source: Path, calibration: Path, options: Options) -> Options:
    """Return the options that leave the worst layers of an int8 file in float.

    Args:
        file: Converted with these options, but for `float_layers`.
        source: The model it was made from.
        calibration: The examples it was calibrated with.
        options: How many layers: `quantization.float_layers`. Where nothing says what goes in and
            out of the file, floats do: what is computed in float is not rounded on its way out.

    Raises:
        BadInput: There are not as many layers.
        ConversionFailed, WorkerDied: The files for comparison cannot be made or run.
    """
    count = options.quantization.float_layers
    with tempfile.TemporaryDirectory() as folder:
        written = Path(folder) / "float.tflite", Path(folder) / "vectors.npz"
        twin = twin_of(source, written, calibration, "int8", options)
        tensors = noise_of(file, written, twin, EXAMPLES)
    ranked = [
        each
        for each in rank(tensors, twin.layers.kinds)
        if not each.layer.startswith("input ") and each.layer not in options.keep_float
    ]
    if count > len(ranked):
        raise BadInput(
            f"{count} layers are to stay in float, and the file has {len(ranked)} that are "
            "quantized; ask for fewer, or for float32."
        )
    kept = dict.fromkeys((*options.keep_float, *float_list(ranked[:count], tensors)))
    return replace(
        options,
        io=options.io or "float",
        keep_float=tuple(kept),
        quantization=replace(options.quantization, float_layers=AS_USUAL.float_layers),
    )


def twin_of(
    source: Path,
    written: tuple[Path, Path],
    calibration: Path,
    precision: Precision,
    options: Options,
    progress: Progress = silent,
) -> Twin:
    """Write the float file and the golden vectors of a model, in a child process.

    Args:
        source: The model.
        written: The file and the vectors to write.
        calibration: The examples.
        precision: Of the quantized file.
        options: With which that was converted.
        progress: Told how far it is.

    Raises:
        BadInput: The model cannot be read.
        ConversionFailed: There is no float file of it.
    """
    child = Child(progress=progress, env=CHILD_ENV)
    try:
        return child.call(write_twin, source, *written, calibration, precision, options)
    except ChildDied as death:
        if death.stage == READING:
            raise cannot_read(source, death) from death
        raise ConversionFailed(
            f"'{source}' cannot be converted to float32 for comparison: the process ended "
            f"with {death.cause}. Convert it with --precision float32 first."
        ) from death


def noise_of(
    file: Path,
    written: tuple[Path, Path],
    twin: Twin,
    examples: int,
    progress: Progress = silent,
) -> list[TensorNoise]:
    """Measure what each layer of a file loses, in a child process; in the order they run.

    Args:
        file: The quantized file.
        written: The float file and the vectors that `twin_of` wrote.
        twin: What it returned.
        examples: How many are compared at most.
        progress: Told how far it is.

    Raises:
        BadInput: The files are not of one model.
        WorkerDied: An interpreter died from one of them.
    """
    child = Child(progress=progress)
    true, vectors = written
    try:
        return child.call(measure, true, file.absolute(), vectors, twin.layers, examples)
    except ChildDied as death:
        raise WorkerDied(
            f"'{file}' cannot be run tensor by tensor: the interpreter ended with "
            f"{death.cause}. Run `edgekit verify` on it."
        ) from death
