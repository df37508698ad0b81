"""Commands on a user's own model: convert, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import arguments, completion, output
from edgekit.cli.arguments import Json, ModelFile


def convert(
    model: Annotated[Path, typer.Argument(help=".keras, .h5 or a SavedModel folder.")],
    out: Annotated[Path, typer.Option(help="The .tflite to write; several carry their precision.")],
    precision: Annotated[
        list[str] | None,
        typer.Option(
            help="float32 (if left out), float16, dynamic_int8, int8, int16x8; repeat. Options "
            "follow a comma: int8,percentile=99.9.",
            autocompletion=completion.precisions,
        ),
    ] = None,
    calibration: Annotated[
        Path | None,
        typer.Option(
            help=".npz with one array per input, .npy, or a folder of pictures, WAV or .npy files; "
            "int8, int16x8 need it."
        ),
    ] = None,
    pixels: arguments.Pixels = "",
    target: Annotated[
        str,
        typer.Option(
            help="Where it must run; any CPU if left out.",
            autocompletion=completion.things("targets"),
        ),
    ] = "",
    io: arguments.Io = None,
    shape: arguments.Shapes = None,
    signature: arguments.Signatures = None,
    name: arguments.Names = None,
    custom: arguments.Custom = None,
    select_ops: arguments.SelectOps = False,
    recurrent: arguments.Recurrent = "small",
    keep_float: arguments.KeepFloat = None,
    split_outputs: arguments.SplitOutputs = False,
    evaluate: Annotated[
        Path | None,
        typer.Option(help=".npz of inputs and labels: tells how right the model and the file are."),
    ] = None,
    json: Json = False,
) -> None:
    """Convert your own model and compare it with its source.

    The file gets its name only if it ran and its answers are within the limits of its precision.
    Several precisions are files of their own: of model.tflite come model.int8.tflite and so on.
    """
    from edgekit.cli import proofs
    from edgekit.intake.names import parse_names
    from edgekit.intake.shapes import parse_shapes
    from edgekit.verbs import convert as verb

    asked = precision or ["float32"]
    with output.progress() as tell:
        result = verb.convert(  # type: ignore[call-overload, misc]  # checked at its door
            model,
            out,
            precision=asked[0] if len(asked) == 1 else asked,
            calibration=calibration,
            pixels=pixels,
            target=target,
            io=io,
            shapes=parse_shapes(shape or ()),
            signature=signature or "",
            names=parse_names(name or ()),
            custom=custom,
            select_ops=select_ops,
            recurrent=recurrent,
            keep_float=keep_float or (),
            split_outputs=split_outputs,
            evaluate=evaluate,
            progress=tell,
        )
    code = proofs.show_conversion(result, json=json)
    if code == 1 and calibration and not json:
        from edgekit.verbs.explain import after_rejection

        with output.progress() as tell:
            lines = after_rejection(result, model, calibration, custom=custom, progress=tell)
        output.show_lines(lines)
    raise typer.Exit(code)


def explain(
    file: ModelFile,
    source: Annotated[Path, typer.Option(help="The model it was converted from.")],
    calibration: Annotated[Path, typer.Option(help="What it was calibrated with.")],
    pixels: arguments.Pixels = "",
    io: arguments.Io = None,
    shape: arguments.Shapes = None,
    signature: arguments.Signatures = None,
    name: arguments.Names = None,
    custom: arguments.Custom = None,
    recurrent: arguments.Recurrent = "small",
    keep_float: arguments.KeepFloat = None,
    split_outputs: arguments.SplitOutputs = False,
    evaluate: Annotated[
        Path | None,
        typer.Option(help=".npz of inputs and labels, which the file should answer as rightly."),
    ] = None,
    budget: Annotated[float, typer.Option(min=0, help="Seconds for trying next steps.")] = 600,
    json: Json = False,
) -> None:
    """Say which layers make a quantized file wrong, and try what helps.

    Options of `edgekit convert` are needed where the file was converted with them and nothing
    beside it tells: for a rejected file, and for --custom always.
    """
    from edgekit.explaining import printing
    from edgekit.intake.names import parse_names
    from edgekit.intake.options import Options
    from edgekit.intake.shapes import parse_shapes
    from edgekit.verbs import explain as verb

    first, *beside = signature or [""]
    given = Options(
        pixels=pixels,
        io=io,  # type: ignore[arg-type]  # checked by the attempts
        shapes=parse_shapes(shape or ()),
        signature=first,
        beside=tuple(beside),
        names=parse_names(name or ()),
        custom=custom,
        recurrent=recurrent,  # type: ignore[arg-type]  # checked at its door
        keep_float=tuple(keep_float or ()),
        split_outputs=split_outputs,
    )
    with output.progress() as tell:
        found = verb.explain(
            file,
            source,
            calibration,
            options=verb.recorded_options(file).under(given),
            budget_s=budget,
            evaluate=evaluate,
            progress=tell,
        )
    printing.show(found, json=json)
