from __future__ import annotations

from pathlib import Path

from edgekit.core import registry
from tests.support.example_report import example_report

LINK = '<a href="web/index.html">'


def test_a_report_links_the_page_of_a_bundle_that_was_made(tmp_path: Path) -> None:
    write = registry.get("reports", "html").write
    assert LINK not in write(example_report(), tmp_path).read_text()
    (tmp_path / "web").mkdir()
    assert LINK not in write(example_report(), tmp_path).read_text()
    (tmp_path / "web" / "index.html").write_text("")
    assert LINK in write(example_report(), tmp_path).read_text()
