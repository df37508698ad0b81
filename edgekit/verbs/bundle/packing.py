"""Pack a build's verified models for one kind of device or program: a folder, and a zip of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.paths import require_writable, write_zip
from edgekit.core.types import AnyPath, several
from edgekit.reporting import report_json


@dataclass(frozen=True, kw_only=True)
class Bundled:
    """A bundle that was made.

    Attributes:
        packager: What made it, such as "pi".
        zip: The same files, beside the folder.
        size_bytes: Of all files in the folder together.
    """

    packager: str
    folder: Path
    zip: Path
    files: int
    size_bytes: int
    zip_bytes: int


def bundle(
    run_dir: AnyPath,
    packager: str,
    *,
    variants: str | Sequence[str] = (),
    out: AnyPath | None = None,
) -> Bundled:
    """Pack the verified models of a build, with what uses them; nothing of edgekit is needed then.

    Args:
        run_dir: The folder of a build, such as `runs/image_cnn`.
        packager: Whom it is for, a name from `edgekit list packagers`.
        variants: Such as `["int8"]`; all that were verified if empty.
        out: The folder to make, with a zip of the same name beside it; an earlier bundle is
            replaced. In the run folder, called after the packager, if None.

    Raises:
        NotFound: There is no such packager, or the run folder lacks a file.
        BadInput: A variant was not verified, the build has nothing for this packager, or `out` is
            something else than a bundle.
        BadData: A file is not the one that was measured.

    Example:
        >>> edgekit.bundle("runs/image_cnn", "pi", variants=["int8"])  # doctest: +SKIP
    """
    run_dir = Path(run_dir)
    made_by = registry.get("packagers", packager)
    folder = Path(out) if out else run_dir / registry.name_of("packagers", packager)
    if not made_by.takes(report_json.load_report(run_dir)):
        raise BadInput(
            f"'{run_dir}' has nothing for '{packager}', which packs verified models that run "
            f"there; `edgekit report {run_dir}` says what was verified where."
        )
    require_writable(folder)
    made_by.package(run_dir, folder, several(variants))
    packed = folder.with_name(f"{folder.name}.zip")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    # Without the folder's name.
    entries = ((path.relative_to(folder).as_posix(), path.read_bytes()) for path in files)
    write_zip(packed, entries)
    return Bundled(
        packager=packager,
        folder=folder,
        zip=packed,
        files=len(files),
        size_bytes=sum(path.stat().st_size for path in files),
        zip_bytes=packed.stat().st_size,
    )
