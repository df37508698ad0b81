"""Commands on what has a name: list, setup, doctor."""

from __future__ import annotations

from typing import Annotated

import typer

from edgekit.cli import completion, output
from edgekit.cli.arguments import Json
from edgekit.core import registry
from edgekit.core.errors import NotFound, did_you_mean
from edgekit.core.registry import KINDS


def list_(
    kind: Annotated[
        str,
        typer.Argument(
            help=f"One of {', '.join(KINDS)}; all if left out.", autocompletion=completion.kinds
        ),
    ] = "",
    json: Json = False,
) -> None:
    """List recipes, targets, runtimes and all else that has a name."""
    from edgekit.cli import tables

    if kind and kind not in KINDS:
        raise NotFound(
            f"There is no kind '{kind}'; there are: {', '.join(KINDS)}." + did_you_mean(kind, KINDS)
        )
    kinds = [kind] if kind else KINDS
    tables.show_list({name: registry.summaries(name) for name in kinds}, json=json)


def setup(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RUNTIME|DEVICE|TARGET]...",
            help="What to set up.",
            autocompletion=completion.things("runtimes", "devices", "targets"),
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Create runtime environments, GPU driver, Raspberry Pi root.

    Each gets a folder of its own below EDGEKIT_HOME, by default ~/.cache/edgekit.
    """
    from edgekit.verbs import setup as verb

    with output.progress() as tell:
        done = verb.setup(names or [], tell)
    if json:
        output.print_json({"setup": done})
    else:
        output.show_lines(map(str, done))


def doctor(
    device: Annotated[
        str, typer.Option(help="raspberry-pi or ssh://user@host: what a board has and lacks.")
    ] = "local",
    json: Json = False,
) -> None:
    """Say what is here, what is missing, and the one line that gets it."""
    from edgekit.cli import tables
    from edgekit.verbs.doctor import doctor as verb

    with output.progress() as tell:
        findings = verb.doctor(device, progress=tell)
    tables.show_doctor(findings, json=json)
