"""Who is to blame: the layer that loses most, or that forces others to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edgekit.explaining.advice import advice, shortest_of, smallest_of
from edgekit.explaining.laboratory import Request, Tried
from edgekit.explaining.layer_noise import TensorNoise
from edgekit.explaining.noise import decibels
from edgekit.explaining.ranking import float_list, rank
from edgekit.intake.options import Options

PLAIN = TensorNoise(
    layer="a",
    operator="CONV_2D",
    readers=("b",),
    snr_db=40.0,
    own_db=40.0,
    inherited_db=120.0,
    own=1e-4,
    clipped=0.0,
    dead=0,
    channels=8,
    low=-1.0,
    high=1.0,
    step=0.01,
    widest=0,
    spread=1.5,
    magnitude=1.0,
    rms=0.2,
)
KINDS = {"a": "Conv2D", "b": "Add", "c": "Dense"}


def noise(layer: str, own: float, *readers: str, spread: float = 1.5) -> TensorNoise:
    magnitude = spread if spread > 4 else 1.0
    return replace(
        PLAIN,
        layer=layer,
        readers=readers,
        own=own,
        own_db=decibels(own),
        spread=spread,
        magnitude=magnitude,
    )


@given(owns=st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_without_wide_channels_the_order_is_that_of_the_own_losses(owns: list[float]) -> None:
    ranked = rank([noise(f"layer_{k}", own) for k, own in enumerate(owns)], {})
    assert [each.blame for each in ranked] == sorted(owns, reverse=True)
    first = owns.index(max(owns))
    assert ranked[0].layer == f"layer_{first}"  # of equals the earlier one


def test_a_sum_that_passes_a_wide_channel_on_is_not_to_blame() -> None:
    ranked = rank([noise("a", 0.4, "b", spread=900), noise("b", 0.5, "c", spread=800)], KINDS)
    assert ranked[0].layer == "a"
    assert ranked[0].blame == 0.9
    assert ranked[0].imposed_on == ("b",)
    assert ranked[1].range_from == "a"
    assert ranked[1].blame == 0


def test_a_wide_channel_of_its_own_is() -> None:
    other = replace(noise("b", 0.5, "c", spread=800), widest=3)
    ranked = rank([noise("a", 0.4, "b", spread=900), other], KINDS)
    assert [each.layer for each in ranked] == ["b", "a"]
    assert ranked[0].range_from == ""


def test_all_that_touch_a_spoilt_tensor_have_to_be_in_float() -> None:
    tensors = [noise("a", 0.4, "b", spread=900), noise("b", 0.5, "c", spread=800), noise("c", 0.0)]
    ranked = rank(tensors, KINDS)
    assert float_list(ranked[:1], tensors) == ("a", "b", "c")
    assert float_list(rank(tensors[2:], KINDS)[:1], tensors) == ("c",)


def test_the_advice_is_the_smallest_file_and_the_shortest_list() -> None:
    tried = [
        Tried(what="three", precision="int8", keep_float=("a", "b", "c"), ok=True, size_bytes=90),
        Tried(what="two", precision="int8", keep_float=("a", "b"), ok=True, size_bytes=95),
        Tried(what="one", precision="int8", keep_float=("a",), ok=False, size_bytes=50),
        Tried(what="float16", precision="float16", ok=True, size_bytes=99),
    ]
    shortest, smallest = shortest_of(tried), smallest_of(tried)
    assert shortest is not None
    assert shortest.what == "two"
    assert smallest == shortest
    assert smallest_of(tried[2:3]) is None


def test_a_proposed_command_has_the_users_options_and_can_be_pasted() -> None:
    request = Request(source="my model.keras", calibration="data", out="out/my.tflite")
    options = Options(
        io="float",
        pixels="0..1",
        shapes={"image": (1, 96, 96, 3)},
        custom=Path("layers.py"),
        keep_float=("a", "b"),
        split_outputs=True,
    )
    assert request.command("int8", options) == (
        "edgekit convert 'my model.keras' --out out/my.tflite --precision int8 --calibration data "
        "--io float --pixels 0..1 --custom layers.py --shape image=1,96,96,3 --keep-float a "
        "--keep-float b --split-outputs"
    )


def test_separate_outputs_are_proposed_where_they_help() -> None:
    tried = [
        Tried(what="int8 as it is", precision="int8", ok=False, size_bytes=60),
        Tried(
            what="apart", precision="int8", split_outputs=True, ok=True, size_bytes=61, command="A"
        ),
        Tried(
            what="mixed", precision="int8", keep_float=("a",), ok=True, size_bytes=70, command="B"
        ),
    ]
    assert smallest_of(tried) == tried[1]
    assert shortest_of(tried) == tried[2]
    assert advice(tried, ()).splitlines() == [
        "Take apart (61 bytes), the smallest that is within its limits: A",
        "Or: mixed (70 bytes): B",
    ]
