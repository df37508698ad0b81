"""What segmentation networks minimize, and how they train on random pieces of pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.learning.optimizers import warm_up_and_fall
from edgekit.domains.segmentation.deforming import Variation, pieces
from edgekit.domains.segmentation.masked import Masked

if TYPE_CHECKING:
    import keras

OVERLAP = 0.5
"""What the overlap counts for beside the cross-entropy."""

STEPS_TOLD = 25
"""Steps after which progress is told."""


def loss_of(weights: Sequence[float]) -> Callable[[object, object], object]:
    """Return a loss of classes `(batch, height, width)` and scores `(..., classes)`.

    It is the mean cross-entropy of each picture, in which the pixels of a class count by its
    weight, and half of 1 minus the mean overlap of the classes, where overlap is the intersection
    over union with shares in place of pixels: what the metric counts is then what is learned.
    Pixels that are `VOID` do not count.

    Args:
        weights: Of each class; all 1 for none.

    Source: Ronneberger, Fischer, Brox, U-Net, 2015, https://arxiv.org/abs/1505.04597, for the
        weighted cross-entropy; Rahman, Wang, Optimizing Intersection-Over-Union in Deep Neural
        Networks for Image Segmentation, 2016, https://doi.org/10.1007/978-3-319-50835-1_22.
    """

    def loss(targets: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
        from keras import ops

        truth = ops.one_hot(ops.cast(targets, "int32"), len(weights))  # of VOID all are 0
        logs = ops.log_softmax(scores, axis=-1)
        weighted = truth * ops.convert_to_tensor(np.asarray(weights, np.float32))
        pixels = ops.maximum(ops.sum(weighted, axis=(1, 2, 3)), 1.0)
        entropy = -ops.sum(weighted * logs, axis=(1, 2, 3)) / pixels
        shares = ops.exp(logs) * ops.sum(truth, axis=-1, keepdims=True)
        both = ops.sum(shares * truth, axis=(1, 2))
        either = ops.sum(shares + truth, axis=(1, 2)) - both
        overlap = ops.mean((both + 1) / (either + 1), axis=-1)  # 1 pixel: no class divides by 0
        return entropy + OVERLAP * (1 - overlap)

    return loss


def balancing(counts: Array) -> tuple[float, ...]:
    """Return weights of classes that make rare ones count for more; their mean over pixels is 1.

    They go with the root of how rare a class is: the full balance of Eigen and Fergus makes a
    network call too much by the name of a rare class, and mean IoU suffers from that.

    Args:
        counts: Pixels of each class, `(classes,)`; a class without any gets the weight 1.

    Source: after Eigen, Fergus, Predicting Depth, Surface Normals and Semantic Labels, 2015,
        https://arxiv.org/abs/1411.4734.
    """
    shares = counts / counts.sum()
    there = shares > 0
    weights = np.where(there, 1 / np.sqrt(np.where(there, shares, 1)), 0)
    weights = weights / (weights * shares).sum()
    return tuple(np.where(there, weights, 1.0).round(3).tolist())


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """How long, and on what, a network trains.

    Attributes:
        steps: Batches of random pieces.
        calm_steps: The last of them, in which pieces are mirrored and no more: what a network is
            asked later is neither turned nor bent (Ge et al., YOLOX, 2021,
            https://arxiv.org/abs/2107.08430).
        batch_size: Pieces in each.
        peak_learning_rate: Of `warm_up_and_fall`.
    """

    steps: int
    calm_steps: int = 0
    batch_size: int = 16
    peak_learning_rate: float = 4e-3


def fit(
    model: keras.Model,
    masked: Masked,
    loss: Callable[[object, object], object],
    *,
    schedule: Schedule,
    variation: Variation,
    progress: Progress,
) -> keras.Model:
    """Train on random pieces of pictures and return the model.

    Args:
        model: Takes pieces of the shape of its input; returned trained.
        masked: Pictures to train on.
        loss: From `loss_of`.
        schedule: How long.
        variation: How far pieces are varied.
        progress: Told the loss now and then.
    """
    import keras

    rate = warm_up_and_fall(schedule.peak_learning_rate, schedule.steps)
    # XLA makes convolutions slower on a CPU: 12 pieces a second in place of 20 for segment_unet.
    model.compile(keras.optimizers.AdamW(rate, weight_decay=2e-3), loss, jit_compile=False)
    random = np.random.default_rng(keras.random.randint((), 0, 2**31 - 1).numpy())
    shape = model.input_shape[1:]
    calm = Variation(turn=0, upside_down=variation.upside_down, zoom=(1, 1), bend=0, light=0)
    for step in range(1, schedule.steps + 1):
        varied = calm if step > schedule.steps - schedule.calm_steps else variation
        images, classes = pieces(masked, schedule.batch_size, shape, varied, random)
        mean = model.train_on_batch(images.astype(np.float32) / 255, classes)
        if step % STEPS_TOLD == 0 or step == schedule.steps:
            progress(step / schedule.steps, f"step {step}/{schedule.steps}, loss {mean:.3f}")
            model.reset_metrics()
    return model
