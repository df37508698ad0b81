"""Hypothesis strategies for reports."""

from __future__ import annotations

from hypothesis import strategies as st

from edgekit.core.recipe import Metric
from edgekit.core.report import (
    BaselineScore,
    ExplainedFile,
    ExplainedLayer,
    JudgedOutput,
    Report,
    Row,
    TriedStep,
)

numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**53)
decibels = st.floats(-120, 120)
judged = st.builds(
    JudgedOutput, output=st.text(), kind=st.text(), figures=st.text(), ok=st.booleans()
)
layers = st.builds(
    ExplainedLayer,
    layer=st.text(),
    kind=st.text(),
    blame=st.floats(0, 1),
    snr_db=decibels,
    own_db=decibels,
    inherited_db=decibels,
    because=st.text(),
)
steps = st.builds(
    TriedStep,
    what=st.text(),
    size_bytes=counts,
    ok=st.none() | st.booleans(),
    figures=st.text(),
)
explanations = st.builds(
    ExplainedFile,
    variant=st.text(),
    part=st.text(),
    layers=st.lists(layers, max_size=3).map(tuple),
    more_layers=counts,
    patterns=st.lists(st.text(), max_size=2).map(tuple),
    tried=st.lists(steps, max_size=2).map(tuple),
    skipped=st.lists(st.text(), max_size=2).map(tuple),
    advice=st.text(),
    problem=st.text(),
)
rows = st.builds(
    Row,
    variant=st.text(),
    precision=st.text(),
    runtime=st.text(),
    device=st.text(),
    status=st.sampled_from(("measured", "predicted", "not run")),
    value=st.none() | numbers,
    drop=st.none() | numbers,
    cosine=st.none() | numbers,
    size_bytes=st.none() | counts,
    unique_weights=st.none() | counts,
    ok=st.none() | st.booleans(),
    reason=st.text(),
    adapter=st.text(),
    judged=st.lists(judged, max_size=2).map(tuple),
)
reports = st.builds(
    Report,
    recipe=st.text(),
    size=st.sampled_from(("tiny", "full")),
    seed=st.integers(0, 2**32 - 1),
    metric=st.builds(Metric, name=st.text(), unit=st.text(), higher_is_better=st.booleans()),
    reference=numbers,
    baseline=st.builds(BaselineScore, name=st.text(), value=numbers),
    rows=st.lists(rows, max_size=4).map(tuple),
    date=st.text(),
    machine=st.text(),
    versions=st.dictionaries(st.text(), st.text(), max_size=3),
    train_seconds=numbers,
    notes=st.lists(st.text(), max_size=2).map(tuple),
    explanations=st.lists(explanations, max_size=2).map(tuple),
)
