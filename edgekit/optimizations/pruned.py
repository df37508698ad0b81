"""Three of four weights zero, by magnitude: the file compresses to well under half.

Another share of zeros is asked for in the variant, as in `pruned,sparsity=0.5-int8`. With `block=4`
four neighbours become zero together: the same share of zeros compresses better and costs more.
"""

from __future__ import annotations

from edgekit.bridge.pruning import PRECISIONS, check, prune_gradually
from edgekit.core.kinds import Optimization

optimization = Optimization(
    precisions=PRECISIONS,
    apply=prune_gradually,
    options={"sparsity": 0.75, "block": 1},
    check=check,
    worth_trying={"sparsity": (0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95), "block": (1, 4)},
    worth_combining={"sparsity": (0.5, 0.75, 0.85)},
    leaves=("zeros",),
)
