"""What is known of a `.tflite` file, written beside it so that the file explains itself."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from edgekit.errors import BadInput, NotFound
from edgekit.paths import sha256, write_json
from edgekit.types import Artifact, Signature, Tensor


def describe(
    path: Path, *, precision: str, signature: Signature, made_by: Mapping[str, str]
) -> Artifact:
    """Return the `Artifact` for a file that is there, with its size and checksum measured."""
    return Artifact(
        path=path,
        precision=precision,
        signature=signature,
        made_by=made_by,
        size_bytes=path.stat().st_size,
        sha256=sha256(path),
        compressed_bytes=compressed_bytes(path),
    )


def compressed_bytes(path: Path) -> int:
    """Return the size of a file after DEFLATE at level 9, as in a zip, an APK or a wheel."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    total = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            total += len(packer.compress(block))
    return total + len(packer.flush())


def write_sidecar(artifact: Artifact, path: Path) -> None:
    """Write what is known of `artifact` as JSON to `path`, atomically.

    The file is named relative to the sidecar, so that a folder with both can be moved. The
    artifact itself is not opened: it may still be on its way to its final name.
    """
    facts = {
        "file": Path(os.path.relpath(artifact.path, path.parent)).as_posix(),
        "precision": artifact.precision,
        "size_bytes": artifact.size_bytes,
        "compressed_bytes": artifact.compressed_bytes,
        "sha256": artifact.sha256,
        "signature": signature_to_json(artifact.signature),
        "made_by": dict(artifact.made_by),
    }
    write_json(path, facts)


def read_sidecar(path: Path) -> Artifact:
    """Return the artifact that `write_sidecar` described.

    Raises:
        NotFound: There is no such file.
        BadInput: It is not a complete description.
    """
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no '{path}'; it is written beside each converted file."
        ) from error
    except ValueError as error:
        raise BadInput(f"'{path}' is not JSON ({error}); convert the model again.") from error
    try:
        return Artifact(
            path=path.parent / facts["file"],
            precision=facts["precision"],
            signature=signature_from_json(facts["signature"]),
            made_by=facts["made_by"],
            size_bytes=facts["size_bytes"],
            sha256=facts["sha256"],
            compressed_bytes=facts["compressed_bytes"],
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise BadInput(
            f"'{path}' does not describe an artifact: {type(error).__name__} {error}; "
            "convert the model again."
        ) from error


def signature_to_json(signature: Signature) -> dict[str, Any]:
    """Return a signature as JSON values: `inputs`, `outputs` and `labels`."""
    return asdict(signature)


def signature_from_json(value: Mapping[str, Any]) -> Signature:
    """Return the signature that `signature_to_json` wrote.

    Raises:
        KeyError, TypeError: `value` is something else.
    """
    return Signature(
        inputs=tuple(_tensor(tensor) for tensor in value["inputs"]),
        outputs=tuple(_tensor(tensor) for tensor in value["outputs"]),
        labels=tuple(value.get("labels", ())),
    )


def _tensor(value: Mapping[str, Any]) -> Tensor:
    return Tensor(**{**value, "shape": tuple(value["shape"])})
