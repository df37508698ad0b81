"""What a conversion writes never takes the place of something that edgekit did not write."""

from __future__ import annotations

from pathlib import Path

from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.sidecar import read_sidecar
from edgekit.verbs.verify import vectors_path


def refuse_to_overwrite(out: Path) -> None:
    """Refuse an output if a conversion to it would overwrite what is not an earlier one's.

    Args:
        out: The `.tflite`; `<stem>.json` and `<stem>.vectors.npz` are written beside it, and for a
            model that looks tokens up `<stem>.vocabulary.txt`.

    Raises:
        BadInput: A folder or another program's file has one of the names.
    """
    rejected = out.with_name(out.name + ".rejected")
    sidecar, vectors = out.with_suffix(".json"), vectors_path(out)
    for path in (out, rejected, sidecar, vectors):
        if path.exists() and not path.is_file():
            kind = "a folder" if path.is_dir() else "no file"
            raise BadInput(
                f"The output is '{out}', and '{path}' is {kind}; edgekit writes files only. "
                "Give another name, or move it away."
            )
    for parent in out.absolute().parents:
        if parent.exists() and not parent.is_dir():
            raise BadInput(f"The output is '{out}', and '{parent}' is no folder; give another.")
    if sidecar.exists() and not _describes(sidecar, out):
        raise _would_overwrite(out, sidecar, "does not describe that file")
    if vectors.exists() and not _are_golden(vectors):
        raise _would_overwrite(out, vectors, "holds no golden vectors")
    refuse_strange_vocabulary(out, out.with_suffix(".vocabulary.txt"))


def refuse_strange_vocabulary(out: Path, vocabulary: Path) -> None:
    """Refuse to overwrite a vocabulary that the description beside an output does not name.

    Raises:
        BadInput: There is a file of that name, and it is another program's.
    """
    if vocabulary.exists() and vocabulary.name not in _vocabularies(out.with_suffix(".json")):
        raise _would_overwrite(out, vocabulary, "no earlier conversion wrote")


def _vocabularies(sidecar: Path) -> set[str]:
    try:
        return {look_up.vocabulary for look_up in read_sidecar(sidecar).look_ups}
    except (BadData, NotFound):
        return set()


def _describes(sidecar: Path, out: Path) -> bool:
    try:
        return read_sidecar(sidecar).path.name == out.name
    except BadData:
        return False


def _are_golden(path: Path) -> bool:
    try:
        read_vectors(path)
    except BadData:
        return False
    return True


def _would_overwrite(out: Path, path: Path, why: str) -> BadInput:
    return BadInput(
        f"The output is '{out}', and edgekit would overwrite '{path}' beside it, which {why}; "
        "give another name, or move it away."
    )
