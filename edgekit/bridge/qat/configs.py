"""`Rounds` as a QuantizeConfig of tfmot, whose wrapper does the rounding.

Source: https://www.tensorflow.org/model_optimization/guide/quantization/training_comprehensive_guide
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from edgekit.bridge.fine_tuning import import_tfmot
from edgekit.bridge.own.registering import Rounds

if TYPE_CHECKING:
    import tensorflow as tf
    import tf_keras
    from tensorflow_model_optimization.quantization.keras import QuantizeConfig
    from tensorflow_model_optimization.quantization.keras.quantizers import Quantizer

    Activation = Callable[[tf.Tensor], tf.Tensor]

_ROUNDED_BEFORE = ("sigmoid", "softmax", "tanh")
"""Functions whose results have a fixed range in a file, so that tfmot rounds what goes in."""


def config_of(rounds: Rounds) -> QuantizeConfig:
    """Return the QuantizeConfig that rounds what `rounds` says."""
    return _config_class()(**{k: v for k, v in asdict(rounds).items() if k != "note"})


def attribute(layer: tf_keras.layers.Layer, path: str) -> tf.Variable | Activation:
    """Return an attribute of a layer, or of one inside it: `kernel`, `dense.kernel`."""
    for name in path.split("."):
        layer = getattr(layer, name)
    return layer


@cache
def _config_class() -> type[QuantizeConfig]:
    import tf_keras

    tfmot = import_tfmot().quantization.keras
    base: type = tfmot.QuantizeConfig

    @tf_keras.utils.register_keras_serializable("edgekit")
    class Rounding(base):  # type: ignore[misc]  # tfmot has no types
        """Rounds weights symmetrically, activations and output to what a moving average saw."""

        def __init__(
            self,
            weights: Sequence[str] = (),
            activations: Sequence[str] = (),
            output: bool = False,
            per_channel: bool = False,
        ) -> None:
            self.weights, self.activations = tuple(weights), tuple(activations)
            self.output, self.per_channel = output, per_channel

        def get_weights_and_quantizers(
            self, layer: tf_keras.layers.Layer
        ) -> list[tuple[tf.Variable, Quantizer]]:
            # `num_bits` and the rest as TFLite stores weights.
            return [(attribute(layer, path), self._of_weights()) for path in self.weights]

        def get_activations_and_quantizers(
            self, layer: tf_keras.layers.Layer
        ) -> list[tuple[Activation, Quantizer]]:
            return [(_known(attribute(layer, p)), _of_activations()) for p in self.activations]

        def set_quantize_weights(
            self, layer: tf_keras.layers.Layer, quantize_weights: Sequence[tf.Tensor]
        ) -> None:
            self._set(layer, self.weights, quantize_weights)

        def set_quantize_activations(
            self, layer: tf_keras.layers.Layer, quantize_activations: Sequence[Activation]
        ) -> None:
            self._set(layer, self.activations, quantize_activations)

        def get_output_quantizers(self, layer: tf_keras.layers.Layer) -> list[Quantizer]:
            return [_of_activations()] if self.output else []

        def get_config(self) -> dict[str, object]:
            return {
                "weights": self.weights,
                "activations": self.activations,
                "output": self.output,
                "per_channel": self.per_channel,
            }

        def _of_weights(self) -> Quantizer:
            return tfmot.quantizers.LastValueQuantizer(
                num_bits=8, per_axis=self.per_channel, symmetric=True, narrow_range=True
            )

        def _set(
            self, layer: tf_keras.layers.Layer, paths: Sequence[str], values: Sequence[object]
        ) -> None:
            for path, value in zip(paths, values, strict=True):
                *inner, name = path.split(".")
                setattr(attribute(layer, ".".join(inner)) if inner else layer, name, value)

    return Rounding


def _of_activations() -> Quantizer:
    return import_tfmot().quantization.keras.quantizers.MovingAverageQuantizer(
        num_bits=8, per_axis=False, symmetric=False, narrow_range=False
    )


def _known(function: Activation) -> Activation:
    """Return an activation function under a name by which tfmot rounds it in the right place."""
    name = getattr(function, "__name__", "")
    if name in _ROUNDED_BEFORE:
        return function

    def activation(x: tf.Tensor) -> tf.Tensor:
        return function(x)

    activation.__name__ = "linear"  # rounded after
    return activation
