"""What a build is to do: recipe, variants, places, and the code that its steps will run."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from edgekit.building.fingerprints import Code, code_of
from edgekit.building.optimizing import refuse_undoing
from edgekit.building.parts import RecipeChoice
from edgekit.building.plan_file import WrittenPlan
from edgekit.building.programs import source_of
from edgekit.building.run_folder import PLAN, refuse_strangers
from edgekit.core import registry
from edgekit.core.errors import BadInput, Unavailable
from edgekit.core.paths import packaged, require_writable, sha256, write_json
from edgekit.core.recipe import Program, Recipe
from edgekit.core.records import Json, to_json
from edgekit.core.types import Size
from edgekit.core.variant import AS_USUAL, Variant
from edgekit.domains.learning.own_weights import refuse_unreadable
from edgekit.running.place import Place, places, target
from edgekit.running.this_machine import processor, versions

_ON_BOARDS = "tflite-runtime"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What to build and where; the run folder's `plan.json` is enough to repeat it.

    Attributes:
        choice: The recipe.
        board: Device that stands in for every emulated one; "" for none.
        base: What decides the result of every step: size, seed, versions, data.
        code: Step -> the code it runs, as it was when the plan was made: `train`, `convert`,
            `explain`, `programs`, `see`, each optimization by name, each target by name.
        notes: What the report has to say of the plan, as sentences.
        command: That asks for this build, with all its options.
    """

    choice: RecipeChoice
    size: Size
    seed: int
    variants: tuple[Variant, ...]
    targets: tuple[str, ...]
    folder: Path
    board: str
    base: Mapping[str, Json]
    code: Mapping[str, Code]
    notes: tuple[str, ...] = ()
    command: str = ""

    @cached_property
    def recipe(self) -> Recipe:
        """The recipe itself."""
        return self.choice.load()

    @property
    def work(self) -> Path:
        """Where intermediate files stand."""
        return self.folder / ".work"

    @cached_property
    def places(self) -> dict[str, Place]:
        """Target name -> the runtime and device that prove it."""
        found = places(self.targets)
        if not self.board:
            return found
        return {
            name: Place(runtime=place.runtime, device=self.board)
            if target(name).runtime and place.is_emulated()
            else place
            for name, place in found.items()
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
    data: Path | None = None,
    weights: Path | None = None,
    effort: float = 1.0,
) -> Plan:
    """Check a build request and return what is to be done; nothing is written.

    `effort` is that of `RecipeChoice`; all else is as `edgekit.building.pipeline.build` takes it.
    """
    if size not in ("tiny", "full"):
        raise BadInput(f"size is '{size}'; allowed are 'tiny' and 'full'.")
    if not 0 <= seed < 1 << 32:
        raise BadInput(f"seed is {seed}; allowed are 0 to {(1 << 32) - 1}.")
    if sentence := registry.get("converters", "tflite").missing():
        raise Unavailable(sentence)
    choice = RecipeChoice(name=recipe, data=data, weights=weights, effort=effort)
    found = choice.load()
    chosen = tuple(map(Variant.parse, variants or found.variants))
    for variant in chosen:
        _check_variant(found, variant)
    wanted, notes = _targets(targets)
    if weights is not None:
        refuse_unreadable(weights)
        notes = (f"Training began with the weights in '{weights.name}'.", *notes)
    plan = Plan(
        choice=choice,
        size=size,
        seed=seed,
        variants=chosen,
        targets=wanted,
        folder=out / registry.name_of("recipes", recipe),
        board=board,
        base=_base(size, seed, data, weights),
        code=_code(recipe, found.program, chosen, wanted),
        notes=notes,
        command=_command(
            recipe,
            {
                "--size": [size],
                "--variant": variants,
                "--target": targets,
                "--board": [board] if board else [],
                "--data": [data] if data else [],
                "--weights": [weights] if weights else [],
                "--seed": [seed],
                "--out": [out] if out != Path("runs") else [],
            },
        ),
    )
    plan.places  # noqa: B018  (a runtime or device that is not there is refused now)
    if board and (sentence := Place(runtime=_ON_BOARDS, device=board).mismatch()):
        raise BadInput(sentence)
    return plan


def begin(plan: Plan) -> None:
    """Create the run folder of a plan, and write `plan.json` into it."""
    refuse_strangers(plan.folder, bundles=packagers_of_builds())
    require_writable(plan.folder / PLAN)
    plan.folder.mkdir(parents=True, exist_ok=True)
    write_json(plan.folder / PLAN, to_json(written(plan)))


def written(plan: Plan) -> WrittenPlan:
    """Return what `plan.json` is to hold of a plan."""
    base, choice = plan.base, plan.choice
    by_path = registry.name_of("recipes", choice.name) != choice.name
    return WrittenPlan(
        recipe=str(Path(choice.name).absolute()) if by_path else choice.name,
        size=plan.size,
        seed=plan.seed,
        versions=base["versions"],
        data=base["data"],
        modules={name: sum_ for code in plan.code.values() for name, sum_ in code.sums.items()},
        variants=tuple(map(str, plan.variants)),
        targets=plan.targets,
        board=plan.board,
        own_data=str(choice.data.absolute()) if choice.data else "",
        own_weights=str(choice.weights.absolute()) if choice.weights else "",
        processor=processor(),
    )


def packagers_of_builds() -> list[str]:
    """Return the names of the packagers that pack every build."""
    names = registry.names("packagers")
    return [name for name in names if registry.get("packagers", name).with_builds]


def _command(recipe: str, options: Mapping[str, Sequence[str | Path | int]]) -> str:
    """Return the command line of a build, ready to copy."""
    words = [
        word for option, values in options.items() for value in values for word in (option, value)
    ]
    return shlex.join(["edgekit", "build", recipe, *map(str, words)])


def _targets(asked_for: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the targets to build for, and what to say of those left out.

    A report has one column for each runtime on a device, so that two targets that are proven by
    the same one cannot be in the same build.
    """
    chosen: dict[Place, str] = {}
    notes = []
    for name, place in places(asked_for or _usual_targets()).items():
        first = chosen.setdefault(place, name)
        if first == name:
            continue
        both = (
            f"Targets '{first}' and '{name}' are both proven by {place.runtime} on {place.device}"
        )
        if asked_for:
            raise BadInput(f"{both}; build for one at a time.")
        notes.append(f"{both}; '{name}' was left out, and is built with --target {name}.")
    return tuple(chosen.values()), tuple(notes)


def _usual_targets() -> list[str]:
    """Return the targets that a build is for unless others are asked for."""
    known = {name: target(name) for name in registry.names("targets")}
    return [name for name, each in known.items() if each.with_builds and not each.missing()]


def _base(size: Size, seed: int, data: Path | None, weights: Path | None) -> dict[str, Json]:
    sums = {"packaged": sha256(packaged("datasets"))}
    if data is not None:
        sums["own"] = sha256(data)
    if weights is not None:
        sums["weights"] = sha256(weights)
    return {"size": size, "seed": seed, "versions": versions(), "data": sums}


def _code(
    recipe: str, program: Program, variants: Sequence[Variant], targets: Sequence[str]
) -> dict[str, Code]:
    """Take the checksums of everything the steps of a build run."""
    story = registry.source_of("recipes", recipe)
    convert = [registry.source_of("converters", "tflite")]
    convert += [story] if recipe.endswith(".py") else []  # which may hold layers of its own
    found = {
        "train": code_of(story, packaged("building", "reference", "training.py")),
        "convert": code_of(*convert),
        "explain": code_of(*convert, packaged("verbs", "explain.py")),
        "programs": code_of(story, source_of(program), packaged("building", "programs.py")),
        "see": code_of(story, packaged("showing", "examples.py")),
    }
    optimize = packaged("building", "optimizing.py")
    for name in dict.fromkeys(name for each in variants for name in each.optimizations):
        found[name] = code_of(story, optimize, registry.source_of("optimizations", name))
    for name, place in places(targets).items():
        if not target(name).runtime:
            measured = packaged("building", "measuring", "prediction.py")
            found[f"target {name}"] = code_of(measured, registry.source_of("targets", name))
            continue
        entries = [story, packaged("building", "measuring", "scoring.py")]
        entries += [registry.source_of("runtimes", place.runtime)]
        entries += [registry.source_of("devices", place.device)]
        if converter := target(name).converter:
            entries += [registry.source_of("converters", converter)]
        found[f"target {name}"] = code_of(*entries)
    return found


def _check_variant(recipe: Recipe, variant: Variant) -> None:
    if not variant.optimizations:
        return
    if recipe.loss is None:
        raise BadInput(
            f"Variant '{variant}' needs a recipe with a loss that retrains it; this one has plain "
            f"variants only: {', '.join(recipe.variants)}."
        )
    for name in variant.optimizations:
        _check_options(variant, name)
    refuse_undoing(variant)


def _check_options(variant: Variant, name: str) -> None:
    optimization = registry.get("optimizations", name)
    if variant.precision not in optimization.precisions:
        allowed = ", ".join(optimization.precisions)
        raise BadInput(f"'{name}' goes with {allowed}, not {variant.precision}.")
    if optimization.trains_ranges and variant.quantization != AS_USUAL:
        raise BadInput(
            f"Variant '{variant}' tells {variant.precision} '{variant.quantization}', but '{name}' "
            "has trained how it is quantized; leave that out."
        )
    for option in variant.options_of(name):
        if option not in optimization.options:
            known = ", ".join(optimization.options) or "none"
            raise BadInput(f"'{name}' has no option '{option}'; it has: {known}.")
    if optimization.check:
        optimization.check(**{**optimization.options, **variant.options_of(name)})
