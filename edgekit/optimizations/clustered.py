"""Sixteen different values in each kernel: the file compresses to a third.

The weights of each kernel are replaced by the nearest of a few shared values, and training
continues on these values. Another number of them is asked for in the variant, as in
`clustered,clusters=32-int8`. Depthwise kernels are left alone, as in pruning. After pruning, one of
the values is zero, and what was zero stays so.

An int8 file of it has more values in a kernel, since it has a step for each channel. One that is
trained with quantization as well, `clustered-qat-int8`, has no more.

Source: Han, Mao, Dally, Deep Compression, 2015, https://arxiv.org/abs/1510.00149.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from edgekit.bridge.carry import to_keras, to_tf_keras
from edgekit.bridge.fine_tuning import (
    fine_tune,
    import_tfmot,
    kernel_sizes,
    kernels,
    summary,
    wrap_layers,
)
from edgekit.bridge.holding.weight_constraints import hold, keep_signs, turn_channels
from edgekit.core.errors import BadInput
from edgekit.core.kinds import Optimization, Trait
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
    keep: Collection[Trait] = (),
) -> keras.Model:
    """Leave `clusters` different values in each kernel.

    A layer with a kernel of no more weights than that is left alone, as is one that tfmot cannot
    cluster, such as TimeDistributed.

    Args:
        model: A trained model; it is not changed.
        recipe: Says how to continue its training.
        size: Of the data and of the training.
        seed: For the order of examples and for dropout.
        progress: Told which layers are clustered, and after each epoch.
        clusters: A whole number, 2 or more; 3 or more where zeros are kept.
        keep: "zeros" if weights that are zero stay zero, and zero is one of the values.

    Raises:
        BadInput: `clusters` is no whole number from 2 on, or no layer has that many weights.
    """
    check(clusters=clusters)
    if clusters < 3 and "zeros" in keep:
        raise BadInput(
            "2 clusters were asked for after pruning, which has one for zero; ask for 3 or more."
        )
    tfmot = import_tfmot().clustering.keras
    # Not a public name in tfmot 0.8.1; the public function has no `preserve_sparsity`.
    from tensorflow_model_optimization.python.core.clustering.keras.experimental import cluster

    twin = to_tf_keras(model)
    turn_channels(twin)
    sizes = kernel_sizes(twin)
    wrapped = {}

    def wrap(layer: tf_keras.layers.Layer) -> tf_keras.layers.Layer:
        if not _is_clusterable(layer, int(clusters)):
            return layer
        try:
            wrapper = cluster.cluster_weights(
                layer,
                number_of_clusters=int(clusters),
                cluster_centroids_init=tfmot.CentroidInitialization.KMEANS_PLUS_PLUS,
                preserve_sparsity="zeros" in keep and _has_zeros(layer),
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
    hold(clustered, keep)
    keep_signs(clustered)
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


def _has_zeros(layer: tf_keras.layers.Layer) -> bool:
    return all(np.any(kernel.numpy() == 0) for kernel in kernels(layer))


optimization = Optimization(
    precisions=("float32", "float16", "dynamic_int8", "int8"),
    apply=apply,
    options={"clusters": 16},
    check=check,
    worth_trying={"clusters": (4, 8, 16, 32, 64)},
    worth_combining={"clusters": (16, 32)},
    leaves=("equal weights",),
    keeps=("zeros",),
)
