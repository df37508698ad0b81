"""A recipe's build as a task: what crosses to another machine, and which boards it holds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from edgekit.building.plan import Plan, make_plan
from edgekit.core import registry
from edgekit.core.types import Size
from edgekit.tasks.crew import Needs, board_of


@dataclass(frozen=True, kw_only=True)
class Order:
    """A build, as a user asks for it; all of it is data, and crosses into other processes.

    Attributes:
        recipe: Its name, or the path of its file.
        targets: Names, or paths of files; all that builds are for if empty.
        out: Folder that holds the run folder.
        command: That asks for this build where it was asked for; "" for here.
    """

    recipe: str
    out: Path
    size: Size
    seed: int
    variants: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    board: str = ""
    data: Path | None = None
    weights: Path | None = None
    command: str = ""

    def plan(self) -> Plan:
        """Return what is to be done; see `make_plan`."""
        plan = make_plan(
            self.recipe,
            self.out,
            size=self.size,
            seed=self.seed,
            variants=self.variants,
            targets=self.targets,
            board=self.board,
            data=self.data,
            weights=self.weights,
        )
        return replace(plan, command=self.command or plan.command)

    def elsewhere(self, plan: Plan) -> Order:
        """Return the same order with whole paths, as a crew takes it; `plan` is its own."""
        return replace(
            self,
            recipe=absolute("recipes", self.recipe),
            targets=tuple(absolute("targets", name) for name in self.targets),
            out=self.out.absolute(),
            data=self.data and self.data.absolute(),
            weights=self.weights and self.weights.absolute(),
            command=plan.command,
        )


def absolute(kind: str, name: str) -> str:
    """Return the whole path of a thing that is given by path; a name as it is."""
    return str(Path(name).absolute()) if registry.name_of(kind, name) != name else name


def needs_of(plan: Plan, *, cpus: int, memory_bytes: int, leaves: tuple[str, ...] = ()) -> Needs:
    """Return what building what was planned needs of the machine that does it."""
    things = [("recipes", plan.choice.name), *(("targets", name) for name in plan.targets)]
    by_path = [Path(name) for kind, name in things if registry.name_of(kind, name) != name]
    own = [path for path in (plan.choice.data, plan.choice.weights) if path is not None]
    boards = {board_of(place.device) for place in plan.places.values()} - {""}
    return Needs(
        folder=plan.folder,
        reads=(*by_path, *own),
        leaves=leaves,
        cpus=cpus,
        memory_bytes=memory_bytes,
        boards=tuple(sorted(boards)),
    )
