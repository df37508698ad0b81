"""A finished step is not redone unless its inputs or outputs changed."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.building.step_cache import step


class Counter:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs = 0

    def __call__(self, **inputs: int) -> dict[str, int]:
        def action() -> dict[str, int]:
            self.runs += 1
            (self.folder / "out").write_text("made")
            return {"runs": self.runs}

        return step(
            self.folder,
            "work",
            dict[str, int],
            inputs=inputs,
            outputs=[self.folder / "out"],
            action=action,
        )


@pytest.fixture
def work(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


def test_the_second_time_the_recorded_result_is_given(work: Counter) -> None:
    assert work(seed=1) == work(seed=1) == {"runs": 1}


def test_other_inputs_run_it_again(work: Counter) -> None:
    work(seed=1)
    assert work(seed=2) == {"runs": 2}


@pytest.mark.parametrize("change", ["deleted", "edited"])
def test_a_changed_output_runs_it_again(work: Counter, change: str) -> None:
    work(seed=1)
    out = work.folder / "out"
    out.unlink() if change == "deleted" else out.write_text("edited by hand")
    assert work(seed=1) == {"runs": 2}


def test_a_damaged_record_runs_it_again(work: Counter) -> None:
    work(seed=1)
    (work.folder / ".steps" / "work.json").write_text("{")
    assert work(seed=1) == {"runs": 2}


def test_a_failure_leaves_no_record(tmp_path: Path) -> None:
    def fail() -> None:
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        step(tmp_path, "work", type(None), inputs={}, outputs=[], action=fail)
    assert step(tmp_path, "work", int, inputs={}, outputs=[], action=lambda: 7) == 7
