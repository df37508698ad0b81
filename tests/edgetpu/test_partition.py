"""Edge TPU predictions for whole graphs: what is refused, the first partition, files."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from ai_edge_litert import schema_py_generated as schema
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core import registry
from edgekit.edgetpu.facts import OperatorFacts, Ruling
from edgekit.edgetpu.partition import predict
from edgekit.edgetpu.rules import version_ceiling
from edgekit.tflite.reader import read
from tests.support.edgetpu_models import (
    Node,
    Tensor,
    chain,
    compiled_model,
    data,
    graph,
    numbers,
    op,
    write_tflite,
)


@pytest.mark.parametrize(
    ("name", "refused"),
    [("CONV_2D", 6), ("TRANSPOSE_CONV", 4), ("EXP", 2), ("QUANTIZE", 3), ("GELU", 1)],
)
def test_a_too_new_version_refuses_the_whole_model(name: str, refused: int) -> None:
    def prediction(version: int) -> tuple[str, ...]:
        model = [op("RELU"), op(name, (numbers(1), data()), index=1, version=version)]
        return tuple(r.reason for r in predict(model).refusals)

    assert f"{name} version {refused}" in prediction(refused)[0]
    assert not (refused > 1 and prediction(refused - 1))
    assert version_ceiling(name) == refused - 1


def test_the_version_needed_counts_even_if_the_file_claims_less() -> None:
    model = [op("RELU"), op("FULLY_CONNECTED", index=1, version=1, needed_version=12)]
    prediction = predict(model)
    assert "FULLY_CONNECTED version 12" in prediction.refusals[0].reason
    assert [r.verdict for r in prediction.rulings] == ["no", "no"]
    assert "refuses the whole model" in prediction.rulings[0].reason


def test_a_model_without_8_bit_operators_is_refused() -> None:
    floating = data(dtype="float32", quantized=False)
    prediction = predict([op("RELU", (floating,), (floating,))])
    assert "not quantized" in prediction.refusals[0].reason
    assert not prediction.ok
    assert predict([op("RELU")]).ok


@pytest.mark.parametrize(
    ("name", "refused"),
    [("CUSTOM:Mystery", True), ("CUSTOM:FlexErf", True),
     ("CUSTOM:TFLite_Detection_PostProcess", False), ("CUSTOM:PosenetDecoderOp", False)],
)  # fmt: skip
def test_only_known_custom_operators_are_let_through(name: str, refused: bool) -> None:
    prediction = predict(chain("RELU", name))
    assert bool(prediction.refusals) is refused
    assert [r.verdict for r in prediction.rulings] == (["no", "no"] if refused else ["yes", "no"])


def test_a_size_computed_while_running_refuses_the_whole_model() -> None:
    size = data(2, dtype="int32", quantized=False)
    prediction = predict([op("RELU"), op("RESHAPE", (data(), size), index=1)])
    assert "computes a size" in prediction.refusals[0].reason
    assert not predict([op("RELU"), op("RESHAPE", (data(), numbers(1, 256)), index=1)]).refusals


def test_a_model_without_operators_is_refused() -> None:
    assert "no operators" in predict([]).refusals[0].reason


def verdicts(operators: tuple[OperatorFacts, ...]) -> list[str]:
    return [ruling.verdict for ruling in predict(operators).rulings]


def test_what_comes_after_a_rejected_operator_stays_on_the_cpu() -> None:
    model = chain("RELU", "LEAKY_RELU", "CAST", "RELU", "RELU")
    assert verdicts(model) == ["yes", "no", "no", "no", "no"]
    last = predict(model).rulings[-1]
    assert "operator 1 (LEAKY_RELU)" in last.reason
    assert "subgraph" in last.reason
    assert "operator 1" in last.fix


def test_rejected_operators_before_the_partition_do_not_stop_it() -> None:
    assert verdicts(chain("CAST", "CAST", "RELU", "RELU")) == ["no", "no", "yes", "yes"]


def test_a_branch_beside_a_rejected_operator_is_mapped() -> None:
    model = graph([("RELU", ()), ("CAST", (0,)), ("RELU", (0,)), ("TANH", (2,)), ("ADD", (1, 3))])
    assert verdicts(model) == ["yes", "no", "yes", "yes", "no"]


def test_behind_an_unknown_operator_all_is_unknown_but_what_is_rejected_anyway() -> None:
    model = chain("RELU", "TRANSPOSE", "RELU", "CAST", "RELU")
    assert verdicts(model) == ["yes", "unknown", "unknown", "no", "no"]
    assert "operator 1 (TRANSPOSE)" in predict(model).rulings[2].reason


def test_an_unknown_operator_at_the_start_does_not_touch_what_follows() -> None:
    assert verdicts(chain("TRANSPOSE", "RELU", "RELU")) == ["unknown", "yes", "yes"]


def ancestors(operators: tuple[OperatorFacts, ...], index: int) -> set[int]:
    found = set(operators[index].depends_on)
    return found.union(*(ancestors(operators, before) for before in found))


graphs = st.lists(
    st.tuples(st.sampled_from(["yes", "no", "unknown"]), st.sets(st.integers(0, 6), max_size=3)),
    min_size=1,
    max_size=7,
).map(
    lambda nodes: graph(
        [(verdict, tuple(b for b in before if b < i)) for i, (verdict, before) in enumerate(nodes)]
    )
)
"""Random graphs whose operators are called after the verdict on them alone."""


def by_name(operator: OperatorFacts) -> Ruling:
    return Ruling(verdict=operator.name)  # type: ignore[arg-type]


@given(graphs)
def test_the_mapped_operators_form_one_piece_with_no_way_out_and_back(
    operators: tuple[OperatorFacts, ...],
) -> None:
    found = [r.verdict for r in predict(operators, rule=by_name).rulings]
    for i, operator in enumerate(operators):
        assert found[i] != "yes" or operator.name == "yes"
        for middle in ancestors(operators, i):
            if found[i] == "yes" and found[middle] != "yes":
                assert not any(found[first] == "yes" for first in ancestors(operators, middle))


@given(graphs)
def test_a_definite_verdict_holds_however_the_unknown_ones_turn_out(
    operators: tuple[OperatorFacts, ...],
) -> None:
    found = [r.verdict for r in predict(operators, rule=by_name).rulings]
    open_ones = [i for i, operator in enumerate(operators) if operator.name == "unknown"]
    for outcome in itertools.product(("yes", "no"), repeat=len(open_ones)):
        names = dict(zip(open_ones, outcome, strict=True))
        settled = tuple(replace(o, name=names.get(o.index, o.name)) for o in operators)
        true = [r.verdict for r in predict(settled, rule=by_name).rulings]
        assert all(a in ("unknown", b) for a, b in zip(found, true, strict=True))


@given(graphs)
def test_the_first_rejected_operator_behind_mapped_ones_cuts(
    operators: tuple[OperatorFacts, ...],
) -> None:
    known = tuple(replace(o, name=o.name.replace("unknown", "no")) for o in operators)
    found = [r.verdict for r in predict(known, rule=by_name).rulings]
    for i, operator in enumerate(known):
        if operator.name == "yes" and found[i] == "no":
            stuck = [a for a in ancestors(known, i) if found[a] == "no"]
            assert any(found[b] == "yes" for a in stuck for b in ancestors(known, a))


def test_check_reads_options_constants_and_edges_from_a_file(tmp_path: Path) -> None:
    dilated = schema.Conv2DOptionsT()
    dilated.dilationHFactor, dilated.dilationWFactor = 2, 1
    tensors = [
        Tensor(),
        Tensor(shape=(4, 3, 3, 4), values=[1] * 144),
        Tensor(shape=(4,), dtype="INT32", values=[0] * 4),
        Tensor(),
        Tensor(values=[7] * 256, zero_point=7),
        Tensor(shape=(1, 8, 8, 8)),
        Tensor(shape=(1, 8, 8, 8)),
    ]
    nodes = [
        Node(name="CONCATENATION", inputs=(0, 4), outputs=(5,), version=2),
        Node(name="CONV_2D", inputs=(0, 1, 2), outputs=(3,), version=3, options=dilated),
        Node(name="CONCATENATION", inputs=(3, 4), outputs=(6,), version=2),
    ]
    model = read(write_tflite(tmp_path / "model.tflite", tensors, nodes))
    check = registry.get("targets", "edgetpu").check(model)
    assert check.ok
    assert [o.verdict for o in check.operators] == ["yes", "no", "yes"]
    assert check.operators[1].reason == ("Its dilation is 2 in y and 1 in x; it must be the same.")
    assert [o.version for o in check.operators] == [2, 3, 2]
    assert check.operators[1].needed_version == 3


def test_check_of_a_compiled_file_says_what_is_in_it(tmp_path: Path) -> None:
    check = registry.get("targets", "edgetpu").check(read(compiled_model(tmp_path / "c.tflite")))
    assert check.ok
    assert check.operators[0].verdict == "yes"
    assert "Already compiled" in check.operators[0].reason


def test_check_of_a_float_file_explains_the_refusal(tmp_path: Path) -> None:
    floating = Tensor(dtype="FLOAT32", scale=None)
    node = Node(name="RELU", inputs=(0,), outputs=(1,))
    model = read(write_tflite(tmp_path / "f.tflite", [floating, floating], [node]))
    check = registry.get("targets", "edgetpu").check(model)
    assert not check.ok
    assert "not quantized" in check.problems[0]
