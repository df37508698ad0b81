"""People in the film of pedestrians, and where a teacher saw their joints.

The film's camera stands still over a yard, and the same people cross it more than once: what is
learned here is learned for this yard.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array, Batch, Size, Split
from edgekit.domains.learning.downloads import read_packaged
from edgekit.domains.learning.kept_arrays import digest_of, kept
from edgekit.domains.pose.teacher import MARGIN, labels
from edgekit.domains.upstream.data_set import locate
from edgekit.domains.upstream.pictures import PEDESTRIANS
from edgekit.domains.vision.augmentation import (
    mirrors,
    moved_boxes,
    moved_pictures,
    moved_points,
    random_moves,
    with_light,
)
from edgekit.on_device.vision.boxes import NO_LABEL
from edgekit.on_device.vision.key_points import JOINTS
from edgekit.on_device.vision.letterbox import GREY, letterbox

SAMPLE = "pedestrians_small.npz"
SHAPE = (160, 160, 3)
"""Of the windows of the film that a network sees: a person of 80 pixels is enlarged to 123."""

MOST = 8
"""People in a window."""

FRAMES = {"train": (0, 520), "validation": (536, 606), "test": (620, 795)}
"""First frame of each split, and the one after the last. A second and a half lies between them."""

EVERY = {"train": 1, "validation": 4, "test": 2}
"""Frames from one that windows are taken of to the next."""

WIDER = 2.2
"""Side of the window that shows who else is there."""

MIRRORED = tuple(
    JOINTS.index(name.replace("left", "right") if "left" in name else name.replace("right", "left"))
    for name in JOINTS
)
"""For each joint the one that it becomes in a mirror."""


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Pictures of one or several people.

    Attributes:
        images: `(n, *SHAPE)`, uint8.
        people: `(n, MOST, 17, 3)`, float32: x and y in pixels of the window, and 1 for joints that
            count, wherever they are; zeros for nobody.
        ignored: `(n, MOST, 4)`, float32: boxes of what moves and has no label; zeros for none.
    """

    images: Array
    people: Array
    ignored: Array

    def __len__(self) -> int:
        return len(self.images)

    def only(self, chosen: Array | slice) -> Windows:
        """Return some of them."""
        return Windows(
            images=self.images[chosen], people=self.people[chosen], ignored=self.ignored[chosen]
        )

    def inputs(self) -> Batch:
        """Return `image`, float32 in 0..1."""
        return {"image": self.images.astype(np.float32) / np.float32(255)}

    def targets(self) -> Batch:
        """Return `people` and `ignored`."""
        return {"people": self.people, "ignored": self.ignored}


@dataclass(frozen=True, kw_only=True)
class _Place:
    """A square of the film: number of the frame, left, top, and side in pixels."""

    frame: int
    left: int
    top: int
    side: int

    @classmethod
    def around(cls, frame: int, middle: Array, side: float) -> _Place:
        """Return the square of whole pixels about a place."""
        left, top = np.rint(middle - side / 2).astype(int).tolist()
        return cls(frame=frame, left=left, top=top, side=round(side))


def windows(split: Split, size: Size) -> Windows:
    """Return windows of the film around people; those for calibration are training windows.

    The training windows show each person of each frame once, at a random size and place; the others
    everyone alone and, if somebody else is near, in a wider window.
    """
    own = "train" if split == "calibration" else split
    found = _small(own) if size == "tiny" else _cut(own)
    return found.only(slice(None, None, max(1, len(found) // 200))) if own != split else found


def counted(people: Array) -> Array:
    """Return people `(..., 17, 3)` with 0 for joints outside of the window.

    So have all joints of those of whom less than half is inside.
    """
    inside = ((people[..., :2] >= 0) & (people[..., :2] <= SHAPE[0])).all(axis=-1)
    seen = people[..., 2] > 0
    shown = (seen & inside).sum(axis=-1, keepdims=True) * 2 >= np.maximum(
        seen.sum(axis=-1, keepdims=True), 1
    )
    marks = (seen & inside & shown).astype(people.dtype)
    return np.concatenate([people[..., :2], marks[..., None]], axis=-1)


def augmented(examples: Windows, random: np.random.Generator) -> Windows:
    """Return windows mirrored, moved, turned and in another light, and the people in them."""
    moves = random_moves(random, len(examples), SHAPE, shift=0.1, zoom=(0.75, 1.2), turn=10.0)
    images = with_light(moved_pictures(examples.images, moves), random, colour=0.1)
    places = moved_points(examples.people[..., :2], moves)
    people = np.concatenate([places, examples.people[..., 2:]], axis=-1)
    mirrored = mirrors(moves)
    people[mirrored] = people[mirrored][:, :, MIRRORED]
    there = np.where(examples.ignored.any(axis=2), 0, NO_LABEL)
    ignored, _ = moved_boxes(examples.ignored, there, moves, SHAPE, least_visible=0.0)
    return Windows(images=images, people=people, ignored=ignored)


@lru_cache(maxsize=4)
def _cut(split: str) -> Windows:
    """Return the windows of a split of the whole film, which is read once on a machine."""
    everyone = labels()
    given = [digest_of(array) for array in (everyone.frames, everyone.boxes, everyone.people)]
    made = kept(
        f"pedestrians-{split}",
        (SHAPE, MOST, FRAMES[split], EVERY[split], PEDESTRIANS.files, given),
        ("domains/pose/pedestrians.py", "on_device/vision/letterbox.py", "on_device/pictures.py"),
        lambda: _cut_anew(split),
    )
    return Windows(images=made["images"], people=made["people"], ignored=made["ignored"])


def _cut_anew(split: str) -> Batch:
    random = np.random.default_rng(len(split))
    first, end = FRAMES[split]
    wanted = {
        number: places
        for number in range(first, end, EVERY[split])
        if (places := list(_places(number, split, random)))
    }
    images: list[Array] = []
    people: list[Array] = []
    ignored: list[Array] = []
    for number, picture in film(set(wanted)):
        for place in wanted[number]:
            images.append(_seen(picture, place))
            own, others = _inside(place)
            people.append(own)
            ignored.append(others)
    return {"images": np.stack(images), "people": np.stack(people), "ignored": np.stack(ignored)}


def _places(frame: int, split: str, random: np.random.Generator) -> Iterator[_Place]:
    """Give the windows to take of a frame."""
    everyone = labels()
    for index in np.flatnonzero((everyone.frames == frame) & everyone.people[..., 2].any(axis=1)):
        left, top, right, bottom = everyone.boxes[index]
        middle, height = np.array([left + right, top + bottom]) / 2, bottom - top
        if split == "train":
            wide = (frame + index) % 2
            side = height * random.uniform(*((1.8, 2.6) if wide else (1.2, 1.6)))
            shift = side * random.uniform(-0.12, 0.12, 2)
            yield _Place.around(frame, middle + shift, side)
            continue
        yield _Place.around(frame, middle, MARGIN * height)
        wide_one = _Place.around(frame, middle, WIDER * height)
        if counted(_inside(wide_one)[0])[..., 2].any(axis=1).sum() > 1:
            yield wide_one


def _inside(place: _Place) -> tuple[Array, Array]:
    """Return who is in a window, and the boxes of what has no label, padded to `MOST`."""
    everyone = labels()
    scale, corner = SHAPE[0] / place.side, np.array([place.left, place.top])
    boxes = (everyone.boxes - np.tile(corner, 2)) * scale
    there = everyone.frames == place.frame
    there &= (boxes[:, :2] < SHAPE[0]).all(axis=1) & (boxes[:, 2:] > 0).all(axis=1)
    known = everyone.people[..., 2].any(axis=1)
    own = everyone.people[there & known][:MOST]
    own = np.concatenate([(own[..., :2] - corner) * scale, own[..., 2:]], axis=2)
    people = np.zeros((MOST, len(JOINTS), 3), np.float32)
    ignored = np.zeros((MOST, 4), np.float32)
    people[: len(own)] = own
    others = boxes[there & ~known][:MOST]
    ignored[: len(others)] = others
    return people, ignored


def film(numbers: set[int]) -> Iterator[tuple[int, Array]]:
    """Give frames of the film by their numbers, `(576, 768, 3)`, uint8, red first.

    Raises:
        BadData: OpenCV does not read it as far.
    """
    import cv2

    path = locate(PEDESTRIANS)
    video = cv2.VideoCapture(str(path))
    try:
        for number in range(max(numbers, default=-1) + 1):
            if not video.grab():
                raise BadData(
                    f"'{path}' cannot be read beyond frame {number}; install "
                    "opencv-contrib-python-headless, or delete the file to get it again."
                )
            if number in numbers:
                yield number, video.retrieve()[1][..., ::-1]
    finally:
        video.release()


def _seen(picture: Array, place: _Place) -> Array:
    """Return a window of a frame as a network sees it, uint8; beyond the frame it is grey."""
    left, top, side = place.left, place.top, place.side
    height, width = picture.shape[:2]
    square = np.full((side, side, 3), GREY, np.float32)
    rows = slice(max(0, -top), max(0, min(side, height - top)))
    columns = slice(max(0, -left), max(0, min(side, width - left)))
    part = picture[max(0, top) : max(0, top + side), max(0, left) : max(0, left + side)]
    square[rows, columns] = part.astype(np.float32) / 255
    return np.asarray(np.rint(letterbox(square, SHAPE)[0] * 255), np.uint8)


@lru_cache(maxsize=1)
def _sample() -> tuple[Windows, Array]:
    """Return the windows that ship, and the split of each."""
    from PIL import Image

    arrays = read_packaged(SAMPLE)
    contents = np.split(arrays["content"], np.cumsum(arrays["lengths"])[:-1])
    images = [
        np.asarray(Image.open(io.BytesIO(each.tobytes())).convert("RGB")) for each in contents
    ]
    found = Windows(
        images=np.stack(images),
        people=arrays["people"].astype(np.float32),
        ignored=arrays["ignored"].astype(np.float32),
    )
    return found, arrays["splits"]


def _small(split: str) -> Windows:
    found, splits = _sample()
    return found.only(splits == split)
