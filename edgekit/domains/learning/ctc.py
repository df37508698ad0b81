"""The loss of texts whose place in time nobody wrote down, and which of them are read right.

Source: Graves, Fernandez, Gomez, Schmidhuber, Connectionist Temporal Classification, 2006,
https://doi.org/10.1145/1143844.1143891.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array

if TYPE_CHECKING:
    import keras

SMALLEST = 1e-7
"""What a probability of 0 counts as."""


def ctc_loss(texts: keras.KerasTensor, probabilities: keras.KerasTensor) -> keras.KerasTensor:
    """Return minus the logarithm of the probability of each text, over all its places in time.

    Args:
        texts: Ids `(n, longest)`, padded with 0, which is the blank too.
        probabilities: Of each symbol at each step, `(n, steps, symbols)`.

    Returns:
        `(n,)`.
    """
    from keras import ops

    texts = ops.cast(texts, "int32")
    lengths = ops.sum(ops.cast(texts != 0, "int32"), axis=1)
    steps = ops.full_like(lengths, ops.shape(probabilities)[1])
    scores = ops.log(ops.maximum(probabilities, SMALLEST))
    return ops.ctc_loss(texts, scores, lengths, steps, mask_index=0)


def right(read: Array, texts: Array) -> Array:
    """Tell which texts are read wholly right, `(n,)`: all of the symbols, and no other.

    Args:
        read: Ids `(n, steps)`, padded with 0.
        texts: Ids `(n, longest)`, no longer than `read`, padded with 0.
    """
    missing = read.shape[1] - texts.shape[1]
    return np.asarray((read == np.pad(texts, ((0, 0), (0, missing)))).all(axis=1))
