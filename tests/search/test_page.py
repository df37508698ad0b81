"""The page of a search explains each file: what it trades, what beats it, what it breaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit.core.recipe import Interval, Metric
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


def test_it_is_said_how_sure_a_drop_is_and_when_it_is_within_limits_by_chance(
    tmp_path: Path,
) -> None:
    sure = candidate(
        "int8", 1000, 0.5, 1.0, drop_interval=Interval(low=0.1, high=0.9), examples=200
    )
    doubted = replace(sure, drop_interval=Interval(low=-0.74, high=1.74))
    metric = found().metric
    assert page.doubt_of(sure, metric, LIMITS) == ""
    assert page.doubt_of(doubted, metric, Limits()) == ""  # no limit, so no chance
    assert page.doubt_of(candidate("int8", 1000, 0.5, 1.0), metric, LIMITS) == ""
    said = page.doubt_of(doubted, metric, LIMITS)
    assert said == (
        "That the drop of int8 is within the limit of 1.00 % may be chance: it was measured on 200 "
        "examples, and on others of the same kind it may be -0.7 to 1.7 % (95 % confidence)."
    )
    # Without a limit of the user's, the recipe's own holds.
    assert "of 0.60 %" in page.doubt_of(replace(doubted, drop_limit=0.6), metric, Limits())

    seen = found(candidates=(doubted, *CANDIDATES[1:]), doubt=said)
    assert page.heads_of(seen)[4] == "its 95 % interval"
    by_name = {row[1]: row for row in page.rows_of(seen)}
    assert by_name["int8"][6] == "-0.7 to 1.7"
    assert "its 95 % interval" not in page.heads_of(found())
    assert {len(row) for row in page.rows_of(found())} == {len(page.heads_of(found())) + 3}
    text = page.write(seen, tmp_path).read_text()
    assert said in text
    assert '<td class="number" data-label="its 95 % interval">-0.7 to 1.7</td>' in text
