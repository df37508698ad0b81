"""The program that runs on a device with a recipe's models, as a folder that needs edgekit no more.

`NAME.py` starts it; beside it lie the package `on_device` with the modules that it imports, and the
files that it reads.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from edgekit.building.fingerprints import imported
from edgekit.core.paths import atomic, packaged
from edgekit.core.recipe import Program, Recipe
from edgekit.core.types import Size

PACKAGE = "on_device"

_START = '''"""Start the program of this bundle: `python3 {name}.py --help` says what it takes."""

from on_device.programs.{name} import main

if __name__ == "__main__":
    main()
'''


def write_programs(recipe: Recipe, size: Size, folder: Path) -> None:
    """Write what runs beside the model on a device: the recipe's program and what it reads."""
    with atomic(folder) as temporary:
        temporary.mkdir()
        if recipe.program:
            _copy_package(recipe.program, temporary)
        for name, content in (recipe.assets(size) if recipe.assets else {}).items():
            data = content.encode() if isinstance(content, str) else content
            (temporary / name).write_bytes(data)


def modules_of(program: Program) -> list[Path]:
    """Return the modules of `edgekit.on_device` that a program consists of, as paths below it."""
    root = packaged(PACKAGE)
    start = packaged(PACKAGE, "programs", f"{program.name}.py")
    inside = [path for path in imported([start]) if path.is_relative_to(root)]
    fronts = {root / "__init__.py", root / "programs" / "__init__.py"}
    return sorted(path.relative_to(root) for path in fronts | set(inside))


def _copy_package(program: Program, folder: Path) -> None:
    for path in modules_of(program):
        copy = folder / PACKAGE / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(packaged(PACKAGE) / path, copy)
    start = _START.format(name=program.name)
    (folder / f"{program.name}.py").write_text(start, encoding="utf-8")
