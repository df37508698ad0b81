"""Find the smallest file that is still right: `edgekit optimize`."""

from __future__ import annotations

import datetime
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from edgekit.core import registry
from edgekit.core.child_process import Child
from edgekit.core.errors import BadInput
from edgekit.core.parallel import part
from edgekit.core.paths import write_json
from edgekit.core.recipe import Metric
from edgekit.core.records import to_json
from edgekit.core.types import AnyPath, Progress, Size, silent
from edgekit.core.variant import Variant
from edgekit.reporting import wording
from edgekit.running.place import places
from edgekit.running.this_machine import machine
from edgekit.search import page, study
from edgekit.search.candidate import Candidate, Found, Limits, Reference, front_of
from edgekit.search.recipe_source import Request, reference_of
from edgekit.search.trying import Source

FOLDER = "optimize"
"""Folder in `out` that holds the run folders of searches, apart from those of builds."""

REFERENCE = Variant(precision="float32")

MOST_WORKERS = 64


def optimize(
    recipe: AnyPath,
    target: str,
    *,
    max_drop: float | None = None,
    max_bytes: int | None = None,
    max_latency_ms: float | None = None,
    minutes: float = 10.0,
    workers: int = 1,
    size: Size = "tiny",
    seed: int = 0,
    out: AnyPath = Path("runs"),
    data: AnyPath | None = None,
    weights: AnyPath | None = None,
    progress: Progress = silent,
) -> Found:
    """Search the variants of a recipe for the smallest file that keeps to limits on a target.

    Every variant that is tried is built, run on the target's runtime, and compared with the float
    reference there. A search that was stopped goes on where it was; what it knows is kept.

    Args:
        recipe: Name, or path to a recipe file.
        target: Name of a target, or path to its file; its runtime has to be here.
        max_drop: By how much the metric may get worse, in its unit, 0 or more; the recipe's own
            limits if None.
        max_bytes: Of the file, 1 or more.
        max_latency_ms: Median of one call on the target, above 0.
        minutes: Of search, after the reference was trained; above 0. What was begun is finished.
        workers: Processes that try variants at once, 1..64. The latency of what is recommended is
            measured alone, at the end.
        size: "tiny" or "full", as of a build.
        seed: As of a build.
        out: The run folder is `out/optimize/<recipe>`, with `optimize.json` and `optimize.html`.
        data: As of a build.
        weights: As of a build.
        progress: Told how far the search is.

    Raises:
        NotFound: There is no such recipe or target.
        BadInput: A limit is no such number, or the target's place has no runtime to measure with.
        Unavailable: The target's runtime or device is not here.

    Example:
        >>> edgekit.optimize("image_cnn", "cpu", max_drop=0.5, minutes=5)  # doctest: +SKIP
    """
    limits = Limits(max_drop=max_drop, max_bytes=max_bytes, max_latency_ms=max_latency_ms)
    _check(limits, minutes, workers)
    request = Request(
        recipe=os.fspath(recipe),
        target=target,
        size=size,
        seed=seed,
        out=Path(out) / FOLDER,
        limits=limits,
        data=None if data is None else Path(data),
        weights=None if weights is None else Path(weights),
    )
    _check_target(target)
    reference = reference_of(request, REFERENCE)
    study.begin(request)
    _search(request, minutes, workers, part(progress, 0.1, 0.9))
    known = study.candidates_of(study.opened(request))
    timed = _timed_alone(request, list(known.values()))
    candidates = sorted(({**known, **timed}).values(), key=lambda each: (-each.effort, each.costs))
    found = _found(request, reference, candidates)
    write_json(request.folder / "optimize.json", to_json(found))
    page.write(found, request.folder)
    return found


def _check(limits: Limits, minutes: float, workers: int) -> None:
    for name, value, least in (
        ("max_drop", limits.max_drop, 0.0),
        ("max_bytes", limits.max_bytes, 1.0),
        ("max_latency_ms", limits.max_latency_ms, 1e-6),
        ("minutes", minutes, 1e-3),
    ):
        if value is not None and not least <= value < float("inf"):
            raise BadInput(f"{name} is {value:g}; give a number of {least:g} or more.")
    if not 1 <= workers <= MOST_WORKERS:
        raise BadInput(f"workers is {workers}; allowed are 1 to {MOST_WORKERS}.")


def _search(source: Request, minutes: float, workers: int, progress: Progress) -> None:
    """Let worker processes try variants until the time is up."""
    start = time.time()
    deadline = start + 60 * minutes

    def tell(_fraction: float, doing: str) -> None:
        progress(min(1.0, (time.time() - start) / (60 * minutes)), doing)

    children = [Child(progress=tell, timeout_s=60 * minutes + 4 * 3600) for _ in range(workers)]
    with ThreadPoolExecutor(workers) as pool:
        for _ in pool.map(lambda child: child.call(study.work, source, deadline), children):
            pass


def _check_target(target: str) -> None:
    """Refuse a target for which nothing here runs files.

    Raises:
        NotFound: There is no such target.
        BadInput: It is predicted only, or what runs its files is not here.
    """
    if not registry.get("targets", target).runtime:
        raise BadInput(
            f"Target '{target}' is predicted, and a search measures: nothing here runs its files. "
            "Search for a target that runs here, such as cpu, and predict the file it finds: "
            f"edgekit check FILE --target {target}"
        )
    (place,) = places((target,)).values()
    if reason := place.missing():
        raise BadInput(f"Nothing can be measured for the target '{target}' here: {reason}")


def _timed_alone(source: Source, known: list[Candidate]) -> dict[str, Candidate]:
    """Time the front again, one file after another: what was timed beside others is slower."""
    front = front_of(known, replace(source.limits, max_latency_ms=None))
    return {each.variant: source.timed_again(each) for each in front}


def _found(source: Request, reference: Reference, candidates: list[Candidate]) -> Found:
    front = front_of(candidates, source.limits)
    best = front[0] if front else None
    emulated = source.place.stands_in()
    return Found(
        recipe=source.name,
        target=registry.name_of("targets", source.target),
        runtime=source.place.runtime,
        device=source.place.device,
        size=source.size,
        seed=source.seed,
        metric=reference.metric,
        reference=reference.value,
        limits=source.limits,
        candidates=tuple(candidates),
        front=tuple(each.variant for each in front),
        recommended=best.variant if best else "",
        why=_why(source, reference.metric, candidates, best),
        command=source.command(Variant.parse(best.variant)) if best else "",
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=machine(),
        notes=(*reference.notes, *([_EMULATED] if emulated else [])),
    )


_EMULATED = "The device is emulated, or its GPU is software: no latency means anything."


def _why(
    source: Source, metric: Metric, candidates: list[Candidate], best: Candidate | None
) -> str:
    """Say what is recommended and why, or why nothing is."""
    whole = [each for each in candidates if each.effort == 1]
    if best is None:
        return f"None of {wording.counted(len(candidates), 'variant')} keeps to the limits."
    size = wording.size_text(best.compressed_bytes)
    drop = wording.amount_text(metric, best.drop or 0.0)
    time = f", {wording.latency_text(best.latency_ms)} a call" if best.latency_ms else ""
    plain = next((each for each in whole if each.variant == str(REFERENCE)), None)
    ratio = ""
    if plain and plain.compressed_bytes and best.compressed_bytes:
        ratio = f", {plain.compressed_bytes / best.compressed_bytes:.1f} times smaller than float32"
    text = (
        f"{best.variant} is the smallest within limits of "
        f"{wording.counted(len(candidates), 'variant')} tried: {size} compressed{ratio}; "
        f"{metric.worsening} of {metric.name} {drop}{time}. {source.remark(best)}"
    )
    return text.rstrip()
