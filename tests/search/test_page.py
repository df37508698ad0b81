"""The page of a search explains each file: what it trades, what beats it, what it breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit.core.recipe import Metric
from edgekit.search import page
from edgekit.search.candidate import Candidate, Found, Limits, front_of

LIMITS = Limits(max_drop=1.0)


def candidate(variant: str, size: int, drop: float, time: float, **fields: Any) -> Candidate:
    return Candidate(
        variant=variant,
        value=90 - drop,
        drop=drop,
        size_bytes=2 * size,
        compressed_bytes=size,
        latency_ms=time,
        **{"is_sound": True, **fields},
    )


CANDIDATES = (
    candidate("int8", 1000, 0.5, 1.0),
    candidate("dynamic_int8", 1100, 0.5, 2.0),
    candidate("float16", 2000, 0.1, 0.5),
    candidate("int8,per_tensor=1", 900, 3.0, 1.0),
    candidate("int8,mse=1", 950, 9.0, 1.0, is_sound=False, reason="Output 'y' is all zeros."),
    Candidate(variant="int16x8", reason="The converter refused."),
)


def found(**fields: Any) -> Found:
    front = tuple(each.variant for each in front_of(CANDIDATES, LIMITS))
    known: dict[str, Any] = {
        "recipe": "mine",
        "target": "cpu",
        "runtime": "tflite-runtime",
        "device": "local",
        "size": None,
        "seed": None,
        "metric": Metric(name="accuracy", unit="%"),
        "reference": 90.0,
        "limits": LIMITS,
        "candidates": CANDIDATES,
        "front": front,
        "recommended": front[0],
        "why": "int8 is the smallest.",
        "command": "edgekit convert mine.keras --out mine.tflite",
        "date": "2026-01-01",
        "machine": "a machine",
        "model": "mine.keras",
        "file": "runs/optimize/mine/mine.tflite",
        "notes": ("Drop: points of accuracy.",),
    }
    return Found(**{**known, **fields})


def test_every_file_has_its_reason() -> None:
    verdicts = {row[1]: row[-1] for row in page.rows_of(found())}
    assert verdicts == {
        "int8": "recommended: the smallest within limits",
        "dynamic_int8": "int8 is no worse in anything",
        "float16": "beside the recommended: 2.00 times the size, 0.40 less drop, "
        "2.00 times as fast",
        "int8,per_tensor=1": "its answers are worse than allowed",
        "int8,mse=1": "Output 'y' is all zeros.",
        "int16x8": "The converter refused.",
    }


def test_a_page_of_a_model_says_where_the_file_is_and_a_recipe_s_what_was_built(
    tmp_path: Path,
) -> None:
    text = page.write(found(), tmp_path).read_text()
    assert "runs/optimize/mine/mine.tflite" in text
    assert "The model mine.keras scores 90.00 % accuracy" in text
    assert "size None" not in text
    assert "in sight: the drop that is allowed" in text
    built = page.write(found(model="", size="tiny", seed=3), tmp_path).read_text()
    assert "size tiny, seed 3" in built
    assert "Keras reference scores" in built
    assert "Dashed" not in page.write(replace(found(), limits=Limits()), tmp_path).read_text()
