"""Write the float file that a quantized one is compared with, and what the source answers.

Only for a child process: TensorFlow may die in it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from edgekit.conversion.corrections import apply_corrections
from edgekit.conversion.diagnosis import Layers
from edgekit.conversion.layer_search import layers_of
from edgekit.conversion.tf_converter import order_ports, to_tflite
from edgekit.core.child_process import report_progress
from edgekit.core.variant import Precision
from edgekit.source_model.export import export, signature_of
from edgekit.source_model.loading import load_model
from edgekit.source_model.recurrent import Form, prepare
from edgekit.source_model.reference import write_reference


def write_twin(
    source: Path, out: Path, vectors: Path, calibration: Path, precision: Precision, form: Form
) -> Layers:
    """In the child: write a float32 file and golden vectors; return the names of the layers.

    Args:
        source: The model that the quantized file was made from.
        out: The float file to write.
        vectors: Where to write golden vectors on the calibration data.
        calibration: As given to the conversion.
        precision: Of the quantized file; its recurrent layers have a form of their own.
        form: As given to the conversion.
    """
    report_progress(0.0, "reading the model")
    model = load_model(source)
    report_progress(0.1, "running the source model")
    write_reference(model, vectors, calibration=calibration)
    prepare(model, precision=precision, form=form)
    signature = signature_of(model)
    report_progress(0.3, "converting it to float32")
    with tempfile.TemporaryDirectory() as scratch:
        export(model, Path(scratch) / "model", signature)
        data = apply_corrections(to_tflite(Path(scratch) / "model", precision="float32"))
    order_ports(data, signature)
    out.write_bytes(data)
    return layers_of(model)
