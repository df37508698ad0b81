"""Commands on what has a name: list, setup, doctor."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from edgekit.cli import output, tables
from edgekit.cli.arguments import Json
from edgekit.core import registry
from edgekit.core.registry import KINDS

Kind = Enum("Kind", {name: name for name in KINDS}, type=str)  # type: ignore[misc]


def list_(
    kind: Annotated[Kind | None, typer.Argument(help="What to list; all if left out.")] = None,
    json: Json = False,
) -> None:
    """List recipes, targets, runtimes and all else that has a name."""
    kinds = [kind.value] if kind else KINDS
    tables.show_list({name: registry.summaries(name) for name in kinds}, json=json)


def setup(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RUNTIME|DEVICE|TARGET]...", help="What to set up."),
    ] = None,
) -> None:
    """Create runtime environments, GPU driver, Raspberry Pi root.

    Each gets a folder of its own below EDGEKIT_HOME, by default ~/.cache/edgekit.
    """
    from edgekit.verbs import setup as verb

    with output.progress() as tell:
        lines = verb.setup(names or [], tell)
    output.show_lines(lines or ["Everything asked for is in place."])


def doctor(
    device: Annotated[
        str, typer.Option(help="raspberry-pi or ssh://user@host: what a board has and lacks.")
    ] = "local",
    json: Json = False,
) -> None:
    """Say what is here, what is missing, and the one line that gets it."""
    from edgekit.verbs.doctor import doctor as verb

    with output.progress() as tell:
        findings = verb.doctor(device, progress=tell)
    tables.show_doctor(findings, json=json)
