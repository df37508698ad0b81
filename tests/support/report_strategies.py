"""Hypothesis strategies for reports."""

from __future__ import annotations

from hypothesis import strategies as st

from edgekit.core.recipe import Metric
from edgekit.core.report import BaselineScore, Report, Row

numbers = st.floats(allow_nan=False, allow_infinity=False)
counts = st.integers(0, 2**53)
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
)
reports = st.builds(
    Report,
    recipe=st.text(),
    size=st.sampled_from(("tiny", "full")),
    seed=st.integers(),
    metric=st.builds(Metric, name=st.text(), unit=st.text(), higher_is_better=st.booleans()),
    reference=numbers,
    baseline=st.builds(BaselineScore, name=st.text(), value=numbers),
    rows=st.lists(rows, max_size=4).map(tuple),
    date=st.text(),
    machine=st.text(),
    versions=st.dictionaries(st.text(), st.text(), max_size=3),
    train_seconds=numbers,
    notes=st.lists(st.text(), max_size=2).map(tuple),
)
