"""What a search hands to a crew: all that its paths name, and boards only while it measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ParamSpec, TypeVar, cast

import pytest
from typer.testing import CliRunner

from edgekit.cli import app
from edgekit.core.records import Json, to_json
from edgekit.core.types import Progress
from edgekit.core.variant import Variant
from edgekit.intake.options import Options
from edgekit.search.candidate import Candidate, Limits
from edgekit.search.elsewhere import Elsewhere
from edgekit.search.own_model.facts import ModelFacts
from edgekit.search.own_model.source import OwnModel
from edgekit.search.recipe_source import Request
from edgekit.tasks.crew import Needs
from tests.support.paths import RECIPES

P = ParamSpec("P")
T = TypeVar("T")

TARGET = '''"""LiteRT on a board of the test's own."""

from dataclasses import replace

from edgekit.core import registry

target = replace(registry.get("targets", "litert"), device="ssh://pi@nowhere")
'''


@dataclass
class Recording:
    """A crew that only notes what it is asked."""

    calls: list[tuple[str, Needs, tuple[object, ...]]] = field(default_factory=list)

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...

    def require(self, needs: Needs) -> None: ...

    def slots(self, needs: Needs) -> int:
        return 1

    def call(
        self,
        needs: Needs,
        progress: Progress,
        function: Callable[P, T],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        self.calls.append((function.__name__, needs, args))
        return cast(T, Candidate(variant="float32"))


def paths_in(value: Json) -> list[str]:
    """Return the texts of a JSON value that are whole paths."""
    if isinstance(value, dict):
        return [path for each in value.values() for path in paths_in(each)]
    if isinstance(value, list):
        return [path for each in value for path in paths_in(each)]
    return [value] if isinstance(value, str) and value.startswith("/") else []


def recipe(folder: Path, target: str = "litert") -> Request:
    (folder / "images").mkdir()
    return Request(
        recipe=str(RECIPES / "blobs.py"),
        target=target,
        size="tiny",
        seed=0,
        out=Path("runs"),
        limits=Limits(),
    )


def model(folder: Path, target: str = "litert") -> OwnModel:
    return OwnModel(
        model=Path("my.keras"),
        target=target,
        folder=Path("runs/my"),
        limits=Limits(),
        options=Options(custom=Path("layers.py")),
        facts=ModelFacts(
            has_recurrent=False,
            kinds={},
            examples=1,
            calibration=Path("runs/my/calibration.npz"),
            evaluation=folder / "examples.npz",
            spreads={},
        ),
    )


@pytest.mark.parametrize("make", [recipe, model])
def test_every_path_of_a_trial_is_sent(
    make: Callable[[Path], Request | OwnModel], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    crew = Recording()
    Elsewhere(source=make(tmp_path), crew=crew).measured(Variant.parse("float32"))
    ((name, needs, (there, *_)),) = crew.calls
    assert name == "_measured"
    sent = [needs.folder.absolute().parent, *(path.absolute() for path in needs.reads)]
    paths = paths_in(to_json(there))
    assert len(paths) >= 2
    for path in paths:
        assert any(Path(path).is_relative_to(each) for each in sent), path
    assert not any(path.startswith(str(needs.folder)) for path in map(str, needs.reads))


def test_a_board_is_held_while_a_file_is_measured_and_not_while_it_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "board.py"
    target.write_text(TARGET)
    crew = Recording()
    away = Elsewhere(source=recipe(tmp_path, str(target)), crew=crew)
    away.measured(Variant.parse("int8"))
    assert [(name, needs.boards) for name, needs, _ in crew.calls] == [
        ("_made", ()),
        ("_measured", ("board:nowhere",)),
    ]
    assert target in away.needs.reads


@pytest.mark.parametrize("source", [str(RECIPES / "blobs.py"), "my.keras"])
def test_a_wrong_address_is_refused_before_anything_is_read_or_written(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my.keras").touch()  # which would be refused if it were read
    words = ["optimize", source, "--target", "litert", "--cluster", "there"]
    done = CliRunner().invoke(app, words)
    assert "cluster is 'there'; give HOST:PORT" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["my.keras"]
