"""What programs for pictures and clips are given: files, folders of them, videos frame by frame.

Videos are read by OpenCV, where it is installed.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Iterable, Iterator, Sequence, Tuple

import numpy as np

from .answering import Kind, find_files
from .arrays import Array
from .interpreter import find_file
from .pictures import read_picture

PICTURE_ENDINGS = (".npy", ".pgm", ".ppm", ".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".webp")
FRAME_ENDINGS = tuple(ending for ending in PICTURE_ENDINGS if ending not in (".npy", ".gif"))
VIDEO_ENDINGS = (".avi", ".mp4", ".mov", ".mkv", ".webm", ".m4v", ".mpg", ".mpeg")


def frames(path: Path | str) -> Iterator[Array]:
    """Give the frames of a video, `(height, width, 3)`, float32 in 0..1.

    Raises:
        ValueError: It is no video that OpenCV reads.
        SystemExit: OpenCV is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise SystemExit(
            f"'{path}' is a video, and videos are read by OpenCV, which is not here: "
            "pip install opencv-python-headless."
        ) from error
    video = cv2.VideoCapture(str(path))
    try:
        there, frame = video.read()
        if not there:
            raise ValueError(
                f"'{path}' is no video that can be read here; save it as .avi or .mp4."
            )
        while there:
            yield frame[..., ::-1].astype(np.float32) / 255  # OpenCV has blue first
            there, frame = video.read()
    finally:
        video.release()


def read_pictures(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, Array]]:
    """Give each picture of files, folders and videos, with its name.

    Raises:
        OSError: A file is not there.
        ValueError: One holds no picture; a folder holds none.
    """
    for name, path in find_files(arguments, bundle, PICTURE_ENDINGS + VIDEO_ENDINGS):
        if path.suffix.lower() in VIDEO_ENDINGS:
            for number, frame in enumerate(frames(path), 1):
                yield f"{name}, frame {number}", frame
        else:
            yield name, read_picture(path)


def read_clips(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, Array]]:
    """Give each clip of files and folders, `(frames, height, width, 1 or 3)`, with its name.

    A clip is a video or a GIF; a `.npy` file of frames, whole numbers 0..255 or floats 0..1; or a
    folder of pictures, its frames in the order of the numbers in their names.

    Raises:
        OSError: A file is not there.
        ValueError: One holds no clip; a folder holds none; frames are of several sizes.
    """
    for argument in arguments:
        folder = find_file(argument, bundle)
        inside = folder.iterdir() if folder.is_dir() else ()
        pictures = [each for each in inside if each.suffix.lower() in FRAME_ENDINGS]
        if pictures:
            yield argument, _stacked(map(read_picture, sorted(pictures, key=_by_numbers)), folder)
            continue
        for name, path in find_files([argument], bundle, (".npy", ".gif", *VIDEO_ENDINGS)):
            clip = _read_frames(path) if path.suffix == ".npy" else _stacked(frames(path), path)
            yield name, clip


PICTURES: Kind[Array] = Kind(
    "PICTURE",
    ".npy, PGM, PPM, what Pillow opens, a folder of these, or a video",
    read_pictures,
)
CLIPS: Kind[Array] = Kind(
    "CLIP", "a video, a GIF, a .npy file of frames, a folder of frames or of these", read_clips
)


def _by_numbers(path: Path) -> Tuple[Sequence[int], str]:
    """Return what sorts `frame-2.png` before `frame-10.png`."""
    return [int(digits) for digits in re.findall(r"\d+", path.stem)], path.name


def _stacked(pictures: Iterable[Array], path: Path) -> Array:
    found = list(pictures)
    sizes = sorted({picture.shape for picture in found})
    if len(sizes) > 1:
        raise ValueError(
            f"'{path}' has frames of shape {sizes[0]} and {sizes[-1]}; a clip has frames of one. "
            "Save them anew."
        )
    return np.stack(found)


def _read_frames(path: Path) -> Array:
    try:
        clip = np.asarray(np.load(str(path), allow_pickle=False))
    except (EOFError, ValueError) as error:
        raise ValueError(f"'{path}' is not a .npy file of numbers; save it again.") from error
    limit = 255 if clip.dtype.kind in "iu" else 1
    if (
        clip.ndim != 4
        or clip.shape[3] not in (1, 3)
        or not clip.size
        or clip.dtype.kind not in "iuf"
    ):
        raise ValueError(
            f"'{path}' holds {clip.dtype} of shape {clip.shape}; a clip is (frames, height, width, "
            "1 or 3). Save one clip."
        )
    if not (clip.min() >= 0 and clip.max() <= limit):
        raise ValueError(
            f"'{path}' holds {clip.dtype} from {clip.min()} to {clip.max()}; a clip holds whole "
            "numbers from 0 to 255, or floats from 0 to 1. Scale them."
        )
    return clip.astype(np.float32) / np.float32(limit)
