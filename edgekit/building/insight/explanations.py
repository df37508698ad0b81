"""The step of a build that says where a file loses precision, for files that are out of limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from edgekit.building.converting import Sources
from edgekit.building.evaluation import to_explain
from edgekit.building.parts import MODEL, Files
from edgekit.building.plan import Plan
from edgekit.building.run_folder import calibration_path
from edgekit.building.step_cache import step
from edgekit.core.errors import EdgekitError
from edgekit.core.kinds import Artifact
from edgekit.core.parallel import part
from edgekit.core.paths import sha256
from edgekit.core.report import ExplainedFile, Row
from edgekit.core.types import Progress
from edgekit.core.variant import Variant
from edgekit.explaining.summary import summarized
from edgekit.intake.options import read_noted
from edgekit.verbs.explain import SHORT_BUDGET_S, SHORT_EXAMPLES, explain


def explain_files(
    plan: Plan,
    sources: Sources,
    converted: Mapping[Variant, Files],
    rows: Sequence[Row],
    progress: Progress,
) -> tuple[ExplainedFile, ...]:
    """Explain the quantized files that are out of limits, or of which an output is."""
    wanted = [
        (variant, name, SHORT_BUDGET_S if is_refused else 0.0)
        for variant, name, is_refused in to_explain(converted, rows)
        # One that was trained to be rounded has no float twin.
        if not sources[variant.optimization][name].is_dir()
    ]
    explained = []
    for index, (variant, name, budget_s) in enumerate(wanted):
        doing = part(progress, index / len(wanted), (index + 1) / len(wanted), f"{variant}: ")
        source, file = sources[variant.optimization][name], converted[variant][name]
        try:
            each = _explained(plan, variant, file, source, budget_s, doing)
        except EdgekitError as error:  # tried again the next time
            each = ExplainedFile(variant=str(variant), part=_named(name), problem=str(error))
        explained.append(each)
    return tuple(explained)


def _explained(
    plan: Plan, variant: Variant, file: Artifact, source: Path, budget_s: float, progress: Progress
) -> ExplainedFile:
    """Explain one file, in the short form; next steps are tried if there is time for them."""
    name = file.path.stem
    calibration = calibration_path(plan.folder, name)

    def action() -> ExplainedFile:
        explanation = explain(
            file.path,
            source,
            calibration,
            options=replace(
                read_noted(file.made_by.get("options", "")), custom=plan.choice.code_for(source)
            ),
            examples=SHORT_EXAMPLES,
            budget_s=budget_s,
            out=Path(f"{variant}-{name}.tflite"),
            progress=progress,
        )
        return summarized(
            explanation, variant=str(variant), part=_named(name), examples=SHORT_EXAMPLES
        )

    return step(
        plan.folder,
        f"explain-{variant}-{name}",
        ExplainedFile,
        inputs={
            **plan.base,
            "file": file.sha256,
            "source": sha256(source),
            "calibration": sha256(calibration),
            "budget": budget_s,
        },
        code=plan.code["explain"],
        action=action,
    )


def _named(name: str) -> str:
    """Return the name of a part in a report; "" for a model of one file."""
    return "" if name == MODEL else name
