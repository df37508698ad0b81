"""Write the float file that a quantized one is compared with, and what the source answers.

Only for a child process: TensorFlow may die in it.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.conversion.correcting.corrections import apply_corrections
from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.layer_search import layers_of
from edgekit.conversion.tf_converter import order_ports, to_tflite
from edgekit.conversion.writing import READING
from edgekit.core.child_process import report_progress
from edgekit.core.report import Evaluation
from edgekit.core.variant import AS_USUAL, Precision
from edgekit.intake.examples import as_npz
from edgekit.intake.joined_outputs.splitting import joints_of
from edgekit.intake.look_ups.numbers import as_numbers
from edgekit.intake.model import load_asked
from edgekit.intake.options import Options
from edgekit.intake.scores import evaluated
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.recurrent import prepare
from edgekit.source_model.reference import write_reference


@dataclass(frozen=True, kw_only=True)
class Twin:
    """What the child tells about a model.

    Attributes:
        layers: Their names.
        calibration: The examples as one `.npz`.
        is_joined: Whether an output ends in a Concatenate that could be left out.
        evaluation: How right the model is, if examples with right answers were given.
    """

    layers: Layers
    calibration: Path
    is_joined: bool
    evaluation: Evaluation | None = None


def write_twin(
    source: Path,
    out: Path,
    vectors: Path,
    calibration: Path,
    precision: Precision,
    options: Options,
) -> Twin:
    """In the child: write a float32 file and golden vectors.

    Args:
        source: The model that the quantized file was made from.
        out: The float file to write; an `.npz` of the examples is written beside it if need be.
        vectors: Where to write golden vectors on the calibration data.
        calibration: As given to the conversion.
        precision: Of the quantized file; its recurrent layers have a form of their own.
        options: As given to the conversion.
    """
    report_progress(0.0, READING)
    model, _ = load_asked(source, options)
    made, numbers = out.with_name("examples.npz"), out.with_name("numbers.npz")
    examples, _ = as_npz(calibration, model, made, pixels=options.pixels)
    report_progress(0.1, "running the source model")
    write_reference(model, vectors, calibration=as_numbers(examples, model, numbers))
    evaluation = evaluated(model, options.evaluation) if options.evaluation else None
    is_joined = not options.split_outputs and bool(joints_of(model))
    prepare(model, precision=precision, form=options.recurrent)
    signature = signature_of(model)
    report_progress(0.3, "converting it to float32")
    plain = replace(options, io=None, keep_float=(), quantization=AS_USUAL)
    with tempfile.TemporaryDirectory() as scratch:
        export(model, Path(scratch) / "model", signature)
        data = to_tflite(Path(scratch) / "model", precision="float32", options=plain)
    order_ports(data, signature)
    out.write_bytes(apply_corrections(data))
    return Twin(
        layers=layers_of(model),
        calibration=examples,
        is_joined=is_joined,
        evaluation=evaluation,
    )
