"""What a build is to do: the plan, the places it measures on, and the versions it depends on."""

from __future__ import annotations

import ast
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edgekit import registry
from edgekit.errors import BadInput
from edgekit.measuring import Place, places
from edgekit.paths import sha256, write_json
from edgekit.types import PRECISIONS, Recipe, Size

VERSIONED = ("tensorflow", "keras", "tf_keras", "tensorflow-model-optimization", "ai-edge-litert")


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to build and where; the run folder's `plan.json` is enough to repeat it."""

    recipe_name: str
    size: Size
    seed: int
    variants: tuple[str, ...]
    targets: tuple[str, ...]
    folder: Path
    board: str = ""

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe itself."""
        found: Recipe = registry.get("recipes", self.recipe_name)
        return found

    @property
    def work(self) -> Path:
        """Where intermediate files stand."""
        return self.folder / ".work"

    def places(self) -> dict[str, Place]:
        """Target name -> the runtime and device that prove it."""
        found = places(self.targets)
        if self.board and "raspberry-pi" in found:
            found["raspberry-pi"] = Place(runtime="tflite-runtime", device=self.board)
        return found

    def inputs(self) -> dict[str, Any]:
        """What decides the result of every step: recipe source, versions, size, seed."""
        path = Path(self.recipe_name)
        source = path if path.is_file() else Path(__file__).parent / "recipes" / f"{path}.py"
        return {
            "recipe": sha256(source) if source.is_file() else self.recipe_name,
            "modules": _modules(source) if source.is_file() else {},
            "size": self.size,
            "seed": self.seed,
            "versions": versions(),
        }


def make_plan(
    recipe: str,
    out: Path,
    *,
    size: Size,
    seed: int,
    variants: Sequence[str],
    targets: Sequence[str],
    board: str,
) -> Plan:
    """Check a build request, create its run folder and write `plan.json`."""
    if size not in ("tiny", "full"):
        raise BadInput(f"size is '{size}'; allowed are 'tiny' and 'full'.")
    found: Recipe = registry.get("recipes", recipe)
    name = registry.name_of("recipes", recipe)
    plan = Plan(
        recipe_name=recipe,
        size=size,
        seed=seed,
        variants=tuple(variants) or found.variants,
        targets=tuple(targets) or registry.names("targets"),
        folder=out / name,
        board=board,
    )
    for variant in plan.variants:
        _check_variant(found, variant)
    plan.places()
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_json(
        plan.folder / "plan.json",
        {**plan.inputs(), "recipe": recipe, "variants": plan.variants, "targets": plan.targets},
    )
    return plan


def _check_variant(recipe: Recipe, variant: str) -> None:
    optimization, _, precision = variant.rpartition("-")
    if precision not in PRECISIONS:
        raise BadInput(
            f"Variant '{variant}' has no known precision; allowed are {', '.join(PRECISIONS)}, "
            "alone or after an optimization as in 'pruned-int8'."
        )
    if optimization and (recipe.parts or not recipe.loss):
        raise BadInput(
            f"Variant '{variant}' needs a recipe that one loss retrains as one file; this one "
            f"has plain variants only: {', '.join(recipe.variants)}."
        )
    if optimization:
        allowed = registry.get("optimizations", optimization).precisions
        if precision not in allowed:
            raise BadInput(f"'{optimization}' goes with {', '.join(allowed)}, not {precision}.")


def _modules(source: Path) -> dict[str, str]:
    """Return the checksums of the edgekit modules that a recipe file imports."""
    imports = [n for n in ast.walk(ast.parse(source.read_text())) if isinstance(n, ast.ImportFrom)]
    names = {f"{n.module}.{alias.name}" for n in imports for alias in n.names if n.module}
    names |= {n.module for n in imports if n.module}
    package = Path(__file__).parent.parent
    paths = {name: package / f"{name.replace('.', '/')}.py" for name in sorted(names)}
    return {name: sha256(path) for name, path in paths.items() if path.is_file()}


def machine() -> str:
    """Describe this machine in one line: processor, number of CPUs, system."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    return f"{model}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}"


def versions() -> dict[str, str]:
    """Return the versions of edgekit, Python and every package a build depends on."""
    found = {"edgekit": _version("edgekit-tflite"), "python": platform.python_version()}
    return found | {name: _version(name) for name in VERSIONED}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
