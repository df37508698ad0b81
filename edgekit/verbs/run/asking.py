"""Ask what a bundle or a file answers to pictures, videos, sounds, texts; draw what it answers."""

from __future__ import annotations

import os
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from edgekit.core import registry
from edgekit.core.errors import (
    BadData,
    BadInput,
    EdgekitError,
    NotFound,
    Unavailable,
    reason,
    sentence_of,
)
from edgekit.core.paths import refuse_bomb
from edgekit.core.types import AnyPath, Progress, is_path, silent
from edgekit.on_device.answering import Answer, Models
from edgekit.on_device.interpreter import find_file
from edgekit.running.place import Place, refuse_unrunnable
from edgekit.running.session import open_session
from edgekit.verbs.run.bundles import Asked, alone, bundle
from edgekit.verbs.run.drawn import Drawn

DEFAULT_RUNTIME = "litert"
TOLD_EVERY_S = 2.0


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was answered to one item.

    Attributes:
        input: Its name: a file, a text, a frame of a video.
        lines: The answer.
        drawing: The picture or video that it was drawn into; None if it was not drawn.
    """

    input: str
    lines: tuple[str, ...]
    drawing: Path | None


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What a program answered, and with which files where.

    Attributes:
        program: Its name, such as `classify`.
        variant: Of the bundle; of a file alone its name without the ending.
        answers: In the order of the inputs.
    """

    program: str
    variant: str
    runtime: str
    device: str
    answers: tuple[Answered, ...]


def run(
    path: AnyPath,
    inputs: AnyPath | Sequence[AnyPath],
    *,
    variant: str = "",
    runtime: str = "",
    device: str = "local",
    out: AnyPath | None = None,
    labels: AnyPath | None = None,
    pixels: str = "",
    options: Sequence[str] = (),
    progress: Progress = silent,
) -> Answers:
    """Ask what a bundle, or a `.tflite` alone, answers.

    The same code answers as on a device: the program that the bundle names, which is edgekit's own.

    Args:
        path: A bundle, the run folder of a build, or a `.tflite`.
        inputs: One or several of what the program takes: pictures, folders, videos, WAV files,
            texts.
        variant: Of a bundle, such as "int8"; its first one if "".
        runtime: Name of a runtime; if "", `litert`, or the first that runs on the device.
        device: Name of a device, or `ssh://user@host`.
        out: Folder for the drawings; none are made if None. Files of the same name are replaced.
        labels: Of a file alone: a text file, one label a line.
        pixels: Of a file alone: what pixels become for a float input, such as "0..1".
        options: Of the program, such as `["--count", "5"]`.
        progress: Told what is being answered.

    Raises:
        BadInput: The bundle or file cannot be asked, or an input cannot be read.
        Unavailable: The runtime, the device or a library is not there.
        WorkerFailed: A file does not run there.

    Example:
        >>> edgekit.run("runs/image_cnn/bundle", "example.pgm")  # doctest: +SKIP
    """
    labels, out = (None if each is None else Path(each) for each in (labels, out))
    asked = _asked(Path(path), variant, labels=labels, pixels=pixels)
    given = [os.fspath(each) for each in ([inputs] if is_path(inputs) else inputs)]
    if not given:
        example = " ".join(f"--input {word!r}" for word in asked.example)
        raise BadInput(
            f"There is no input; '{asked.name}' takes {asked.program.takes.help}"
            + (f". The bundle's example: {example}." if example else ".")
        )
    chosen = _options(asked, options)
    for each in given:
        refuse_bomb(find_file(each, asked.folder))
    place = Place(runtime=runtime or _runtime(asked, device), device=device)
    for file in asked.files.values():
        refuse_unrunnable(file, place.runtime)
    with ExitStack() as stack:
        drawn = stack.enter_context(Drawn(out, asked.variant, given)) if out else None
        sessions = {
            part: stack.enter_context(open_session(file, runtime=place.runtime, device=device))
            for part, file in asked.files.items()
        }
        runs = {part: asked.prepared(session) for part, session in sessions.items()}
        models = Models(asked.folder, asked.facts(), runs, asked.labels)
        answers, told = [], time.monotonic()
        for name, answer in _answers(asked, models, given, chosen):
            if time.monotonic() - told > TOLD_EVERY_S:
                told = time.monotonic()
                progress(0.0, name)
            drawing = drawn.draw(name, answer) if drawn else None
            answers.append(Answered(input=name, lines=tuple(answer.lines), drawing=drawing))
    return Answers(
        program=asked.name,
        variant=asked.variant,
        runtime=place.runtime,
        device=device,
        answers=tuple(answers),
    )


def _asked(path: Path, variant: str, *, labels: Path | None, pixels: str) -> Asked:
    if path.is_dir():
        if labels or pixels:
            raise BadInput("--labels and --pixels are for a .tflite alone; a bundle knows both.")
        return bundle(path, variant)
    if not path.exists():
        raise NotFound(f"There is no '{path}'; give a bundle or a .tflite.")
    if variant:
        raise BadInput(f"--variant is of a bundle; '{path}' is one file.")
    return alone(path, labels=labels, pixels=pixels)


def _runtime(asked: Asked, device: str) -> str:
    """Return the runtime that is meant where none is said: on a board, one that is there.

    Accelerators are never meant: they are asked for by name.
    """
    if device == "local" or Place(runtime=DEFAULT_RUNTIME, device=device).find()[1].missing():
        return DEFAULT_RUNTIME
    for name in sorted(registry.names("runtimes"), key=lambda name: name != DEFAULT_RUNTIME):
        place = Place(runtime=name, device=device)
        if place.mismatch() or "delegate" in place.find()[0].options:
            continue
        try:
            open_session(next(iter(asked.files.values())), runtime=name, device=device).close()
        except Unavailable:  # its package is not installed there
            continue
        return name
    return DEFAULT_RUNTIME


class _Parser(ArgumentParser):
    """A parser whose complaint is an exception."""

    def error(self, message: str) -> NoReturn:
        """Raise what is wrong with the arguments."""
        raise BadInput(f"The program says: {message}.")


def _options(asked: Asked, words: Sequence[str]) -> Namespace:
    """Return the program's options."""
    parser = _Parser(prog=asked.name, add_help=False)
    asked.program.options(parser)
    return parser.parse_args(list(words))


def _answers(
    asked: Asked, models: Models, inputs: Sequence[str], options: Namespace
) -> Iterator[tuple[str, Answer]]:
    """Give the program's answers; whatever it stumbles over becomes a sentence."""
    try:
        yield from asked.program.answers(models, inputs, options)
    except EdgekitError:
        raise
    except OSError as error:
        raise BadInput(sentence_of(error)) from error
    except ValueError as error:
        raise BadInput(str(error)) from error
    except SystemExit as error:  # a library that only some inputs need
        raise Unavailable(str(error)) from error
    except Exception as error:  # a bundle may hold anything where its program expects its own
        raise BadData(
            f"'{asked.name}' cannot use what '{asked.folder}' holds "
            f"({type(error).__name__}: {reason(error)}); build the bundle again."
        ) from error
