"""Commands on recipes and their run folders: build, report, bundle, results."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from edgekit.cli import completion, output
from edgekit.cli.arguments import ClusterAddress, Json, SizeName
from edgekit.core import registry
from edgekit.core.errors import BadInput


def build(
    recipe: Annotated[
        list[str] | None,
        typer.Argument(
            help="Names of recipes, or paths of recipe files.",
            autocompletion=completion.things("recipes"),
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Build every recipe there is.")] = False,
    size: SizeName = "tiny",
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="Such as int8, pruned-float32 or pruned-clustered-qat-int8; repeat for more.",
            autocompletion=completion.variants,
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            help="A target; repeat for more.", autocompletion=completion.things("targets")
        ),
    ] = None,
    board: Annotated[str, typer.Option(help="ssh://user@host in place of the emulated Pi.")] = "",
    out: Annotated[Path, typer.Option(help="Folder that holds the run folders.")] = Path("runs"),
    seed: Annotated[
        int, typer.Option(help="Seed of the initial weights and the order of examples.")
    ] = 0,
    data: Annotated[
        Path | None,
        typer.Option(help="Your own data: a folder a class of pictures or WAV files, or a CSV."),
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option(help="A .keras or .h5 model of your own that training begins with."),
    ] = None,
    workers: Annotated[int, typer.Option(help="Builds that run at once, of several.")] = 1,
    cluster: ClusterAddress = "",
    json: Json = False,
) -> None:
    """Train, optimize, convert, verify and report a recipe, or several.

    An interrupted build resumes where it stopped.
    """
    from edgekit.building import pipeline
    from edgekit.cli import tables
    from edgekit.tasks import many_builds

    names = _chosen(recipe or [], every=every)
    asked: dict[str, Any] = {  # checked by the plan of each
        "size": size,
        "variants": variant or (),
        "targets": target or (),
        "out": out,
        "seed": seed,
        "board": board,
        "data": data,
        "weights": weights,
    }
    with output.progress() as tell:
        if len(names) == 1 and not cluster:
            report = pipeline.build(names[0], **asked, progress=tell)
        else:
            built = many_builds.build_many(
                names, workers=workers, cluster=cluster, **asked, progress=tell
            )
            report = None
    if report:
        tables.show_report(report, out / report.recipe, json=json)
        raise typer.Exit(0 if report.ok else 1)
    tables.show_builds(built, json=json)
    raise typer.Exit(max({True: 0, False: 1, None: 2}[each.ok] for each in built))


def _chosen(names: list[str], *, every: bool) -> list[str]:
    """Return the recipes to build.

    Raises:
        BadInput: None is named, or some are and all are asked for.
    """
    if every == bool(names):
        given = f"{', '.join(names)} and --all" if names else "no recipe"
        raise BadInput(f"You gave {given}; name the recipes to build, or give --all alone.")
    return list(registry.names("recipes")) if every else names


def rebuild(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a build.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the new run folder; temporary if left out.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Go on though something it depends on has changed.")
    ] = False,
    json: Json = False,
) -> None:
    """Build a run folder again from its plan and compare every file.

    Says MATCH, or what differs first. Another package, an edited module or other data are named
    before any work.
    """
    from edgekit.building import rebuilding
    from edgekit.cli import tables

    with output.progress() as tell:
        rebuilt = rebuilding.rebuild(run_dir, out=out, force=force, progress=tell)
    tables.show_rebuilt(rebuilt, json=json)
    raise typer.Exit(0 if rebuilt.match else 1)


def report(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a build.")],
    device_report: Annotated[
        list[Path] | None,
        typer.Option(help="JSON of the Android app's self-test: adds a phone. Repeat for more."),
    ] = None,
    json: Json = False,
) -> None:
    """Show a build's table again and rewrite its reports."""
    from edgekit.building import pipeline
    from edgekit.cli import tables
    from edgekit.reporting import report_json
    from edgekit.verbs.phone.column import with_phone

    loaded = (
        with_phone(run_dir, device_report) if device_report else report_json.load_report(run_dir)
    )
    pipeline.write_reports(loaded, run_dir)
    tables.show_report(loaded, run_dir, json=json)


def bundle(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a build.")],
    packager: Annotated[
        str,
        typer.Option(
            "--for",
            help="Whom it is for: a name from `edgekit list packagers`.",
            autocompletion=completion.things("packagers"),
        ),
    ],
    variant: Annotated[
        list[str] | None,
        typer.Option(
            help="A verified one, such as int8; all if left out. Repeat for more.",
            autocompletion=completion.variants,
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make; in the run folder if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Pack verified models with all that uses them, for one kind of device or program.

    A folder and a zip of it that need nothing else of edgekit.
    """
    from edgekit.cli import tables
    from edgekit.verbs.bundle import packing as verb

    made = verb.bundle(run_dir, packager, variants=variant or (), out=out)
    tables.show_bundle(made, json=json)


def results(
    run_dirs: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders of --size full builds; with none, only tables are written."),
    ] = None,
    repository: Annotated[Path, typer.Option(help="The checkout to write into.")] = Path(),
    json: Json = False,
) -> None:
    """Record full builds in recipes/results.json, docs/results.md and the README."""
    from edgekit.reporting.readme import results

    results.record(run_dirs or (), repository)
    if json:
        output.print_json({"recorded": run_dirs or (), "repository": repository})
    else:
        output.show_lines([f"Recorded {path}." for path in run_dirs or ()])
