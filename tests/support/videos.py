"""Videos of a few frames."""

from __future__ import annotations

from pathlib import Path

import cv2

from edgekit.core.types import Array


def write_video(path: Path, frames: Array) -> None:
    """Write frames `(n, height, width, 3)`, uint8, as a video of 10 a second."""
    height, width = frames.shape[1:3]
    code = cv2.VideoWriter.fourcc(*"MJPG")
    video = cv2.VideoWriter(str(path), code, 10.0, (width, height))
    for frame in frames:
        video.write(frame[..., ::-1].copy())
    video.release()
