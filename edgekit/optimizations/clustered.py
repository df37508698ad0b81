"""Sixteen different values in each kernel: the file compresses to a third.

The weights of each kernel are replaced by the nearest of a few shared values, and training
continues on these values. Another number of them is asked for in the variant, as in
`clustered,clusters=32-int8`. Depthwise kernels are left alone, as in pruning.

Source: Han, Mao, Dally, Deep Compression, 2015, https://arxiv.org/abs/1510.00149.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from edgekit.bridge.carry import to_keras, to_tf_keras
from edgekit.bridge.fine_tuning import (
    fine_tune,
    import_tfmot,
    kernel_sizes,
    kernels,
    summary,
    wrap_layers,
)
from edgekit.core.errors import BadInput
from edgekit.core.kinds import Optimization
from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size

if TYPE_CHECKING:
    import keras
    import tf_keras

LEFT_ALONE = ("MultiHeadAttention",)
"""Layers that have lost their kernels once stripped of the wrapper (tfmot 0.8.1)."""


def apply(
    model: keras.Model,
    recipe: Recipe,
    size: Size,
    seed: int,
    progress: Progress,
    *,
    clusters: float,
) -> keras.Model:
    """Leave `clusters` different values in each kernel.

    A layer with a kernel of no more weights than that is left alone, as is one that tfmot cannot
    cluster, such as TimeDistributed.

    Raises:
        BadInput: `clusters` is no whole number from 2 on, or no layer has that many weights.
    """
    check(clusters=clusters)
    tfmot = import_tfmot().clustering.keras
    twin = to_tf_keras(model)
    sizes = kernel_sizes(twin)
    wrapped = {}

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if not _is_clusterable(layer, int(clusters)):
            return layer
        try:
            wrapper = tfmot.cluster_weights(
                layer,
                number_of_clusters=int(clusters),
                cluster_centroids_init=tfmot.CentroidInitialization.KMEANS_PLUS_PLUS,
            )
        except ValueError:  # a class tfmot has no way to cluster, such as TimeDistributed
            return layer
        wrapped[layer] = sizes[layer]
        return wrapper

    clustered = wrap_layers(twin, wrap)
    if not wrapped:
        raise BadInput(
            f"{clusters:g} clusters were asked for, and no layer of model '{model.name}' that can "
            "be clustered has more weights than that; ask for fewer."
        )
    progress(0.0, summary("clustering", wrapped, sizes))
    fine_tune(clustered, recipe, size=size, seed=seed, progress=progress)
    return to_keras(tfmot.strip_clustering(clustered), like=model)


def check(*, clusters: float) -> None:
    """Refuse a number of clusters that is none.

    Raises:
        BadInput: `clusters` is no whole number, or below 2.
    """
    if clusters < 2 or not float(clusters).is_integer():
        raise BadInput(
            f"{clusters:g} clusters were asked for; they are the different values in a kernel, "
            "a whole number, 2 or more, such as 16."
        )


def _is_clusterable(layer: tf_keras.layers.Layer, num_clusters: int) -> bool:
    sizes = [kernel.shape.num_elements() for kernel in kernels(layer)]
    return bool(sizes) and min(sizes) > num_clusters and type(layer).__name__ not in LEFT_ALONE


optimization = Optimization(
    precisions=("float32", "float16", "dynamic_int8", "int8"),
    apply=apply,
    options={"clusters": 16},
    check=check,
    worth_trying={"clusters": (4, 8, 16, 32, 64)},
)
