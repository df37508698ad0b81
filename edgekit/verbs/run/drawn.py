"""Write answers as pictures; those of a video's frames as one video."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from edgekit.core.errors import BadInput, Unavailable
from edgekit.core.paths import require_writable
from edgekit.on_device.answering import Answer, file_name
from edgekit.on_device.vision.drawing import Drawing, rendered

if TYPE_CHECKING:
    import cv2

FRAME = re.compile(r"(.+), frame (\d+)")
"""How a program for pictures calls a frame of a video; see `edgekit.on_device.footage`."""
FRAMES_PER_SECOND = 10.0


class _Video(NamedTuple):
    name: str
    path: Path
    size: tuple[int, int]
    writer: cv2.VideoWriter


class Drawn:
    """A folder that answers are drawn into; use it in a `with` block, which ends the videos."""

    def __init__(self, folder: Path, variant: str, inputs: Sequence[str | Path]) -> None:
        if folder.exists() and not folder.is_dir():
            raise BadInput(f"'{folder}' is a file; give --out a folder.")
        require_writable(folder / "drawn")
        self._folder = folder
        self._variant = variant
        given = [Path(each) for each in inputs]
        inside = [path for each in given if each.is_dir() for path in each.iterdir()]
        self._inputs = {path.resolve() for path in (*given, *inside)}
        self._names: set[str] = set()
        self._video: _Video | None = None

    def __enter__(self) -> Drawn:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._end_video()

    def draw(self, name: str, answer: Answer) -> Path | None:
        """Draw an answer and write its files; return what it was drawn into, if it was.

        Raises:
            BadInput: The folder cannot be written, or an input would be replaced.
            Unavailable: What draws is not installed.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            frame = FRAME.fullmatch(name)
            if frame and answer.drawing is not None:
                answer._replace(drawing=None).write(self._folder, self._stem(name))
                return self._draw_frame(frame[1], answer.drawing)
            stem = self._stem(name)
            answer.write(self._folder, stem)
            return self._folder / f"{stem}.png" if answer.drawing else None
        except SystemExit as error:
            raise Unavailable(str(error)) from error
        except OSError as error:
            raise BadInput(f"'{self._folder}' cannot be written: {error}.") from error

    def _draw_frame(self, name: str, drawing: Drawing) -> Path:
        image = rendered(drawing)
        if self._video is None or self._video.name != name:
            self._end_video()
            path = self._folder / f"{self._stem(name)}.avi"
            self._video = _Video(name, path, image.size, _writer(path, image.size))
        frame = image.crop((0, 0, *self._video.size))  # a longer text may have widened its paper
        self._video.writer.write(np.ascontiguousarray(np.asarray(frame)[..., ::-1]))
        return self._video.path

    def _end_video(self) -> None:
        if self._video:
            self._video.writer.release()
        self._video = None

    def _stem(self, name: str) -> str:
        """Return how the files of an answer begin; no other answer's do, and no input's."""
        stem, count = file_name(name), 1
        while (full := f"{stem}-{count}" if count > 1 else stem) in self._names:
            count += 1
        self._names.add(full)
        stem = f"{full}.{self._variant}"
        for path in self._inputs:
            if path.parent == self._folder.resolve() and path.name.startswith(f"{stem}."):
                raise BadInput(f"'{path}' is an input and would be replaced; give another --out.")
        return stem


def _writer(path: Path, size: tuple[int, int]) -> cv2.VideoWriter:
    import cv2

    code = cv2.VideoWriter.fourcc(*"MJPG")
    return cv2.VideoWriter(str(path), code, FRAMES_PER_SECOND, size)
