"""Commands on a user's own model: convert, explain."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import output, proofs
from edgekit.cli.arguments import Json, ModelFile


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
    split_outputs: Annotated[
        bool,
        typer.Option("--split-outputs", help="Make the parts of a last Concatenate outputs."),
    ] = False,
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
            signature=signature,
            custom=custom,
            select_ops=select_ops,
            recurrent=recurrent,
            keep_float=keep_float or (),
            split_outputs=split_outputs,
            evaluate=evaluate,
            progress=tell,
        )
    code = proofs.show_conversion(result, json=json)
    if code == 1 and calibration and not (json or shape or signature or custom):
        from edgekit.verbs.explain import after_rejection

        with output.progress() as tell:
            output.show_lines(after_rejection(result, model, calibration, progress=tell))
    raise typer.Exit(code)


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

    with output.progress() as tell:
        found = verb.explain(file, source, calibration, budget_s=budget, progress=tell)
    printing.show(found, json=json)
