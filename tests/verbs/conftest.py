"""What the tables of bad input share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.refusals import Refuse, refusing


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bad")


@pytest.fixture
def refuse(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    return refusing(folder, monkeypatch)
