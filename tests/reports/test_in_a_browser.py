"""A report in a real browser, wide and narrow, light and dark: nothing is cut or hard to read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import registry
from edgekit.core.recipe import Interval, Metric
from edgekit.core.report import Report
from edgekit.running.browser import program
from edgekit.running.browser.devtools import Browser
from tests.support.example_report import example_report, explained, one_bad_row

pytestmark = [
    pytest.mark.device,
    pytest.mark.skipif(not program.find(), reason="There is no browser."),
]

WIDTHS = (1280, 390)
LEAST_CONTRAST = 4.5
"""Of small text with what is behind it: WCAG 2.2, 1.4.3, level AA."""

_LOOK = """(() => {
  const shown = [...document.querySelectorAll('body *')].filter(e => e.checkVisibility());
  const width = document.documentElement.clientWidth, told = e => e.textContent.trim().slice(0, 40);
  const own = e => [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const rgba = text => {
    const numbers = text.match(/[\\d.]+/g).map(Number);
    return numbers.length < 4 ? [...numbers, 1] : numbers;
  };
  const behind = e => {
    const layers = [];
    for (let at = e; at; at = at.parentElement) {
      const style = getComputedStyle(at), colour = rgba(style.backgroundColor);
      if (colour[3]) layers.unshift(colour);
      if (colour[3] === 1) break;
    }
    const onto = (under, over) => under.map((u, i) => u + over[3] * (over[i] - u));
    return layers.reduce(onto, [0, 0, 0]);
  };
  const light = colour => colour.slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const contrast = e => {
    const style = getComputedStyle(e), svg = e.namespaceURI.endsWith('svg');
    const both = [light(rgba(svg ? style.fill : style.color)), light(behind(e))].sort();
    return (both[1] + 0.05) / (both[0] + 0.05);
  };
  const outside = (inner, outer) => inner.left < outer.left - 1 || inner.right > outer.right + 1
    || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
  const texts = shown.filter(own);
  return JSON.stringify({
    wide: [document.documentElement, ...(width < 720 ? document.querySelectorAll('.matrix') : [])]
      .some(e => e.scrollWidth > e.clientWidth),  // where it is narrow, the matrix is a list
    cut: texts.filter(e => !e.closest('.scroll, svg'))
      .filter(e => e.getBoundingClientRect().right > width + 1).map(told),
    drawnOutside: [...document.querySelectorAll('svg text')].filter(e => e.checkVisibility())
      .filter(e => outside(e.getBoundingClientRect(), e.closest('svg').getBoundingClientRect()))
      .map(told),
    faint: texts.filter(e => !e.closest('svg text') || e.getAttribute('style')?.includes('--ink')
      || e.getAttribute('style')?.includes('--muted'))
      .filter(e => contrast(e) < LEAST).map(e => `${told(e)}: ${contrast(e).toFixed(1)}`),
    plots: [...document.querySelectorAll('figure')].map(f =>
      [...f.querySelectorAll('svg')].filter(s => s.checkVisibility()).length),
  });
})()"""


def everything() -> Report:
    """Return a report with all that a page can have."""
    report = one_bad_row(explained(example_report()))
    sure, change = Interval(low=90.8, high=91.9), Interval(low=-0.1, high=0.5)
    rows = tuple(
        replace(row, value_interval=sure, drop_interval=change, right_lost=41, right_gained=20)
        if row.value is not None
        else row
        for row in report.rows
    )
    command = "edgekit build image_cnn --size full --data 'my pictures' --variant qat-int8 --seed 3"
    return replace(report, rows=rows, reference_interval=sure, command=command)


def of_an_error() -> Report:
    """Return the report of a model that is worse than its baseline, and better when lower."""
    error = Metric(name="mean absolute error", unit="mm", higher_is_better=False)
    return replace(example_report(), metric=error, size="tiny")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    log = tmp_path_factory.mktemp("browser") / "log"
    with log.open("wb") as file, Browser(program.find(), log=file) as opened:
        yield opened


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("report", [everything(), of_an_error()], ids=["accuracy", "error"])
def test_nothing_is_cut_or_hard_to_read(
    report: Report, width: int, scheme: str, browser: Browser, tmp_path: Path
) -> None:
    page = registry.get("reports", "html").write(report, tmp_path)
    browser.ask(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=900,
        deviceScaleFactor=1,
        mobile=width < 500,
    )
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.ask("Emulation.setEmulatedMedia", features=features)
    browser.open(page.as_uri())
    browser.run("document.querySelectorAll('details').forEach(each => { each.open = true })")
    found = json.loads(browser.run(_LOOK.replace("LEAST", str(LEAST_CONTRAST))))
    assert found["plots"]
    assert set(found.pop("plots")) == {1}  # the drawing for this width, and no other
    assert found == {"wide": False, "cut": [], "drawnOutside": [], "faint": []}
