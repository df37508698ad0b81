"""The words that a look-up layer knows, whether it was given them or has learned them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import keras


def vocabulary_of(layer: keras.Layer) -> dict[str, object]:
    """Return the vocabulary of a Keras 3 layer, as the options it can be made with.

    Keras writes into a layer's config what it was given, and not what it learned by `adapt`.

    Returns:
        `vocabulary`, without the places of masked and unknown words, and `idf_weights` for layers
        that answer with those. Empty for a layer that knows no words, or looks nothing up.
    """
    table = getattr(layer, "_lookup_layer", layer)
    if not hasattr(table, "get_vocabulary"):
        return {}
    words = table.get_vocabulary(include_special_tokens=False)
    if not words:
        return {}
    if table.output_mode != "tf_idf":
        return {"vocabulary": words}
    start = table._token_start_index()
    weights = table.idf_weights_const.numpy()[start : start + len(words)]
    return {"vocabulary": words, "idf_weights": weights.tolist()}
