"""The command line: reads arguments, calls the Python API of the same name, prints the answer.

Results go to stdout, progress to stderr. Exit code 0: good. 1: measured, and out of limits or
refused by the target. 2: the request cannot be met; one sentence says why.
"""

from __future__ import annotations

from typing import Annotated

import typer

from edgekit.cli import builds, data, files, models, output, searching, things

app = typer.Typer(
    name="edgekit",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Take a Keras model to a phone, a Raspberry Pi or a Coral board, and prove it runs there.",
    epilog="Start here:  edgekit build image_cnn",
)
app.command("list", epilog="Example:  edgekit list recipes")(things.list_)
app.command(epilog="Example:  edgekit setup gpu raspberry-pi")(things.setup)
app.command(epilog="Example:  edgekit doctor")(things.doctor)
app.add_typer(data.app, name="data")
app.command(epilog="Example:  edgekit build image_cnn --size tiny --target cpu")(builds.build)
app.command(epilog="Example:  edgekit optimize image_cnn --target cpu --max-drop 0.5 --minutes 5")(
    searching.optimize
)
app.command(epilog="Example:  edgekit convert my.keras --precision float16 --out my.tflite")(
    models.convert
)
app.command(epilog="Example:  edgekit explain my.tflite --source my.keras --calibration my.npz")(
    models.explain
)
app.command(epilog="Example:  edgekit inspect model.tflite")(files.inspect)
app.command(epilog="Example:  edgekit compare float32.tflite int8.tflite")(files.compare)
app.command(epilog="Example:  edgekit slim model.tflite --out slim.tflite")(files.slim)
app.command(epilog="Example:  edgekit check model.tflite --target edgetpu")(files.check)
app.command(epilog="Example:  edgekit verify runs/image_cnn --runtime litert")(files.verify)
app.command(
    epilog="Example:  edgekit run runs/image_cnn/bundle --input photo.jpg --out drawn",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(files.run)
app.command(epilog="Example:  edgekit bench model.tflite --runtime litert --threads 2")(files.bench)
app.command(epilog="Example:  edgekit rebuild runs/image_cnn")(builds.rebuild)
app.command(epilog="Example:  edgekit report runs/image_cnn")(builds.report)
app.command(epilog="Example:  edgekit bundle runs/image_cnn --for pi --variant int8")(builds.bundle)
app.command(epilog="Example:  edgekit results runs/image_cnn")(builds.results)


def _show_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        output.say(f"edgekit {version('edgekit-tflite')}")
        raise typer.Exit


@app.callback()
def front(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(output.DEBUG, help="Show the traceback of a failure; also after a verb."),
    ] = False,
) -> None:
    """Take what stands before the verb; `output.run` has seen to `--debug`."""


def main() -> None:
    """Entry point: runs a command; every failure becomes one sentence and an exit code."""
    output.run(app)
