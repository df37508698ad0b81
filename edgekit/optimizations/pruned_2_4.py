"""Two of every four weights zero: the pattern that sparse matrix units read."""

from __future__ import annotations

from edgekit.bridge.pruning import PRECISIONS, prune_two_in_four
from edgekit.core.kinds import Optimization

optimization = Optimization(precisions=PRECISIONS, apply=prune_two_in_four, leaves=("zeros",))
