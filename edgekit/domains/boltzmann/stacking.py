"""Train the layers of a network as Boltzmann machines, one on top of another, without labels.

Source: Hinton, Osindero, Teh, A Fast Learning Algorithm for Deep Belief Nets, 2006,
    https://doi.org/10.1162/neco.2006.18.7.1527.
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.boltzmann.training import Schedule, train_machine


def pretrain(
    layers: Sequence[keras.layers.Dense], visible: Array, schedule: Schedule, progress: Progress
) -> None:
    """Train dense layers in place, each as a machine on what the layers before it make.

    Args:
        layers: From the first on, with sigmoid activations; each reads the one before it.
        visible: What the first one reads, `(n, visible)`, float32 in 0..1.
        schedule: How each machine is trained.
        progress: Told after every epoch.
    """
    for number, layer in enumerate(layers, 1):
        stage = f"layer {number}, epoch"
        machine = train_machine(visible, layer.units, schedule, progress, stage=stage)
        kernel, _, hidden_bias = machine.get_weights()
        layer.set_weights([kernel, hidden_bias])
        visible = np.asarray(machine(visible))
