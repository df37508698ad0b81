"""The JSON beside a `.tflite` file that says what it is and how it was made."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from edgekit.core.errors import BadData, NotFound
from edgekit.core.kinds import Artifact
from edgekit.core.paths import sha256, write_json
from edgekit.core.recipe import Signature
from edgekit.core.records import from_json, read_json, to_json
from edgekit.core.report import Evaluation


def describe(
    path: Path,
    *,
    precision: str,
    signature: Signature,
    made_by: Mapping[str, str],
    evaluation: Evaluation | None = None,
) -> Artifact:
    """Return the `Artifact` of an existing file, with its sizes and checksum."""
    return Artifact(
        path=path,
        precision=precision,
        signature=signature,
        made_by=made_by,
        size_bytes=path.stat().st_size,
        sha256=sha256(path),
        compressed_bytes=compressed_bytes(path),
        evaluation=evaluation,
    )


def compressed_bytes(path: Path) -> int:
    """Return the size of a file after DEFLATE at level 9, as in a zip, an APK or a wheel."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    total = 0
    with path.open("rb") as stream:
        while block := stream.read(1 << 20):
            total += len(packer.compress(block))
    return total + len(packer.flush())


def zstd_bytes(path: Path) -> int:
    """Return the size of a file after zstd at level 19, the highest of its usual ones.

    As in a download or a package that is compressed once and unpacked often.
    """
    import zstandard  # here, since most commands measure nothing

    packer = zstandard.ZstdCompressor(level=19).compressobj(size=path.stat().st_size)
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
    facts = to_json(artifact)
    del facts["path"]
    write_json(
        path, {"file": Path(os.path.relpath(artifact.path, path.parent)).as_posix(), **facts}
    )


def read_sidecar(path: Path) -> Artifact:
    """Return the artifact that `write_sidecar` described.

    Raises:
        NotFound: There is no such file.
        BadData: It is not a complete description.
    """
    beside, remedy = "it is written beside each converted file", "convert the model again"
    facts = read_json(path, written_by=beside, remedy=remedy)
    if isinstance(facts, dict) and "file" in facts:
        facts = {**facts, "path": facts["file"]}
    artifact = from_json(Artifact, facts, what=f"'{path}'", remedy=remedy)
    return replace(artifact, path=path.parent / artifact.path)


def descriptions_of(file: Path) -> Iterator[Artifact]:
    """Give what is written of a `.tflite` beside it, by `edgekit convert` or by a build.

    What describes another file is not believed, also if that file had the same name.
    """
    for sidecar in (file.with_suffix(".json"), file.parent / "artifact.json"):
        with contextlib.suppress(NotFound, BadData):  # none, or another program's
            described = read_sidecar(sidecar)
            if described.sha256 == sha256(file):
                yield described
