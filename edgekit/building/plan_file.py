"""What `plan.json` of a run folder holds: enough to build it again, and to see what has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edgekit.building.run_folder import PLAN
from edgekit.core.records import from_json, read_json
from edgekit.core.types import Size


@dataclass(frozen=True, kw_only=True)
class WrittenPlan:
    """What `plan.json` holds: what was asked for, and everything that the result depends on.

    Attributes:
        recipe: Its name, or the absolute path of its file.
        versions: See `edgekit.running.this_machine.versions`.
        data: SHA-256 of the `packaged` data, of the `own` ones and of the `weights`, if any.
        modules: Source file -> SHA-256, of all that the steps run.
        board: See `Plan`.
        own_data: Absolute path of a user's own data; "" for none.
        own_weights: Absolute path of a model that training begins with; "" for none.
        processor: Sums of floats, and so the bytes of trained weights, depend on it.
    """

    recipe: str
    size: Size
    seed: int
    versions: Mapping[str, str]
    data: Mapping[str, str]
    modules: Mapping[str, str]
    variants: tuple[str, ...]
    targets: tuple[str, ...]
    board: str
    own_data: str
    own_weights: str
    processor: str


def read_plan(run_dir: Path) -> WrittenPlan:
    """Return what a run folder says of its own build.

    Raises:
        NotFound: It is not the folder of a build.
        BadData: Its `plan.json` is damaged, or lacks what a build is repeated from.
    """
    path, remedy = run_dir / PLAN, "build it again with `edgekit build`"
    facts = read_json(path, written_by="`edgekit build` writes it", remedy=remedy)
    return from_json(WrittenPlan, facts, what=f"'{path}'", remedy=remedy)
