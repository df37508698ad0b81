"""People in motion, in three dimensions and as random cameras see them.

Two motion captures: someone jumps, turns and walks (CMU, subject 1); someone walks. Their skeletons
differ, in their names and in their unit of length; what both have is taken.
"""

from __future__ import annotations

import tarfile
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.core.recipe import Dataset
from edgekit.core.types import Array, Size, Split
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.pose.bvh import about_axis, read_bvh
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.recordings import MOCAP
from edgekit.on_device.programs.lift3d import HIPS, JOINTS, normalized

SAMPLE = "mocap_small.npz"

_IN_FILE = {
    "hips": "Hips",
    "head": "Head",
    "crown": "Head end",
    **{
        f"{side.lower()} {joint}": f"{side}{name}"
        for side in ("Left", "Right")
        for joint, name in (
            ("shoulder", "Arm"),
            ("elbow", "ForeArm"),
            ("wrist", "Hand"),
            ("hip", "UpLeg"),
            ("knee", "Leg"),
            ("ankle", "Foot"),
            ("toes", "ToeBase"),
        )
    },
}
"""What both skeletons call our joints."""

MILLIMETRES = {"01_01.bvh": 25.4 / 0.45, "AV_8Walk_Meredith_HVHA_Rep1.bvh": 25.4}
"""File -> its unit of length. CMU's numbers are inches times 0.45, as the FAQ of
http://mocap.cs.cmu.edu says; the other skeleton's are inches, by its thighs of 16.8 and shins of
15.5."""

SHARES = {"train": (0.0, 0.66), "validation": (0.68, 0.78), "test": (0.8, 1.0)}
"""Start and end of each split, as shares of each capture's time. What lies between is left out:
2 % are half a second of the longer one."""

EVERY: dict[Size, int] = {"tiny": 1, "full": 2}
"""Frames from one that is taken to the next; the sample holds every eighth."""

CAMERAS: dict[Size, dict[Split, int]] = {
    "tiny": {"train": 12, "validation": 4, "test": 4, "calibration": 2},
    "full": {"train": 48, "validation": 4, "test": 8, "calibration": 1},
}
"""Cameras that see each frame, each frame others."""

NUM_CALIBRATION = 500


@dataclass(frozen=True, kw_only=True)
class Cameras:
    """Pinhole cameras whose middle shows the origin; they have x to the right, y down, z ahead.

    Attributes:
        turns: `(n, 3, 3)`, from the world, where y points up, to the camera.
        distances: `(n,)`, of the origin, in the unit of the points.
        focal_lengths: `(n,)`, in pixels.
    """

    turns: Array
    distances: Array
    focal_lengths: Array

    def facing(self, points: Array) -> Array:
        """Return points `(n, joints, 3)` of the world on each camera's axes, still about 0."""
        return np.asarray(np.einsum("nij,nkj->nki", self.turns, points))

    def project(self, points: Array) -> Array:
        """Return where points of the world lie in the pictures, `(n, joints, 2)`, in pixels.

        Args:
            points: `(n, joints, 3)`, all nearer to the origin than the camera.
        """
        seen = self.facing(points)
        seen[..., 2] += self.distances[:, np.newaxis]
        return np.asarray(self.focal_lengths[:, None, None] * seen[..., :2] / seen[..., 2:])


def random_cameras(count: int, random: np.random.Generator) -> Cameras:
    """Return cameras around a person at the origin, for points in millimetres.

    They stand 3 to 8 m away on any side, look from 10 degrees below to 35 above, and are tilted by
    up to 5. A focal length of 700 to 1,500 pixels is that of a phone to that of a portrait lens, at
    a picture of 1,000 pixels; the person fills it.
    """
    around = about_axis(1, random.uniform(-np.pi, np.pi, count))
    down = about_axis(0, np.deg2rad(random.uniform(-10, 35, count)))
    tilt = about_axis(2, np.deg2rad(random.uniform(-5, 5, count)))
    axes = np.diag([1.0, -1.0, -1.0])  # the world's y is up, the camera's down
    return Cameras(
        turns=axes @ tilt @ down @ around,
        distances=random.uniform(3000, 8000, count),
        focal_lengths=random.uniform(700, 1500, count),
    )


def seen_by_cameras(split: Split, size: Size) -> Dataset:
    """Return people as random cameras see them, and where their joints are.

    Returns:
        `points (n, 34)`: see `normalized`; and targets `(n, 16, 3)`, float32: where the other
        joints are from the hips, in metres, on the camera's axes.
    """
    own: Split = "train" if split == "calibration" else split
    people = np.concatenate([_of_time(each, own) for each in captures(size)])[:: EVERY[size]]
    people = np.repeat(people - people[:, [HIPS]], CAMERAS[size][split], axis=0)
    seed = ("train", "validation", "test", "calibration").index(split)
    random = np.random.default_rng(seed)
    people = random.permutation(people)
    if split == "calibration":
        people = people[:NUM_CALIBRATION]
    cameras = random_cameras(len(people), random)
    others = np.delete(cameras.facing(people), HIPS, axis=1) / 1000
    return Dataset(
        inputs={"points": normalized(cameras.project(people))}, targets=others.astype(np.float32)
    )


def captures(size: Size) -> tuple[Array, ...]:
    """Return the captures, each `(frames, 17, 3)`, in millimetres, y up."""
    if size == "full":
        return read_upstream()
    arrays = read_packaged(SAMPLE)
    return tuple(array.astype(np.float64) for array in arrays.values())


@lru_cache(maxsize=1)
def read_upstream() -> tuple[Array, ...]:
    """Read both captures of the whole data set, 120 frames a second."""
    found: dict[str, Array] = {}
    with tarfile.open(locate(MOCAP)) as archive:
        for member in archive:
            name = member.name.rpartition("/")[2]
            content = archive.extractfile(member)
            if name in MILLIMETRES and content:
                capture = read_bvh(content.read().decode())
                # The first frame of CMU's is no pose of the man's: he stands with his arms spread.
                found[name] = capture.named([_IN_FILE[joint] for joint in JOINTS])[1:]
    return tuple(scale * found[name] for name, scale in MILLIMETRES.items())


def _of_time(capture: Array, split: str) -> Array:
    start, end = (round(share * len(capture)) for share in SHARES[split])
    return capture[start:end]


def mirrored(examples: Dataset) -> Dataset:
    """Return everyone and their mirror image, whose left is right."""
    swapped = [
        JOINTS.index(
            name.replace("left", "right") if "left" in name else name.replace("right", "left")
        )
        for name in JOINTS
    ]
    others = [index - (index > HIPS) for index in swapped if index != HIPS]
    points = examples.inputs["points"].reshape(len(examples), len(JOINTS), 2)
    flipped = (points * np.array([-1, 1], np.float32))[:, swapped].reshape(len(examples), -1)
    targets = (examples.target() * np.array([-1, 1, 1], np.float32))[:, others]
    return Dataset(
        inputs={"points": np.concatenate([examples.inputs["points"], flipped])},
        targets=np.concatenate([examples.target(), targets]),
    )


def example_points() -> str:
    """Return a CSV file with the joints of three people of the sample, as a camera sees them."""
    walker = captures("tiny")[1][:: len(captures("tiny")[1]) // 3][:3]
    cameras = random_cameras(len(walker), np.random.default_rng(1))
    pixels = cameras.project(walker - walker[:, [HIPS]]) + 500
    head = ",".join(f"{name} {axis}" for name in JOINTS for axis in "xy")
    rows = [",".join(f"{value:.1f}" for value in person.ravel()) for person in pixels]
    return "\n".join([head, *rows, ""])
