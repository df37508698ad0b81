"""Three of four weights zero, by magnitude: the file compresses to well under half.

Another share of zeros is asked for in the variant, as in `pruned,sparsity=0.5-int8`.
"""

from __future__ import annotations

from edgekit.bridge.pruning import PRECISIONS, check_sparsity, prune_gradually
from edgekit.core.kinds import Optimization

optimization = Optimization(
    precisions=PRECISIONS,
    apply=prune_gradually,
    options={"sparsity": 0.75},
    check=check_sparsity,
    worth_trying={"sparsity": (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)},
    worth_combining={"sparsity": (0.5, 0.75, 0.85)},
    leaves=("zeros",),
)
