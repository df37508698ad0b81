"""Run a file on TensorFlow Lite Micro: the memory it takes, the answers that a board must give."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.bundling.micro.resolver import method_of, operators_of
from edgekit.core import registry
from edgekit.core.errors import Unavailable, WorkerFailed
from edgekit.core.types import Array, Batch
from edgekit.operators.target import Target
from edgekit.running.quantization import number_ports, to_ports
from edgekit.running.session import open_session
from edgekit.tflite.metadata.writing import without_metadata
from edgekit.tflite.reader import Port, read

TARGET, RUNTIME = "microcontroller", "tflite-micro"
EXAMPLES = 2
"""Golden vectors in the flash memory of a board."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of a file on TensorFlow Lite Micro.

    Attributes:
        content: The file without metadata, which a board has no use for.
        methods: Of the resolver, one for each operator.
        lacking: Operators that TensorFlow Lite Micro lacks, or does not take as they are here.
        refusal: Why it does not run, a sentence; "" if it does.
        arena_bytes: The least working memory with which it ran on this machine.
        inputs: Golden inputs by name, as the file takes them and in its order; the axis of examples
            comes first.
        outputs: What it answered to them.
        runtime: What answered, with its version.
    """

    content: bytes
    methods: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    refusal: str = ""
    arena_bytes: int = 0
    inputs: Mapping[str, Array] = field(default_factory=dict)
    outputs: Mapping[str, Array] = field(default_factory=dict)
    runtime: str = ""


def tried(file: Path, golden: Batch) -> Trial:
    """Run a file on the first golden inputs.

    Args:
        file: A `.tflite`.
        golden: Input name -> array, the axis of examples first.

    Raises:
        Unavailable: TensorFlow Lite Micro is not here.
    """
    if missing := registry.get("runtimes", RUNTIME).missing():
        raise Unavailable(missing)
    model = read(file)
    content = without_metadata(file.read_bytes())
    names = operators_of(model)
    target: Target = registry.get("targets", TARGET)
    refused = {verdict.name for verdict in target.check(model).operators if verdict.verdict == "no"}
    refused |= {name for name in names if not method_of(name)}
    few = {name: array[:EXAMPLES] for name, array in golden.items()}
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.tflite"
        path.write_bytes(content)
        try:
            with open_session(path, runtime=RUNTIME) as run:
                answers, arena_bytes, runtime = run(few), run.arena_bytes, run.info["runtime"]
        except WorkerFailed as error:
            return Trial(content=content, lacking=tuple(sorted(refused)), refusal=str(error))
    inputs, outputs = number_ports(model)
    return Trial(
        content=content,
        methods=tuple(map(method_of, names)),
        arena_bytes=arena_bytes,
        inputs=_stored(inputs, few),
        outputs=_stored(outputs, answers),
        runtime=runtime,
    )


def _stored(ports: Sequence[Port], batch: Batch) -> dict[str, Array]:
    """Return numbers as a file holds them, in the file's order."""
    held = to_ports(ports, batch)
    return {port.name: np.asarray(held[str(port.index)]) for port in ports}
