"""What a build measured: one row for each variant on each runtime and device."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekit.core.recipe import Metric
from edgekit.core.types import Size


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Latency of single invocations, timed inside the worker, warm-up left out.

    Attributes:
        latencies_ms: One per run.
        peak_memory_bytes: Largest resident size of the worker process.
    """

    latencies_ms: tuple[float, ...]
    peak_memory_bytes: int

    @property
    def median_ms(self) -> float:
        """Median latency in milliseconds."""
        return float(np.median(self.latencies_ms))

    @property
    def p90_ms(self) -> float:
        """90th percentile of the latency in milliseconds."""
        return float(np.percentile(self.latencies_ms, 90))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a report: a variant on a runtime on a device. Fields as in `report.json`.

    Attributes:
        status: "measured", "predicted" by a static target, or "not run".
        value: The recipe's metric, or None.
        drop: How much worse than the float reference on the same examples.
        ok: Whether it is within its limits; None when nothing was measured.
        same_tokens_percent: Share of the reference's output tokens that are the same, position by
            position, where a loop of several parts writes them.
        judged: How each output compares with the reference's, beside its limits.
        reason: Why it was not run, what was predicted, or which limit it broke.
    """

    variant: str
    precision: str
    runtime: str
    device: str
    status: Literal["measured", "predicted", "not run"]
    value: float | None = None
    drop: float | None = None
    drop_limit: float | None = None
    max_abs_error: float | None = None
    mean_abs_error: float | None = None
    cosine: float | None = None
    same_tokens_percent: float | None = None
    latency_ms_median: float | None = None
    latency_ms_p90: float | None = None
    peak_memory_bytes: int | None = None
    size_bytes: int | None = None
    compressed_bytes: int | None = None
    sparsity: float | None = None
    unique_weights: int | None = None
    examples: int | None = None
    ok: bool | None = None
    reason: str = ""
    adapter: str = ""
    judged: str = ""


@dataclass(frozen=True, kw_only=True)
class BaselineScore:
    """What a simpler method scored, in the unit of the recipe's metric."""

    name: str
    value: float


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of a build; `report.json` is this, field by field."""

    recipe: str
    size: Size
    seed: int
    metric: Metric
    reference: float
    baseline: BaselineScore
    rows: tuple[Row, ...]
    date: str
    machine: str
    versions: Mapping[str, str]
    train_seconds: float
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every measured row is within its limits."""
        return all(row.ok is not False for row in self.rows)
