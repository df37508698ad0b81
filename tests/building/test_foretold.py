"""A target whose files run nowhere here: predicted where its compiler is, else left out."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.building.pipeline import build
from edgekit.building.plan import Plan, make_plan
from edgekit.core.report import Row
from edgekit.running.environments import making
from edgekit.running.ethos_u import environment
from tests.support.paths import RECIPES

BLOBS = str(RECIPES / "blobs.py")


def planned(out: Path, targets: list[str]) -> Plan:
    return make_plan(BLOBS, out, size="tiny", seed=0, variants=["int8"], targets=targets, board="")


def test_a_build_is_for_it_only_where_its_compiler_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    before = planned(tmp_path / "runs", [])
    assert not [name for name in before.targets if name.startswith("ethos-u")]
    assert {"litert", "edgetpu"} <= set(before.targets)
    python = making.folder("ethos-u") / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.touch()
    after = planned(tmp_path / "runs", [])
    assert set(after.targets) == {*before.targets, "ethos-u"}
    assert after.notes == before.notes
    assert list(planned(tmp_path / "runs", ["ethos-u65"]).places) == ["ethos-u65"]


@pytest.mark.slow
def test_asked_for_without_its_compiler_it_is_not_run_and_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    report = build(BLOBS, out=tmp_path, variants=["int8"], targets=["litert", "ethos-u"])
    (row,) = (row for row in report.rows if row.runtime == "ethos-u")
    assert report.ok
    assert (row.status, row.ok, row.operators) == ("not run", None, None)
    assert "run: edgekit setup ethos-u" in row.reason


@pytest.mark.slow
@pytest.mark.device
@pytest.mark.skipif(bool(environment.missing()), reason=environment.missing() or "-")
def test_with_its_compiler_each_variant_is_predicted(tmp_path: Path) -> None:
    def rows(targets: list[str]) -> dict[str, Row]:
        variants = ["float32", "int8"]
        report = build(BLOBS, out=tmp_path, variants=variants, targets=targets)
        return {row.variant: row for row in report.rows if row.runtime == targets[-1]}

    found = rows(["litert", "ethos-u"])
    assert {row.status for row in found.values()} == {"predicted"}
    assert found["float32"].operators_mapped == 0
    assert found["int8"].operators_mapped
    assert "cycles" in found["int8"].reason
    assert "for Ethos-U55-256" in found["int8"].reason
    assert "cycles" not in found["float32"].reason
    larger = rows(["litert", "ethos-u85"])
    assert "for Ethos-U85-256" in larger["int8"].reason
