"""Read a motion capture in Biovision's BVH format: where each joint is in each frame.

Source: Meredith, Maddock, Motion Capture File Formats Explained, University of Sheffield, 2001,
https://staffwww.dcs.shef.ac.uk/people/S.Maddock/publications/Motion%20Capture%20File%20Formats%20Explained.pdf.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array

AXES = "XYZ"
CHANNELS = tuple(f"{axis}{kind}" for kind in ("position", "rotation") for axis in AXES)
END = " end"
"""What the end of a limb is called, after the joint that it belongs to: `Head end`."""


@dataclass(frozen=True, kw_only=True)
class Joint:
    """A joint of a skeleton.

    Attributes:
        parent: Number of the joint that it hangs on; -1 for the first one.
        offset: From there, `(3,)`, when nothing is turned.
        channels: What a frame says of it, in order, such as `Zrotation`.
    """

    name: str
    parent: int
    offset: Array
    channels: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Capture:
    """A skeleton and how it moves.

    Attributes:
        joints: Each after its parent.
        values: `(frames, channels)`: positions in the skeleton's unit of length, rotations in
            degrees; the channels of the first joint, then of the next.
        frame_seconds: From one frame to the next.
    """

    joints: tuple[Joint, ...]
    values: Array
    frame_seconds: float

    def positions(self) -> Array:
        """Return where the joints are, `(frames, joints, 3)`, in the skeleton's unit of length.

        Rotations of a joint turn all that hangs on it, in the order in which its channels are
        given: the first is the outermost. A joint with channels for its position is there, and
        not at its offset.
        """
        turned: list[Array] = []
        places: list[Array] = []
        column = 0
        for joint in self.joints:
            own = self.values[:, column : column + len(joint.channels)]
            column += len(joint.channels)
            moved, turn = _moved(joint, own), _turn(joint, own)
            if joint.parent >= 0:
                before = turned[joint.parent]
                moved = places[joint.parent] + np.einsum("fij,fj->fi", before, moved)
                turn = before @ turn
            places.append(moved)
            turned.append(turn)
        return np.stack(places, axis=1)

    def named(self, names: Sequence[str]) -> Array:
        """Return where the joints of these names are, `(frames, names, 3)`.

        Raises:
            BadData: The skeleton has no such joint.
        """
        there = [joint.name for joint in self.joints]
        missing = [name for name in names if name not in there]
        if missing:
            raise BadData(
                f"The skeleton has no joint '{missing[0]}'; it has {', '.join(there)}. Name one of "
                "them."
            )
        return self.positions()[:, [there.index(name) for name in names]]


def read_bvh(text: str) -> Capture:
    """Read a BVH file.

    Args:
        text: Its content.

    Raises:
        BadData: It is none, or it is cut off.

    Example:
        >>> arm = "ROOT Arm { OFFSET 0 0 0 CHANNELS 1 Zrotation End Site { OFFSET 1 0 0 } }"
        >>> capture = read_bvh(f"HIERARCHY {arm} MOTION Frames: 1 Frame Time: 0.01 90")
        >>> capture.named(["Arm end"]).round(6).tolist()
        [[[0.0, 1.0, 0.0]]]
    """
    hierarchy, _, motion = text.partition("MOTION")
    try:
        joints = tuple(_joints(iter(hierarchy.split())))
        head = motion.split(maxsplit=5)
        count, seconds = int(head[1]), float(head[4])
        values = np.array(head[5].split(), np.float64)
        width = sum(len(joint.channels) for joint in joints)
        if not joints or count < 1 or len(values) != count * width:
            raise ValueError(f"{len(values)} numbers are not {count} frames of {width}")
    except (ValueError, IndexError, StopIteration) as error:
        reason = f" ({error})" if str(error) else ""
        raise BadData(
            f"This is not a complete BVH file{reason}; it has a HIERARCHY of joints and the MOTION "
            "of each frame. Save it again."
        ) from error
    return Capture(joints=joints, values=values.reshape(count, width), frame_seconds=seconds)


def _joints(words: Iterator[str]) -> Iterator[Joint]:
    """Give the joints of a hierarchy, which are nested in braces, each before those inside it."""
    if next(words) != "HIERARCHY":
        raise ValueError("it does not begin with HIERARCHY")
    above: list[int] = []
    names: list[str] = []
    for word in words:
        if word == "}":
            above.pop()
            continue
        if word not in ("ROOT", "JOINT", "End"):
            raise ValueError(f"'{word}' stands where a joint begins")
        name, parent = next(words), above[-1] if above else -1
        names.append(names[parent] + END if word == "End" else name)
        _expect(words, "{", "OFFSET")
        offset = np.array([float(next(words)) for _ in AXES])
        channels: tuple[str, ...] = ()
        if word != "End":
            _expect(words, "CHANNELS")
            channels = tuple(next(words) for _ in range(int(next(words))))
        if unknown := set(channels) - set(CHANNELS):
            raise ValueError(f"'{min(unknown)}' is no channel")
        above.append(len(names) - 1)
        yield Joint(name=names[-1], parent=parent, offset=offset, channels=channels)


def _expect(words: Iterator[str], *expected: str) -> None:
    for word in expected:
        if (found := next(words)) != word:
            raise ValueError(f"'{found}' stands where '{word}' was expected")


def _moved(joint: Joint, values: Array) -> Array:
    """Return where a joint is from its parent, `(frames, 3)`."""
    moved = np.repeat(joint.offset[np.newaxis], len(values), axis=0)
    for channel, value in zip(joint.channels, values.T, strict=True):
        if channel.endswith("position"):
            moved[:, AXES.index(channel[0])] = value
    return moved


def _turn(joint: Joint, values: Array) -> Array:
    """Return a joint's own rotation, `(frames, 3, 3)`."""
    turn = np.repeat(np.eye(3)[np.newaxis], len(values), axis=0)
    for channel, value in zip(joint.channels, values.T, strict=True):
        if channel.endswith("rotation"):
            turn = turn @ about_axis(AXES.index(channel[0]), np.deg2rad(value))
    return turn


def about_axis(axis: int, angles: Array) -> Array:
    """Return the rotations by angles `(n,)`, in radians, about x (0), y (1) or z (2): `(n, 3, 3)`.

    They turn counterclockwise, seen from the tip of the axis.
    """
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turn = np.zeros((len(angles), 3, 3))
    turn[:, axis, axis] = 1
    turn[:, first, first] = turn[:, second, second] = np.cos(angles)
    turn[:, second, first] = np.sin(angles)
    turn[:, first, second] = -turn[:, second, first]
    return turn
