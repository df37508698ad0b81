"""Scores that recipes share."""

from __future__ import annotations

import numpy as np

from edgekit.domains.learning.scores import accuracy


def test_accuracy_counts_whose_highest_score_is_that_of_the_label() -> None:
    scores = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    assert accuracy(scores, np.array([0, 1, 1, 1])) == 75.0
