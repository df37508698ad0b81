"""How the command line speaks: progress, tables, JSON, one sentence for failures."""

from __future__ import annotations

import contextlib
import io
import json as json_format
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING, cast

from edgekit.core.errors import EdgekitError, printable, sentence_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import typer

    from edgekit.core.types import Progress


DEBUG = "--debug"

ESTIMATED_OVER_S = 600.0
"""The time that is left is reckoned from the speed of so many seconds: steps may take minutes."""


def run(app: typer.Typer) -> None:
    """Run the command line and leave with its exit code."""
    import typer

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, io.TextIOWrapper
        ):  # what a terminal's encoding lacks is written \\u2013
            stream.reconfigure(errors="backslashreplace")
    # Typer carries a Click of its own, or not, by version; this base is the right one in both.
    usage_error = cast("type[typer.BadParameter]", typer.BadParameter.__base__)
    try:
        arguments = _arguments() or ["--help"]
        code = typer.main.get_command(app).main(arguments, "edgekit", standalone_mode=False)
        _flush()
    except EdgekitError as error:
        code = _fail(type(error).__name__, str(error))
    except usage_error as error:
        code = _fail("BadInput", _usage_sentence(error))
    except Stopped as error:
        code = 128 + error.number
        say(f"edgekit: stopped by {error}; a build goes on from here.", aside=True)
    except BrokenPipeError:  # such as `edgekit list | head`
        code, sys.stdout = 0, None
    except SystemExit as error:
        if not isinstance(error.__context__, BrokenPipeError):  # Rich's way to meet one
            raise
        code, sys.stdout = 0, None
    except OSError as error:
        code = _fail("BadInput", sentence_of(error))
    try:
        _flush()
    except OSError:  # or Python's own last flush would complain, and change the exit code
        sys.stdout = None
    sys.exit(code if isinstance(code, int) else 0)


def _arguments() -> list[str]:
    """Return what was typed, without `--debug`, which may stand on either side of the verb."""
    given = sys.argv[1:]
    own = given.index("--") if "--" in given else len(given)  # the rest is for a program
    return [word for word in given[:own] if word != DEBUG] + given[own:]


def _usage_sentence(error: typer.BadParameter) -> str:
    """Say what of a command line is wrong, what was meant, or where to read on."""
    close = getattr(error, "possibilities", None)
    message = error.message if close else error.format_message()
    if close:
        message += f". Did you mean '{close[0]}'?"
    path = error.ctx.command_path if error.ctx else "edgekit"
    asked = message.endswith("?")
    return message if asked else f"{message.rstrip('.')}; see `{path} --help`."


def _flush() -> None:
    if sys.stdout:  # there is none where the caller closed it
        sys.stdout.flush()


class Stopped(BaseException):
    """A signal asked us to end: what is temporary is removed, and children are ended."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def _stop(number: int, _frame: object) -> None:
    signal.signal(number, signal.SIG_DFL)  # who asks twice does not want to wait
    if processes := sys.modules.get("edgekit.core.processes"):
        processes.kill_all()
    raise Stopped(number)


def _fail(kind: str, message: str) -> int:
    sentence = " ".join(message.split())
    if DEBUG in sys.argv:
        with contextlib.suppress(OSError):
            say(traceback.format_exc().rstrip(), aside=True)
    with contextlib.suppress(OSError):
        if "--json" in sys.argv:
            print_json({"error": {"kind": kind, "message": sentence}})
            _flush()
            return 2
    with contextlib.suppress(OSError):  # where nothing can be written the exit code tells
        say(f"edgekit: {sentence}", aside=True)
    return 2


@contextlib.contextmanager
def progress() -> Iterator[Progress]:
    """Give a `Progress` that draws a bar on a terminal, or writes lines where nothing can move."""
    if not sys.stderr.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar
    from rich.table import Column

    console = Console(stderr=True)
    doing_column = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    columns = (
        BarColumn(min(40, console.width // 4)),
        TaskProgressColumn(table_column=Column(no_wrap=True)),
        TimeRemainingColumn(table_column=Column(no_wrap=True)),
        TextColumn("left", markup=False),
        TextColumn("{task.description}", markup=False, table_column=doing_column),
    )
    with Bar(
        *columns,
        console=console,
        transient=True,
        expand=True,
        redirect_stdout=False,  # results are no part of the bar
        speed_estimate_period=ESTIMATED_OVER_S,
    ) as bar:
        task = bar.add_task("starting", total=1.0)
        yield lambda fraction, doing: bar.update(
            task, completed=fraction, description=printable(doing)
        )


def _lines() -> Progress:
    last = ""

    def tell(fraction: float, doing: str) -> None:
        nonlocal last
        if doing != last:
            say(f"[{fraction:4.0%}] {doing}", aside=True)
        last = doing

    return tell


def say(text: str, *, aside: bool = False) -> None:
    """Print a line, without what a file's names or a board could command the terminal with.

    Args:
        text: The line.
        aside: Whether it goes to stderr, as what is no result does.
    """
    print(printable(text), file=sys.stderr if aside else sys.stdout, flush=aside)


def show_lines(lines: Iterable[str]) -> None:
    """Print plain lines."""
    for line in lines:
        say(line)


def print_json(value: object, indent: int | None = 2) -> None:
    """Print a value of ours as one JSON object."""
    from edgekit.core.records import to_json

    print(json_format.dumps(to_json(value, finite=True), indent=indent, allow_nan=False))
