"""A camera by picamera2 where it knows one, else by OpenCV: red, green, blue in 0..1."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from edgekit.on_device.board.camera import pictures

RED = np.zeros((4, 6, 3), np.uint8) + np.array([255, 0, 51], np.uint8)
IN_UNIT = [1.0, 0.0, pytest.approx(0.2)]


class Captured:
    """Stands in for OpenCV's camera; it gives blue first, and ends after some pictures."""

    released = False

    def __init__(self, number: int) -> None:
        self.left = 3 if number == 1 else 0

    def set(self, *_: Any) -> None: ...

    def read(self) -> tuple[bool, Any]:
        self.left -= 1
        return self.left >= 0, RED[..., ::-1]

    def release(self) -> None:
        type(self).released = True


@pytest.fixture(autouse=True)
def opencv(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "VideoCapture", Captured)
    monkeypatch.setattr(Captured, "released", False)


def test_opencv_gives_pictures_until_the_camera_ends() -> None:
    seen = list(pictures(1))
    assert len(seen) == 3
    assert seen[0].dtype == np.float32
    assert seen[0][0, 0].tolist() == IN_UNIT
    assert Captured.released


def test_a_camera_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"no camera 0 here that OpenCV can read.*picamera2"):
        next(pictures(0))
    assert Captured.released


def test_without_any_library_it_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(SystemExit, match=r"pip install opencv-python-headless.*python3-picamera2"):
        next(pictures(0))


def picamera(closed: list[int]) -> ModuleType:
    """Return a stand-in for the library of the Raspberry Pi's own cameras, with one camera."""

    class Picamera2:
        @staticmethod
        def global_camera_info() -> list[dict[str, int]]:
            return [{"Num": 0}]

        def __init__(self, number: int) -> None:
            self.number = number

        def create_video_configuration(self, main: dict[str, Any]) -> dict[str, Any]:
            return main

        def configure(self, main: dict[str, Any]) -> None:
            assert main["format"] == "BGR888"  # which is red first

        def start(self) -> None: ...

        def capture_array(self, stream: str) -> Any:
            return RED

        def close(self) -> None:
            closed.append(self.number)

    module: Any = SimpleNamespace(Picamera2=Picamera2)
    return module  # type: ignore[no-any-return]


def test_the_board_s_own_camera_is_read_first(monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[int] = []
    monkeypatch.setitem(sys.modules, "picamera2", picamera(closed))
    seen = pictures(0)
    assert next(seen)[0, 0].tolist() == IN_UNIT
    seen.close()  # type: ignore[attr-defined]
    assert closed == [0]
    assert len(list(pictures(1))) == 3  # which only OpenCV knows
