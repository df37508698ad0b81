"""Dataclasses to JSON and back: what is written into run folders and what crosses processes.

Reading is strict: a file that was edited by hand or written by another version is refused with the
location that is wrong, never half understood.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from edgekit.core.errors import BadData, NotFound

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T")
Keys = tuple[str | int, ...]
"""The way to a value inside a JSON value: keys of objects and indices of lists."""

_ALLOWED = {
    "bool_type": "true or false",
    "dataclass_type": "a JSON object",
    "dict_type": "an object",
    "mapping_type": "an object",
    "float_type": "a finite number",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "list_type": "a list",
    "tuple_type": "a list",
    "string_type": "a text",
}
"""Kind of pydantic's error -> what would have been right, in the words of a JSON file."""

_MOST_BITS = 63
_TOO_DEEP = "is nested more deeply than anything edgekit writes; "

Json = Any
"""A JSON value: objects, lists, texts, numbers, true, false and null."""


def to_json(value: object, *, finite: bool = False) -> Json:
    """Return a dataclass, path, number, or a collection of these as a JSON value.

    Args:
        value: What to write.
        finite: Write null for NaN and infinity, which JSON does not have. If False they stay what
            they are, for readers in Python.
    """
    from pydantic_core import to_jsonable_python

    return to_jsonable_python(value, inf_nan_mode="null" if finite else "constants")


def from_json(kind: type[T], value: Json, *, what: str, remedy: str, finite: bool = True) -> T:
    """Return a value of a type, such as a dataclass, from what `to_json` made of it.

    Args:
        kind: A dataclass, or another type with hints such as `tuple[str, ...]`.
        value: The JSON value. Keys that a dataclass does not have are ignored.
        what: What the value is, for the error sentence, such as "report".
        remedy: How to get a right one, such as "build it again".
        finite: Whether NaN, infinity and integers of more than 64 bits are refused.

    Raises:
        BadData: The value is not of that type; the sentence says where.
    """
    from pydantic import ValidationError

    try:
        if finite and (bad := next(_impossible(value, ()), None)):
            keys, number, allowed = bad
            raise BadData(f"{_path(keys) or what} is {number}; it must be {allowed}: {remedy}.")
        # From text, where the strict mode takes a list for a tuple and a text for a path.
        return cast(T, _adapter(kind).validate_json(json.dumps(value), strict=True))  # type: ignore[arg-type]  # a type is hashable
    except RecursionError as error:
        raise BadData(f"{what} {_TOO_DEEP}{remedy}.") from error
    except ValidationError as error:
        raise BadData(f"{_sentence(error.errors(include_url=False)[0], what)}{remedy}.") from error


def read_json(path: Path, *, written_by: str, remedy: str) -> Json:
    """Read a JSON file that edgekit wrote.

    Args:
        path: The file.
        written_by: Said if it is not there, such as "`edgekit build` writes it".
        remedy: How to get a right one, such as "build it again".

    Raises:
        NotFound: There is no such file.
        BadData: It is not JSON, or a folder.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"There is no '{path}'; {written_by}.") from error
    except IsADirectoryError as error:
        raise BadData(f"'{path}' is a folder, and a file is needed; {written_by}.") from error
    except (ValueError, RecursionError) as error:
        raise BadData(f"'{path}' is not JSON; {remedy}.") from error


def json_object(text: str | bytes) -> dict[str, Json]:
    """Return the JSON object that a text of a stranger's holds.

    Raises:
        ValueError, RecursionError: It holds none, or one too deep.
    """
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError("where a JSON object is needed there is none")
    return value


@cache
def _adapter(kind: type[object]) -> TypeAdapter[object]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)


def _impossible(value: Json, keys: Keys) -> Iterator[tuple[Keys, str, str]]:
    """Give the keys that lead to each number that nothing has, its text, and what is allowed."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _impossible(item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _impossible(item, (*keys, index))
    elif isinstance(value, int):
        if value.bit_length() > _MOST_BITS:
            yield keys, _shown(value), "a number of 64 bits"
    elif isinstance(value, float) and not math.isfinite(value):
        yield keys, _shown(value), "a finite number"


def _path(keys: Sequence[str | int]) -> str:
    """Write `("rows", 3, "value")` as `rows[3].value`."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.lstrip(".")


def _sentence(error: ErrorDetails, what: str) -> str:
    """Say what is wrong, where, and what is allowed."""
    if error["type"] == "json_invalid":  # the text is ours, so that only its depth can be wrong
        return f"{what} {_TOO_DEEP}"
    keys = [key for key in error["loc"] if not str(key).startswith("function-")]
    if error["type"] == "missing":
        return f"{_path(keys[:-1]) or what} has no '{keys[-1]}'; "
    allowed = _ALLOWED.get(error["type"], error["msg"].removeprefix("Input should be "))
    if error["type"] == "literal_error":
        choices = str(error["ctx"]["expected"]).replace(" or ", ", ").replace("'", "")
        allowed = f"one of {choices}"
    return f"{_path(keys) or what} is {_shown(error['input'])}; it must be {allowed}: "


def _shown(value: Json) -> str:
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "an object"
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
