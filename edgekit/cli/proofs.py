"""What running files showed: proofs and conversions, as tables or JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from edgekit.cli.output import print_json, say
from edgekit.reporting.terminal.scores import JUDGED, side_by_side
from edgekit.reporting.terminal.table import Column, Group, Page
from edgekit.reporting.terminal.words import numbered, with_mark

if TYPE_CHECKING:
    from edgekit.core.report import Evaluation
    from edgekit.verbs.delivery import Conversion, Conversions
    from edgekit.verbs.verify import Proof

FEW = 100
"""With fewer examples one of them is more than a point, the most that int8 should cost."""


PROOF_COLUMNS = (
    Column("where"),
    Column("against"),
    Column("max error", "number"),
    Column("mean error", "number"),
    Column("verdict", "state"),
)
SCORED_COLUMNS = (
    Column("output"),
    Column("known answers"),
    Column("where"),
    Column("source", "number"),
    Column("file (+- at 95 %)", "number"),
    Column("difference", "number"),
)


def show_proofs(proofs: Iterable[Proof], *, json: bool) -> None:
    """Print what running files showed."""
    proofs = list(proofs)
    if json:
        print_json({"proofs": proofs})
        return
    page = Page.of_stdout()
    notes = numbered(proof.reason for proof in proofs)
    by_file = {proof.file: [each for each in proofs if each.file == proof.file] for proof in proofs}
    page.grouped(
        PROOF_COLUMNS,
        (
            Group(title=file, rows=[_proof_row(proof, notes) for proof in of_file])
            for file, of_file in by_file.items()
        ),
    )
    if notes:
        page.lines()
        page.notes(notes)
    titles = {file: file if len(by_file) > 1 else "" for file in by_file}
    judged = [Group(title=titles[k], rows=list(_judged(each))) for k, each in by_file.items()]
    scored = [Group(title=titles[k], rows=list(_scored(each))) for k, each in by_file.items()]
    for columns, groups in ((JUDGED, judged), (SCORED_COLUMNS, scored)):
        if any(group.rows for group in groups):
            page.lines()
            page.grouped(columns, groups)
    evaluations = [proof.evaluation for proof in proofs if proof.evaluation]
    page.lines(map(_how_sure, evaluations[:1]))


def _judged(proofs: Iterable[Proof]) -> Iterator[tuple[str, ...]]:
    """Yield each output in each place beside its limits."""
    for proof in proofs:
        for output in proof.outputs:
            yield output.output, output.kind, _where(proof), output.figures()


def _scored(proofs: Iterable[Proof]) -> Iterator[tuple[str, ...]]:
    """Yield how right a file and its source are, side by side."""
    for proof in proofs:
        if proof.evaluation:
            source = {(score.output, score.question): score for score in proof.evaluation.source}
            for score in chain.from_iterable(proof.evaluation.file.values()):
                before = source.get((score.output, score.question))
                yield score.output, score.question, _where(proof), *side_by_side(before, score)


def _where(proof: Proof) -> str:
    return proof.runtime if proof.device == "local" else f"{proof.runtime} on {proof.device}"


def _how_sure(evaluation: Evaluation) -> str:
    """Say how many examples there were, and what so many can tell."""
    text = (
        f"Evaluated on {evaluation.examples:,} examples with known answers. With others of the "
        "same kind each figure could differ by as much as stands behind it"
    )
    if evaluation.examples < FEW:
        one = 100 / evaluation.examples
        text += f"; one example alone is {one:.1f} points: give several hundred to tell one point"
    if evaluation.source:
        return f"{text}. They stand beside the verdict and do not decide it."
    return (
        f"{text}. What the source scores is known only if `edgekit convert` was given the same "
        "examples (--evaluate)."
    )


def _proof_row(proof: Proof, notes: Mapping[str, int]) -> tuple[str, ...]:
    verdict = "ok" if proof.ok else "OUT OF LIMITS"
    if proof.status == "not run":
        verdict = "not run"
    elif proof.arena_bytes:
        verdict += f", arena {proof.arena_bytes / 1000:.1f} kB"
    largest, mean = (
        "" if error is None else f"{error:.2g}"
        for error in (proof.max_abs_error, proof.mean_abs_error)
    )
    return (
        _where(proof),
        proof.against,
        largest,
        mean,
        with_mark(verdict, proof.reason, notes),
    )


def show_conversion(result: Conversion | Conversions, *, json: bool) -> int:
    """Print converted files and the proof of them; return the exit code.

    Returns:
        0 if every file is within its limits, 1 if one is not, 2 if one could not be converted.
    """
    from edgekit.verbs.delivery import Conversions

    done, refused = (
        (result.done, result.refused) if isinstance(result, Conversions) else ([result], {})
    )
    if json:
        files = [_conversion_json(each) for each in done]
        several = {"ok": result.ok, "conversions": files, "refused": refused}
        print_json(several if isinstance(result, Conversions) else files[0])
    else:
        for each in done:
            _show_file(each)
        for precision, why in refused.items():
            say(f"edgekit: {precision}: {' '.join(why.split())}", aside=True)
    return 2 if refused else 0 if result.ok else 1


def _conversion_json(result: Conversion) -> dict[str, object]:
    artifact = result.artifact
    return {
        "file": artifact.path,
        "ok": result.ok,
        "verdict": result.verdict,
        "precision": artifact.precision,
        "size_bytes": artifact.size_bytes,
        "evaluation": result.evaluation,
        "notes": result.notes,
        "proofs": result.proofs,
    }


def _show_file(result: Conversion) -> None:
    artifact = result.artifact
    page = Page.of_stdout()
    page.lines(result.notes)
    show_proofs(result.proofs, json=False)
    size = f"{artifact.size_bytes:,} bytes"
    page.lines([f"{artifact.path}: {artifact.precision}, {size}, {result.verdict}."])
