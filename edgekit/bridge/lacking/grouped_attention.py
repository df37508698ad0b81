"""Grouped-query attention for tf_keras, which has no layer of that name.

Source: Ainslie et al., GQA: Training Generalized Multi-Query Transformer Models from Multi-Head
Checkpoints, 2023, https://arxiv.org/abs/2305.13245.
"""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras

_LARGEST_SHARE = 0.7
"""Share of the largest number of a type that a forbidden place loses, as in Keras 3."""


@cache
def grouped_query_attention() -> type[tf_keras.layers.Layer]:
    """Return the tf_keras layer class; it computes what `keras.layers.GroupQueryAttention` does."""
    import tensorflow as tf
    import tf_keras

    @tf_keras.utils.register_keras_serializable("edgekit")
    class GroupedQueryAttention(tf_keras.layers.Layer):  # type: ignore[misc]  # tf_keras has no types
        """Attention whose query heads share fewer heads of keys and values.

        Called as `layer(query, value, key=None)`, each `(batch, steps, features)`; the answer has
        the shape of `query`. Options are those of Keras 3, without initializers.
        """

        def __init__(
            self,
            head_dim: int,
            num_query_heads: int,
            num_key_value_heads: int,
            *,
            dropout: float = 0.0,
            use_bias: bool = True,
            use_gate: bool = False,
            sliding_window: int | None = None,
            kernel_regularizer: object = None,
            bias_regularizer: object = None,
            activity_regularizer: object = None,
            kernel_constraint: object = None,
            bias_constraint: object = None,
            **kwargs: object,
        ) -> None:
            super().__init__(**kwargs)
            regularizers, constraints = tf_keras.regularizers, tf_keras.constraints
            shared = {
                "kernel_regularizer": regularizers.get(kernel_regularizer),
                "bias_regularizer": regularizers.get(bias_regularizer),
                "activity_regularizer": regularizers.get(activity_regularizer),
                "kernel_constraint": constraints.get(kernel_constraint),
                "bias_constraint": constraints.get(bias_constraint),
            }
            self.supports_masking = True
            self.head_dim, self.use_bias, self.use_gate = head_dim, use_bias, use_gate
            self.num_query_heads, self.num_key_value_heads = num_query_heads, num_key_value_heads
            self.dropout, self.sliding_window = dropout, sliding_window
            queries, keys = (num_query_heads, head_dim), (num_key_value_heads, head_dim)

            def projection(
                name: str, heads: tuple[int, int], activation: str | None = None
            ) -> tf_keras.layers.Layer:
                return tf_keras.layers.EinsumDense(
                    "btm,mnh->btnh",
                    output_shape=(None, *heads),
                    bias_axes="nh" if use_bias else None,
                    activation=activation,
                    name=name,
                    dtype=self._dtype_policy,
                    **shared,
                )

            self._shared = shared
            self._query_dense = projection("query", queries)
            self._key_dense = projection("key", keys)
            self._value_dense = projection("value", keys)
            self._gate_dense = projection("gate", queries, "sigmoid") if use_gate else None
            self._dropout_layer = tf_keras.layers.Dropout(dropout, dtype=self._dtype_policy)

        def build(self, input_shape: tf.TensorShape) -> None:
            self._output_dense = tf_keras.layers.EinsumDense(
                "btnh,nhm->btm",
                output_shape=(None, input_shape[-1]),
                bias_axes="m" if self.use_bias else None,
                name="attention_output",
                dtype=self._dtype_policy,
                **self._shared,
            )
            super().build(input_shape)

        def call(
            self,
            query: tf.Tensor,
            value: tf.Tensor,
            key: tf.Tensor | None = None,
            attention_mask: tf.Tensor | None = None,
            return_attention_scores: bool = False,
            use_causal_mask: bool = False,
            training: bool | None = None,
        ) -> tf.Tensor | tuple[tf.Tensor, tf.Tensor]:
            key = value if key is None else key
            allowed = self._allowed(query, value, key, attention_mask, use_causal_mask)
            repeats = self.num_query_heads // self.num_key_value_heads
            queries = self._query_dense(query)
            keys = tf.repeat(self._key_dense(key), repeats, axis=2)
            values = tf.repeat(self._value_dense(value), repeats, axis=2)
            logits = tf.einsum("btnh,bsnh->bnts", queries, keys)
            if logits.dtype.size < 4:
                logits = tf.cast(logits, tf.float32)
            logits *= 1.0 / math.sqrt(self.head_dim)
            if allowed is not None:
                logits = tf.where(allowed, logits, -_LARGEST_SHARE * logits.dtype.max)
            scores = tf.cast(tf.nn.softmax(logits), values.dtype)
            if allowed is not None and (return_attention_scores or self.dropout):
                # So does Keras 3, here alone: a query that may see nothing else gets the mean.
                scores = tf.where(allowed, scores, tf.zeros_like(scores))
            mixed = tf.einsum(
                "bnts,bsnh->btnh", self._dropout_layer(scores, training=training), values
            )
            if self._gate_dense is not None:
                mixed *= self._gate_dense(query)
            outputs = self._output_dense(mixed)
            return (outputs, scores) if return_attention_scores else outputs

        def _allowed(
            self,
            query: tf.Tensor,
            value: tf.Tensor,
            key: tf.Tensor,
            attention_mask: tf.Tensor | None,
            use_causal_mask: bool,
        ) -> tf.Tensor | None:
            """Return which query may see which key, `(batch, heads, queries, keys)`; None: all."""
            masks = []
            for tensor, axis in ((query, -1), (value, -2), (key, -2)):
                mask = getattr(tensor, "_keras_mask", None)
                if mask is not None:
                    masks.append(tf.expand_dims(tf.cast(mask, tf.bool), axis))
            rows, columns = tf.range(tf.shape(query)[1])[:, None], tf.range(tf.shape(value)[1])
            if use_causal_mask:
                masks.append((rows >= columns)[None])
            if self.sliding_window is not None:
                masks.append((tf.abs(rows - columns) < self.sliding_window)[None])
            if attention_mask is not None:
                masks.append(tf.cast(attention_mask, tf.bool))
            allowed = None
            for mask in masks:
                mask = mask if len(mask.shape) == 4 else tf.expand_dims(mask, -3)
                allowed = mask if allowed is None else allowed & mask
            return allowed

        def compute_mask(
            self, query: tf.Tensor, mask: tf.Tensor | list[tf.Tensor] | None = None
        ) -> tf.Tensor | None:
            return getattr(query, "_keras_mask", None)

        def get_config(self) -> dict[str, object]:
            serialize = tf_keras.saving.serialize_keras_object
            shared = {key: value and serialize(value) for key, value in self._shared.items()}
            own = {
                "head_dim": self.head_dim,
                "num_query_heads": self.num_query_heads,
                "num_key_value_heads": self.num_key_value_heads,
                "dropout": self.dropout,
                "use_bias": self.use_bias,
                "use_gate": self.use_gate,
                "sliding_window": self.sliding_window,
            }
            return {**super().get_config(), **own, **shared}

    return GroupedQueryAttention
