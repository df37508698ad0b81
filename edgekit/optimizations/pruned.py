"""Three of four weights zero, by magnitude: the file compresses to well under half.

To prune otherwise, write a file like this one with another sparsity: `prune(0.9)`.
"""

from __future__ import annotations

from edgekit.bridge.pruning import gradual as prune

__all__ = ["optimization", "prune"]

optimization = prune(0.75)
