"""Adversaries: a network that makes pictures learns from one that tells them from real ones.

Source: Goodfellow et al., Generative Adversarial Networks, 2014, https://arxiv.org/abs/1406.2661;
Mirza, Osindero, Conditional Generative Adversarial Nets, 2014, https://arxiv.org/abs/1411.1784.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from edgekit.core.types import Array, Progress
from edgekit.domains.generative.variational import TRAINING_SEED, standard_normal

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    Step = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]
    """`(pictures, labels, noise) -> loss of the generator, loss of the critic`."""

LEARNING_RATE, MOMENTUM = 2e-4, 0.5
"""Of both, by Adam: Radford, Metz, Chintala, Unsupervised Representation Learning with DCGAN, 2015,
https://arxiv.org/abs/1511.06434."""

PENALTY = 1.0
"""Factor of half the squared slope of the critic at real pictures, without which the two circle
around their equilibrium: Mescheder, Geiger, Nowozin, Which Training Methods for GANs do actually
Converge?, 2018, https://arxiv.org/abs/1801.04406."""

AVERAGED = 0.1
"""The generator that is kept has the mean of its weights over about this share of the steps, which
makes better pictures than the last: Yazici et al., The Unusual Effectiveness of Averaging in GAN
Training, 2019, https://arxiv.org/abs/1806.04498."""

NORM_BATCHES = 60
"""Batches from which normalizations learn their statistics anew after that."""


def train_adversaries(
    generator: keras.Model,
    critic: keras.Model,
    pictures: Array,
    labels: Array,
    *,
    epochs: int,
    batch_size: int,
    progress: Progress,
) -> None:
    """Train both in place; of the generator, the average of its weights is kept.

    Args:
        generator: Makes pictures in 0..1 of `[label, noise]`.
        critic: Gives `[picture, label]` a score, the higher the more it looks real: `(batch, 1)`.
        pictures: Real ones, `(n, height, width, channels)`, float32 in 0..1.
        labels: What they show, one-hot, `(n, labels)`, float32.
        epochs: Times each real picture is seen.
        batch_size: Pictures per step, real ones and as many made ones.
        progress: Told both losses after every epoch.
    """
    steps = len(pictures) // batch_size
    optimizers = _optimizers(generator, critic, epochs * steps)
    step = _compiled(generator, critic, *optimizers)
    random = np.random.default_rng(0)
    shape = (steps, batch_size, generator.inputs[1].shape[-1])
    for epoch in range(epochs):
        order = random.permutation(len(pictures))[: steps * batch_size].reshape(steps, batch_size)
        noises = standard_normal(*shape, seed=TRAINING_SEED + epoch)
        losses = [
            step(pictures[rows], labels[rows], noise)
            for rows, noise in zip(order, noises, strict=True)
        ]
        of_generator, of_critic = np.mean(losses, axis=0)
        told = f"loss {of_generator:.3f}, of the critic {of_critic:.3f}"
        progress((epoch + 1) / epochs, f"epoch {epoch + 1}/{epochs}, {told}")
    optimizers[0].finalize_variable_values(generator.trainable_variables)
    for noise in standard_normal(NORM_BATCHES, *shape[1:], seed=TRAINING_SEED - 1):
        generator([labels[random.integers(len(labels), size=batch_size)], noise], training=True)


def _optimizers(
    generator: keras.Model, critic: keras.Model, steps: int
) -> tuple[keras.optimizers.Optimizer, keras.optimizers.Optimizer]:
    """Return built optimizers; the generator's keeps an average of its weights."""
    from keras.optimizers import Adam

    kept = max(0.0, 1 - 1 / (AVERAGED * steps))
    optimizers = (
        Adam(LEARNING_RATE, beta_1=MOMENTUM, use_ema=True, ema_momentum=kept),
        Adam(LEARNING_RATE, beta_1=MOMENTUM),
    )
    for optimizer, model in zip(optimizers, (generator, critic), strict=True):
        optimizer.build(model.trainable_variables)
    return optimizers


def _compiled(
    generator: keras.Model,
    critic: keras.Model,
    generator_optimizer: keras.optimizers.Optimizer,
    critic_optimizer: keras.optimizers.Optimizer,
) -> Step:
    """Return a step of both: the critic learns first, on the same made pictures."""
    import tensorflow as tf

    @tf.function  # type: ignore[untyped-decorator]  # TensorFlow has no types
    def step(
        pictures: tf.Tensor, labels: tf.Tensor, noise: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as of_generator:
            made = generator([labels, noise], training=True)
            with tf.GradientTape() as of_critic:
                with tf.GradientTape() as of_pictures:
                    of_pictures.watch(pictures)
                    real = critic([pictures, labels], training=True)
                slope = of_pictures.gradient(real, pictures)
                fake = critic([tf.stop_gradient(made), labels], training=True)
                steep = tf.reduce_mean(tf.reduce_sum(tf.square(slope), axis=(1, 2, 3)))
                apart = tf.reduce_mean(tf.nn.softplus(-real) + tf.nn.softplus(fake))
                critic_loss = apart + PENALTY / 2 * steep
            weights = critic.trainable_variables
            critic_optimizer.apply(of_critic.gradient(critic_loss, weights), weights)
            score = critic([made, labels], training=True)
            loss = tf.reduce_mean(tf.nn.softplus(-score))
        weights = generator.trainable_variables
        generator_optimizer.apply(of_generator.gradient(loss, weights), weights)
        return loss, apart

    return step  # type: ignore[no-any-return]
