"""An explanation as a build's report has it: the layers that matter, the rest counted."""

from __future__ import annotations

from edgekit.core.report import ExplainedFile, ExplainedLayer, TriedStep
from edgekit.explaining.laboratory import Tried
from edgekit.explaining.printing import ROWS, Explained, because
from edgekit.explaining.ranking import LayerNoise


def summarized(explanation: Explained, *, variant: str, part: str, examples: int) -> ExplainedFile:
    """Return what of an explanation stands in a report.

    Args:
        explanation: Of a file of a build.
        variant: Of that file.
        part: Of the model, if it has several; else "".
        examples: How many were compared at most.
    """
    return ExplainedFile(
        variant=variant,
        part=part,
        examples=examples,
        layers=tuple(map(_layer, explanation.layers[:ROWS])),
        more_layers=max(len(explanation.layers) - ROWS, 0),
        patterns=tuple(pattern.sentence for pattern in explanation.patterns),
        tried=tuple(map(_step, explanation.tried)),
        skipped=explanation.skipped,
        advice=explanation.advice,
    )


def _layer(noise: LayerNoise) -> ExplainedLayer:
    return ExplainedLayer(
        layer=noise.layer,
        kind=noise.kind,
        blame=noise.blame,
        snr_db=noise.worst.snr_db,
        own_db=noise.worst.own_db,
        inherited_db=noise.worst.inherited_db,
        because=because(noise),
    )


def _step(tried: Tried) -> TriedStep:
    return TriedStep(
        what=tried.what,
        size_bytes=tried.size_bytes,
        ok=tried.ok,
        figures=tried.judged or tried.reason,
    )
