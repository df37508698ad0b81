"""The command that searches: optimize."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import arguments, completion, output
from edgekit.cli.arguments import Json, SizeName
from edgekit.core.errors import BadInput

if TYPE_CHECKING:
    from edgekit.search.candidate import Found

_SIZES = {"": 1, "b": 1, "kb": 1000, "mb": 1000**2, "gb": 1000**3}
_TIMES = {"": 1.0, "us": 0.001, "ms": 1.0, "s": 1000.0}


def optimize(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|MODEL",
            help="A recipe's name or file; or your own .keras, .h5 or SavedModel folder.",
            autocompletion=completion.things("recipes"),
        ),
    ],
    target: Annotated[
        str,
        typer.Option(
            help="Where the file is to run; it is measured there.",
            autocompletion=completion.things("targets"),
        ),
    ],
    max_drop: Annotated[
        float | None,
        typer.Option(
            help="By how much the metric may get worse, in its unit; see above for a model."
        ),
    ] = None,
    max_size: Annotated[str, typer.Option(help="Of the file, such as 300KB or 1.5MB.")] = "",
    max_latency: Annotated[str, typer.Option(help="Of a call, such as 5ms.")] = "",
    minutes: Annotated[float, typer.Option(help="Of search, after training.")] = 10.0,
    workers: Annotated[int, typer.Option(help="Processes that try variants at once.")] = 1,
    size: SizeName = "tiny",
    seed: Annotated[int, typer.Option(help="As of a build.")] = 0,
    out: Annotated[Path, typer.Option(help="The search is in OUT/optimize/NAME.")] = Path("runs"),
    data: Annotated[
        Path | None,
        typer.Option(
            help="Of a recipe, your own data, as of a build; of a model, examples, as convert "
            "calibrates with; an .npz may hold labels."
        ),
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Of a recipe: your own model, as of a build.")
    ] = None,
    pixels: arguments.Pixels = "",
    shape: arguments.Shapes = None,
    custom: arguments.Custom = None,
    cluster: arguments.ClusterAddress = "",
    json: Json = False,
) -> None:
    """Search for the smallest file of a recipe or a model that keeps to limits on a target.

    Each variant is made, run on the target's runtime and compared there. A search that was stopped
    goes on.

    Your own model is only converted. Its drop: with labels, points of accuracy lost; else the
    percentage of examples with another first choice, or the error in percent of the answers'
    spread.
    """
    from edgekit.intake.shapes import parse_shapes
    from edgekit.search import optimizing as verb

    with output.progress() as tell:
        found = verb.optimize(
            source,
            target,
            max_drop=max_drop,
            max_bytes=round(_amount(max_size, _SIZES, "--max-size", "300KB")) if max_size else None,
            max_latency_ms=(
                _amount(max_latency, _TIMES, "--max-latency", "5ms") if max_latency else None
            ),
            minutes=minutes,
            workers=workers,
            size=size,  # type: ignore[arg-type]  # checked by the plan
            seed=seed,
            out=out,
            data=data,
            weights=weights,
            pixels=pixels,  # type: ignore[arg-type]  # checked at its door
            shapes=parse_shapes(shape or ()),
            custom=custom,
            cluster=cluster,
            progress=tell,
        )
    _show(found, out / verb.FOLDER / found.recipe, json=json)
    raise typer.Exit(0 if found.ok else 1)


def _amount(text: str, units: dict[str, float] | dict[str, int], option: str, such: str) -> float:
    """Return a number with a unit, such as `300KB`, in the unit whose factor is 1.

    Raises:
        BadInput: It is none.
    """
    matched = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*", text)
    factor = units.get(matched[2].lower()) if matched else None
    if matched is None or factor is None:
        allowed = ", ".join(filter(None, units))
        raise BadInput(
            f"{option} is '{text}'; give a number and a unit, such as {such}: {allowed}."
        )
    return float(matched[1]) * factor


def _show(found: Found, folder: Path, *, json: bool) -> None:
    """Print what was tried, what is recommended, and how to build it."""
    from edgekit.reporting.terminal.table import Column, Page
    from edgekit.search import page

    if json:
        output.print_json(found)
        return
    metric = found.metric
    otherwise = {
        metric.worsening: f"{metric.worsening} {metric.unit}".rstrip(),
        page.TIME: "time",  # a terminal has less room
    }
    figures = [
        Column(otherwise.get(head, head), "number", optional=head in ("file", metric.name))
        for head in page.heads_of(found)
    ]
    columns = [Column("", "number"), Column("variant"), *figures, Column("verdict")]
    Page.of_stdout().table(columns, page.rows_of(found))
    for note in found.notes:
        output.say(note)
    output.say(found.why)
    if found.doubt:
        output.say(found.doubt)
    if found.file:
        output.say(f"File: {found.file}")
    if found.command:
        output.say(f"{'Make' if found.model else 'Build'} exactly that one: {found.command}")
    output.say(f"Page: {folder / page.PAGE}")
