"""Where the Edge TPU rules come from, and how good each source is.

Google never published the compiler's rules in full, so every verdict says what it rests on:

- documented (D): read in a stored copy of a document.
- reported (I): read in an issue or a compiler log.
- observed (G): seen in models that were published together with their compiled form.
- recalled (M): remembered from coral.ai, whose stored copies are cut off; a hint.
- inferred (I): follows from reported cases, but nobody wrote it down.
"""

from __future__ import annotations

from edgekit.edgetpu.facts import Ruling

TABLE_2019 = (
    "documented (D): operator table of coral.ai, 2019 copy, github.com/dgist-datalab/"
    "Datalab_Intern, Edge_TPU/convert_model_for_Edge_TPU.md"
)
TABLE_2021 = (
    "documented (D): operator table of coral.ai, 2021 copy, developer.axis.com, "
    "artpec-7/supported-ops"
)
TIPS = "documented (D): developer.axis.com, artpec-7/optimization-tips"
REQUIREMENTS = (
    "documented (D): model requirements of coral.ai, copies of 2019 (github.com/dgist-datalab/"
    "Datalab_Intern) and at developer.axis.com, artpec-7/optimization-tips"
)
RECALLED = "recalled (M), not verified: operator table, coral.ai/docs/edgetpu/models-intro"
OBSERVED = "observed (G): published models beside their compiled form"
TFLITE_VERSIONS = (
    "inferred (I) from github.com/google-coral/edgetpu/issues/631, 845 and 879; versions: "
    "google-ai-edge/LiteRT, tflite/converter/tools/versioning/runtime_version.cc"
)


def issue(number: int, *, repository: str = "google-coral/edgetpu") -> str:
    """Return the reference to a GitHub issue, as a source."""
    return f"reported (I): github.com/{repository}/issues/{number}"


def no(reason: str, source: str, fix: str) -> Ruling:
    """Rule that an operator stays on the CPU."""
    return Ruling(verdict="no", reason=reason, source=source, fix=fix)


def unknown(reason: str, source: str, fix: str) -> Ruling:
    """Rule that nothing known decides it."""
    return Ruling(verdict="unknown", reason=reason, source=source, fix=fix)


def yes(source: str, note: str = "") -> Ruling:
    """Rule that an operator is mapped if the partition reaches it."""
    return Ruling(verdict="yes", reason=note, source=source)
