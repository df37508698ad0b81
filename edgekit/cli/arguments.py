"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edgekit.cli import completion

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE.tflite", help="A .tflite file.")]

RecipeName = Annotated[
    str,
    typer.Argument(
        help="A recipe's name, or the path of a recipe file.",
        autocompletion=completion.things("recipes"),
    ),
]
SizeName = Annotated[
    str,
    typer.Option(help="tiny (seconds) or full (minutes).", autocompletion=completion.sizes),
]
ClusterAddress = Annotated[
    str,
    typer.Option(
        "--cluster", metavar="HOST:PORT", help="Head of a Ray cluster, whose nodes do the work."
    ),
]
Runtime = Annotated[
    str,
    typer.Option(
        help="A name from `edgekit list runtimes`.", autocompletion=completion.things("runtimes")
    ),
]
Pixels = Annotated[
    str, typer.Option(help="What pixels of pictures become: 0..255, 0..1, -1..1, caffe, torch.")
]
Io = Annotated[
    str | None, typer.Option(help="In and out of int8 files: int8 (if left out), uint8, float.")
]
Shapes = Annotated[
    list[str] | None,
    typer.Option(help="Such as image=1,224,224,3, for free axes and batches; repeat for more."),
]
Signatures = Annotated[
    list[str] | None,
    typer.Option(help="Of a SavedModel that has several; repeat for several in one file."),
]
Names = Annotated[
    list[str] | None,
    typer.Option(help="OLD=NEW: another name for an input or output; repeat for more."),
]
Custom = Annotated[
    Path | None, typer.Option(help="A .py file with the model's own layers; it is run.")
]
SelectOps = Annotated[
    bool, typer.Option("--select-ops", help="Let TensorFlow's own operators in (Flex).")
]
Recurrent = Annotated[
    str,
    typer.Option(
        help="LSTM, GRU, SimpleRNN: small (one operator or a loop), fast (unrolled; accelerators "
        "take no loops)."
    ),
]
KeepFloat = Annotated[
    list[str] | None,
    typer.Option(help="A layer that int8 leaves in float; repeat. See `edgekit explain`."),
]
SplitOutputs = Annotated[
    bool, typer.Option("--split-outputs", help="Make the parts of a last Concatenate outputs.")
]
