"""The CTC loss is minus the logarithm of what all paths to a text have, and so trains recipes."""

from __future__ import annotations

import itertools

import numpy as np
import pytest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves
def test_it_sums_over_all_paths_to_a_text() -> None:
    from edgekit.domains.learning.ctc import ctc_loss

    probabilities = np.random.default_rng(0).dirichlet(np.ones(4), (2, 5)).astype(np.float32)
    texts = np.array([[1, 1, 0], [3, 0, 0]])
    losses = np.asarray(ctc_loss(texts, probabilities))
    for text, steps, loss in zip(texts, probabilities, losses, strict=True):
        wanted = [symbol for symbol in text if symbol]
        total = sum(
            np.prod(steps[np.arange(5), path])
            for path in map(list, itertools.product(range(4), repeat=5))
            if [symbol for symbol, _ in itertools.groupby(path) if symbol] == wanted
        )
        assert loss == pytest.approx(-np.log(total), rel=1e-4)
