"""The files that `convert` hands over, and under which names.

What a conversion writes never takes the place of something that edgekit did not write.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.core.errors import BadData, BadInput, NotFound, printable
from edgekit.core.kinds import Artifact, LookUp
from edgekit.core.paths import atomic, require_writable
from edgekit.core.report import Evaluation
from edgekit.intake.scores import brief, shortfalls
from edgekit.operators.speed import slow_here
from edgekit.reporting.templates import filled
from edgekit.reporting.wording import size_text
from edgekit.running.limits import LIMITS
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.tflite.sidecar import read_sidecar, write_sidecar
from edgekit.verbs.examination import together
from edgekit.verbs.verify import Proof, vectors_path


def _in_notebook(done: Sequence[Conversion], refused: Mapping[str, str]) -> str:
    """Return converted files, and what running them showed, as HTML for a notebook."""
    values = {"done": done, "refused": refused, "size": size_text}
    name = "notebook_conversions.html.jinja"
    return printable(filled("reports", name, values, escape=True))


@dataclass(frozen=True, kw_only=True)
class Conversion:
    """A converted file with the proof of it.

    Attributes:
        artifact: The file; its name ends in `.rejected` if it broke a limit.
        proofs: One for each runtime, whether it ran or not.
        notes: What was decided for the user, such as a batch size fixed at 1.
    """

    artifact: Artifact
    proofs: tuple[Proof, ...]
    notes: tuple[str, ...]

    @property
    def evaluation(self) -> Evaluation | None:
        """How right the source and the file are, on every runtime; None if not asked for."""
        return self.artifact.evaluation

    @property
    def ok(self) -> bool:
        """Whether at least one runtime ran it and none found it wrong."""
        ran = [proof for proof in self.proofs if proof.status == "measured"]
        return bool(ran) and all(proof.ok is not False for proof in self.proofs)

    @property
    def verdict(self) -> str:
        """What running it showed: "verified" only where it ran on real examples and was right."""
        if self.ok and any("random input" in proof.against for proof in self.proofs):
            return "runs, agrees on random input; give real examples (calibration) to verify it"
        if self.ok:
            return "verified"
        wrong = [p.runtime for p in self.proofs if p.status == "measured" and not p.ok]
        if wrong:
            return f"NOT delivered under its name: it is out of limits on {', '.join(wrong)}"
        refusing = ", ".join(proof.runtime for proof in self.proofs if proof.ok is False)
        return (
            f"NOT delivered under its name: {refusing} does not run it; if it need not run there, "
            "name where it must (target)"
        )

    def _repr_html_(self) -> str:
        return _in_notebook([self], {})


@dataclass(frozen=True, kw_only=True)
class Conversions:
    """One model in several precisions.

    Attributes:
        done: A file for each precision that could be converted, with the proof of it.
        refused: Precision -> why there is no file.
    """

    done: tuple[Conversion, ...]
    refused: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Whether every precision asked for has a file within its limits."""
        return not self.refused and all(each.ok for each in self.done)

    def _repr_html_(self) -> str:
        return _in_notebook(self.done, self.refused)


def named_after(out: Path, precision: str) -> Path:
    """Return the name of one file of several: `model.int8.tflite` for `model.tflite`."""
    return out.with_suffix(f".{precision}.tflite")


def _with_vocabularies(artifact: Artifact, out: Path) -> tuple[LookUp, ...]:
    """Put the vocabularies that lie beside a draft beside the file, under its name.

    Raises:
        BadInput: Another program's file has that name.
    """
    delivered = []
    for look_up in artifact.look_ups:
        name = look_up.vocabulary and out.stem + look_up.vocabulary.removeprefix(artifact.path.stem)
        if name:
            refuse_strange_vocabulary(out, out.with_name(name))
            with atomic(out.with_name(name)) as temporary:
                temporary.write_bytes(artifact.path.with_name(look_up.vocabulary).read_bytes())
        delivered.append(replace(look_up, vocabulary=name))
    return tuple(delivered)


def _less_right(evaluation: Evaluation | None, precision: str) -> list[str]:
    """Say of each share of right answers that it is below the source's, and what to do."""
    if evaluation is None:
        return []
    more = "" if precision == "float32" else " `edgekit explain` with --evaluate tries what helps."
    return [f"{sentence}{more}" for sentence in shortfalls(evaluation, LIMITS[precision].drop)]


def deliver(
    artifact: Artifact,
    vectors: Path,
    out: Path,
    proofs: Sequence[Proof],
    notes_before: tuple[str, ...],
) -> Conversion:
    """Put the file and what proves it under their final names, the file last."""
    made = tuple(value for key, value in artifact.made_by.items() if key.startswith("note"))
    here = {p.runtime for p in proofs if p.status == "measured" and p.device == "local"}
    evaluation = together([proof.evaluation for proof in proofs if proof.evaluation])
    notes = (*notes_before, *made, *slow_here(artifact.precision, here))
    notes = (*notes, *_less_right(evaluation, artifact.precision))
    named = [replace(proof, file=str(out)) for proof in proofs]
    result = Conversion(artifact=artifact, proofs=tuple(named), notes=notes)
    path = out if result.ok else out.with_name(out.name + ".rejected")
    of_source = artifact.evaluation and brief(artifact.evaluation)
    final = replace(artifact, path=path, evaluation=evaluation or of_source)
    if result.ok:
        final = replace(final, look_ups=_with_vocabularies(artifact, out))
        with atomic(vectors_path(out)) as temporary:
            temporary.write_bytes(vectors.read_bytes())
        write_sidecar(final, out.with_suffix(".json"))
    with atomic(path) as temporary:
        temporary.write_bytes(artifact.path.read_bytes())
    return replace(result, artifact=final)


def refuse_to_overwrite(out: Path) -> None:
    """Refuse an output if a conversion to it would overwrite what is not an earlier one's.

    Args:
        out: The `.tflite`; `<stem>.json` and `<stem>.vectors.npz` are written beside it, and for a
            model that looks tokens up `<stem>.vocabulary.txt`.

    Raises:
        BadInput: A folder or another program's file has one of the names, or nothing can be
            written there.
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
    require_writable(out)
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
