"""The version an operator needs, computed from its types and options, and the runtime that has it.

The version written in a file is a claim of its writer: some quantizers leave 1 where the types ask
for more, and an older runtime then loads the file and answers nonsense. So it is derived here. An
operator whose needs are not known gives None, never a guess.

Source: the conditions are those of op_version.cc and op_signature.cc in
https://github.com/google-ai-edge/LiteRT/tree/main/tflite/converter/tools/versioning (2026). There,
the first condition that holds decides; here, the one that asks for most, because an operator with
two features needs both. Releases: runtime_version.cc in the same folder, kept as
`runtime_versions.json` beside this file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from edgekit.core.paths import packaged
from edgekit.operators.conditions import view_of
from edgekit.operators.late_types import LATE_RULES, LATE_TYPES
from edgekit.operators.version_rules import RULES
from edgekit.tflite.editing import code_of, operators_of
from edgekit.tflite.reader import Model, Operator, Subgraph

if TYPE_CHECKING:
    from ai_edge_litert.schema_py_generated import ModelT

_RELEASES = packaged("operators", "runtime_versions.json")


def needed_version(operator: Operator, subgraph: Subgraph) -> int | None:
    """Return the lowest version of an operator that has what this one needs; None if not known.

    Args:
        operator: An operator of `subgraph`.
        subgraph: Holds its tensors.
    """
    known = _releases().get(operator.name)
    if known is None:
        return None
    view = view_of(operator, subgraph)
    needs = [version for version, condition in RULES.get(operator.name, ()) if condition(view)]
    for late in view.types & LATE_TYPES:
        rule = LATE_RULES.get(operator.name, {}).get(late)
        version = rule(view) if callable(rule) else rule
        if version is None:
            return None
        needs.append(version)
    return max([min(known), *needs])


def release_with(name: str, version: int) -> str | None:
    """Return the first TFLite release, such as "2.3.0", that has an operator's version.

    Args:
        name: As in `Operator.name`.
        version: Of the operator.

    Returns:
        None if the table does not hold it.
    """
    return _releases().get(name, {}).get(version)


def raise_versions(model: ModelT, facts: Model) -> dict[str, tuple[int, int]]:
    """Write into a file the version that each operator needs, where it claims a lower one.

    A runtime that lacks the version then refuses the file, and does not answer nonsense.

    Args:
        model: The unpacked file; it is changed.
        facts: What was read of the same file.

    Returns:
        Name of an operator -> the lowest version claimed and the highest needed, of those changed.
    """
    from ai_edge_litert import schema_py_generated as schema

    raised: dict[str, tuple[int, int]] = {}
    for graph, known in zip(model.subgraphs, facts.subgraphs, strict=True):
        for operator, fact in zip(graph.operators or [], known.operators, strict=True):
            needed = needed_version(fact, known) or 0
            if needed <= fact.version:
                continue
            number = operators_of(model)[operator.opcodeIndex]
            operator.opcodeIndex = code_of(schema, model, number, version=needed)
            lowest, highest = raised.get(fact.name, (fact.version, needed))
            raised[fact.name] = (min(lowest, fact.version), max(highest, needed))
    if raised:
        _drop_unused_codes(model)
    return raised


def _drop_unused_codes(model: ModelT) -> None:
    """Leave out operator codes that nothing calls: an interpreter looks for all of them."""
    operators = [each for graph in model.subgraphs for each in graph.operators or []]
    used = sorted({int(operator.opcodeIndex) for operator in operators})
    model.operatorCodes = [model.operatorCodes[index] for index in used]
    for operator in operators:
        operator.opcodeIndex = used.index(int(operator.opcodeIndex))


def minimum_runtime(model: Model) -> tuple[str, tuple[str, ...]]:
    """Return the first TFLite release that has all operators of a model.

    Returns:
        The release, "" if no operator is known; and the names of the operators that are not
        known, which may ask for more.
    """
    newest, unknown = "", set()
    for subgraph in model.subgraphs:
        for operator in subgraph.operators:
            needed = needed_version(operator, subgraph)
            release = release_with(operator.name, max(needed or 1, operator.version))
            if needed is None or release is None:
                unknown.add(operator.name)
            if release is not None:
                newest = max(newest, release, key=_order)
    return newest, tuple(sorted(unknown))


@cache
def _releases() -> Mapping[str, Mapping[int, str]]:
    table = json.loads(_RELEASES.read_text(encoding="utf-8"))["operators"]
    return {name: {int(v): r for v, r in versions.items()} for name, versions in table.items()}


def _order(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part)
