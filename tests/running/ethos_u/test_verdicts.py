"""What Vela makes of a file becomes verdicts with reasons; however it ends, there is a sentence."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core import registry
from edgekit.core.errors import Unavailable
from edgekit.core.processes import run
from edgekit.operators.target import Check
from edgekit.running.environments import making
from edgekit.running.ethos_u import environment
from edgekit.running.ethos_u.verdicts import COMPILED
from edgekit.tflite.reader import read
from edgekit.verbs.check import check
from edgekit.verbs.convert import convert
from edgekit.verbs.doctor.doctor import doctor
from tests.support.edgetpu_models import Node, Tensor, write_tflite
from tests.support.paths import GOLDEN
from tests.support.refusals import edgekit
from tests.support.small_files import Data, Step, write_file

INT8 = GOLDEN / "int8.tflite"
SAID = f"""
cp {GOLDEN}/vela/debug.xml model_debug.xml
cp {GOLDEN}/vela/summary.csv model_summary_Ethos_U55_High_End_Embedded.csv
cat {GOLDEN}/vela/printed.txt
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def fake_vela(code: str) -> None:
    """Put a program in place of the Python in which Vela runs."""
    python = making.folder("ethos-u") / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f"#!/bin/sh\n{code}\n")
    python.chmod(0o755)


@pytest.fixture
def checked(home: Path) -> Check:
    fake_vela(SAID)
    return check(INT8, "ethos-u")


def test_operators_go_to_the_accelerator_or_to_the_cpu_with_a_reason(checked: Check) -> None:
    assert checked.ok
    assert checked.is_predicted
    assert [o.verdict for o in checked.operators] == ["no", "yes", "yes", "yes", "yes", "no"]
    first, *_, last = checked.operators
    assert "unsupported DataType Float32 (serving_default_image:0)" in first.reason
    assert last.reason == "It stays on the CPU: Ethos-U55 has no such operator."
    assert "edgekit convert --io int8" in first.fix
    for verdict in checked.operators:
        assert verdict.source == "Vela 5.2.0"
        assert bool(verdict.reason) == bool(verdict.fix) == (verdict.verdict == "no")
        assert (verdict.cycles is None) == (verdict.verdict == "no")


def test_the_whole_file_has_an_estimate_that_names_the_machine(checked: Check) -> None:
    assert str(checked.estimate) == (
        "Predicted by Vela 5.2.0 for Ethos-U55-256 (Ethos_U55_High_End_Embedded, Shared_Sram): "
        "2,971 cycles, 0.00594 ms at 500 MHz, 2,834 MACs, 0.4 kB SRAM, 1.5 kB flash."
    )


def test_cycles_of_no_one_operator_are_told_apart(home: Path) -> None:
    fake_vela(
        SAID.replace("cp", "sed 's/^110,4,77,/110,-1,77,/'", 1).replace(
            "debug.xml model", "debug.xml > model"
        )
    )
    found = check(INT8, "ethos-u")
    assert [o.cycles for o in found.operators] == [None, 800, 1131, None, 931, None]
    assert "2,971 cycles (109 at no one operator)" in str(found.estimate)


def test_the_table_has_cycles_and_memory_of_each_operator(home: Path) -> None:
    fake_vela(SAID)
    said = CliRunner().invoke(app, ["check", str(INT8), "--target", "ethos-u"]).stdout
    lines = {line.split()[0]: line.split() for line in said.splitlines() if line.strip()}
    assert lines["operator"][3:8] == ["predicted", "cycles", "MACs", "SRAM", "bytes"]
    assert lines["CONV_2D"] == ["CONV_2D", "3", "3", "yes", "[2]", "800", "2,560", "320"]
    assert lines["QUANTIZE"] == ["QUANTIZE", "1", "1", "no", "[1]", "0"]
    assert "ethos-u: is predicted to run; 4 of 6 operators are predicted to be accepted." in said
    assert "2,971 cycles" in said


def test_where_vela_is_not_there_it_is_said_how_to_get_it(home: Path) -> None:
    for target in ("ethos-u", "ethos-u65", "ethos-u85"):
        with pytest.raises(Unavailable, match="run: edgekit setup ethos-u"):
            check(INT8, target)
    (row,) = (row for row in doctor() if row.kind == "target")
    assert (row.name, row.ok) == ("ethos-u", False)
    assert row.message.endswith("run: edgekit setup ethos-u")


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("kill -SEGV $$", "Vela 5.2.0 cannot compile the file: SIGSEGV."),
        (
            "echo Traceback >&2; echo 'RuntimeError: Compilation failed: no g0t2_act.' >&2; exit 1",
            "Vela 5.2.0 cannot compile the file: no BiasAdd_1.",
        ),
        ("exit 0", "Vela 5.2.0 cannot compile the file: it wrote no 'model_debug.xml'."),
        (f"{SAID}\necho > model_debug.xml", "its database has no table 'source'."),
    ],
)
def test_a_file_on_which_vela_fails_is_refused_in_a_sentence(
    home: Path, code: str, said: str
) -> None:
    fake_vela(code)
    found = check(INT8, "ethos-u")
    assert not found.ok
    (problem,) = found.problems
    assert problem.endswith(said)
    assert {o.verdict for o in found.operators} == {"unknown"}
    ran = CliRunner().invoke(app, ["check", str(INT8), "--target", "ethos-u"])
    assert ran.exit_code == 1
    assert "ethos-u: is predicted NOT to run; 0 of 6 operators" in ran.stdout


def test_a_vela_that_hangs_is_stopped(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "TIMEOUT_S", 0.2)
    fake_vela("sleep 60")
    (problem,) = check(INT8, "ethos-u").problems
    assert "stopped after 0.2 s; use a smaller model." in problem


def test_a_vela_that_does_not_run_is_no_vela(home: Path) -> None:
    fake_vela("echo 'ImportError: libfoo.so' >&2; exit 1")
    (row,) = (row for row in doctor() if row.kind == "target")
    assert "ethos-u was set up and does not work: " in row.message
    assert "ImportError: libfoo.so" in row.message
    assert row.message.endswith("Run: edgekit setup ethos-u")


def test_a_compiled_file_is_not_compiled_again(home: Path, tmp_path: Path) -> None:
    fake_vela("exit 1")
    node = Node(name=f"CUSTOM:{COMPILED}", inputs=(0,), outputs=(1,))
    path = write_tflite(tmp_path / "m.tflite", [Tensor(), Tensor()], [node])
    (problem,) = check(path, "ethos-u").problems
    assert problem == "The file is compiled for an Ethos-U already; give the int8 file."


COMPILED_FOR = "compiled for the target ethos-u, which alone runs 'ethos-u'."


@pytest.mark.parametrize(
    ("command", "code", "says"),
    [
        ("inspect", 1, COMPILED_FOR),
        ("check --target cpu", 1, COMPILED_FOR),
        ("verify", 2, COMPILED_FOR),
        ("bench", 2, COMPILED_FOR),
        ("convert --out out.tflite", 2, "is no .keras or .h5 file and no SavedModel folder"),
    ],
)
def test_a_compiled_file_is_told_apart(tmp_path: Path, command: str, code: int, says: str) -> None:
    node = Node(name=f"CUSTOM:{COMPILED}", inputs=(0,), outputs=(1,))
    path = write_tflite(tmp_path / "m_vela.tflite", [Tensor(), Tensor()], [node])
    verb, *options = command.split()
    ran = edgekit(" ".join([verb, f"'{path}'", *options]))
    assert ran.code == code
    assert says in ran.stdout + ran.stderr


def test_nothing_is_written_beside_the_file(home: Path, tmp_path: Path) -> None:
    fake_vela(SAID)
    (tmp_path / "folder").mkdir()
    path = tmp_path / "folder" / "model.tflite"
    path.write_bytes(INT8.read_bytes())
    check(path, "ethos-u")
    assert list(path.parent.iterdir()) == [path]


def test_a_file_cannot_be_verified_for_a_target_that_runs_nowhere(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="then run: edgekit check FILE --target ethos-u"):
        convert(INT8, tmp_path / "out.tflite", precision="float32", target="ethos-u")


# with Vela itself

if_set_up = pytest.mark.skipif(bool(environment.missing()), reason=environment.missing() or "-")


@pytest.mark.device
@if_set_up
@pytest.mark.parametrize("target", ["ethos-u", "ethos-u65", "ethos-u85"])
def test_vela_says_today_what_was_recorded(target: str) -> None:
    found = check(INT8, target)
    assert [o.verdict for o in found.operators] == ["no", "yes", "yes", "yes", "yes", "no"]
    assert found.estimate is not None
    assert found.estimate.cycles == sum(o.cycles or 0 for o in found.operators) > 0
    if target == "ethos-u":
        assert asdict(found.estimate)["cycles"] == 2971


@pytest.mark.device
@if_set_up
@pytest.mark.parametrize("name", ["int8", "int16x8", "float32", "loop", "custom"])
def test_what_is_said_to_stay_on_the_cpu_is_what_vela_leaves_in_its_file(
    name: str, tmp_path: Path
) -> None:
    path = GOLDEN / f"{name}.tflite"
    done = environment.start([str(path), "--output-dir", "."], tmp_path)
    assert done.ok
    left = read(tmp_path / f"{name}_vela.tflite").main.operators
    found = check(path, "ethos-u")
    on_cpu = [o.name for o in found.operators if o.verdict == "no"]
    compiled = f"CUSTOM:{COMPILED}"
    assert on_cpu == [o.name for o in left if o.name != compiled]
    assert found.ok == (compiled in [o.name for o in left])


@pytest.mark.device
@if_set_up
def test_names_of_a_file_cannot_mislead(tmp_path: Path) -> None:
    names = ["a,'b\n9,9,9", ']]></table> "', "same", "same "]
    tensors = {name: Data((1, 8, 8, 4), "int8", scale=0.1) for name in names}
    steps = [
        Step("RELU", [names[0]], [names[1]]),
        Step("ROUND", [names[1]], [names[2]]),
        Step("RELU", [names[2]], [names[3]]),
    ]
    path = write_file(tmp_path / "m.tflite", steps, tensors, inputs=names[:1], outputs=names[3:])
    found = check(path, "ethos-u")
    assert [o.verdict for o in found.operators] == ["yes", "no", "yes"]


@pytest.mark.device
@if_set_up
def test_vela_is_in_place_once_it_is_set_up() -> None:
    python = making.command("ethos-u").python("import ethosu.vela; print(ethosu.vela.__version__)")
    assert run(python).stdout.strip() == environment.VERSION
    assert not registry.get("targets", "ethos-u").missing()
