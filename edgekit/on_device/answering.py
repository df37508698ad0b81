"""What the programs of bundles share: how they are called, what they read, how they answer.

A program is one function, `answer(models, item, options)`, and an attribute that describes it:

    program = Program(answer, takes=PICTURES, description="Name what a picture shows.")
    main = program.main

The same function answers on a device, where `main` prints, and in `edgekit run`, which asks it
with models that run wherever the user says. So nothing about one model stands in a program: what it
has to know lies in the bundle.
"""

from __future__ import annotations

import argparse
import itertools
import re
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import (
    TYPE_CHECKING,
    Callable,
    Generic,
    Iterable,
    Iterator,
    Mapping,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
    TypeVar,
)

from .arrays import Run
from .interpreter import (
    LABELS,
    ModelFacts,
    Open,
    add_arguments,
    describe,
    find_file,
    load,
    read_labels,
)

if TYPE_CHECKING:
    from .vision.drawing import Drawing

Item = TypeVar("Item")


class Models(NamedTuple):
    """A variant of a bundle, ready to be asked.

    Attributes:
        folder: The bundle, in which lie the files that a program reads.
        facts: Part name (`model` if there is one file) -> what `bundle.json` says of it: its
            inputs and outputs, by name and shape.
        runs: Part name -> function of a batch.
        labels: What the outputs are called; empty if the bundle does not say.
    """

    folder: Path
    facts: Mapping[str, ModelFacts]
    runs: Mapping[str, Run]
    labels: Sequence[str]


class Answer(NamedTuple):
    """What a program answers.

    Attributes:
        lines: To be printed.
        drawing: What was given, with the answer drawn into it; None if there is nothing to draw.
        files: What is written beside the drawing: ending of the name, such as `mask.png`, ->
            content.
    """

    lines: Sequence[str]
    drawing: Optional[Drawing] = None
    files: Mapping[str, bytes] = {}

    def write(self, folder: Path, stem: str) -> None:
        """Write the drawing and the files into a folder, each name beginning with `stem`.

        Raises:
            OSError: The folder cannot be written.
            SystemExit: Pillow, which draws, is not installed.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if self.drawing is not None:
            self.drawing.save(folder / f"{stem}.png")
        for ending, content in self.files.items():
            (folder / f"{stem}.{ending}").write_bytes(content)


class Steps(NamedTuple):
    """What a program does before and after its models, as data: for programs in other languages.

    `bundle.json` holds it; `edgekit/bundling/before.py` and `after.py` say which kinds there are,
    and what each number means.
    """

    before: Mapping[str, object]
    after: Mapping[str, object]


NUMBERS: Mapping[str, object] = {"kind": "numbers"}
"""Arrays go in or come out as they are; what they mean, only the program knows."""


def _numbers(models: Models) -> Steps:
    """Describe a program whose steps have no description as data."""
    return Steps(before=NUMBERS, after=NUMBERS)


@dataclass(frozen=True)
class Kind(Generic[Item]):
    """A kind of thing that a program may be given.

    Attributes:
        name: As the help shows it, such as `PICTURE`.
        help: What it may be, in a line.
        read: `(arguments, bundle) -> name and item of each`: one argument may hold many items, such
            as a folder; it raises OSError or ValueError, as a sentence.
        arguments: How many arguments make one question.
    """

    name: str
    help: str
    read: Callable[[Sequence[str], Path], Iterable[Tuple[str, Item]]]
    arguments: int = 1


def _no_options(parser: ArgumentParser) -> None:
    """Add no option to a parser."""


@dataclass(frozen=True)
class Program(Generic[Item]):
    """A program of a bundle.

    Attributes:
        answer: `(models, item, options) -> Answer`; it raises OSError or ValueError, as a sentence.
        takes: What kind of item it answers.
        description: For its help.
        example: Arguments of a call, for its help.
        options: Adds the options of its own to a parser.
        draws: Whether its answers are drawings too.
        steps: `(models) -> Steps` of a bundle, told from its files and from what it says of its
            models, none of which is run.
    """

    answer: Callable[[Models, Item, Namespace], Answer]
    takes: Kind[Item]
    description: str
    example: str = ""
    options: Callable[[ArgumentParser], None] = _no_options
    draws: bool = False
    steps: Callable[[Models], Steps] = _numbers

    def answers(
        self, models: Models, arguments: Sequence[str], options: Namespace
    ) -> Iterator[Tuple[str, Answer]]:
        """Give the name of each item that the arguments hold, and the answer to it.

        Raises:
            OSError, ValueError: Something cannot be read or answered; the sentence says what.
        """
        each = self.takes.arguments
        if len(arguments) % each:
            raise ValueError(
                f"{len(arguments)} {self.takes.name} given; a question takes {each}: "
                f"{self.takes.help}."
            )
        for start in range(0, len(arguments), each):
            for name, item in self.takes.read(arguments[start : start + each], models.folder):
                yield name, self.answer(models, item, options)

    def main(self, arguments: Optional[Sequence[str]] = None) -> None:
        """Answer what the command line asks."""
        parser = ArgumentParser(
            description=self.description,
            epilog=f"Example: python3 %(prog)s --variant int8 {self.example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        self.add_arguments(parser, inputs="+")
        options = parser.parse_args(arguments)
        try:
            models = open_models(options.bundle, options.variant)
            tell(self.answers(models, options.inputs, options), options.out)
        except (OSError, ValueError) as error:
            raise SystemExit(str(error)) from error

    def add_arguments(self, parser: ArgumentParser, *, inputs: str) -> None:
        """Add inputs, as many as `nargs` of argparse says, and all options, to a parser."""
        parser.add_argument("inputs", nargs=inputs, metavar=self.takes.name, help=self.takes.help)
        self.options(parser)
        parser.set_defaults(out=None)
        if self.draws:
            parser.add_argument(
                "--out", type=Path, metavar="FOLDER", help="draw the answers into pictures there"
            )
        add_arguments(parser)


def tell(answers: Iterator[Tuple[str, Answer]], out: Optional[Path]) -> None:
    """Print answers, each under its name if there are several, and draw them into a folder."""
    first = list(itertools.islice(answers, 2))
    for name, answer in itertools.chain(first, answers):
        if len(first) > 1:
            print(f"{name}:")
        print(*answer.lines, sep="\n", flush=True)
        if out:
            answer.write(out, file_name(name))


def at_least_one(text: str) -> int:
    """Return a whole number of at least 1, for the `type` of an option."""
    if not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text}; give 1 or more")
    return int(text)


def open_models(folder: Path, variant: str, opened: Optional[Open] = None) -> Models:
    """Load a variant of a bundle by what opens a file, or on the runtime that is installed.

    Raises:
        SystemExit: The folder is no bundle, has no such variant, or no runtime is installed.
    """
    labels = read_labels(folder) if (folder / LABELS).is_file() else []
    return Models(folder, describe(folder, variant), load(folder, variant, opened=opened), labels)


def file_name(name: str) -> str:
    """Return the name of an item as a file may be called, without its ending.

    Example:
        >>> file_name("photos/cat 1.jpg"), file_name("walk.avi, frame 12")
        ('cat-1', 'walk-avi-frame-12')
    """
    words = re.sub(r"\W+", "-", re.sub(r"\.\w{1,5}$", "", Path(name).name)).strip("-")
    return words[:100] or "answer"


def files(name: str, endings: Sequence[str], help: str) -> Kind[Path]:
    """Return the kind of files that a program reads itself.

    Args:
        name: As the help shows it, such as `RECORDING`.
        endings: Of their names, such as `.wav`; those files are taken of a folder.
        help: What one holds, in a line.
    """

    def read(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, Path]]:
        return find_files(arguments, bundle, endings)

    return Kind(name, f"{help}; or a folder of these", read)


def find_files(
    arguments: Sequence[str], bundle: Path, endings: Sequence[str]
) -> Iterator[Tuple[str, Path]]:
    """Give the files that arguments name, those of a folder in the order of their names.

    Raises:
        ValueError: A folder holds no file with one of the endings.
    """
    for name in arguments:
        path = find_file(name, bundle)
        if not path.is_dir():
            yield name, path
            continue
        found = sorted(each for each in path.iterdir() if each.suffix.lower() in endings)
        if not found:
            raise ValueError(f"'{name}' holds no file that ends in {', '.join(endings)}.")
        yield from ((each.name, each) for each in found)


def _texts(arguments: Sequence[str], bundle: Path) -> Iterator[Tuple[str, str]]:
    for text in arguments:
        path = find_file(text, bundle) if text.endswith(".txt") else Path()
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            yield from ((line, line) for line in lines if line.strip())
        else:
            yield text, text


TEXTS: Kind[str] = Kind("TEXT", "a text in quotes, or a .txt file with one a line", _texts)
