"""What is in a `.tflite`, and what a target's tables say of it, as tables or JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING

from edgekit.cli.output import print_json, say
from edgekit.reporting.terminal.table import Column, Page
from edgekit.reporting.terminal.words import numbered, with_mark

if TYPE_CHECKING:
    from edgekit.bridge.qat.listing import QatLayer
    from edgekit.operators.target import Check, OperatorVerdict
    from edgekit.tflite.metadata.values import TensorMetadata
    from edgekit.verbs.inspect import InspectedPort, Inspection

MOST_PLACES = 6
"""Places of equal operators that are told; `--json` has all."""


def show_inspection(inspection: Inspection, *, json: bool) -> None:
    """Print what is in a file: a line a figure, a table for inputs, outputs and operators."""
    if json:
        print_json(inspection)
        return
    for problem in (*inspection.problems, inspection.metadata_problem):
        if problem:
            say(f"edgekit: {problem}", aside=True)
    page = Page.of_stdout()
    page.fields([*_figures(inspection), *_metadata(inspection)])
    for name, ports in (("inputs", inspection.inputs), ("outputs", inspection.outputs)):
        if ports:
            page.lines()
            columns = (Column(name), Column("shape"), Column("type"), Column("quantization"))
            page.table(columns, map(_port, ports))
    if inspection.operators:
        page.lines()
        page.table(
            (Column("operators"), Column("version", "number"), Column("needs", "number")),
            (
                (_times(o.name, o.count), str(o.version), str(o.needed_version or "?"))
                for o in inspection.operators
            ),
        )


def show_qat(layers: Sequence[QatLayer], *, json: bool) -> None:
    """Print what quantization-aware training does with each layer, and what stops it."""
    if json:
        print_json({"layers": layers})
        return
    page = Page.of_stdout()
    page.table(
        (Column("layer"), Column("class"), Column("rounded by"), Column("what"), Column("because")),
        (
            (
                each.name,
                each.kind,
                each.by or ("stops training" if each.stops else "in float"),
                ", ".join(each.rounded),
                each.reason,
            )
            for each in layers
        ),
    )
    count = sum(1 for each in layers if each.by)
    page.lines(
        (
            "",
            f"{count} of {len(layers)} are rounded in training. Calibration finds the rest's "
            "ranges at conversion.",
        )
    )


def _figures(inspection: Inspection) -> Iterator[tuple[str, str]]:
    for name, value in _fields(inspection):
        if name in ("sparse bytes", "xnnpack sparse path") and not value:  # nothing to leave out
            continue
        if not isinstance(value, tuple) and name not in ("metadata", "metadata problem"):
            yield name, f"{value:.1%}" if name == "sparsity" else _plain(value)


def _metadata(inspection: Inspection) -> Iterator[tuple[str, str]]:
    """Give what a file says of itself: a text each, and one for each tensor."""
    for packed in inspection.packed_files:
        yield "packed file", f"{packed.name}, {packed.size_bytes:,} bytes"
    if not inspection.metadata:
        return
    for name, value in _fields(inspection.metadata):
        if isinstance(value, str) and value:
            yield f"metadata {name}", value
    for side in ("inputs", "outputs"):
        for tensor in getattr(inspection.metadata, side):
            yield f"metadata {side[:-1]}", _tensor_text(tensor)


def _tensor_text(tensor: TensorMetadata) -> str:
    """Return what metadata say of a tensor, on one line."""
    scaled = ""
    if tensor.mean and tensor.std:
        mean, std = (
            ", ".join(f"{value:g}" for value in side) for side in (tensor.mean, tensor.std)
        )
        scaled = f"(x - {mean}) / {std}"
    content = " ".join(filter(None, (tensor.colors, tensor.content)))
    files = ", ".join(f"{each.kind} in {each.name}" for each in tensor.files)
    told = "; ".join(filter(None, (tensor.description, content, scaled, files)))
    return f"{tensor.name}: {told}" if told else tensor.name


def _port(port: InspectedPort) -> tuple[str, ...]:
    return port.name, _plain(port.shape), port.dtype, _plain(port.quantization)


def show_check(check: Check, *, json: bool) -> None:
    """Print a target's verdict: equal operators in one row, the reasons below."""
    if json:
        print_json(check)
        return
    page = Page.of_stdout()
    notes = numbered(map(_why, check.operators))
    costs = [Column(name, "number") for name in ("cycles", "MACs", "SRAM bytes")]
    columns = (
        Column("operator"),
        Column("version", "number"),
        Column("needs", "number"),
        Column("predicted" if check.is_predicted else "verdict", "state"),
        *(costs if check.estimate else ()),
        Column("places"),
    )
    page.table(
        columns,
        (
            _verdict_row(equal, notes, with_costs=bool(check.estimate))
            for equal in _equal(check.operators)
        ),
    )
    if notes:
        page.lines()
        page.notes(notes)
    estimate = [str(check.estimate)] if check.estimate else []
    page.lines(["", *check.problems, *estimate, f"{check.target}: {_verdict_of(check)}."])


def _equal(operators: Sequence[OperatorVerdict]) -> list[list[OperatorVerdict]]:
    """Return the operators in lists of those that differ in their place alone."""
    equal: dict[object, list[OperatorVerdict]] = {}
    for o in operators:
        key = (o.name, o.version, o.needed_version, o.verdict, o.reason, o.fix, o.source)
        equal.setdefault(key, []).append(o)
    return list(equal.values())


def _verdict_row(
    equal: Sequence[OperatorVerdict], notes: Mapping[str, int], *, with_costs: bool
) -> tuple[str, ...]:
    first = equal[0]
    return (
        _times(first.name, len(equal)),
        str(first.version),
        str(first.needed_version or "?"),
        with_mark(first.verdict, _why(first), notes),
        *(_costs(equal) if with_costs else ()),
        "" if first.verdict == "yes" else _places([o.index for o in equal]),
    )


def _costs(equal: Sequence[OperatorVerdict]) -> tuple[str, ...]:
    """Return what equal operators cost together, and the most memory that one of them takes."""
    if any(o.cycles is None for o in equal):
        return "", "", ""
    cycles, macs = (sum(getattr(o, field) for o in equal) for field in ("cycles", "macs"))
    return f"{cycles:,}", f"{macs:,}", f"{max(o.sram_bytes or 0 for o in equal):,}"


def _why(operator: OperatorVerdict) -> str:
    source = f"[{operator.source}]" if operator.source else ""
    return " ".join(filter(None, (operator.reason, operator.fix, source)))


def _places(indices: Sequence[int]) -> str:
    """Return positions in the file, neighbours together: `0, 3-5 and 12 more`."""
    runs: list[list[int]] = []
    for index in sorted(indices):
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    told = [f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs[:MOST_PLACES]]
    more = sum(map(len, runs[MOST_PLACES:]))
    return ", ".join(told) + (f" and {more} more" if more else "")


def _times(name: str, count: int) -> str:
    return f"{name} x{count}" if count > 1 else name


def _verdict_of(check: Check) -> str:
    """Return what a target's verdict comes to, and of how many operators."""
    verdicts = Counter(operator.verdict for operator in check.operators)
    verdict, accepted = "will run" if check.ok else "will NOT run", "accepted"
    if check.is_predicted:
        verdict = f"is predicted {'to' if check.ok else 'NOT to'} run"
        accepted = "predicted to be accepted"
    unknown = ""
    if verdicts["unknown"]:
        unknown = f", and of {verdicts['unknown']} it is not known"
        if check.ok and not verdicts["no"]:  # else the CPU takes what an accelerator does not
            verdict = "may run"
    yes, total = verdicts["yes"], len(check.operators)
    return f"{verdict}; {yes} of {total} operators are {accepted}{unknown}"


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """Give the fields of a dataclass, named in words."""
    if is_dataclass(value):
        for field in fields(value):
            yield field.name.replace("_", " "), getattr(value, field.name)


def _plain(value: object) -> str:
    if value is None:
        return ""
    if is_dataclass(value):
        value = dict(_fields(value))
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_plain(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return "x".join(map(str, value)) if all(isinstance(v, int) for v in value) else str(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
