"""What operator tables say of files that were not run, or that did not run where they should."""

from __future__ import annotations

from edgekit.building.measuring.scoring import Outcome
from edgekit.building.parts import MODEL, Files
from edgekit.operators.target import Check
from edgekit.running.place import target
from edgekit.verbs.check import check


def refused(files: Files, name: str, error: Exception) -> Outcome:
    """Say why a variant did not run; it is a failure only where the target's tables promised it."""
    accepted = target(name).precisions
    if any(file.precision not in accepted for file in files.values()):
        return Outcome(status="not run", reason=str(error))
    checks = [check(file.path, name) for file in files.values()]
    verdicts = [operator for found in checks for operator in found.operators]
    if all(operator.verdict == "yes" for operator in verdicts):
        promised = all(found.ok for found in checks)
        return Outcome(status="not run", reason=str(error), ok=False if promised else None)
    refused = [o for o in verdicts if o.verdict == "no"] or verdicts
    names = dict.fromkeys(o.name for o in refused if o.verdict != "yes")
    return Outcome(status="not run", reason=f"Stopped by {', '.join(names)}: {error}")


def predicted(files: Files, name: str) -> Outcome:
    """Say what the operator tables say; nothing is compiled or run."""
    checks = {part: check(file.path, name) for part, file in files.items()}
    reason = " ".join(
        ("" if part == MODEL else f"{part}: ") + _told(found) for part, found in checks.items()
    )
    return Outcome(
        status="predicted",
        reason=reason,
        operators=sum(len(found.operators) for found in checks.values()),
        operators_mapped=sum(map(_mapped, checks.values())),
    )


def _mapped(found: Check) -> int:
    return sum(operator.verdict == "yes" for operator in found.operators)


def _told(found: Check) -> str:
    left = [f"{o.name}: {o.reason}" for o in found.operators if o.verdict != "yes"]
    why = next(iter([*found.problems, *left]), "").partition(". ")[0]  # its sources stay out
    told = f"{_mapped(found)} of {len(found.operators)} operators predicted mapped."
    sentences = (told, f"{why.rstrip('.')}." if why else "", f"{found.estimate or ''}")
    return " ".join(filter(None, sentences))
