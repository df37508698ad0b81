"""What running files showed: proofs and conversions, as tables or JSON."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from edgekit.cli.output import print_json, table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edgekit.verbs.delivery import Conversion, Conversions
    from edgekit.verbs.verify import Proof


def show_proofs(proofs: Iterable[Proof], *, json: bool) -> None:
    """Print what running files showed."""
    proofs = list(proofs)
    if json:
        print_json({"proofs": proofs})
        return
    table(
        ("file", "runtime", "device", "against", "max error", "mean error", "verdict"),
        (_proof_row(proof) for proof in proofs),
    )
    judged = [(proof.runtime, output) for proof in proofs for output in proof.outputs]
    if judged:
        table(
            ("output", "is", "runtime", "measured (limit)"),
            ((output.output, output.kind, runtime, output.figures()) for runtime, output in judged),
        )


def _proof_row(proof: Proof) -> tuple[str, ...]:
    verdict = "ok" if proof.ok else "OUT OF LIMITS"
    if proof.status == "not run":
        verdict = "not run"
    largest, mean = (
        "" if error is None else f"{error:.2g}"
        for error in (proof.max_abs_error, proof.mean_abs_error)
    )
    why = f"{verdict}: {proof.reason}" if proof.reason else verdict
    return (proof.file, proof.runtime, proof.device, proof.against, largest, mean, why)


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
            print(f"edgekit: {precision}: {' '.join(why.split())}", file=sys.stderr)
    return 2 if refused else 0 if result.ok else 1


def _conversion_json(result: Conversion) -> dict[str, object]:
    artifact = result.artifact
    return {
        "file": artifact.path,
        "ok": result.ok,
        "verdict": result.verdict,
        "precision": artifact.precision,
        "size_bytes": artifact.size_bytes,
        "notes": result.notes,
        "proofs": result.proofs,
    }


def _show_file(result: Conversion) -> None:
    artifact = result.artifact
    for note in result.notes:
        print(note)
    show_proofs(result.proofs, json=False)
    size = f"{artifact.size_bytes:,} bytes"
    print(f"{artifact.path}: {artifact.precision}, {size}, {result.verdict}.")
