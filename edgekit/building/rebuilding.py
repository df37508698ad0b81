"""Build a run folder again from its plan, and say whether the same bytes come out."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.building.parts import MODEL
from edgekit.building.pipeline import build
from edgekit.building.plan import make_plan, packagers_of_builds, written
from edgekit.building.plan_file import WrittenPlan, read_plan
from edgekit.building.run_folder import (
    CHANGING,
    PLAN,
    programs_path,
    source_path,
    vectors_path,
)
from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.paths import require_writable, sha256
from edgekit.core.types import AnyPath, Progress, silent


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A file that is not the same in two run folders of one plan.

    Attributes:
        file: Its name in the run folder.
        was_bytes: Its size in the first build; None if it was not there.
        is_bytes: Its size in the second one; None if it is not there.
    """

    file: str
    was_bytes: int | None
    is_bytes: int | None

    def __str__(self) -> str:
        """Say how it differs."""
        if self.was_bytes is None or self.is_bytes is None:
            return f"{self.file} is only in the {'first' if self.is_bytes is None else 'new'} build"
        if self.was_bytes == self.is_bytes:
            return f"{self.file} holds other bytes, {self.is_bytes:,} as before"
        return f"{self.file} has {self.is_bytes:,} bytes and had {self.was_bytes:,}"


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """What building again showed.

    Attributes:
        run_dir: The folder of the first build.
        match: Whether every file that a build gives again has the same bytes.
        compared: How many files were compared.
        changed: What the build depends on and is not what it was, as sentences; only with `force`.
        differences: The files that differ; models first, in the order in which they are made.
        folder: The folder of the second build; None if it was temporary.
    """

    run_dir: str
    match: bool
    compared: int
    changed: tuple[str, ...]
    differences: tuple[Difference, ...]
    folder: str | None


def rebuild(
    run_dir: AnyPath,
    *,
    out: AnyPath | None = None,
    force: bool = False,
    progress: Progress = silent,
) -> Rebuilt:
    """Build again what a run folder's `plan.json` says, and compare every file byte by byte.

    Before any work, what the build depends on is compared with what it was: versions of packages,
    modules, data, processor. Left out of the comparison is only what holds dates and measured
    times; `edgekit.building.run_folder.CHANGING` names it.

    Args:
        run_dir: The folder that a build left.
        out: Folder for the new run folder, which must not be there yet; a temporary one if None.
        force: Go on although the build depends on something that has changed.
        progress: Told how far the build is.

    Raises:
        NotFound: It is not the folder of a build, or its recipe or data are not there any more.
        BadData: Its plan is damaged, or of an edition of edgekit that wrote less.
        BadInput: Something that the build depends on has changed, and `force` is not given.
        EdgekitError: The build itself fails.
    """
    run_dir = Path(run_dir)
    was = read_plan(run_dir)
    with _folder(out) as folder:
        made = folder / registry.name_of("recipes", was.recipe)
        if made.exists():
            raise BadInput(f"'{made}' is there already; give another --out, or move it away.")
        changed = changes(was, _now(was, folder))
        if changed and not force:
            more = f" (and {len(changed) - 1} more)" if len(changed) > 1 else ""
            raise BadInput(
                f"'{run_dir}' cannot be built as it was: {changed[0]}{more}. Restore that, or give "
                "--force to build all the same."
            )
        build(
            was.recipe,
            size=was.size,
            variants=was.variants,
            targets=was.targets,
            out=folder,
            seed=was.seed,
            board=was.board,
            data=was.own_data or None,
            weights=was.own_weights or None,
            progress=progress,
        )
        names = files_given_again(run_dir, made, was.variants)
        differences = tuple(_differing(run_dir, made, names))
    return Rebuilt(
        run_dir=str(run_dir),
        match=not differences,
        compared=len(names),
        changed=changed,
        differences=differences,
        folder=None if out is None else str(made),
    )


@contextlib.contextmanager
def _folder(out: AnyPath | None) -> Iterator[Path]:
    if out is None:
        with tempfile.TemporaryDirectory(prefix="edgekit-rebuild-") as scratch:
            yield Path(scratch)
    else:
        require_writable(Path(out) / PLAN)
        yield Path(out)


def _now(was: WrittenPlan, folder: Path) -> WrittenPlan:
    """Return what the plan of the same build would hold today."""
    plan = make_plan(
        was.recipe,
        folder,
        size=was.size,
        seed=was.seed,
        variants=was.variants,
        targets=was.targets,
        board=was.board,
        data=Path(was.own_data) if was.own_data else None,
        weights=Path(was.own_weights) if was.own_weights else None,
    )
    return written(plan)


def changes(was: WrittenPlan, now: WrittenPlan) -> tuple[str, ...]:
    """Return what a build depends on and is not what it was, each in a few words."""
    data = {
        "packaged": "the data that ship with edgekit",
        "own": f"the data in '{was.own_data}'",
        "weights": f"the weights in '{was.own_weights}'",
    }
    told = [
        f"{name} was {was.versions.get(name, 'not known')} and is {now.versions.get(name, 'gone')}"
        for name in _unequal(was.versions, now.versions)
    ]
    for name in _unequal(was.modules, now.modules):
        how = "is new" if name not in was.modules else "was edited"
        told.append(f"the module {name} {how if name in now.modules else 'is gone'}")
    told += [f"{data.get(name, name)} are others" for name in _unequal(was.data, now.data)]
    if was.processor != now.processor:
        told.append(f"the processor was {was.processor} and is {now.processor}")
    return tuple(told)


def _unequal(was: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    return [name for name in {**was, **now} if was.get(name) != now.get(name)]


def files_given_again(run_dir: Path, made: Path, variants: Sequence[str]) -> list[str]:
    """Return the files that two builds of one plan must have in common, those of models first.

    Of the first folder only what a build writes counts: bundles, other variants and a user's own
    files may have come to it since.
    """
    first = [source_path(Path(), MODEL).name, "parts", vectors_path(Path(), MODEL).name, *variants]
    written_by_builds = {*first, programs_path(Path()).name, *packagers_of_builds()}
    names = {name for name in _names(run_dir) if name.partition("/")[0] in written_by_builds}
    order = {name: k for k, name in enumerate(first)}
    return sorted(
        names | set(_names(made)),
        key=lambda name: (order.get(name.partition("/")[0], len(order)), name),
    )


def _names(folder: Path) -> Iterator[str]:
    """Yield the files of a run folder that a build gives again, but for the plan."""
    changing = (PLAN, *(name for names in CHANGING.values() for name in names))
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and "__pycache__" not in path.parts and not name.startswith(changing):
            yield name


def _differing(run_dir: Path, made: Path, names: Sequence[str]) -> Iterator[Difference]:
    for name in names:
        was, is_ = run_dir / name, made / name
        there = was.is_file() and is_.is_file()
        if not there or sha256(was) != sha256(is_):
            yield Difference(file=name, was_bytes=_size(was), is_bytes=_size(is_))


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None
