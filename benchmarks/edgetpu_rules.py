"""Score the Edge TPU predictions against what the official compiler did, operator by operator.

    python benchmarks/edgetpu_rules.py [--truth FILE]

The truth is `compiled_ground_truth.json`: published models beside their compiled form. Most
operators are mapped, so plain accuracy says nothing; what counts is finding those left on the CPU.

- recall: of the operators left on the CPU, the share predicted "no".
- precision: of the operators predicted "no", the share left on the CPU.
- "unknown" is no prediction: it is never right. A CPU operator called unknown lowers recall; since
  no claim was made, precision is not touched. Beside it stands what recall and precision would be
  if every unknown were read as "no".
- A graph is wholly right if every operator is predicted, and predicted right.
- Where a model's file is there, its real graph is judged. Where only the list of operators is,
  options are not known and taken to be the default, and edges are not known: it is judged without
  any edge and with every edge that types and shapes allow. Where both agree the truth, which lies
  between, is scored; where they differ the operator is left out, and counted as left out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from edgekit.edgetpu.evidence import OBSERVED, unknown, yes
from edgekit.edgetpu.facts import OperatorFacts, Ruling, TensorFacts, facts_of
from edgekit.edgetpu.partition import Rule, predict
from edgekit.edgetpu.rules import judge
from edgekit.tflite.reader import read

TRUTH = "compiled_ground_truth.json"


@dataclass(frozen=True, kw_only=True)
class Scored:
    """One operator: whether the compiler left it on the CPU, and what was predicted."""

    graph: str
    operator: OperatorFacts
    on_cpu: bool
    ruling: Ruling | None  # None: cannot be judged, for want of the graph's edges

    @property
    def right(self) -> bool:
        """Whether a prediction was made, and is right."""
        return self.ruling is not None and self.ruling.verdict == ("no" if self.on_cpu else "yes")


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A model of the truth: its operators under both readings of its edges, equal if known."""

    name: str
    from_file: bool
    on_cpu: frozenset[int]
    fewest_edges: tuple[OperatorFacts, ...]
    most_edges: tuple[OperatorFacts, ...]

    def score(self, rule: Rule) -> list[Scored]:
        """Judge every operator by a rule for single operators."""
        least, most = predict(self.fewest_edges, rule=rule), predict(self.most_edges, rule=rule)
        pairs = zip(self.most_edges, least.rulings, most.rulings, strict=True)
        return [
            Scored(
                graph=self.name,
                operator=op,
                on_cpu=op.index in self.on_cpu,
                ruling=two if one.verdict == two.verdict else None,
            )
            for op, one, two in pairs
        ]


def main() -> int:
    """Print the score; return the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--truth", type=Path, default=_default_truth(), help=TRUTH)
    truth = parser.parse_args().truth
    if not truth.is_file():
        print(f"There is no '{truth}'; give --truth FILE or set EDGEKIT_EDGETPU.", file=sys.stderr)
        return 2
    graphs = [_graph(model, truth.parent) for model in json.loads(truth.read_text())["models"]]
    rules = {
        "all rules": judge,
        "without limits taken from graphs": _only_written,
        "always mapped": _always_mapped,
    }
    scores = {name: [s for g in graphs for s in g.score(r)] for name, r in rules.items()}
    print("\n".join([*_setting(graphs, scores["all rules"]), "", *_table(scores), ""]))
    print("\n".join(_misses(scores["all rules"])))
    return 0


def _setting(graphs: Sequence[Graph], scored: Sequence[Scored]) -> Iterable[str]:
    without = [graph for graph in graphs if not graph.from_file]
    out = [s for s in scored if s.ruling is None]
    cpu = sum(s.on_cpu for s in scored)
    yield f"{len(graphs)} graphs, {len(scored)} operators, {cpu} of them left on the CPU"
    yield (
        f"{len(without)} graphs without their file, judged from lists of operators; there "
        f"{len(out)} operators, {sum(s.on_cpu for s in out)} of them on the CPU, hang on edges "
        "that are not known and are left out"
    )


def _table(scores: Mapping[str, Sequence[Scored]]) -> Iterable[str]:
    wide = 26
    yield " " * 34 + "".join(f"{name:>{wide}}" for name in ("recall", "precision", "graphs right"))
    for name, scored in scores.items():
        judged = [s for s in scored if s.ruling is not None]
        yield f"{name:<34}" + "".join(f"{cell:>{wide}}" for cell in _cells(judged, scored))
        unknowns = [s for s in judged if s.ruling and s.ruling.verdict == "unknown"]
        if unknowns:
            cells = _cells([_unknown_as_no(s) for s in judged], scored)[:2]
            label = f"  {len(unknowns)} unknown; read as 'no':"
            yield f"{label:<34}" + "".join(f"{cell:>{wide}}" for cell in cells)


def _unknown_as_no(scored: Scored) -> Scored:
    if scored.ruling is None or scored.ruling.verdict != "unknown":
        return scored
    return replace(scored, ruling=replace(scored.ruling, verdict="no"))


def _cells(judged: Sequence[Scored], scored: Sequence[Scored]) -> tuple[str, str, str]:
    claimed = [s for s in judged if s.ruling and s.ruling.verdict == "no"]
    on_cpu = [s for s in judged if s.on_cpu]
    hits = sum(s.on_cpu for s in claimed)
    left_out = {s.graph for s in scored if s.ruling is None}
    whole = {s.graph for s in judged} - left_out
    wrong = {s.graph for s in judged if not s.right}
    return (
        _share(hits, len(on_cpu)),
        _share(hits, len(claimed)),
        _share(len(whole - wrong), len(whole)),
    )


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({100 * part / whole:.1f} %)" if whole else "none claimed"


def _misses(scored: Sequence[Scored]) -> Iterable[str]:
    misses = [s for s in scored if s.ruling is not None and not s.right]
    yield f"Not predicted right: {len(misses)}"
    for miss in misses:
        assert miss.ruling is not None
        where = "on the CPU" if miss.on_cpu else "mapped"
        yield (
            f"  {miss.graph}, operator {miss.operator.index} {miss.operator.name}: {where}, "
            f"predicted '{miss.ruling.verdict}' {miss.ruling.reason}"
        )


def _only_written(op: OperatorFacts) -> Ruling:
    """Judge by what is documented or reported; unknown where the limit was read off graphs."""
    ruling = judge(op)
    if ruling.verdict == "no" and ruling.source == OBSERVED:
        return unknown(ruling.reason, ruling.source, ruling.fix)
    return ruling


def _always_mapped(_op: OperatorFacts) -> Ruling:
    return yes("")


def _graph(model: Mapping[str, Any], folder: Path) -> Graph:
    file = folder / model["file"] if model.get("file") else None
    from_file = file is not None and file.is_file()
    listed = model["per_op"]
    if file is not None and from_file:
        fewest = most = facts_of(read(file))
    else:
        most = tuple(_listed(entry, listed) for entry in listed)
        fewest = tuple(replace(op, depends_on=()) for op in most)
    return Graph(
        name=f"{model['repo']} {model['model']}",
        from_file=from_file,
        on_cpu=frozenset(model["cpu_op_indices"]),
        fewest_edges=fewest,
        most_edges=most,
    )


def _listed(entry: Mapping[str, Any], listed: Sequence[Mapping[str, Any]]) -> OperatorFacts:
    """Return an operator's facts from its line, with every edge that types and shapes allow."""
    reads = [tensor[:2] for tensor in entry["in_"] if tensor is not None and not tensor[2]]
    earlier = (other for other in listed if other["i"] < entry["i"])
    producers = (other["i"] for other in earlier if any(out in reads for out in other["out"]))
    return OperatorFacts(
        index=entry["i"],
        name=entry["op"],
        version=entry["v"],
        inputs=tuple(tensor and _tensor(*tensor) for tensor in entry["in_"]),
        outputs=tuple(_tensor(*tensor) for tensor in entry["out"]),
        depends_on=tuple(producers),
    )


def _tensor(dtype: str, shape: Sequence[int], is_constant: bool = False) -> TensorFacts:
    return TensorFacts(dtype=dtype.lower(), shape=tuple(shape), is_constant=is_constant)


def _default_truth() -> Path:
    beside = Path(__file__).resolve().parent.parent.parent / "shared" / "edgetpu"
    return Path(os.environ.get("EDGEKIT_EDGETPU") or beside) / TRUTH


if __name__ == "__main__":
    sys.exit(main())
