"""The types all of this folder speaks in: arrays, batches, a model as a function."""

from __future__ import annotations

from typing import Callable, Mapping

import numpy as np

Array = np.ndarray
Batch = Mapping[str, Array]
"""Tensor name -> array, batch axis first."""

Run = Callable[[Batch], Batch]
"""A model as a function of a batch, for any number of examples."""
