"""Two of every four weights zero: the pattern that sparse matrix units read."""

from __future__ import annotations

from edgekit.bridge.pruning import two_in_four

optimization = two_in_four()
