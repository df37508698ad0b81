"""What the networks of detectors that look twice have in common.

Source: Girshick et al., Rich feature hierarchies (R-CNN), 2014, https://arxiv.org/abs/1311.2524;
Girshick, Fast R-CNN, 2015, https://arxiv.org/abs/1504.08083.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgekit.core.recipe import Signature, Tensor
from edgekit.domains.learning.convolutions import convolution, residual

if TYPE_CHECKING:
    import keras


def features_of(image: keras.KerasTensor, channels: int) -> keras.KerasTensor:
    """Return what regions are cut out of, called `features`, at an eighth of the picture's size.

    Args:
        image: `(batch, height, width, 3)`.
        channels: Of the features.
    """
    import keras

    x = convolution(image, 16, stride=2)
    x = convolution(x, 32, stride=2)
    fine = residual(convolution(x, 64, stride=2))
    coarse = residual(convolution(fine, 96, stride=2))
    # White cells are as large as 12 cells of the fine features: the coarse ones see them whole.
    wide = keras.layers.Conv2D(channels, 1, use_bias=False)(coarse)
    narrow = keras.layers.Conv2D(channels, 1, use_bias=False)(fine)
    # Keras 3 repeats the nearest values in five axes, which accelerators refuse.
    wide = keras.layers.UpSampling2D(2, interpolation="bilinear")(wide)
    joined = keras.layers.Add()([narrow, wide])
    joined = keras.layers.BatchNormalization(momentum=0.9)(joined)
    return keras.layers.ReLU(name="features")(joined)


def named_and_moved(
    x: keras.KerasTensor, num_labels: int, *, dropout: float
) -> list[keras.KerasTensor]:
    """Return `scores` of what a region shows, the first that of nothing, and `shifts` of its edges.

    Args:
        x: Of each region, `(regions, height, width, channels)`.
        num_labels: How many names there are.
        dropout: Share of the hidden values that training leaves out.
    """
    import keras

    x = keras.layers.Dense(128, use_bias=False)(keras.layers.Flatten()(x))
    x = keras.layers.BatchNormalization(momentum=0.9)(x)
    x = keras.layers.ReLU()(x)
    x = keras.layers.Dropout(dropout)(x)
    scores = keras.layers.Dense(1 + num_labels, activation="softmax", name="scores")(x)
    return [scores, keras.layers.Dense(4, name="shifts")(x)]


def second_look(crop: Sequence[int], num_labels: int) -> keras.Model:
    """Return the network, called `second_look`, that is asked about each region's features."""
    import keras

    region = keras.Input(crop, name="crop")
    outputs = named_and_moved(region, num_labels, dropout=0.2)
    return keras.Model(region, outputs, name="second_look")


def regions_signature(crop: Sequence[int], names: tuple[str, ...], meaning: str) -> Signature:
    """Return what goes into the file `regions` and comes out of it.

    Args:
        crop: Height, width and channels of a region.
        names: Of the classes, without that of nothing.
        meaning: What a region is given as.
    """
    scores = Tensor(name="scores", shape=(1, 1 + len(names)), meaning="of nothing and each label")
    shifts = Tensor(name="shifts", shape=(1, 4), meaning="moves of the region's middle and sides")
    region = Tensor(name="crop", shape=(1, *crop), meaning=meaning)
    return Signature(inputs=(region,), outputs=(scores, shifts), labels=names)
