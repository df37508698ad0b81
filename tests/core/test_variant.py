"""Every variant can be written and read back, and what does not fit is refused in one sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.building.plan import make_plan
from edgekit.core.errors import BadInput
from edgekit.core.variant import (
    AS_USUAL,
    BLOCKS,
    PRECISIONS,
    Option,
    Precision,
    Quantization,
    Variant,
    check_quantization,
    options_for,
    parse_precision,
    precision_text,
)

_VALUES = {
    "percentile": st.floats(50, 100, exclude_min=True, exclude_max=True),
    "mse": st.just(True),
    "examples": st.integers(1, 10**6),
    "per_tensor": st.just(True),
    "float_layers": st.integers(1, 100),
    "weight_bits": st.just(4),
    "block": st.sampled_from(BLOCKS),
}


@st.composite
def _precisions(draw: st.DrawFn) -> tuple[Precision, Quantization]:
    precision = draw(st.sampled_from(PRECISIONS))
    known = options_for(precision)
    names = draw(st.sets(st.sampled_from(known))) if known else set()
    if "mse" in names:
        names.discard("percentile")
    if "weight_bits" not in names:
        names.discard("block")
    told = {name: draw(_VALUES[name]) for name in sorted(names)}
    return precision, replace(AS_USUAL, **told)  # type: ignore[arg-type]  # each has its own type


@given(_precisions(), st.sampled_from(["", "pruned", "clustered"]), st.floats(1e-6, 1e6))
def test_a_variant_is_read_back_as_it_was_written(
    told: tuple[Precision, Quantization], optimization: str, value: float
) -> None:
    precision, quantization = told
    assert parse_precision(precision_text(precision, quantization)) == told
    check_quantization(precision, quantization)
    variant = Variant(
        precision=precision,
        quantization=quantization,
        optimizations=(optimization,) if optimization else (),
        options=(Option(optimization, "x", value),) if optimization else (),
    )
    assert Variant.parse(str(variant)) == variant
    assert str(variant).endswith(variant.precision_text)


@given(st.text(alphabet="int816xfloadyc_,=.-9percntils ", max_size=30))
def test_any_text_is_a_precision_or_is_refused_with_a_sentence(text: str) -> None:
    refusal, told = "", None
    try:
        told = parse_precision(text)
    except BadInput as error:
        refusal = str(error)
    if told is None:
        assert refusal.endswith(".")
        assert "\n" not in refusal
    else:
        assert parse_precision(precision_text(*told)) == told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("int4", "precision is 'int4'; allowed are float32"),
        ("float16,percentile=99", "'float16' has no option 'percentile'; it has: none; percentile"),
        ("int8,percent=99", "'int8' has no option 'percent'; it has: percentile, mse,"),
        ("int8,percentile=100", "percentile is 100; allowed is above 50 and below 100"),
        ("int8,mse=0", "mse is 0; allowed is 1"),
        ("int8,examples=1.5", "examples is 1.5; allowed is a whole number"),
        ("int8,float_layers=0", "float_layers is 0; allowed is a whole number"),
        ("int8,mse=1,percentile=99", "is told mse and percentile; each sets the ranges"),
        ("int8,mse=1,mse=1", "options once each"),
        ("int8,mse=yes", "options once each"),
        ("int8,percentile=nan", "options once each"),
        ("dynamic_int8,weight_bits=5", "weight_bits is 5; allowed is 4"),
        ("dynamic_int8,block=32", "weights of 4 bits have; add weight_bits=4"),
        ("int16x8,per_tensor=1", "per_tensor goes with int8"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_sentence(text: str, sentence: str) -> None:
    for read in (parse_precision, lambda text: Variant.parse(f"pruned-{text}")):
        if text == "int4" and read is not parse_precision:
            continue  # a variant says it in its own words
        with pytest.raises(BadInput) as caught:
            read(text)
        assert sentence in str(caught.value)


def test_trained_ranges_are_not_calibrated(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="'mse=1', but 'qat' has trained how it is quantized"):
        make_plan(
            "image_cnn",
            tmp_path,
            size="tiny",
            seed=0,
            variants=["qat-int8,mse=1"],
            targets=["cpu"],
            board="",
        )
