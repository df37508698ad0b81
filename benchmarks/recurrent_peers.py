"""Write one `.tflite` as others do; `recurrent.py` starts a process for each, since some crash.

python benchmarks/recurrent_peers.py WAY PRECISION MODEL.keras OUT.tflite
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import keras


def examples() -> Iterator[list[NDArray[np.float32]]]:
    """Yield calibration examples, one at a time."""
    data = np.load(Path(sys.argv[3]).with_suffix(".npz"))["x"]
    yield from ([data[k : k + 1]] for k in range(len(data)))


def integers() -> dict[str, object]:
    """Return the settings that TensorFlow's guide gives for full integer quantization."""
    import tensorflow as tf

    return {
        "optimizations": [tf.lite.Optimize.DEFAULT],
        "representative_dataset": examples,
    }


def keras_export(model: keras.Model, precision: str, out: Path) -> None:
    """Keras' own `model.export(format="litert")`."""
    settings = integers() if precision == "int8" else {}
    model.export(str(out), format="litert", verbose=False, **settings)


def from_keras_model(model: keras.Model, precision: str, out: Path) -> None:
    """`TFLiteConverter.from_keras_model` with defaults."""
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if precision == "int8":
        for name, value in integers().items():
            setattr(converter, name, value)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    out.write_bytes(converter.convert())


def from_keras_model_batch_1(model: keras.Model, precision: str, out: Path) -> None:
    """The same, after the user has found out that the batch must be fixed."""
    import keras

    fixed = keras.Input(batch_shape=(1, *model.inputs[0].shape[1:]), name="x")
    from_keras_model(keras.Model(fixed, model(fixed)), precision, out)


WAYS = {
    "export-litert": keras_export,
    "from_keras_model": from_keras_model,
    "from_keras_model, batch 1": from_keras_model_batch_1,
}

if __name__ == "__main__":
    import keras

    way, precision, source, out = sys.argv[1:]
    WAYS[way](keras.models.load_model(source), precision, Path(out))
