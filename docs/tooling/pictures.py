"""Take the pictures that the README and the guides show, light and dark, with Chromium.

    python docs/tooling/pictures.py runs/image_cnn runs/optimize/keywords_cnn

shows the top of a build's `report.html`, as it is, in `docs/images/report-light.webp` and
`report-dark.webp`, and that of a search's `optimize.html` in `front-keywords_cnn-light.webp` and
`front-keywords_cnn-dark.webp`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from edgekit.running.browser import program

IMAGES = Path(__file__).resolve().parents[1] / "images"
WIDTH = 1200
HEIGHTS = {"report.html": 1060, "optimize.html": 1015}
"""Page -> how much of it is shown."""
SCHEMES = {"light": 1, "dark": 0}
"""Scheme -> Chromium's number of it."""


def shots(run_dir: Path) -> None:
    """Write both pictures of a run's page."""
    page = next(run_dir / name for name in HEIGHTS if (run_dir / name).is_file()).resolve()
    height = HEIGHTS[page.name]
    name = "report" if page.name == "report.html" else f"front-{run_dir.name}"
    for scheme, number in SCHEMES.items():
        with tempfile.TemporaryDirectory() as scratch:
            shot = Path(scratch) / "shot.png"
            argv = [
                program.find() or sys.exit(program.MISSING),
                "--headless",
                "--no-sandbox",
                "--hide-scrollbars",
                f"--window-size={WIDTH},{height}",
                f"--blink-settings=preferredColorScheme={number}",
                f"--screenshot={shot}",
                page.as_uri(),
            ]
            subprocess.run(argv, check=True, capture_output=True)
            picture = Image.open(shot).convert("RGB").crop((0, 0, WIDTH, height))
            picture.save(IMAGES / f"{name}-{scheme}.webp", quality=65, method=6)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    for argument in sys.argv[1:]:
        shots(Path(argument))
