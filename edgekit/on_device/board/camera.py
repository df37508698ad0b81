"""Pictures of a camera: the board's own by picamera2, any other by OpenCV."""

from __future__ import annotations

from typing import Any, Iterator

import numpy as np

from ..arrays import Array

SIZE = (640, 480)
"""Width and height that are asked for; a network wants less."""


def pictures(number: int) -> Iterator[Array]:
    """Give what a camera sees, picture after picture, `(height, width, 3)`, float32 in 0..1.

    Args:
        number: Of the camera, from 0 on. picamera2 is asked first, if it is installed; what it does
            not know, OpenCV may.

    Raises:
        ValueError: There is no such camera.
        SystemExit: Neither library is installed.
    """
    try:
        from picamera2 import Picamera2
    except ImportError:
        return _by_opencv(number)
    known = Picamera2.global_camera_info()
    return _by_picamera(Picamera2(number)) if number < len(known) else _by_opencv(number)


def _by_picamera(camera: Any) -> Iterator[Array]:
    try:
        # Its name for red, green and blue in this order is BGR888.
        main = {"format": "BGR888", "size": SIZE}
        camera.configure(camera.create_video_configuration(main=main))
        camera.start()
        while True:
            yield camera.capture_array("main")[..., :3].astype(np.float32) / 255
    finally:
        camera.close()


def _by_opencv(number: int) -> Iterator[Array]:
    try:
        import cv2
    except ImportError as error:
        raise SystemExit(
            "There is nothing here that reads a camera: pip install opencv-python-headless; or, "
            "for a camera of the Raspberry Pi, sudo apt-get install python3-picamera2, and a venv "
            "made with --system-site-packages."
        ) from error
    camera = cv2.VideoCapture(number)
    try:
        camera.set(cv2.CAP_PROP_FRAME_WIDTH, SIZE[0])
        camera.set(cv2.CAP_PROP_FRAME_HEIGHT, SIZE[1])
        camera.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # the newest picture, not one of a second ago
        there, frame = camera.read()
        if not there:
            raise ValueError(
                f"There is no camera {number} here that OpenCV can read; `v4l2-ctl --list-devices` "
                "lists them. A camera of the Raspberry Pi needs picamera2."
            )
        while there:
            yield frame[..., ::-1].astype(np.float32) / 255  # OpenCV has blue first
            there, frame = camera.read()
    finally:
        camera.release()
