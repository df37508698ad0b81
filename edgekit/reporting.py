"""A build's report as JSON and back: the `report.json` of a run folder, checked field by field."""

from __future__ import annotations

import dataclasses
import json
import math
import typing
from collections.abc import Mapping
from pathlib import Path
from types import UnionType
from typing import Any, Literal

from edgekit.errors import BadData, NotFound
from edgekit.types import Metric, Report, Row

FILE_NAME = "report.json"

_REMEDY = "build it again with `edgekit build`"
_PLAIN = {str: "a text", int: "an integer", bool: "true or false", list: "a list"}
_REQUIRED_OF_A_ROW = ("variant", "precision", "runtime", "device", "status")


def to_json(report: Report) -> dict[str, Any]:
    """Return a report as JSON values, in the stable form of `report.json`.

    JSON has no NaN and no infinity: such a figure of a row becomes null, its reason remains.

    Raises:
        BadData: The reference or baseline value is not finite, so nothing can be compared with it.
    """
    name, value = report.baseline
    for what, number in (("reference", report.reference), ("baseline", value)):
        if not math.isfinite(number):
            raise BadData(f"The {what} of the report is {number}; it must be finite: train again.")
    return {
        "recipe": report.recipe,
        "size": report.size,
        "seed": report.seed,
        "metric": dataclasses.asdict(report.metric),
        "reference": report.reference,
        "baseline": {"name": name, "value": value},
        "rows": [_row_to_json(row) for row in report.rows],
        "date": report.date,
        "machine": report.machine,
        "versions": dict(report.versions),
        "train_seconds": report.train_seconds,
        "notes": list(report.notes),
    }


def from_json(found: Any) -> Report:
    """Return the report that `to_json` wrote; keys it does not know are ignored.

    Raises:
        BadData: A key is missing, or holds another kind of value.
    """
    keys = {field.name for field in dataclasses.fields(Report)} - {"metric", "baseline", "rows"}
    types = typing.get_type_hints(Report)
    values = {key: _value(types[key], _key(found, key, "report"), key) for key in sorted(keys)}
    metric = _key(found, "metric", "report")
    baseline = _key(found, "baseline", "report")
    rows = _value(list, _key(found, "rows", "report"), "rows")
    return Report(
        **values,
        metric=_fields(Metric, metric, ("name", "higher_is_better"), "metric"),
        baseline=(
            _value(str, _key(baseline, "name", "baseline"), "baseline.name"),
            _value(float, _key(baseline, "value", "baseline"), "baseline.value"),
        ),
        rows=tuple(
            _fields(Row, row, _REQUIRED_OF_A_ROW, f"rows[{index}]")
            for index, row in enumerate(rows)
        ),
    )


def load(run_dir: Path) -> Report:
    """Read the report of a run folder.

    Args:
        run_dir: A build's folder such as `runs/image_cnn`, or its `report.json` itself.

    Raises:
        NotFound: There is no `report.json`.
        BadData: It is not a report.
    """
    path = run_dir / FILE_NAME if run_dir.is_dir() else run_dir
    if not path.is_file():
        raise NotFound(f"'{run_dir}' holds no {FILE_NAME}; `edgekit build` writes it.")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadData(f"'{path}' is not JSON; {_REMEDY}.") from error
    try:
        return from_json(found)
    except BadData as error:
        raise BadData(f"'{path}': {error}") from error


def _row_to_json(row: Row) -> dict[str, Any]:
    fields = dataclasses.asdict(row)
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in fields.items()
    }


def _fields(kind: type[Any], found: Any, required: tuple[str, ...], where: str) -> Any:
    """Return a dataclass of `kind` from a JSON object; what is not required may be missing."""
    types = typing.get_type_hints(kind)
    for key in required:
        _key(found, key, where)
    known = {key: value for key, value in found.items() if key in types}
    return kind(**{key: _value(types[key], known[key], f"{where}.{key}") for key in known})


def _key(found: Any, key: str, where: str) -> Any:
    if not isinstance(found, dict):
        raise BadData(f"{where} is {_shown(found)}; it must be a JSON object: {_REMEDY}.")
    if key not in found:
        raise BadData(f"{where} has no '{key}', which every report has; {_REMEDY}.")
    return found[key]


def _value(expected: Any, found: Any, where: str) -> Any:
    """Return a JSON value as the type of the field it is for."""
    origin, choices = typing.get_origin(expected), typing.get_args(expected)
    if origin is UnionType and type(None) in choices:  # the only unions are `X | None`
        return None if found is None else _value(choices[0], found, where)
    if origin is Literal:
        fits, converted, allowed = found in choices, found, f"one of {', '.join(choices)}"
    elif origin is tuple:
        fits = isinstance(found, list) and all(isinstance(item, str) for item in found)
        converted, allowed = tuple(found) if fits else (), "a list of texts"
    elif origin is Mapping:
        fits = isinstance(found, dict) and all(isinstance(item, str) for item in found.values())
        converted, allowed = found, "an object of texts"
    elif expected is float:
        fits, converted, allowed = _is_number(found), found, "a finite number"
    else:
        fits = isinstance(found, expected) and not (expected is int and isinstance(found, bool))
        converted, allowed = (
            found,
            _PLAIN[expected],
        )
    if not fits:
        raise BadData(f"{where} is {_shown(found)}; it must be {allowed}: {_REMEDY}.")
    return float(converted) if expected is float else converted


def _is_number(found: Any) -> bool:
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    try:
        return math.isfinite(found)
    except OverflowError:  # an integer beyond any float
        return False


def _shown(found: Any) -> str:
    if isinstance(found, list | dict):
        return "a list" if isinstance(found, list) else "an object"
    text = json.dumps(found)
    return text if len(text) <= 40 else f"{text[:40]}..."
