"""Write bytes and numbers as C arrays that stay in flash memory."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from edgekit.core.errors import BadData
from edgekit.core.types import Array

C_TYPES = {
    "bool": "bool",
    "int8": "int8_t",
    "uint8": "uint8_t",
    "int16": "int16_t",
    "uint16": "uint16_t",
    "int32": "int32_t",
    "uint32": "uint32_t",
    "int64": "int64_t",
    "float32": "float",
}
"""NumPy's name of a type -> C's, of which C99 and C++11 have arrays."""

_WIDTH = 96


def identifier(text: str) -> str:
    """Return a text as a C identifier: `next hidden` is `next_hidden`."""
    clean = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_")
    return clean if clean and not clean[0].isdigit() else f"t_{clean}"


def text_literal(text: str) -> str:
    """Return a text as a C string; what is not ASCII as its bytes in UTF-8."""
    plain = {"\\": "\\\\", '"': '\\"', "?": "\\?", "\n": "\\n"}
    letters = (plain.get(c) or (c if " " <= c <= "~" else _octal(c)) for c in text)
    return '"' + "".join(letters) + '"'


def _octal(letter: str) -> str:
    return "".join(f"\\{byte:03o}" for byte in letter.encode("utf-8", "replace"))


def bytes_array(name: str, content: bytes) -> str:
    """Return the definition of an array of bytes, aligned for a model."""
    return f"MODEL_ALIGNED const unsigned char {name}[] = {{\n{_rows(map(str, content))}\n}};\n"


def numbers_array(name: str, values: Array) -> str:
    """Return the definition of an array of numbers.

    Raises:
        BadData: C has no such type, or a number is none.
    """
    kind = c_type(values)
    numbers = values.ravel()
    if numbers.dtype.kind == "f" and not np.isfinite(numbers).all():
        raise BadData(f"'{name}' holds NaN or infinity, which a C array cannot.")
    return f"const {kind} {name}[] = {{\n{_rows(map(_number, numbers))}\n}};\n"


def c_type(values: Array) -> str:
    """Return C's name of an array's type.

    Raises:
        BadData: There is none.
    """
    if values.dtype.name not in C_TYPES:
        allowed = ", ".join(C_TYPES)
        raise BadData(f"C has no arrays of {values.dtype.name}; a bundle for C holds {allowed}.")
    return C_TYPES[values.dtype.name]


def _number(value: np.generic) -> str:
    if value.dtype.kind == "f":
        return f"{float(value)!r}f"
    if value.dtype.kind == "b":
        return "true" if value else "false"
    if value.dtype.itemsize == 8:
        return "INT64_MIN" if value == np.iinfo(np.int64).min else f"INT64_C({int(value)})"
    return "INT32_MIN" if int(value) == -(2**31) else str(int(value))


def _rows(numbers: Iterator[str] | Sequence[str] | map[str]) -> str:
    lines, line = [], "   "
    for number in numbers:
        if len(line) + len(number) > _WIDTH:
            lines.append(line)
            line = "   "
        line += f" {number},"
    return "\n".join([*lines, line])
