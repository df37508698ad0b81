"""What Vela wrote of `tests/golden/int8.tflite` is read right; damaged text ends in a sentence.

`tests/golden/vela/` holds what Vela 5.2 wrote of it for an Ethos-U55-256; of the database, the
tables that are read.
"""

from __future__ import annotations

import contextlib
import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.running.ethos_u.output import NOBODY, Cost, Unreadable, costs, reasons, summary
from tests.support.paths import GOLDEN

DATABASE = (GOLDEN / "vela" / "debug.xml").read_text(encoding="utf-8")
SUMMARY = (GOLDEN / "vela" / "summary.csv").read_text(encoding="utf-8")
PRINTED = (GOLDEN / "vela" / "printed.txt").read_text(encoding="utf-8")


read = partial(summary, by="Vela", machine="Ethos-U55-256")


def test_what_was_made_of_an_operator_is_added_up() -> None:
    found = costs(DATABASE, 6)
    assert found[0] == found[5] == Cost(on_cpu=True)
    convolution = Cost(cycles=480 + 320, macs=2304 + 256, sram_bytes=320)
    assert found[1] == convolution
    assert found[3] == Cost(cycles=109, macs=12, sram_bytes=32)


def test_the_parts_cost_as_much_as_the_whole() -> None:
    found, whole = costs(DATABASE, 6), read(SUMMARY)
    assert sum(cost.cycles for cost in found.values()) == whole.cycles == 2971
    assert sum(cost.macs for cost in found.values()) == whole.macs == 2834
    assert max(cost.sram_bytes for cost in found.values()) == whole.sram_bytes == 448


def test_a_summary_is_in_the_units_it_says() -> None:
    whole = read(SUMMARY)
    assert whole.clock_mhz == 500
    assert whole.inference_ms == pytest.approx(whole.cycles / whole.clock_mhz / 1e3)
    assert (whole.dram_bytes, whole.flash_bytes) == (0, 1536)


def test_each_operator_on_the_cpu_has_a_reason() -> None:
    assert reasons(PRINTED) == {
        "g0t11": "Unsupported opType",
        "g0t6": "Operation has tensor with unsupported DataType Float32 (g0t0)",
    }
    assert reasons("Network summary for model\n") == {}


def test_operators_of_a_loop_are_not_taken_for_those_of_the_main_graph() -> None:
    database = DATABASE.replace('6,"Dequantize",1,1,1,1,3,5\n', '6,"Mul",1,1,1,1,3,0\n')
    assert database != DATABASE
    found = costs(database, 5)
    assert set(found) == {0, 1, 2, 3, 4, NOBODY}


def test_costs_without_an_operator_are_kept_apart() -> None:
    found = costs(DATABASE.replace("\n110,4,77,", "\n110,-1,77,"), 6)
    assert 3 not in found
    assert found[NOBODY] == Cost(cycles=109, macs=12, sram_bytes=32)


@pytest.mark.parametrize(
    ("database", "said"),
    [
        ("", "no table 'source'"),
        (DATABASE.replace('"source"', '"other"'), "no table 'source'"),
        (DATABASE.replace('table name="perf"', 'table name="x"'), "no table 'perf'"),
        (DATABASE.replace("ext_key", "key"), "no number for 'ext_key'"),
        (DATABASE.replace("op_cycles", "cycles"), "no number for 'op_cycles'"),
        (DATABASE.replace("3,2,80,", "").replace(",480,480,", ",-4,480,"), "gives -4.0 for"),
        (re.sub(r"\n4,\"FullyConnected\".*", "", DATABASE), "as they stand in the file"),
    ],
)
def test_a_database_that_says_something_else_is_refused(database: str, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        costs(database, 6)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", SUMMARY.replace("2971", "nan")])
def test_a_summary_that_says_something_else_is_refused(text: str) -> None:
    with pytest.raises(Unreadable, match="it gives "):
        read(text)


@given(st.data())
def test_damaged_text_is_refused_or_read_and_nothing_else(data: st.DataObject) -> None:
    for text in (DATABASE, SUMMARY, PRINTED):
        first, last = sorted(data.draw(st.integers(0, len(text))) for _ in range(2))
        damaged = text[:first] + data.draw(st.text(max_size=8)) + text[last:]
        with contextlib.suppress(Unreadable):
            assert all(cost.cycles >= 0 for cost in costs(damaged, 6).values())
        with contextlib.suppress(Unreadable):
            read(damaged)
        assert all(reasons(damaged).values())
