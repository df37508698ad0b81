"""The one Edge TPU limit that Google does not disclose: which image resizes are mapped.

The document says that some are not, "to avoid loss in precision", depending on input and output
size. So they are judged by known cases, extended only where that is plausible: what held for a
doubling holds for smaller ones, and what was rejected at one factor is rejected at larger ones.
"""

from __future__ import annotations

from edgekit.edgetpu.evidence import OBSERVED, TABLE_2021, issue, no, unknown, yes
from edgekit.edgetpu.facts import OperatorFacts, Ruling

LARGEST_DOUBLING_SEEN = 128
"""Edge in pixels of the largest output of a resize by 2 known to be mapped (issue 31)."""

SMALLEST_DOUBLING_REJECTED = 512
"""Edge in pixels of the smallest output of a resize by 2 reported not mapped (issues 31, 597)."""

SMALLEST_REJECTED_SCALE = 513 / 33
"""The smallest resize factor known to be rejected (33 to 513 pixels); also 1 to 33."""

_RESIZE_FIX = "Enlarge by a transposed convolution, or in steps of 2, or on the host."


def known_resize(op: OperatorFacts) -> Ruling | None:
    """Judge a resize by the cases that are known; the rule itself was never disclosed."""
    before, after = op.data[0].shape, op.outputs[0].shape
    if len(before) != 4 or len(after) != 4 or min(before) < 1:
        return unknown("its input is not an image", TABLE_2021, _RESIZE_FIX)
    scales = {after[axis] / before[axis] for axis in (1, 2)}
    size = f"it resizes {before[1]}x{before[2]} to {after[1]}x{after[2]} pixels"
    if scales == {1.0}:
        return yes(OBSERVED)
    if max(scales) >= SMALLEST_REJECTED_SCALE:
        reason = f"a factor of {SMALLEST_REJECTED_SCALE:.1f} or more was rejected every time"
        return no(f"{size}; {reason}", OBSERVED, _RESIZE_FIX)
    if scales == {2.0}:
        return _doubling(size, max(after[1:3]))
    reason = f"only factors of 1, 2, and {SMALLEST_REJECTED_SCALE:.1f} or more are known cases"
    return unknown(f"{size}; {reason}", f"{OBSERVED}; {issue(31)}", _RESIZE_FIX)


def _doubling(size: str, edge: int) -> Ruling:
    if edge <= LARGEST_DOUBLING_SEEN:
        return yes(f"{OBSERVED}; {issue(31)}")
    if edge >= SMALLEST_DOUBLING_REJECTED:
        reason = f"a factor of 2 to {SMALLEST_DOUBLING_REJECTED} pixels or more was rejected"
        return no(f"{size}; {reason}", f"{issue(31)}; {issue(597)}", _RESIZE_FIX)
    reason = (
        f"a factor of 2 was mapped up to {LARGEST_DOUBLING_SEEN} pixels and rejected from "
        f"{SMALLEST_DOUBLING_REJECTED}; Google does not disclose the rule between"
    )
    return unknown(f"{size}; {reason}", issue(31), _RESIZE_FIX)
