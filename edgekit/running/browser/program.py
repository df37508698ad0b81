"""Find a browser that is made of Chromium: the user's own, wherever it is usually installed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

VARIABLE = "EDGEKIT_BROWSER"
"""Environment variable that names the browser to take."""

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "brave-browser",
)
"""On PATH, under Linux."""

APPLICATIONS = ("Chromium", "Google Chrome", "Microsoft Edge", "Brave Browser")
"""Under macOS."""

MISSING = (
    "There is no Chromium, Chrome, Edge or Brave here; run: sudo apt-get install chromium, or set "
    f"{VARIABLE} to the path of one"
)


def find() -> str:
    """Return the path of a browser; "" if there is none."""
    if chosen := os.environ.get(VARIABLE):
        return shutil.which(chosen) or ""
    if sys.platform == "darwin":
        places = (f"/Applications/{name}.app/Contents/MacOS/{name}" for name in APPLICATIONS)
        return next((place for place in places if Path(place).exists()), "")
    return next((path for name in NAMES if (path := shutil.which(name))), "")
