"""The program that uses a recipe's models on a device, as a folder that no longer needs edgekit.

`NAME.py` starts it. Beside it lie the package `on_device`, of which only what the program imports,
and the files that it reads.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from edgekit.building.fingerprints import imported
from edgekit.core.errors import NotFound
from edgekit.core.paths import atomic, packaged, write_json
from edgekit.core.recipe import Program, Recipe
from edgekit.core.records import from_json, read_json, to_json
from edgekit.core.types import Size

PACKAGE = "on_device"
PROGRAM_FILE = "program.json"
"""Says in a run folder what the program is and how it is called; for packagers."""

_START = '''"""Start the program of this bundle: `python3 {name}.py --help` says what it takes."""

from on_device.programs.{name} import main

if __name__ == "__main__":
    main()
'''


def write_programs(recipe: Recipe, size: Size, folder: Path) -> None:
    """Write what goes beside the models on a device: the recipe's program and what it reads."""
    with atomic(folder) as temporary:
        temporary.mkdir()
        copy_package(recipe.program, temporary)
        write_json(temporary / PROGRAM_FILE, to_json(recipe.program))
        for name, content in (recipe.assets(size) if recipe.assets else {}).items():
            data = content.encode() if isinstance(content, str) else content
            (temporary / name).write_bytes(data)


def read_program(folder: Path) -> Program | None:
    """Return the program that `write_programs` wrote into a folder; None if there is none.

    Raises:
        BadData: What describes it cannot be read.
    """
    path = folder / PROGRAM_FILE
    if not path.is_file():
        return None
    written_by, remedy = "`edgekit build` writes it", "build it again"
    value = read_json(path, written_by=written_by, remedy=remedy)
    return from_json(Program, value, what=f"'{path}'", remedy=remedy)


def source_of(program: Program) -> Path:
    """Return the module that a program starts with.

    Raises:
        NotFound: There is no program by that name.
    """
    if not is_ours(program):
        raise NotFound(
            f"There is no program '{program.name}' for devices; there are {', '.join(_names())}. "
            "Name one of them in the recipe."
        )
    return packaged(PACKAGE, "programs", f"{program.name}.py")


def is_ours(program: Program) -> bool:
    """Whether this edgekit has a program by that name."""
    return program.name in _names()


def modules_of(program: Program, *others: str) -> list[Path]:
    """Return the modules of `edgekit.on_device` that a program consists of, as paths below it.

    Args:
        program: Where they begin.
        others: Paths of further modules below `edgekit.on_device` that they begin with.

    Raises:
        NotFound: There is no program by that name.
    """
    root = packaged(PACKAGE)
    entries = [source_of(program), *(packaged(PACKAGE, other) for other in others)]
    inside = [path for path in imported(entries) if path.is_relative_to(root)]
    folders = {
        folder for path in inside for folder in path.parents if root in (folder, *folder.parents)
    }
    fronts = {folder / "__init__.py" for folder in folders}
    return sorted(path.relative_to(root) for path in fronts | set(inside))


def copy_package(program: Program, folder: Path, *others: str) -> None:
    """Copy a program into a folder: what starts it, and the package with what it imports.

    Args:
        program: One of ours.
        folder: Gets `NAME.py` and the package `on_device`.
        others: Further modules of the package that come along with what they import.

    Raises:
        NotFound: There is no program by that name.
    """
    for path in modules_of(program, *others):
        copy = folder / PACKAGE / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(packaged(PACKAGE) / path, copy)
    start = _START.format(name=program.name)
    (folder / f"{program.name}.py").write_text(start, encoding="utf-8")


def _names() -> list[str]:
    return sorted(path.stem for path in packaged(PACKAGE, "programs").glob("[!_]*.py"))
