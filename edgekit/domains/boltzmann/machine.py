"""A restricted Boltzmann machine as a Keras layer.

Visible and hidden units are 0 or 1. The machine gives each state of both the energy
`-visible @ visible_bias - hidden @ hidden_bias - visible @ kernel @ hidden`, and the lower the
energy, the likelier the state.

Source: Hinton, Training Products of Experts by Minimizing Contrastive Divergence, 2002,
    https://doi.org/10.1162/089976602760128018.
"""

from __future__ import annotations

import keras
from keras import KerasTensor, ops

from edgekit.core.types import Array


class Machine(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Visible units `(batch, visible)` to the probabilities of hidden units `(batch, hidden)`.

    Args:
        num_hidden: Hidden units.
        initial: What visible units are on average, `(visible,)`, 0..1: the machine begins with
            biases that say so (Hinton 2010, section 8.1). None for biases of 0.

    Source: Hinton, A Practical Guide to Training Restricted Boltzmann Machines, 2010,
        https://doi.org/10.1007/978-3-642-35289-8_32.
    """

    def __init__(self, num_hidden: int, *, initial: Array | None = None) -> None:
        super().__init__()
        self.num_hidden = num_hidden
        self._initial = initial

    def build(self, shape: tuple[int, ...]) -> None:
        """Make the weights, for visible units of that shape."""
        num_visible = shape[-1]
        small = keras.initializers.RandomNormal(stddev=0.01)
        self.kernel = self.add_weight((num_visible, self.num_hidden), small, name="kernel")
        self.visible_bias = self.add_weight((num_visible,), "zeros", name="visible_bias")
        self.hidden_bias = self.add_weight((self.num_hidden,), "zeros", name="hidden_bias")
        if self._initial is not None:
            share = self._initial.clip(0.001, 0.999)
            self.visible_bias.assign(ops.log(share / (1 - share)))

    def call(self, visible: KerasTensor) -> KerasTensor:
        """Return the probability that each hidden unit is on, given the visible units."""
        return ops.sigmoid(self.hidden_log_odds(visible))

    def hidden_log_odds(self, visible: KerasTensor) -> KerasTensor:
        """Return the log-odds of each hidden unit, given the visible units."""
        return ops.matmul(visible, self.kernel) + self.hidden_bias

    def visible_log_odds(self, hidden: KerasTensor) -> KerasTensor:
        """Return the log-odds of each visible unit, given the hidden units."""
        return ops.matmul(hidden, ops.transpose(self.kernel)) + self.visible_bias

    def free_energy(self, visible: KerasTensor) -> KerasTensor:
        """Return the free energy `(batch,)`; the lower, the likelier visible units are."""
        hidden = ops.sum(ops.softplus(self.hidden_log_odds(visible)), axis=-1)
        return -ops.matmul(visible, self.visible_bias) - hidden

    def gibbs_step(
        self, visible: KerasTensor, hidden_noise: KerasTensor, visible_noise: KerasTensor
    ) -> KerasTensor:
        """Return visible units drawn anew, given hidden units that are drawn given these.

        Args:
            visible: `(batch, visible)`, 0 or 1.
            hidden_noise: Uniform in 0..1, `(batch, hidden)`; a unit is on where its probability is
                greater.
            visible_noise: The same for visible units.
        """
        hidden = is_on(self(visible), hidden_noise)
        return is_on(ops.sigmoid(self.visible_log_odds(hidden)), visible_noise)


def is_on(probability: KerasTensor, noise: KerasTensor) -> KerasTensor:
    """Return 1 where noise that is uniform in 0..1 lies below a probability, and 0 elsewhere."""
    return ops.cast(noise < probability, probability.dtype)
