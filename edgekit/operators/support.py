"""Check a model against measured tables of operators; the targets differ in their tables only.

What was not measured is "unknown", never a guess.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase
from functools import partial
from typing import NamedTuple

from edgekit.core import registry
from edgekit.operators.measured import (
    LITERT,
    WHOLE_FILE,
    Column,
    measured,
    rank_of,
    source,
    trait_key,
    type_key,
)
from edgekit.operators.target import Check, OperatorVerdict
from edgekit.operators.traits import DOUBTFUL, REMEDIES, file_traits, traits_of
from edgekit.operators.versions import needed_version, release_with
from edgekit.tflite.graph_check import called_subgraphs
from edgekit.tflite.reader import Model, Operator, Subgraph


class Refusal(NamedTuple):
    """Why an operator will not run, and what to do about it: two sentences."""

    reason: str
    fix: str


def check_model(model: Model, *, target: str, column: Column) -> Check:
    """Return the verdict on every operator of the main subgraph, and on the file as a whole.

    Args:
        model: The file; what is refused in loop bodies and branches counts as its problem.
        target: The target's name, for the result.
        column: The runtime's part of the tables.
    """
    verdicts = tuple(_verdict(operator, model.main, column) for operator in model.main.operators)
    inner = tuple(_inner_problems(model, column))
    fatal = (*_empty(model), *inner, *_special(model, column))
    return Check(
        target=target,
        ok=not fatal and all(verdict.verdict != "no" for verdict in verdicts),
        operators=verdicts,
        problems=(*fatal, *_dynamic(model)),
    )


def file_problems(model: Model, *, brought: Collection[str] = ()) -> tuple[str, ...]:
    """Return why no runtime will run a file, as sentences; () for a good file.

    Args:
        model: The file.
        brought: Custom operators that the runtime in question brings along.
    """
    strange = {
        operator.name.removeprefix(_CUSTOM)
        for subgraph in model.subgraphs
        for operator in subgraph.operators
        if operator.name.startswith(_CUSTOM) and not measured(operator.name, LITERT).versions
    }
    unknown = sorted(name for name in strange if not _is_brought(name, brought))
    refusals = (_custom_refusal(name) for name in unknown)
    return (*_empty(model), *(f"{refusal.reason} {refusal.fix}" for refusal in refusals))


def _verdict(operator: Operator, subgraph: Subgraph, column: Column) -> OperatorVerdict:
    needed = needed_version(operator, subgraph)
    conclude = partial(
        OperatorVerdict,
        index=operator.index,
        name=operator.name,
        version=operator.version,
        needed_version=needed,
        source=f"{source()}, {column.runtime}",
    )
    refusal = _version_refusal(operator, needed, column)
    refusal = refusal or _measured_refusal(operator, subgraph, column)
    if refusal:
        return conclude(verdict="no", reason=refusal.reason, fix=refusal.fix)
    doubt = _doubt(operator, subgraph, column) or (needed is None and _NO_VERSION)
    if doubt:
        return conclude(verdict="unknown", reason=doubt, fix=_RUN_IT)
    return conclude(verdict="yes")


_CUSTOM = "CUSTOM:"
_NO_VERSION = "Which version it needs is not known."
_RUN_IT = "Run it to find out: edgekit verify."


def _version_refusal(operator: Operator, needed: int | None, column: Column) -> Refusal | None:
    """Return why an operator's version will not do; None if it will."""
    name, versions = operator.name, measured(operator.name, column).versions
    if name.startswith(_CUSTOM):
        # The accelerator was not asked for those that its runtime brings along.
        known = versions or (not column.asked_all and measured(name, LITERT).versions)
        return None if known else _custom_refusal(name.removeprefix(_CUSTOM))
    if not versions:
        absent = Refusal(f"{column.runtime} does not have it.", column.remedy)
        return absent if column.asked_all else None
    newest = max(versions)
    if operator.version not in versions:
        has = f"{column.runtime} has {_range(versions)}"
        reason = f"The file asks for version {operator.version}; {has}."
        return Refusal(reason, _newer(name, operator.version, column))
    if needed is not None and needed > newest and not column.strict:
        reason = (
            f"Its types and options need version {needed}; {column.runtime} has up to {newest}. "
            f"The file says {operator.version}, so it loads and answers wrong."
        )
        fix = (
            f"{_newer(name, needed, column)} `edgekit slim --fix-versions` makes others refuse it."
        )
        return Refusal(reason, fix)
    return None


def _range(versions: Collection[int]) -> str:
    return f"{min(versions)} to {max(versions)}" if len(versions) > 1 else f"{min(versions)} only"


def _newer(name: str, version: int, column: Column) -> str:
    release = release_with(name, version)
    return f"{column.remedy} TFLite {release} has it." if release else column.remedy


def _measured_refusal(operator: Operator, subgraph: Subgraph, column: Column) -> Refusal | None:
    """Return what was seen to go wrong with an operator of these types, rank and traits."""
    known = measured(operator.name, column)
    types, rank = type_key(operator, subgraph), rank_of(operator, subgraph)
    if words := known.types_refused.get(types):
        return Refusal(f"With {types}, {column.runtime} {_said(words)}", column.remedy)
    if not _is_folded(operator, subgraph) and (words := known.ranks_refused.get(str(rank))):
        return Refusal(f"At rank {rank}, {column.runtime} {_said(words)}", column.remedy)
    for trait in traits_of(operator, subgraph):
        if words := known.traits_refused.get(trait_key(trait, types)):
            remedy = REMEDIES.get(trait, column.remedy)
            return Refusal(f"With {trait}, {column.runtime} {_said(words)}", remedy)
    return None


def _is_folded(operator: Operator, subgraph: Subgraph) -> bool:
    """Whether an operator only widens numbers of the file, which a runtime does when it loads."""
    return operator.name == "DEQUANTIZE" and all(
        subgraph.tensors[index].is_constant for index in operator.inputs
    )


def _said(words: str) -> str:
    """Return a runtime's refusal as the end of a sentence; what was seen is told as it was."""
    seen = words.startswith(("answers", "crashes", "no answer"))
    return f"{words}." if seen else f'says "{words.rstrip(".")}".'


def _doubt(operator: Operator, subgraph: Subgraph, column: Column) -> str:
    """Return what was not measured; "" if all was."""
    known = measured(operator.name, column)
    types, rank = type_key(operator, subgraph), rank_of(operator, subgraph)
    if types not in known.types:
        return f"It was not measured with {types or 'no types'}."
    if types in known.unsure:
        return f"With {types}, some measured files were answered right, and some were not."
    if column.strict and str(rank) not in known.ranks:
        return f"It was not measured at rank {rank}."
    for trait in traits_of(operator, subgraph):
        doubtful = column.strict or trait in DOUBTFUL
        if doubtful and trait_key(trait, types) not in known.traits:
            return f"It was not measured with {trait}."
        if trait_key(trait, types) in known.unsure:
            return f"With {trait}, some measured files were answered right, and some were not."
    return ""


def _custom_refusal(name: str) -> Refusal:
    """Return why a custom operator will not run."""
    if name.startswith("Flex"):
        return Refusal(
            f"'{name}' is TensorFlow's own operator, which only a Flex delegate runs.",
            "Run it with --runtime tensorflow, or replace the layer it came from.",
        )
    runtimes = registry.names("runtimes")
    if owners := [runtime for runtime in runtimes if _is_brought(name, _brought(runtime))]:
        return Refusal(
            f"The file is compiled for the runtime {owners[0]}, which alone runs '{name}'.",
            "Run it there, or use the file it was compiled from.",
        )
    targets = registry.names("targets")
    if takers := [each for each in targets if registry.get("targets", each).compiled == name]:
        return Refusal(
            f"The file is compiled for the target {takers[0]}, which alone runs '{name}'.",
            "Run it on the device, or use the file it was compiled from.",
        )
    return Refusal(
        f"'{name}' is a custom operator that the runtime does not bring along.",
        "Convert with built-in operators only, or register its kernel yourself.",
    )


def _is_brought(name: str, brought: Collection[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in brought)


def _brought(runtime: str) -> tuple[str, ...]:
    return registry.get("runtimes", runtime).custom_operators


def _empty(model: Model) -> Iterator[str]:
    if not model.main.operators:
        yield "The file has no operators: it computes nothing. Convert the model again."


def _special(model: Model, column: Column) -> Iterator[str]:
    """Yield a sentence for what is special about the file and stops the runtime."""
    for trait in file_traits(model):
        inputs = model.main.inputs
        types = model.main.tensors[inputs[0]].dtype if inputs else ""
        if words := measured(WHOLE_FILE, column).traits_refused.get(trait_key(trait, types)):
            yield f"With {trait}, {column.runtime} {_said(words)} {REMEDIES[trait]}"


def _dynamic(model: Model) -> Iterator[str]:
    for index in model.main.inputs:
        tensor = model.main.tensors[index]
        if -1 in tensor.shape_signature:
            shape = list(tensor.shape_signature)
            yield (
                f"Input '{tensor.name}' has no fixed shape {shape}: it runs with 1 where -1 "
                "stands. Convert with a fixed shape; accelerators want one."
            )


def _inner_problems(model: Model, column: Column) -> Iterator[str]:
    """Yield a sentence for every refused operator of the subgraphs that operators call."""
    seen, todo = {0}, [0]
    while todo:
        current = model.subgraphs[todo.pop()]
        called = {i for operator in current.operators for i in called_subgraphs(operator)} - seen
        seen |= called
        todo += sorted(called)
    for index in sorted(seen - {0}):
        subgraph = model.subgraphs[index]
        for operator in subgraph.operators:
            verdict = _verdict(operator, subgraph, column)
            if verdict.verdict == "no":
                where = f"Subgraph {index} ('{subgraph.name}'), operator {operator.index}"
                yield f"{where}, {operator.name}: {verdict.reason} {verdict.fix}"
