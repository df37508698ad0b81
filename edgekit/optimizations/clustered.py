"""Sixteen different values in each kernel: the file compresses to a third.

Every kernel's weights are replaced by the nearest of a few shared values, which are then trained
on. Depthwise kernels keep their own weights, as in pruning.

Source: Han, Mao, Dally, Deep Compression, 2015, https://arxiv.org/abs/1510.00149.
"""

from __future__ import annotations

from typing import Any

from edgekit.bridge.carry import to_keras, to_tf_keras
from edgekit.bridge.fine_tuning import (
    fine_tune,
    import_tfmot,
    kernel_sizes,
    kernels,
    summary,
    wrap_layers,
)
from edgekit.core.kinds import Optimization
from edgekit.core.recipe import Recipe
from edgekit.core.types import Progress, Size

NUM_CLUSTERS = 16

LEFT_ALONE = ("MultiHeadAttention",)
"""Stripped of its wrapper, it has lost its kernels (tfmot 0.8.1)."""


def cluster(num_clusters: int) -> Optimization:
    """Return an optimization that leaves `num_clusters` different values in each kernel, 2 or more.

    A layer with a kernel of no more weights than that is left alone, as is one tfmot cannot
    cluster, such as TimeDistributed.
    """

    def apply(model: Any, recipe: Recipe, size: Size, seed: int, progress: Progress) -> Any:
        clustering = import_tfmot().clustering.keras
        twin = to_tf_keras(model)
        sizes = kernel_sizes(twin)
        chosen = {}

        def wrap(layer: Any) -> Any:
            if not _is_clusterable(layer, num_clusters):
                return layer
            try:
                wrapper = clustering.cluster_weights(
                    layer,
                    number_of_clusters=num_clusters,
                    cluster_centroids_init=clustering.CentroidInitialization.KMEANS_PLUS_PLUS,
                )
            except ValueError:  # a class tfmot has no way to cluster, such as TimeDistributed
                return layer
            chosen[layer] = sizes[layer]
            return wrapper

        wrapped = wrap_layers(twin, wrap)
        progress(0.0, summary("clustering", chosen, sizes))
        fine_tune(wrapped, recipe, size=size, seed=seed, progress=progress)
        return to_keras(clustering.strip_clustering(wrapped), like=model)

    return Optimization(precisions=("float32", "float16", "dynamic_int8", "int8"), apply=apply)


def _is_clusterable(layer: Any, num_clusters: int) -> bool:
    sizes = [kernel.shape.num_elements() for kernel in kernels(layer)]
    return bool(sizes) and min(sizes) > num_clusters and type(layer).__name__ not in LEFT_ALONE


optimization = cluster(NUM_CLUSTERS)
