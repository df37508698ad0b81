"""A folder a class: which files belong to which class, group and split."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import BadData
from edgekit.domains.own_data.files import files_of, folders_of
from edgekit.domains.own_data.splitting import NAMES


@dataclass(frozen=True, kw_only=True)
class ClassFile:
    """A file of a class.

    Attributes:
        label: Number of its class.
        group: Name of the folder within the class's; "" if it lies in the class's own.
        split: Given by the top folder; "" if there is none.
    """

    path: Path
    label: int
    group: str
    split: str


@dataclass(frozen=True, kw_only=True)
class ClassFolders:
    """What a user's folder holds.

    Attributes:
        names: Of the classes, in the order of their numbers.
        strangers: Files that belong to no class or are of another kind, by their names.
    """

    root: Path
    names: tuple[str, ...]
    files: tuple[ClassFile, ...]
    strangers: tuple[str, ...]

    def passed_over(self, one: str) -> tuple[str, ...]:
        """Say how many files are none of those that count, called `one` if it is one."""
        count = len(self.strangers)
        if not count:
            return ()
        files = "1 file that is" if count == 1 else f"{count:,} files that are"
        return (f"{files} no {one} of a class was passed over: '{self.strangers[0]}'.",)


def class_folders(root: Path, suffixes: Sequence[str], what: str) -> ClassFolders:
    """Find the files of each class.

    The folder of a class may hold folders of groups, such as one for each person; and `root` may
    hold folders called train, validation and test, which hold those of the classes.

    Args:
        root: The folder.
        suffixes: Of the files that count, in lower case.
        what: What they are, for messages: "pictures".

    Raises:
        BadData: It is laid out in another way.
    """
    expected = f"expected a folder of {what} for each class, such as {root}/CLASS/1{suffixes[0]}"
    if not root.is_dir():
        raise BadData(f"'{root}' is a file; {expected}.")
    tops = folders_of(root)
    given = {top: NAMES.get(top.name.lower(), "") for top in tops}
    has_splits = len(tops) > 1 and all(given.values()) and "train" in given.values()
    folders = [(each, given[top]) for top in tops for each in folders_of(top)] if has_splits else []
    folders = folders or [(top, "") for top in tops]
    names = tuple(sorted({folder.name for folder, _ in folders}, key=natural))
    files = [
        ClassFile(path=path, label=names.index(folder.name), group=_group(path, folder), split=part)
        for folder, part in folders
        for path in files_of(folder)
        if path.suffix.lower() in suffixes
    ]
    _check(root, names, files, suffixes, what, expected)
    ours = {file.path for file in files}
    strangers = [str(path.relative_to(root)) for path in files_of(root) if path not in ours]
    return ClassFolders(root=root, names=names, files=tuple(files), strangers=tuple(strangers))


def _check(
    root: Path,
    names: Sequence[str],
    files: Sequence[ClassFile],
    suffixes: Sequence[str],
    what: str,
    expected: str,
) -> None:
    if not names:
        first = next(iter(files_of(root)), None)
        holds = f"'{first.name}' but no folders" if first else "nothing"
        raise BadData(f"'{root}' holds {holds}; {expected}.")
    for label, name in enumerate(names):
        if name.splitlines() != [name] or not name.isprintable():
            raise BadData(f"Class folder {name!r} has a name that no list can show; rename it.")
        if not any(file.label == label for file in files):
            raise BadData(
                f"Class folder '{name}' of '{root}' holds no {what} ({', '.join(suffixes)}); put "
                "some in, or remove it."
            )
    if len(names) < 2:
        raise BadData(
            f"'{root}' holds one class folder, '{names[0]}'; two or more are expected. If the "
            f"classes lie within it, give '{root / names[0]}'."
        )


def _group(path: Path, folder: Path) -> str:
    parents = path.relative_to(folder).parts[:-1]
    return parents[0] if parents else ""


def natural(name: str) -> list[tuple[int, str]]:
    """Order names so that '10' comes after '9'."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name)
    ]
