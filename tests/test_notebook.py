"""The notebook of the quick start: kept without outputs, and run as a reader runs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from tests.support.paths import ROOT

NOTEBOOK = nbformat.read(ROOT / "docs" / "quickstart.ipynb", as_version=4)
CODE = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]


def test_it_is_kept_without_outputs() -> None:
    nbformat.validate(NOTEBOOK)
    assert [cell.source for cell in CODE if cell.outputs or cell.execution_count] == []


def test_its_links_lead_to_pages() -> None:
    text = "\n".join(cell.source for cell in NOTEBOOK.cells if cell.cell_type == "markdown")
    names = [part.partition(")")[0] for part in text.split("](")[1:]]
    assert names
    assert [name for name in names if not (ROOT / "docs" / name).is_file()] == []


@pytest.mark.slow
def test_it_runs(
    tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: Path | None = request.config.getoption("--runs")
    if kept and (kept / "image_cnn").is_dir():
        shutil.copytree(kept / "image_cnn", tmp_path / "runs" / "image_cnn")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    place = {"metadata": {"path": str(tmp_path)}}
    run = NotebookClient(NOTEBOOK.copy(), timeout=300, resources=place).execute()
    shown = {
        cell.source.splitlines()[-1]: cell.outputs[-1].get("data", {})
        for cell in run.cells
        if cell.cell_type == "code" and cell.outputs
    }
    assert "<table" in shown["conversions"]["text/html"]
    assert "within limits" in shown["report"]["text/html"]
    assert shown["int8.verdict"]["text/plain"] == "'verified'"
    assert (tmp_path / "runs" / "image_cnn" / "report.html").is_file()
