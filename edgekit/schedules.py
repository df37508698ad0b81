"""The learning rate that recipes train with."""

from __future__ import annotations

from typing import Any


def warm_up_and_fall(peak: float, steps: int) -> Any:
    """Return a Keras schedule: up to `peak` in a tenth of the steps, then down as a cosine.

    Args:
        peak: The highest rate; the first is a twentieth of it.
        steps: All steps of the training, at least 1. The fall takes as many, after the rise, so
            that training ends when a tenth of it is still to come: at a fortieth of `peak`.

    Source: Loshchilov, Hutter, SGDR, 2017, https://arxiv.org/abs/1608.03983; Goyal et al.,
        Accurate, Large Minibatch SGD, 2017, https://arxiv.org/abs/1706.02677.
    """
    import keras

    return keras.optimizers.schedules.CosineDecay(
        peak / 20, steps, warmup_target=peak, warmup_steps=max(1, steps // 10)
    )
