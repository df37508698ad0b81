"""Run a bundle on a board: `run.py` of the bundle calls `main` here.

It takes what the program of the bundle takes, pictures, folders, WAV files or texts; a camera; or
nothing, for a self-test. What runs, and on what, is said on standard error.

Exit code 0: good. 1: an answer of the self-test is out of limits. 2: what was asked cannot be done.
3: answered, but on the CPU, although an accelerator was asked for.
"""

from __future__ import annotations

import itertools
import json
import platform
import sys
from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from typing import Any, Callable, Iterator, List, NoReturn, Optional, Sequence, Tuple

from ..answering import Answer, Models, Program, at_least_one, open_models, tell
from ..interpreter import Open, facts_file, open_on_cpu, runtime
from .camera import pictures
from .self_test import self_test

OUT_OF_LIMITS, REFUSED, ON_THE_CPU = 1, 2, 3
PICTURE = "PICTURE"
"""What a program takes that can look through a camera."""


@dataclass(frozen=True)
class Accelerator:
    """What models should run on beside the CPU.

    Attributes:
        name: Such as "Edge TPU".
        library: Of its delegate.
        opened: `(library, fell_back) -> Open`; `fell_back` is told why a model is on the CPU.
    """

    name: str
    library: str
    opened: Callable[[str, Callable[[str], None]], Open]


def main(
    program: Program[Any],
    arguments: Optional[Sequence[str]] = None,
    accelerator: Optional[Accelerator] = None,
) -> NoReturn:
    """Do what the command line asks, and exit."""
    parser = _parser(program, accelerator)
    options = parser.parse_args(arguments)
    if not (options.inputs or options.self_test or options.camera is not None):
        parser.error(f"give a {program.takes.name}, --camera or --self-test")
    if options.camera is not None and program.takes.name != PICTURE:
        parser.error(f"this bundle takes a {program.takes.name}, and no camera gives that")
    try:
        sys.exit(_run(program, options, accelerator))
    except (OSError, ValueError) as error:
        sys.exit(_refused(str(error)))
    except KeyboardInterrupt:  # how one ends a camera
        sys.exit(0)
    except SystemExit as error:
        sys.exit(_refused(error.code) if isinstance(error.code, str) else error.code)


def _parser(program: Program[Any], accelerator: Optional[Accelerator]) -> ArgumentParser:
    parser = ArgumentParser(description=program.description)
    program.add_arguments(parser, inputs="*")
    parser.set_defaults(variant="", cpu=True)
    parser.add_argument("--self-test", action="store_true", help="replay the golden vectors")
    parser.add_argument("--threads", type=at_least_one, default=1, help="of the CPU; 1 if not")
    parser.add_argument(
        "--camera", type=int, nargs="?", const=0, metavar="N", help="ask what a camera sees"
    )
    parser.add_argument(
        "--count-pictures", type=at_least_one, metavar="N", help="of the camera, then stop"
    )
    if accelerator:
        parser.set_defaults(cpu=False)
        name = accelerator.name
        parser.add_argument("--cpu", action="store_true", help=f"do not use the {name}")
        parser.add_argument("--library", default=accelerator.library, help=f"of the {name}")
    return parser


def _run(program: Program[Any], options: Namespace, accelerator: Optional[Accelerator]) -> int:
    on_cpu: List[str] = []

    def fell_back(why: str) -> None:
        assert accelerator is not None
        on_cpu.append(why)
        print(f"THE {accelerator.name.upper()} IS NOT USED: {why}", file=sys.stderr, flush=True)

    wanted = accelerator if not options.cpu else None
    opened = wanted.opened(options.library, fell_back) if wanted else _on_cpu(options.threads)
    models = _models(options, opened)
    place = wanted.name if wanted and not on_cpu else "CPU"
    print(f"{_what(models)} on {_runtime()}, {place}", file=sys.stderr, flush=True)
    code = ON_THE_CPU if on_cpu else 0
    if options.self_test:
        return _tested(models) or code
    if options.camera is not None:
        _watch(program, models, options)
    else:
        tell(program.answers(models, options.inputs, options), options.out)
    return code


def _on_cpu(threads: int) -> Open:
    return lambda path, _: open_on_cpu(path, threads)


def _models(options: Namespace, opened: Open) -> Models:
    """Load the variant that was asked for, or the first of the bundle."""
    path = facts_file(options.bundle)
    if not path.is_file():
        raise ValueError(f"'{options.bundle}' has no {path.name}; name the folder of a bundle.")
    facts = json.loads(path.read_text(encoding="utf-8"))
    return open_models(options.bundle, options.variant or facts["models"][0]["variant"], opened)


def _tested(models: Models) -> int:
    """Print how each output compares with its golden values; return the exit code."""
    found = []
    for each in self_test(models):
        print(each, flush=True)
        found.append(each)
    wrong = [each for each in found if not each.ok]
    parts = {each.part: each for each in found}
    ms = sum(each.latency_ms for each in parts.values())
    verdict = f"{len(wrong)} OUT OF LIMITS" if wrong else "all within limits"
    print(
        f"self-test: {len(found)} outputs of {len(parts)} files, "
        f"{max(each.examples for each in found)} examples: {verdict}; {ms:.1f} ms an example"
    )
    return OUT_OF_LIMITS if wrong else 0


def _watch(program: Program[Any], models: Models, options: Namespace) -> None:
    """Answer picture after picture; each is drawn in place of the one before."""

    def answers() -> Iterator[Tuple[str, Answer]]:
        for picture in itertools.islice(pictures(options.camera), options.count_pictures):
            yield f"camera {options.camera}", program.answer(models, picture, options)

    tell(answers(), options.out)


def _what(models: Models) -> str:
    first = next(iter(models.facts.values()))
    return ", ".join(each["file"] for each in models.facts.values()) or first["variant"]


def _runtime() -> str:
    name = runtime().__name__.partition(".")[0].replace("_", "-")
    return f"{name} {_version(name)}, Python {platform.python_version()}, {platform.machine()}"


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "of unknown version"


def _refused(why: str) -> int:
    print(why, file=sys.stderr)
    return REFUSED
