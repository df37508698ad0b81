"""What teaches a network to vote for a box and a class at each position of a grid.

Positions in the middle half of the thing are to vote, all of them for its box and its class; what
their merged votes say is judged as well. `edgekit/on_device/programs/localize.py` merges them.

Source: Sermanet et al., OverFeat, 2014, https://arxiv.org/abs/1312.6229; the loss of boxes by Zheng
et al., Distance-IoU Loss, 2020, https://arxiv.org/abs/1911.08287.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from edgekit.core.types import Array
from edgekit.domains.vision.overlaps import complete_iou
from edgekit.on_device.programs.localize import positions

if TYPE_CHECKING:
    from keras import KerasTensor as Tensor


def loss_of(
    cells: int, stride: int
) -> Callable[[Mapping[str, Tensor], Mapping[str, Tensor]], Tensor]:
    """Return the loss of each example, `(n,)`, of targets and of a network's votes.

    Args:
        cells: Positions in a row, and in a column.
        stride: Pixels between two positions.
    """
    middles = positions(cells, cells, stride)

    def loss(targets: Mapping[str, Tensor], votes: Mapping[str, Tensor]) -> Tensor:
        """Take `box (n, 4)` and `label (n,)`, and votes as `merged` takes them."""
        from keras import ops

        where, ways, scores = (
            ops.reshape(votes[name], (-1, cells * cells, votes[name].shape[-1]))
            for name in ("where", "box", "scores")
        )
        ways = ways * stride
        boxes = ops.concatenate([middles - ways[..., :2], middles + ways[..., 2:]], axis=-1)
        box = targets["box"][:, None]
        inside = _is_inside(middles, box, stride)
        share = inside / ops.sum(inside, axis=1, keepdims=True)
        counts = ops.log_softmax(where[..., 0], axis=1)
        label = ops.one_hot(ops.cast(targets["label"], "int32"), scores.shape[-1])
        weights = ops.exp(counts)[..., None]
        whole_box = ops.sum(weights * boxes, axis=1)
        whole_scores = ops.log_softmax(ops.sum(weights * scores, axis=1), axis=-1)
        each_score = ops.sum(label[:, None] * ops.log_softmax(scores, axis=-1), axis=-1)
        each = 2 * (1 - complete_iou(boxes, box)) - counts - each_score / 2
        whole = 2 * (1 - complete_iou(whole_box, targets["box"]))
        whole -= ops.sum(label * whole_scores, axis=-1) / 2
        return ops.sum(share * each, axis=1) + whole

    return loss


def _is_inside(middles: Array, box: Tensor, stride: int) -> Tensor:
    """Tell which positions `(m, 2)` lie in the middle half of boxes `(n, 1, 4)`: 1 or 0."""
    from keras import ops

    away = ops.abs(middles - (box[..., :2] + box[..., 2:]) / 2)
    reach = ops.maximum((box[..., 2:] - box[..., :2]) / 4, stride / 2)  # at least one position
    return ops.cast(ops.all(away <= reach, axis=-1), "float32")
