"""Training of language models: windows in random order, and a loss over a sample of tokens."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.domains.text.language_model import shuffled_windows
from edgekit.domains.text.tokens import NUM_TOKENS


def test_each_epoch_cuts_the_text_at_other_places_and_shuffles() -> None:
    tokens = np.arange(1000)
    windows = shuffled_windows(tokens, 11, 3)
    assert (np.diff(windows, axis=1) == 1).all()
    starts = windows[:, 0]
    assert len(np.unique(starts % 10)) == 3
    assert (np.diff(starts[:90]) != 10).any()
    assert (shuffled_windows(tokens, 11, 3) == windows).all()


@pytest.mark.slow
def test_a_sample_of_tokens_stands_for_all_of_them() -> None:
    """On average the sampled loss is that of the full softmax."""
    import keras
    import tensorflow as tf

    from edgekit.domains.text.language_model import DRIFT, full_softmax_loss, sampled_softmax_loss

    random = np.random.default_rng(0)
    table = keras.Variable(random.normal(size=(NUM_TOKENS, 8)).astype(np.float32) / 2)
    vectors = tf.constant(random.normal(size=(4, 16, 8)).astype(np.float32))
    tokens = random.zipf(1.3, (4, 16)) % NUM_TOKENS
    counts = np.bincount(random.zipf(1.3, 100_000) % NUM_TOKENS, minlength=NUM_TOKENS)
    sampled = sampled_softmax_loss(table, counts)
    draws = np.stack([np.asarray(sampled(tokens, vectors)) for _ in range(60)])
    scores = np.asarray(vectors) @ np.asarray(table).T
    right = np.take_along_axis(scores, tokens[..., None], axis=-1)[..., 0]
    total = np.log(np.exp(scores).sum(-1))
    expected = total - right + DRIFT * total**2
    np.testing.assert_allclose(draws.mean(0), expected, rtol=0.1)  # some luck, for one token
    assert abs(draws.mean() / expected.mean() - 1) < 5e-3
    np.testing.assert_allclose(full_softmax_loss(table)(tokens, vectors), expected, rtol=1e-5)
    bootstrapped = full_softmax_loss(table, bootstrap=0.25)(tokens, vectors)
    wanted = 0.75 * right + 0.25 * scores.max(-1)
    np.testing.assert_allclose(bootstrapped, expected + right - wanted, rtol=1e-5)
