"""The step of a build that runs one file on test examples, for people to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from edgekit.building.evaluation import Measured
from edgekit.building.parts import MODEL, Files, parts_of
from edgekit.building.plan import Plan
from edgekit.building.reference.training import Trained
from edgekit.building.run_folder import vectors_path
from edgekit.building.step_cache import step
from edgekit.core.errors import Unavailable, WorkerFailed
from edgekit.core.paths import sha256
from edgekit.core.report import Row
from edgekit.core.variant import Variant
from edgekit.reporting.seen import FILE_NAME, Seen, write_seen
from edgekit.running.place import Place
from edgekit.running.session import open_session
from edgekit.showing.examples import show_of, with_examples
from edgekit.source_model.golden_vectors import read_vectors


def see_examples(
    plan: Plan, converted: Mapping[Variant, Files], measured: Sequence[Measured], trained: Trained
) -> None:
    """Write what there is to see of a build into its run folder, or nothing if nothing is."""
    path = plan.folder / FILE_NAME
    chosen = _chosen(measured)
    if chosen is None or not (chosen.tally or show_of(plan.recipe)):
        path.unlink(missing_ok=True)
        return
    files = converted[Variant.parse(chosen.row.variant)]
    vectors = vectors_path(plan.folder, MODEL)
    step(
        plan.folder,
        "see",
        type(None),
        inputs={
            **plan.base,
            "files": {part: file.sha256 for part, file in files.items()},
            "vectors": sha256(vectors),
            "tallies": [trained.tally, chosen.tally],
            "place": [chosen.row.runtime, chosen.row.device],
        },
        outputs=[path],
        code=plan.code["see"],
        action=lambda: write_seen(_seen(plan, files, chosen, trained), plan.folder),
    )


def _seen(plan: Plan, files: Files, chosen: Measured, trained: Trained) -> Seen:
    row = chosen.row
    seen = Seen(
        variant=row.variant,
        runtime=row.runtime,
        device=row.device,
        reference=trained.tally,
        file=chosen.tally,
    )
    if show_of(plan.recipe) is None:
        return seen
    inputs, reference = read_vectors(vectors_path(plan.folder, MODEL))
    test = plan.recipe.data("test", plan.size).head(len(next(iter(inputs.values()))))
    try:
        with ExitStack() as stack:
            sessions = {
                part: stack.enter_context(
                    open_session(each.path, runtime=row.runtime, device=row.device)
                )
                for part, each in files.items()
            }
            answers = parts_of(plan.recipe).drive(sessions)(inputs)
    except (WorkerFailed, Unavailable):  # though it ran when it was measured
        return seen
    return with_examples(seen, plan.recipe, test, reference=reference, answers=answers)


def _chosen(measured: Sequence[Measured]) -> Measured | None:
    """Return the measurement that is looked at: of int8, or else of what is nearest to it."""

    def rank(each: Measured) -> int:
        row = each.row
        names = (row.variant == "int8", row.precision == "int8", row.precision != "float32")
        return next((number for number, fits in enumerate(names) if fits), len(names))

    here = [each for each in measured if each.row.status == "measured" and _is_plain(each.row)]
    return min(here, key=rank, default=None)


def _is_plain(row: Row) -> bool:
    """Whether a row is of this machine's CPU: quick, and its file the variant's own."""
    place = Place(runtime=row.runtime, device=row.device)
    return row.device == "local" and not row.adapter and not place.stands_in()
