"""Take the picture of a report that the README shows, light and dark, with Chromium.

    python docs/tooling/pictures.py runs/image_cnn

shows the top of `report.html` of that build, as it is, in `docs/images/report-light.webp` and
`report-dark.webp`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from edgekit.running.browser import program

IMAGES = Path(__file__).resolve().parents[1] / "images"
WIDTH, HEIGHT = 1200, 1060
SCHEMES = {"light": 1, "dark": 0}
"""Scheme -> Chromium's number of it."""


def main(run_dir: Path) -> None:
    """Write both pictures."""
    IMAGES.mkdir(exist_ok=True)
    page = (run_dir / "report.html").resolve(strict=True)
    for scheme, number in SCHEMES.items():
        with tempfile.TemporaryDirectory() as scratch:
            shot = Path(scratch) / "shot.png"
            argv = [
                program.find() or sys.exit(program.MISSING),
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--window-size={WIDTH},{HEIGHT}",
                f"--blink-settings=preferredColorScheme={number}",
                f"--screenshot={shot}",
                page.as_uri(),
            ]
            subprocess.run(argv, check=True, capture_output=True)
            picture = Image.open(shot).convert("RGB").crop((0, 0, WIDTH, HEIGHT))
            picture.save(IMAGES / f"report-{scheme}.webp", quality=65, method=6)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
