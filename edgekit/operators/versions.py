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

from edgekit.core.paths import packaged
from edgekit.operators.conditions import view_of
from edgekit.operators.late_types import LATE_RULES, LATE_TYPES
from edgekit.operators.version_rules import RULES
from edgekit.tflite.reader import Model, Operator, Subgraph

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
