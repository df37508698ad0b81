"""Small models with masked attention, and data for them: smooth sequences, sentences with padding.

Keras is imported inside the functions: collecting tests stays fast.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.core.types import Array, Batch

Case = tuple[Any, Callable[[int, int], Batch]]
"""A model, and `(count, seed) -> batch`."""

LENGTH, WORDS = 12, 50


def waves(count: int, seed: int, features: int = 8) -> Array:
    """Return `(count, LENGTH, features)` sums of a sine and a little noise, as sensors give."""
    random = np.random.default_rng(seed)
    each = (count, 1, features)
    time = np.linspace(0, 2 * np.pi, LENGTH)[:, None]
    sines = np.sin(random.uniform(0.5, 3, each) * time + random.uniform(0, 6.28, each))
    noise = random.normal(0, 0.1, (count, LENGTH, features))
    return (random.uniform(0.3, 1.5, each) * sines + noise).astype(np.float32)


def sentences(count: int, seed: int) -> Array:
    """Return word numbers from 1 on, of 2 words or more, padded with 0."""
    random = np.random.default_rng(seed)
    words = random.integers(1, WORDS, (count, LENGTH)).astype(np.int32)
    return words * kept(count, seed).astype(np.int32)


def kept(count: int, seed: int) -> Array:
    """Return `(count, LENGTH)` booleans: the first 2 to `LENGTH` of each row are true."""
    lengths = np.random.default_rng(seed).integers(2, LENGTH + 1, (count, 1))
    return np.arange(LENGTH)[None] < lengths


def encoder() -> Case:
    """Two blocks over words; padding is masked by the embedding."""
    import keras
    from keras import layers

    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    x = _block(_block(_embedded(ids)))
    x = layers.Dense(5)(layers.GlobalAveragePooling1D()(x))
    return keras.Model(ids, x), lambda count, seed: {"ids": sentences(count, seed)}


def decoder() -> Case:
    """Two causal blocks over a signal."""
    import keras
    from keras import layers

    given = keras.Input((LENGTH, 8), name="signal")
    x = layers.Dense(32)(given)
    x = _block(_block(x, use_causal_mask=True), use_causal_mask=True)
    return keras.Model(given, layers.Dense(6)(x)), lambda count, seed: {
        "signal": waves(count, seed)
    }


def translator() -> Case:
    """A causal block over words with padding, then one that looks at a signal."""
    import keras
    from keras import layers

    ids = keras.Input((LENGTH,), dtype="int32", name="ids")
    signal = keras.Input((LENGTH, 8), name="signal")
    memory = _block(layers.Dense(32)(signal))
    x = _block(_block(_embedded(ids), use_causal_mask=True), memory)
    model = keras.Model([ids, signal], layers.Dense(20)(x))
    return model, lambda count, seed: {
        "ids": sentences(count, seed),
        "signal": waves(count, seed + 1),
    }


def grouped() -> Case:
    """Grouped queries, and a mask that the user gives."""
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(3)
    given = keras.Input((LENGTH, 8), name="signal")
    mask = keras.Input((LENGTH,), dtype="bool", name="mask")
    x = layers.Dense(32)(given)
    attention = layers.GroupQueryAttention(head_dim=8, num_query_heads=4, num_key_value_heads=2)
    x = attention(x, x, attention_mask=ops.expand_dims(mask, 1), use_causal_mask=True)
    model = keras.Model([given, mask], layers.Dense(6)(x))
    return model, lambda count, seed: {"signal": waves(count, seed), "mask": kept(count, seed)}


def own(mask_scores: Callable[[Any, Any], Any]) -> Case:
    """Attention written by hand; `mask_scores(scores, mask of 0 and 1)` returns masked scores."""
    import keras
    from keras import layers, ops

    keras.utils.set_random_seed(3)
    given = keras.Input((LENGTH, 8), name="signal")
    mask = keras.Input((LENGTH,), name="mask")
    query, key, value = (layers.Dense(16)(given) for _ in range(3))
    scores = ops.matmul(query, ops.transpose(key, (0, 2, 1))) / 4.0
    weights = ops.softmax(mask_scores(scores, ops.expand_dims(mask, 1)), -1)
    model = keras.Model([given, mask], layers.Dense(4)(ops.matmul(weights, value)))
    return model, lambda count, seed: {
        "signal": waves(count, seed),
        "mask": kept(count, seed).astype(np.float32),
    }


def _embedded(ids: Any) -> Any:
    import keras

    keras.utils.set_random_seed(3)
    spread = keras.initializers.RandomNormal(stddev=1.0)
    return keras.layers.Embedding(WORDS, 32, mask_zero=True, embeddings_initializer=spread)(ids)


def _block(x: Any, memory: Any = None, **how: bool) -> Any:
    from keras import layers

    seen = layers.MultiHeadAttention(4, 8)(x, x if memory is None else memory, **how)
    x = layers.LayerNormalization()(x + seen)
    between = layers.Dense(64, activation="gelu")(x)
    return layers.LayerNormalization()(x + layers.Dense(32)(between))
