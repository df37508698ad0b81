"""One loss over several outputs, batches of several sizes, and averaged weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pytest

from edgekit.core.types import Array, Batch
from edgekit.domains.learning.whole_loss import fit_batches

if TYPE_CHECKING:
    import keras


@pytest.mark.slow
def test_models_of_two_sizes_learn_together_and_end_with_averages() -> None:
    import keras

    keras.utils.set_random_seed(0)
    image = keras.Input((4, 4, 1), name="image")
    x = keras.layers.Conv2D(1, 1, name="shared")(image)
    mean = keras.layers.GlobalAveragePooling2D(name="mean")(x)
    most = keras.layers.GlobalMaxPooling2D(name="most")(x)
    small = keras.Model(image, [mean, most])
    large = keras.models.clone_model(
        small, input_tensors=keras.Input((8, 8, 1)), clone_function=lambda layer: layer
    )

    def batches() -> Iterator[tuple[Array, Batch]]:
        random = np.random.default_rng(0)
        while True:
            for side in (4, 8):
                # Of all brightnesses: equally bright ones hardly tell the kernel from the bias.
                light = random.uniform(0, 2, (8, 1, 1, 1))
                images = (light * random.random((8, side, side, 1))).astype(np.float32)
                wanted = 3 * images + 1
                yield images, {"sum": wanted.mean(axis=(1, 2)) + wanted.max(axis=(1, 2))}

    def loss(
        targets: Mapping[str, keras.KerasTensor], answers: Mapping[str, keras.KerasTensor]
    ) -> keras.KerasTensor:
        return keras.ops.square(targets["sum"] - answers["mean"] - answers["most"])[:, 0]

    told: list[tuple[float, str]] = []
    optimizer = keras.optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9)
    fit_batches(
        {(4, 4, 1): small, (8, 8, 1): large},
        loss,
        batches(),
        optimizer=optimizer,
        epochs=4,
        steps=100,
        progress=lambda share, text: told.append((share, text)),
    )
    assert [share for share, _ in told] == [0.25, 0.5, 0.75, 1]
    assert told[-1][1].startswith("epoch 4/4, loss 0.0")
    kernel, bias = (float(each.item()) for each in small.get_layer("shared").get_weights())
    assert (kernel, bias) == pytest.approx((3, 1), abs=0.1)
    averages = [float(each.numpy().item()) for each in optimizer._model_variables_moving_average]
    assert averages == pytest.approx([kernel, bias])
    images = np.random.default_rng(1).random((2, 8, 8, 1)).astype(np.float32)
    assert large(images)[0].numpy() == pytest.approx(
        images.mean(axis=(1, 2)) * kernel + bias, abs=1e-5
    )
