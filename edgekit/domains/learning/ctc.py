"""The loss of texts whose place in time nobody wrote down.

Source: Graves, Fernandez, Gomez, Schmidhuber, Connectionist Temporal Classification, 2006,
https://doi.org/10.1145/1143844.1143891.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

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
