"""The command line: reads arguments, calls the Python API of the same name, prints the answer.

Results go to stdout, progress to stderr. Exit code 0: good. 1: measured, and out of limits or
refused by the target. 2: the request cannot be met; one sentence says why.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from edgekit import console
from edgekit.core import registry
from edgekit.core.registry import KINDS

app = typer.Typer(
    name="edgekit",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Take a Keras model to a phone, a Raspberry Pi or a Coral board, and prove it runs there.",
    epilog="Start here:  edgekit build image_cnn",
)

Kind = Enum("Kind", {name: name for name in KINDS}, type=str)  # type: ignore[misc]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
Out = Annotated[Path, typer.Option(help="Folder that holds the run folders.")]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE.tflite", help="A .tflite file.")]


@app.command("list", epilog="Example:  edgekit list recipes")
def list_(
    kind: Annotated[Kind | None, typer.Argument(help="What to list; all if left out.")] = None,
    json: Json = False,
) -> None:
    """List recipes, targets, runtimes and all else that has a name."""
    kinds = [kind.value] if kind else KINDS
    console.show_list({name: registry.summaries(name) for name in kinds}, json=json)


@app.command(epilog="Example:  edgekit setup gpu raspberry-pi")
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

    with console.progress() as tell:
        lines = verb.setup(names or [], tell)
    console.show_lines(lines or ["Everything asked for is in place."])


@app.command(epilog="Example:  edgekit doctor")
def doctor(json: Json = False) -> None:
    """Say what is here, what is missing, and the one line that gets it."""
    from edgekit.verbs import setup as verb

    console.show_doctor(verb.doctor(), json=json)


@app.command(epilog="Example:  edgekit build image_cnn --size tiny --target cpu")
def build(
    recipe: Annotated[str, typer.Argument(help="A recipe's name, or the path of a recipe file.")],
    size: Annotated[str, typer.Option(help="tiny (seconds) or full (minutes).")] = "tiny",
    variant: Annotated[
        list[str] | None, typer.Option(help="Such as int8 or pruned-float32; repeat for more.")
    ] = None,
    target: Annotated[list[str] | None, typer.Option(help="A target; repeat for more.")] = None,
    board: Annotated[str, typer.Option(help="ssh://user@host in place of the emulated Pi.")] = "",
    out: Out = Path("runs"),
    seed: Annotated[
        int, typer.Option(help="Seed of the initial weights and the order of examples.")
    ] = 0,
    json: Json = False,
) -> None:
    """Train, optimize, convert, verify and report a recipe.

    An interrupted build resumes where it stopped.
    """
    from edgekit.building import pipeline

    with console.progress() as tell:
        report = pipeline.build(
            recipe,
            size=size,  # type: ignore[arg-type]  # checked by the plan
            variants=variant or (),
            targets=target or (),
            out=out,
            seed=seed,
            board=board,
            progress=tell,
        )
    console.show_report(report, out / report.recipe, json=json)
    raise typer.Exit(0 if report.ok else 1)


@app.command(epilog="Example:  edgekit convert my.keras --precision float16 --out my.tflite")
def convert(
    model: Annotated[Path, typer.Argument(help=".keras, .h5 or a SavedModel folder.")],
    out: Annotated[Path, typer.Option(help="The .tflite to write; several carry their precision.")],
    precision: Annotated[
        list[str] | None,
        typer.Option(help="float32 (if left out), float16, dynamic_int8, int8, int16x8; repeat."),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            help=".npz with one array per input, .npy, or a folder of pictures, WAV or .npy files; "
            "int8, int16x8 need it."
        ),
    ] = None,
    pixels: Annotated[
        str, typer.Option(help="What pixels of pictures become: 0..255, 0..1, -1..1, caffe, torch.")
    ] = "",
    target: Annotated[str, typer.Option(help="Where it must run; any CPU if left out.")] = "",
    io: Annotated[
        str | None, typer.Option(help="In and out of int8 files: int8 (if left out), uint8, float.")
    ] = None,
    shape: Annotated[
        list[str] | None,
        typer.Option(help="Such as image=1,224,224,3, for free axes and batches; repeat for more."),
    ] = None,
    signature: Annotated[str, typer.Option(help="Of a SavedModel that has several.")] = "",
    custom: Annotated[
        Path | None, typer.Option(help="A .py file with the model's own layers; it is run.")
    ] = None,
    select_ops: Annotated[
        bool, typer.Option("--select-ops", help="Let TensorFlow's own operators in (Flex).")
    ] = False,
    recurrent: Annotated[
        str,
        typer.Option(help="LSTM, GRU, SimpleRNN: small (one operator or a loop), fast (unrolled)."),
    ] = "small",
    keep_float: Annotated[
        list[str] | None,
        typer.Option(help="A layer that int8 leaves in float; repeat. See `edgekit explain`."),
    ] = None,
    json: Json = False,
) -> None:
    """Convert your own model and compare it with its source.

    The file gets its name only if it ran and its answers are within the limits of its precision.
    Several precisions are files of their own: of model.tflite come model.int8.tflite and so on.
    """
    from edgekit.intake.shapes import parse_shapes
    from edgekit.verbs import convert as verb

    asked = precision or ["float32"]
    with console.progress() as tell:
        result = verb.convert(  # type: ignore[call-overload, misc]  # checked at its door
            model,
            out,
            precision=asked[0] if len(asked) == 1 else asked,
            calibration=calibration,
            pixels=pixels,
            target=target,
            io=io,
            shapes=parse_shapes(shape or ()),
            signature=signature,
            custom=custom,
            select_ops=select_ops,
            recurrent=recurrent,
            keep_float=keep_float or (),
            progress=tell,
        )
    code = console.show_conversion(result, json=json)
    if code == 1 and calibration and not (json or shape or signature or custom):
        from edgekit.verbs.explain import after_rejection

        with console.progress() as tell:
            console.show_lines(after_rejection(result, model, calibration, progress=tell))
    raise typer.Exit(code)


@app.command(epilog="Example:  edgekit explain my.tflite --source my.keras --calibration my.npz")
def explain(
    file: ModelFile,
    source: Annotated[Path, typer.Option(help="The model it was converted from.")],
    calibration: Annotated[Path, typer.Option(help="What it was calibrated with.")],
    budget: Annotated[float, typer.Option(min=0, help="Seconds for trying next steps.")] = 600,
    json: Json = False,
) -> None:
    """Say which layers make a quantized file wrong, and try what helps."""
    from edgekit.explaining import printing
    from edgekit.verbs import explain as verb

    with console.progress() as tell:
        found = verb.explain(file, source, calibration, budget_s=budget, progress=tell)
    printing.show(found, json=json)


@app.command(epilog="Example:  edgekit inspect model.tflite")
def inspect(file: ModelFile, json: Json = False) -> None:
    """Show a file's inputs, outputs, operators and weights.

    Also sparsity, sizes and the oldest runtime that has all its operators.
    """
    from edgekit.verbs import inspect as verb

    inspection = verb.inspect(file)
    console.show_inspection(inspection, json=json)
    raise typer.Exit(1 if inspection.problems else 0)


@app.command(epilog="Example:  edgekit check model.tflite --target edgetpu")
def check(
    file: ModelFile,
    target: Annotated[str, typer.Option(help="A name from `edgekit list targets`.")],
    json: Json = False,
) -> None:
    """Say, without running it, whether a target will run a file.

    A line for each operator says the verdict, the reason and what to change.
    """
    from edgekit.verbs import check as verb

    verdict = verb.check(file, target)
    console.show_check(verdict, json=json)
    raise typer.Exit(0 if verdict.ok else 1)


@app.command(epilog="Example:  edgekit verify runs/image_cnn --runtime litert")
def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE.tflite|RUN_DIR")],
    runtime: Annotated[str, typer.Option(help="One runtime; all that are here if left out.")] = "",
    device: Annotated[str, typer.Option(help="local, raspberry-pi or ssh://user@host.")] = "local",
    vectors: Annotated[
        Path | None, typer.Option(help=".npz of golden vectors: input:NAME, output:NAME.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a file or a build's files and compare with the reference.

    Compared are the answers to golden vectors, inputs kept with the reference's answers.
    """
    from edgekit.verbs import verify as verb

    proofs = verb.verify(path, runtime=runtime, device=device, vectors=vectors)
    console.show_proofs(proofs, json=json)
    ran = any(proof.status == "measured" for proof in proofs)
    good = ran and all(proof.ok is not False for proof in proofs)
    raise typer.Exit(0 if good else 1)


@app.command(epilog="Example:  edgekit bench model.tflite --runtime litert --threads 2")
def bench(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.tflite...")],
    runtime: Annotated[str, typer.Option(help="A name from `edgekit list runtimes`.")] = "litert",
    device: Annotated[str, typer.Option(help="local, raspberry-pi or ssh://user@host.")] = "local",
    threads: Annotated[int, typer.Option(min=1, max=256, help="Threads of the runtime.")] = 1,
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Timed invocations.")] = 100,
    json: Json = False,
) -> None:
    """Time single invocations: median, 90th percentile, memory."""
    from edgekit.verbs import bench as verb

    for file in files:
        console.show_bench(
            verb.bench(file, runtime=runtime, device=device, threads=threads, runs=runs), json=json
        )


@app.command(epilog="Example:  edgekit report runs/image_cnn")
def report(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a build.")], json: Json = False
) -> None:
    """Show a build's table again and rewrite its reports."""
    from edgekit.building import pipeline
    from edgekit.reporting import report_json

    loaded = report_json.load_report(run_dir)
    pipeline.write_reports(loaded, run_dir)
    console.show_report(loaded, run_dir, json=json)


@app.command(epilog="Example:  edgekit results runs/image_cnn")
def results(
    run_dirs: Annotated[list[Path], typer.Argument(help="Folders of --size full builds.")],
    repository: Annotated[Path, typer.Option(help="The checkout to write into.")] = Path(),
) -> None:
    """Record full builds in recipes/results.json and the README."""
    from edgekit.reporting import readme_results

    readme_results.record(run_dirs, repository)
    console.show_lines([f"Recorded {path}." for path in run_dirs])


def main() -> None:
    """Entry point: runs a command; every failure becomes one sentence and an exit code."""
    console.run(app)
