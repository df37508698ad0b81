"""Where everything stands in a run folder, the folder that a build leaves.

runs/<recipe>/
plan.json                  what was asked for, versions and checksums: `edgekit rebuild` repeats it
model.keras                the trained reference; parts/ holds those of a model of several
vectors.npz                golden vectors: test inputs and the reference's answers
<variant>/model.tflite     a converted file, with artifact.json beside it
device/                    the program that runs on the device, and what it reads
report.json, .html, .md    what was measured
seen.json                  test examples with answers, for the page
bundle/                    what an app or a board takes
.steps/, .work/            records of finished steps, and intermediate files
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.building.parts import MODEL
from edgekit.core.errors import BadInput
from edgekit.core.paths import atomic, write_zip

if TYPE_CHECKING:
    import keras

PLAN = "plan.json"
"""What a build writes first."""
SUMS = "SHA256SUMS"
"""A bundle's list of checksums."""

CHANGING: Mapping[str, tuple[str, ...]] = {
    "which hold the date and measured times": (
        *("report.html", "report.json", "report.md"),
        *("bundle/README.md", "bundle/report.json"),
    ),
    "which holds the checksums of those": (f"bundle/{SUMS}",),
    "where a build keeps records and intermediate files for itself": (".steps/", ".work/"),
}
"""Why a build done again gives other bytes -> the files and folders in which it does; no others."""


def repeatable() -> str:
    """Return the sentence that says which files a build gives again."""
    *most, last = (f"{_listed(names)}, {why}" for why, names in CHANGING.items())
    return (
        "Built again with the same seed, versions, kind of processor and number of threads, every "
        f"file of this folder is the same, bit for bit, except {'; '.join(most)}; and {last}."
    )


def _listed(names: Sequence[str]) -> str:
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last


def source_path(folder: Path, part: str) -> Path:
    """Return where a part's Keras model stands in a run folder."""
    return folder / "model.keras" if part == MODEL else folder / "parts" / f"{part}.keras"


def save_model(model: keras.Model, path: Path) -> None:
    """Save a Keras 3 model as a `.keras` file; equal models give equal bytes.

    Keras writes the time into it, and the addresses in memory of objects that layers share.
    """
    numbers: dict[str, int] = {}

    def number(address: re.Match[str]) -> str:
        return str(numbers.setdefault(address[0], len(numbers)))

    with atomic(path) as temporary:
        model.save(temporary)
        with zipfile.ZipFile(temporary) as saved:
            entries = {name: saved.read(name) for name in sorted(saved.namelist())}
        metadata = json.loads(entries["metadata.json"])
        del metadata["date_saved"]
        entries["metadata.json"] = json.dumps(metadata).encode()
        config = entries["config.json"].decode()
        entries["config.json"] = re.sub(r'(?<="shared_object_id": )\d+', number, config).encode()
        write_zip(temporary, entries.items(), zipfile.ZIP_STORED)


def vectors_path(folder: Path, part: str) -> Path:
    """Return where a part's golden vectors stand in a run folder."""
    return folder / "vectors.npz" if part == MODEL else folder / "parts" / f"{part}.npz"


def calibration_path(folder: Path, part: str) -> Path:
    """Return where a part's calibration data stand in a run folder."""
    return folder / ".work" / f"calibration-{part}.npz"


def programs_path(folder: Path) -> Path:
    """Return where in a run folder the recipe's programs and what they read stand."""
    return folder / "device"


def sidecar_path(artifact_path: Path) -> Path:
    """Return where the description of a part's file stands: beside it."""
    name = "artifact" if artifact_path.stem == MODEL else artifact_path.stem
    return artifact_path.with_name(f"{name}.json")


def strangers_in(folder: Path) -> list[str]:
    """Return the files of a folder that no bundle of ours put there: its checksums name ours."""
    sums = folder / SUMS
    text = sums.read_text(encoding="utf-8", errors="replace") if sums.is_file() else ""
    ours = {SUMS, *(line.partition("  ")[2] for line in text.splitlines())}
    return sorted(
        name
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts  # Python's own, beside the program
        if (name := path.relative_to(folder).as_posix()) not in ours
    )


def refuse_strangers(folder: Path, *, bundles: Iterable[str]) -> None:
    """Refuse a run folder whose contents a build would replace without having written them.

    Args:
        folder: The run folder.
        bundles: The folders in it that packagers write.

    Raises:
        BadInput: It is no folder, no build made it, or a bundle holds something else.
    """
    remedy = "give another --out, or move it away."
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"The run folder would be '{folder}', which is a file; {remedy}")
    first = next(iter(sorted(folder.iterdir())), None) if folder.is_dir() else None
    if first and not (folder / PLAN).is_file():
        raise BadInput(
            f"The run folder would be '{folder}', which holds '{first.name}' and was not made by a "
            f"build; {remedy}"
        )
    for name in bundles:
        bundle = folder / name
        if strangers := strangers_in(bundle) if bundle.is_dir() else []:
            raise BadInput(
                f"'{bundle}' holds '{strangers[0]}', which edgekit did not write, and a build "
                f"replaces that folder; {remedy}"
            )


def forget(folder: Path) -> None:
    """Remove a run folder in which there is nothing but what was planned."""
    with contextlib.suppress(OSError):  # something else is in it
        if [path.name for path in folder.iterdir()] == [PLAN]:
            shutil.rmtree(folder)


def remove_bundle(folder: Path) -> None:
    """Remove an earlier bundle, if there is one and nothing else is in it."""
    if folder.is_dir() and not strangers_in(folder):
        shutil.rmtree(folder)
