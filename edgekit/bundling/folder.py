"""The folder of a bundle: licence, model card and checksums, which all bundles have."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from edgekit.building.run_folder import SUMS, strangers_in
from edgekit.bundling.card import LICENCE, write_card
from edgekit.bundling.contents import Contents
from edgekit.core.errors import BadInput
from edgekit.core.paths import atomic, packaged, sha256


@contextlib.contextmanager
def new_bundle(out: Path, contents: Contents) -> Iterator[Path]:
    """Give an empty folder that becomes `out`, with its checksums, if the block succeeds.

    Licence and model card are in every bundle. An earlier one is replaced; anything else at `out`
    is left alone.

    Raises:
        BadInput: `out` holds something else than a bundle.
    """
    if out.exists() and (strangers := strangers_in(out) if out.is_dir() else [out.name]):
        raise BadInput(
            f"'{out}' exists and is not a bundle; name a new folder, or a bundle to replace. "
            f"It holds '{strangers[0]}', which edgekit did not write."
        )
    with atomic(out) as folder:
        folder.mkdir()
        yield folder
        write_card(folder, contents)
        shutil.copyfile(packaged("bundling", LICENCE), folder / LICENCE)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        lines = [f"{sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in files]
        (folder / SUMS).write_text("".join(lines), encoding="utf-8")
