"""Commands on public data sets: list, get."""

from __future__ import annotations

from typing import Annotated

import typer

from edgekit.cli import completion, output
from edgekit.cli.arguments import Json
from edgekit.core.errors import BadInput

app = typer.Typer(
    help="List and get the public data that recipes train on.",
    epilog="Example:  edgekit data get spoken-digits",
)


@app.command("list", epilog="Example:  edgekit data list")
def list_(json: Json = False) -> None:
    """List data sets: what, size, licence, where from, here or not."""
    from edgekit.cli import tables
    from edgekit.verbs.data import data_list

    tables.show_data(data_list(), json=json)


@app.command(epilog="Example:  edgekit data get spoken-digits fashion-mnist")
def get(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME...",
            help="Of `edgekit data list`.",
            autocompletion=completion.data_sets,
        ),
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="All there are.")] = False,
    json: Json = False,
) -> None:
    """Download, convert and check data sets; a download that broke off goes on.

    They are kept below EDGEKIT_HOME, by default ~/.cache/edgekit. A copy in the folder named by
    EDGEKIT_DATA is taken as it is.
    """
    from edgekit.verbs.data import data_get, data_list

    if bool(names) == all_:
        given = "both" if names else "neither"
        raise BadInput(f"Give the names of data sets or --all; you gave {given}.")
    with output.progress() as tell:
        got = data_get(names or [each.name for each in data_list()], tell)
    if json:
        output.print_json({"data": got})
    else:
        output.show_lines(f"{each.name}: {path}" for each in got for path in each.paths)
