"""Pages of web bundles in a browser without a window, opened from disk."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.running.browser import program
from edgekit.running.browser.devtools import Browser


@contextmanager
def opened(page: Path, log: Path, *options: str) -> Iterator[Browser]:
    """Open a page from disk, and wait for its self-test."""
    with log.open("wb") as file, Browser(program.find(), options=options, log=file) as browser:
        browser.ask("Page.enable")
        browser.ask("Page.navigate", url=page.as_uri())
        wait_for(browser, "document.documentElement?.dataset.selfTest")
        yield browser


def wait_for(browser: Browser, script: str) -> object:
    for _ in range(300):
        if found := browser.run(script):
            return found
        time.sleep(0.1)
    raise AssertionError(f"{script}: {browser.run('document.body.innerText')}")
