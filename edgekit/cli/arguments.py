"""Arguments that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object for machines.")]
ModelFile = Annotated[Path, typer.Argument(metavar="FILE.tflite", help="A .tflite file.")]
