"""A table of vectors for tf_keras that is read both ways, which has no layer of that name.

Source: Press & Wolf, Using the output embedding to improve language models, 2016,
https://arxiv.org/abs/1608.05859.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras


@cache
def reversible_embedding() -> type[tf_keras.layers.Layer]:
    """Return the tf_keras layer class; it computes what `keras.layers.ReversibleEmbedding` does."""
    import tensorflow as tf
    import tf_keras

    @tf_keras.utils.register_keras_serializable("edgekit")
    class ReversibleEmbedding(tf_keras.layers.Embedding):  # type: ignore[misc]  # tf_keras has no types
        """Looks rows up; called with `reverse=True`, says how well each row fits a vector.

        Forward `(batch, steps)` -> `(batch, steps, output_dim)`, in reverse
        `(batch, steps, output_dim)` -> `(batch, steps, input_dim)`. Options are those of Keras 3,
        without initializers.
        """

        def __init__(
            self,
            input_dim: int,
            output_dim: int,
            *,
            tie_weights: bool = True,
            reverse_dtype: str | None = None,
            logit_soft_cap: float | None = None,
            **kwargs: object,
        ) -> None:
            super().__init__(input_dim, output_dim, **kwargs)
            self.tie_weights, self.reverse_dtype = tie_weights, reverse_dtype
            self.logit_soft_cap = logit_soft_cap

        def build(self, input_shape: tf.TensorShape) -> None:
            super().build(input_shape)
            if not self.tie_weights:
                shape = (self.output_dim, self.input_dim)
                self.reverse_embeddings = self.add_weight("reverse_embeddings", shape)

        def call(self, inputs: tf.Tensor, reverse: bool = False) -> tf.Tensor:
            if not reverse:
                return super().call(inputs)
            table = tf.convert_to_tensor(self.embeddings)
            kernel = tf.transpose(table) if self.tie_weights else self.reverse_embeddings
            kind = self.reverse_dtype or self.compute_dtype
            logits = tf.matmul(tf.cast(inputs, kind), tf.cast(kernel, kind))
            most = self.logit_soft_cap
            return logits if most is None else most * tf.tanh(logits / most)

        def compute_mask(
            self, inputs: tf.Tensor, mask: tf.Tensor | None = None
        ) -> tf.Tensor | None:
            is_reverse = inputs.dtype.is_floating  # vectors; what is looked up is whole numbers
            return None if is_reverse else super().compute_mask(inputs, mask)

        def get_config(self) -> dict[str, object]:
            own = {
                "tie_weights": self.tie_weights,
                "reverse_dtype": self.reverse_dtype,
                "logit_soft_cap": self.logit_soft_cap,
            }
            return {**super().get_config(), **own}

    return ReversibleEmbedding
