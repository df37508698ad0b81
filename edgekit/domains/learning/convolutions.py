"""Convolution, batch normalization, ReLU: the order that every later tool can fuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def convolution(
    x: keras.KerasTensor,
    filters: int,
    *,
    kernel: int = 3,
    stride: int = 1,
    relu: bool = True,
    largest: float | None = None,
    momentum: float = 0.9,
) -> keras.KerasTensor:
    """Return a convolution of `x`, `(batch, height, width, channels)`, normalized.

    Args:
        x: What is convolved.
        filters: Channels of the result.
        kernel: Side of the kernels.
        stride: 2 halves height and width.
        relu: Whether values below 0 become 0.
        largest: What larger values become, 6 in a ReLU6; None leaves them.
        momentum: Of the averages that the normalization keeps for inference.
    """
    import keras

    x = keras.layers.Conv2D(filters, kernel, strides=stride, padding="same", use_bias=False)(x)
    x = keras.layers.BatchNormalization(momentum=momentum)(x)
    return keras.layers.ReLU(largest)(x) if relu else x


def residual(x: keras.KerasTensor, *, largest: float | None = None) -> keras.KerasTensor:
    """Return `x` with two convolutions of it added (He et al. 2015).

    Args:
        x: What is convolved; its channels stay as many.
        largest: As of `convolution`.

    Source: He, Zhang, Ren, Sun, Deep Residual Learning, 2015, https://arxiv.org/abs/1512.03385.
    """
    import keras

    inner = convolution(x, x.shape[-1], largest=largest)
    inner = convolution(inner, x.shape[-1], relu=False)
    return keras.layers.ReLU(largest)(keras.layers.Add()([x, inner]))
