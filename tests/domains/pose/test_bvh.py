"""Motion captures: the format's rules, by skeletons small enough to reckon by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import BadData
from edgekit.domains.pose.bvh import about_axis, read_bvh

ARM = """HIERARCHY
ROOT Shoulder
{
    OFFSET 9 9 9
    CHANNELS 6 Xposition Yposition Zposition Zrotation Xrotation Yrotation
    JOINT Elbow
    {
        OFFSET 2 0 0
        CHANNELS 3 Yrotation Zrotation Xrotation
        End Site
        {
            OFFSET 1 0 0
        }
    }
}
MOTION
Frames: 3
Frame Time: .0083333
0 0 0 0 0 0 0 0 0
1 2 3 90 0 0 0 90 0
0 0 0 90 90 0 0 0 0
"""


def test_joints_are_where_their_channels_turn_them() -> None:
    capture = read_bvh(ARM)
    assert [joint.name for joint in capture.joints] == ["Shoulder", "Elbow", "Elbow end"]
    assert [joint.parent for joint in capture.joints] == [-1, 0, 1]
    assert capture.frame_seconds == pytest.approx(1 / 120, rel=1e-4)
    assert capture.positions() == pytest.approx(
        np.array(
            [
                [[0, 0, 0], [2, 0, 0], [3, 0, 0]],
                [[1, 2, 3], [1, 4, 3], [0, 4, 3]],  # up, and the forearm back
                [[0, 0, 0], [0, 2, 0], [0, 3, 0]],  # z first, so x turns about the arm itself
            ]
        ),
        abs=1e-12,
    )


def test_the_first_channel_is_the_outermost_rotation() -> None:
    turned = ARM.replace("OFFSET 2 0 0", "OFFSET 0 2 0").replace("OFFSET 1 0 0", "OFFSET 0 1 0")
    places = read_bvh(turned).named(["Elbow"])[2, 0]
    both = about_axis(2, np.array([np.pi / 2])) @ about_axis(0, np.array([np.pi / 2]))
    assert places == pytest.approx(both[0] @ [0, 2, 0], abs=1e-12)
    assert places == pytest.approx([0, 0, 2], abs=1e-12)


def test_limbs_keep_their_lengths() -> None:
    random = np.random.default_rng(0)
    head, _, _ = ARM.partition("0 0 0 0 0 0 0 0 0\n")
    frames = random.uniform(-180, 180, (20, 9))
    text = head.replace("Frames: 3", "Frames: 20") + "\n".join(
        " ".join(map(str, frame)) for frame in frames
    )
    places = read_bvh(text).positions()
    lengths = np.linalg.norm(np.diff(places, axis=1), axis=2)
    assert lengths == pytest.approx(np.tile([2.0, 1.0], (20, 1)))


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("HIERARCHY", "", "does not begin with HIERARCHY"),
        ("Frames: 3", "Frames: 4", "27 numbers are not 4 frames of 9"),
        ("Frames: 3", "Frames: three", "three"),
        ("Zrotation Xrotation Yrotation", "Zrotation Wrotation Yrotation", "'Wrotation'"),
        ("    JOINT Elbow", "    BONE Elbow", "'BONE' stands where a joint begins"),
        ("        OFFSET 2 0 0", "", "'CHANNELS' stands where 'OFFSET'"),
        ("MOTION", "", "not a complete BVH file"),
    ],
)
def test_what_is_no_capture_is_refused(old: str, new: str, reason: str) -> None:
    with pytest.raises(BadData, match=reason):
        read_bvh(ARM.replace(old, new))


def test_an_unknown_joint_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadData, match=r"no joint 'Knee'; it has Shoulder, Elbow, Elbow end"):
        read_bvh(ARM).named(["Knee"])
