"""The list of a `.tflite` that says which operators it uses, each in which version."""

from __future__ import annotations

from typing import Any


def code_of(schema: Any, model: Any, operator: int, *, version: int) -> int:
    """Return the place of an operator in an unpacked model's list; append it if it is not there."""
    for index, code in enumerate(model.operatorCodes):
        if (code.builtinCode, code.version) == (operator, version):
            return index
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = operator
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
