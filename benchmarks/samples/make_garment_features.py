"""Write `garment_features.npz`: the layers of a trained `image_cnn` before its scores.

Build it, and name the folder of the build:

    edgekit build image_cnn --size full
    python benchmarks/samples/make_garment_features.py runs/image_cnn

Normalizations are folded into the convolutions before them, and all is kept in float16. The last
lines say how far the features in NumPy are from those of Keras.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np

from edgekit.core.paths import atomic
from edgekit.core.types import Array
from edgekit.domains.fashion.garments import garments
from edgekit.domains.generative.garment_features import FILE, features
from edgekit.domains.learning.downloads import PACKAGED


def folded(model: keras.Model) -> dict[str, Array]:
    """Return the weights and bias of each convolution, in the order of the layers."""
    layers = [layer for layer in model.layers if isinstance(layer, keras.layers.Conv2D)]
    arrays = {}
    for number, layer in enumerate(layers):
        (node,) = layer._outbound_nodes
        norm = node.operation
        scale = norm.gamma / np.sqrt(norm.moving_variance + norm.epsilon)
        arrays[f"weights_{number}"] = np.array(layer.kernel * scale, np.float16)
        arrays[f"bias_{number}"] = np.array(norm.beta - norm.moving_mean * scale, np.float16)
    return arrays


def main(folder: str) -> None:
    """Write it into `edgekit/datasets/`."""
    model = keras.saving.load_model(Path(folder) / "model.keras", compile=False)
    with atomic(PACKAGED / FILE) as path:
        np.savez_compressed(path, **folded(model))  # type: ignore[arg-type]  # taken for allow_pickle
    images, labels = garments("test", "full")
    pooled = next(x for x in model.layers if isinstance(x, keras.layers.GlobalAveragePooling2D))
    wanted = keras.Model(model.input, pooled.output).predict(images, batch_size=500, verbose=0)
    weights, bias = model.get_layer("scores").get_weights()
    ours = features(images)
    right = np.mean((ours @ weights + bias).argmax(axis=1) == labels)
    off = np.sqrt(np.mean((ours - wanted) ** 2) / np.var(wanted, axis=0).mean())
    print(f"{100 * right:.2f} % right by these features; off by {100 * off:.2g} % of their spread.")


if __name__ == "__main__":
    main(*sys.argv[1:])
