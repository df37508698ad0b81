"""Commands on `.tflite` files: inspect, compare, slim, check, verify, run, bench."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edgekit.cli import completion, output
from edgekit.cli.arguments import Custom, Json, ModelFile, Pixels, Runtime
from edgekit.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from edgekit.verbs.bench import Benchmark


def inspect(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.tflite|MODEL",
            help="A .tflite file; with --qat a .keras or .h5 model, or a recipe.",
        ),
    ],
    qat: Annotated[
        bool,
        typer.Option(
            "--qat", help="Say which layers quantization-aware training rounds; nothing is trained."
        ),
    ] = False,
    custom: Custom = None,
    json: Json = False,
) -> None:
    """Show a file's inputs, outputs, operators and weights.

    Also sparsity, sizes and the oldest runtime that has all its operators. With --qat: which layers
    of a Keras model quantization-aware training rounds, by tfmot's configuration or by edgekit's,
    and why not the others (edgekit inspect my_model.keras --qat).
    """
    from edgekit.cli import file_tables
    from edgekit.verbs import inspect as verb

    if qat:
        from edgekit.verbs.qat.layers import qat_layers

        layers = qat_layers(file, custom=custom)
        file_tables.show_qat(layers, json=json)
        is_trainable = any(each.by for each in layers) and not any(each.stops for each in layers)
        raise typer.Exit(0 if is_trainable else 1)
    if custom:
        raise BadInput("--custom is for --qat, which loads a Keras model; leave it out, or add it.")
    inspection = verb.inspect(file)
    file_tables.show_inspection(inspection, json=json)
    raise typer.Exit(1 if inspection.problems else 0)


def compare(
    a: Annotated[Path, typer.Argument(metavar="A.tflite", help="A .tflite file.")],
    b: Annotated[Path, typer.Argument(metavar="B.tflite", help="Another one.")],
    runtime: Annotated[
        str,
        typer.Option(
            help="One runtime; if left out, all that are here answer, and litert is timed.",
            autocompletion=completion.things("runtimes"),
        ),
    ] = "",
    device: Annotated[str, typer.Option(help="local, raspberry-pi or ssh://user@host.")] = "local",
    evaluate: Annotated[
        Path | None, typer.Option(help=".npz of inputs and labels: how right each file is.")
    ] = None,
    json: Json = False,
) -> None:
    """Put two files side by side: sizes, operators, answers, latency.

    Both are asked the same, the coarser is held against the finer, and both are timed in turns.
    """
    from edgekit.verbs.compare import comparing as verb
    from edgekit.verbs.compare import printing

    with output.progress() as tell:
        found = verb.compare(a, b, runtime=runtime, device=device, evaluate=evaluate, progress=tell)
    if json:
        output.print_json(found)
    else:
        printing.show(found)
    raise typer.Exit(0 if found.ok else 1)


def slim(
    file: ModelFile,
    out: Annotated[Path, typer.Option(help="The .tflite to write; may be the same file.")],
    fix_versions: Annotated[
        bool,
        typer.Option(
            "--fix-versions",
            help="Raise operator versions that are claimed too low: old runtimes then refuse "
            "the file instead of answering nonsense.",
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Make a file smaller with the same answers, bit for bit.

    Equal data is stored once, and what no interpreter reads goes. Written only after both files
    answered the same on every CPU runtime here.
    """
    from edgekit.cli import tables
    from edgekit.verbs import slim as verb

    with output.progress() as tell:
        done = verb.slim(file, out, fix_versions=fix_versions, progress=tell)
    tables.show_slimming(done, json=json)


def check(
    file: ModelFile,
    target: Annotated[
        str,
        typer.Option(
            help="A name from `edgekit list targets`.",
            autocompletion=completion.things("targets"),
        ),
    ],
    json: Json = False,
) -> None:
    """Say, without running it, whether a target will run a file.

    A line for each operator says the verdict, the reason and what to change.
    """
    from edgekit.cli import file_tables
    from edgekit.verbs import check as verb

    verdict = verb.check(file, target)
    file_tables.show_check(verdict, json=json)
    raise typer.Exit(0 if verdict.ok else 1)


def verify(
    path: Annotated[Path, typer.Argument(metavar="FILE.tflite|RUN_DIR|BUNDLE")],
    runtime: Annotated[
        str,
        typer.Option(
            help="One runtime; all that are here if left out.",
            autocompletion=completion.things("runtimes"),
        ),
    ] = "",
    device: Annotated[
        str, typer.Option(help="local, raspberry-pi, ssh://user@host or adb[:SERIAL].")
    ] = "local",
    vectors: Annotated[
        Path | None, typer.Option(help=".npz of golden vectors: input:NAME, output:NAME.")
    ] = None,
    evaluate: Annotated[
        Path | None, typer.Option(help=".npz of inputs and labels: tells how right the file is.")
    ] = None,
    device_report: Annotated[
        Path | None, typer.Option(help="JSON of the Android app's self-test on a BUNDLE.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a file or a build's files and compare with the reference.

    Compared are the answers to golden vectors, inputs kept with the reference's answers. With
    --device-report nothing runs: what a phone answered is judged.
    """
    from edgekit.cli import proofs
    from edgekit.verbs import verify as verb

    if device_report:
        from edgekit.verbs.phone.device_report import judge_report

        shown = judge_report(path, device_report)
    elif device.partition(":")[0] == "adb":
        from edgekit.verbs.phone.asking import verify_on_phone

        shown = verify_on_phone(path, device, runtime=runtime, vectors=vectors)
    else:
        with output.progress() as tell:
            shown = verb.verify(
                path,
                runtime=runtime,
                device=device,
                vectors=vectors,
                evaluate=evaluate,
                progress=tell,
            )
    proofs.show_proofs(shown, json=json)
    ran = any(proof.status == "measured" for proof in shown)
    good = ran and all(proof.ok is not False for proof in shown)
    raise typer.Exit(0 if good else 1)


def run(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="BUNDLE|FILE.tflite")],
    input: Annotated[
        list[str] | None,
        typer.Option(help="IMAGE|FOLDER|VIDEO|WAV|TEXT: what the program takes; repeat for more."),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder to draw the answers into.")] = None,
    variant: Annotated[
        str, typer.Option(help="Of a bundle, such as int8.", autocompletion=completion.variants)
    ] = "",
    runtime: Runtime = "",
    device: Annotated[str, typer.Option(help="local, raspberry-pi or ssh://user@host.")] = "local",
    labels: Annotated[
        Path | None, typer.Option(help="Of a FILE.tflite: a text file, one label a line.")
    ] = None,
    pixels: Pixels = "",
    json: Json = False,
) -> None:
    """Ask a model about pictures, videos, sounds or texts; draw what it answers.

    The program of the bundle answers, as on a device: boxes, areas, skeletons, labels, words. Its
    own options, such as --count 5, are handed on to it.
    """
    from edgekit.cli import tables
    from edgekit.verbs.run import asking as verb

    with output.progress() as tell:
        found = verb.run(
            path,
            input or (),
            variant=variant,
            runtime=runtime,
            device=device,
            out=out,
            labels=labels,
            pixels=pixels,
            options=context.args,
            progress=tell,
        )
    tables.show_answers(found, json=json)


def bench(
    files: Annotated[list[Path], typer.Argument(metavar="FILE.tflite...")],
    runtime: Runtime = "litert",
    device: Annotated[
        str, typer.Option(help="local, raspberry-pi, ssh://user@host or adb[:SERIAL].")
    ] = "local",
    threads: Annotated[int, typer.Option(min=1, max=256, help="Threads of the runtime.")] = 1,
    runs: Annotated[int, typer.Option(min=1, max=100_000, help="Timed invocations.")] = 100,
    json: Json = False,
) -> None:
    """Time single invocations: median, 90th percentile, memory."""
    from edgekit.cli import tables
    from edgekit.tflite.reader import read
    from edgekit.verbs.bench import bench
    from edgekit.verbs.phone.asking import bench_on_phone

    measure: Callable[..., Benchmark] = bench
    if device.partition(":")[0] == "adb":
        measure = bench_on_phone
    else:
        for file in files:  # a bad one is refused before another is timed
            read(file)
    timed = []
    try:
        with output.progress() as tell:
            for k, file in enumerate(files):
                if k:
                    tell(k / len(files), f"timing {file}")
                timed.append(
                    measure(file, runtime=runtime, device=device, threads=threads, runs=runs)
                )
    finally:  # what was measured before a file failed
        tables.show_benchmarks(timed, json=json)
