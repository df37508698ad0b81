"""Find the smallest file that is still right: `edgekit optimize`."""

from __future__ import annotations

import datetime
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from edgekit.core import registry
from edgekit.core.errors import BadInput
from edgekit.core.parallel import MOST_WORKERS, part
from edgekit.core.paths import write_json
from edgekit.core.recipe import Metric
from edgekit.core.records import to_json
from edgekit.core.types import AnyPath, Progress, Size, is_path, silent
from edgekit.core.variant import Variant
from edgekit.intake.examples import Given
from edgekit.intake.media import Pixels
from edgekit.intake.options import Options
from edgekit.reporting import wording
from edgekit.running.place import Place, places
from edgekit.running.this_machine import machine
from edgekit.search import page, study
from edgekit.search.candidate import Candidate, Found, Limits, Reference, front_of
from edgekit.search.elsewhere import Elsewhere, joined
from edgekit.search.own_model.preparing import prepared
from edgekit.search.own_model.source import OwnModel
from edgekit.search.recipe_source import Request, trained_reference
from edgekit.search.trying import Source
from edgekit.search.working import search, timed_alone
from edgekit.source_model.interface import KerasModel

FOLDER = "optimize"
"""Folder in `out` that holds the run folders of searches, apart from those of builds."""

REFERENCE = Variant(precision="float32")


def optimize(
    source: AnyPath | KerasModel,
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
    data: Given | None = None,
    weights: AnyPath | None = None,
    pixels: Pixels | Literal[""] = "",
    shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    custom: AnyPath | None = None,
    cluster: str = "",
    progress: Progress = silent,
) -> Found:
    """Search for the smallest file of a recipe or a model that keeps to limits on a target.

    Every variant that is tried is made, run on the target's runtime, and compared with the float
    reference there. A search that was stopped goes on where it was; what it knows is kept.

    A model of your own is not trained: precisions with their options are tried, and the forms of
    recurrent layers, each made and verified as `convert` does. How much worse a file is, its drop,
    is there: with right answers among the data, the percentage points of accuracy lost (or the rise
    of the mean absolute error, in percent of the standard deviation of the right answers); without,
    the percentage of examples whose first choice, or of tokens that are others than the model's, or
    the error in percent of the standard deviation of its answers. Of several outputs the worst
    counts. What `convert` would reject is out of limits, whatever the drop.

    Args:
        source: Name of a recipe, or path to a recipe file; or a model as `convert` takes it: a
            `.keras` or `.h5` file, a SavedModel folder, or a Keras model.
        target: Name of a target, or path to its file; its runtime has to be here.
        max_drop: By how much the metric may get worse, in its unit, 0 or more; if None, the
            recipe's own limits hold, or those of `convert`.
        max_bytes: Of the file, 1 or more.
        max_latency_ms: Median of one call on the target, above 0.
        minutes: Of search, after the reference was trained; above 0. What was begun is finished.
        workers: Processes that try variants at once, 1..64. The latency of what is recommended is
            measured alone, at the end.
        size: Of a recipe, as of a build: "tiny" or "full".
        seed: Of a recipe, as of a build.
        out: The run folder is `out/optimize/<name>`, with `optimize.json` and `optimize.html`; of
            a model with the recommended file, called after it.
        data: Of a recipe, as of a build. Of a model, examples as `convert` takes them to calibrate;
            an `.npz` or a mapping may hold right answers beside them, as `convert` takes them to
            evaluate, of which up to half then calibrate and the others score. Without, random input
            is compared, and what needs calibration is left out.
        weights: Of a recipe, as of a build.
        pixels: Of a model, as of `convert`; so are `shapes` and `custom`.
        shapes: See there.
        custom: See there.
        cluster: Head of a Ray cluster, `HOST:PORT`, whose nodes try variants instead, as many at
            once as have room, also of those that come later; this machine has to be one of them.
        progress: Told how far the search is.

    Raises:
        NotFound: There is no such recipe, model, target or data.
        BadInput: A limit is no such number, the model or its data cannot be used, or nothing runs
            files for the target here.
        Unavailable: The target's runtime or device is not here, or there is no such cluster.

    Example:
        >>> edgekit.optimize("image_cnn", "cpu", max_drop=0.5, minutes=5)  # doctest: +SKIP
        >>> edgekit.optimize("model.keras", "cpu", data="examples.npz")  # doctest: +SKIP
    """
    limits = Limits(max_drop=max_drop, max_bytes=max_bytes, max_latency_ms=max_latency_ms)
    _check(limits, minutes, workers)
    place = _place_of(target, here=not cluster)
    searched: Request | OwnModel
    folder, early = Path(out) / FOLDER, part(progress, 0.0, 0.1)
    with joined(cluster, place) as crew:
        if is_own_model(source):
            _refuse("model", {"weights": weights, "size full": size != "tiny", "seed": seed})
            options = Options(
                pixels=pixels,
                shapes={name: tuple(shape) for name, shape in shapes.items()},
                custom=None if custom is None else Path(custom),
            )
            searched, reference = prepared(
                source, target, folder, limits=limits, data=data, options=options, progress=early
            )
        else:
            _refuse("recipe", {"pixels": pixels, "shapes": shapes, "custom": custom})
            if data is not None and not is_path(data):
                raise BadInput("A recipe takes data as a path, as `edgekit build` does; give one.")
            searched = Request(
                recipe=os.fspath(source),
                target=target,
                size=size,
                seed=seed,
                out=folder,
                limits=limits,
                data=None if data is None else Path(data),
                weights=None if weights is None else Path(weights),
            )
        away = Elsewhere(source=searched, crew=crew) if crew else None
        if isinstance(searched, Request):
            train = partial(away.reference, progress=early) if away else trained_reference
            reference = train(searched, REFERENCE)
        study.begin(searched)
        search(searched, minutes, workers, away, part(progress, 0.1, 0.9))
        known = study.candidates_of(study.opened(searched))
        timed = timed_alone(searched, away, list(known.values()))
    candidates = sorted(
        ({**known, **timed}).values(),
        key=lambda each: (-each.effort, each.compressed_bytes is None, each.costs),
    )
    found = _found(searched, reference, candidates)
    write_json(searched.folder / "optimize.json", to_json(found))
    page.write(found, searched.folder)
    return found


def is_own_model(source: AnyPath | KerasModel) -> bool:
    """Whether this is a model, or the path of one, and not a recipe.

    Raises:
        BadInput: It is a `.tflite` file.
    """
    if not is_path(source):
        return True
    path = Path(source)
    if path.suffix == ".tflite":
        raise BadInput(
            f"'{path}' is a .tflite file already; a search makes such files of a recipe or a Keras "
            "model. Give the model it was converted from."
        )
    if os.fspath(source) in registry.names("recipes"):
        return False
    return path.is_dir() or path.suffix in (".keras", ".h5", ".hdf5")


def _refuse(kind: str, others: Mapping[str, object]) -> None:
    """Refuse what only goes with the other kind of source."""
    for name, value in others.items():
        if value:
            other = "model of your own" if kind == "recipe" else "recipe"
            raise BadInput(
                f"You gave a {kind} and {name}, which goes with a {other}. Leave {name} out."
            )


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


def _place_of(target: str, *, here: bool) -> Place:
    """Return where files for a target are measured; `here` asks for a runtime on this machine.

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
    if here and (reason := place.missing()):
        raise BadInput(f"Nothing can be measured for the target '{target}' here: {reason}")
    return place


def _found(source: Request | OwnModel, reference: Reference, candidates: list[Candidate]) -> Found:
    front = front_of(candidates, source.limits)
    best = front[0] if front else None
    chosen = Variant.parse(best.variant) if best else None
    file, said = source.delivered(chosen) if chosen else (None, "")
    emulated = _EMULATED if source.place.stands_in() else ""
    return Found(
        recipe=source.name,
        target=registry.name_of("targets", source.target),
        runtime=source.place.runtime,
        device=source.place.device,
        size=source.size if isinstance(source, Request) else None,
        seed=source.seed if isinstance(source, Request) else None,
        metric=reference.metric,
        reference=reference.value,
        limits=source.limits,
        candidates=tuple(candidates),
        front=tuple(each.variant for each in front),
        recommended=best.variant if best else "",
        why=_why(source, reference.metric, candidates, best),
        doubt=page.doubt_of(best, reference.metric, source.limits) if best else "",
        command=source.command(chosen) if chosen else "",
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        machine=machine(),
        model=str(source.model) if isinstance(source, OwnModel) else "",
        file=str(file or ""),
        notes=tuple(filter(None, (*reference.notes, emulated, said))),
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
    if plain and plain is not best and plain.compressed_bytes and best.compressed_bytes:
        ratio = f", {plain.compressed_bytes / best.compressed_bytes:.1f} times smaller than float32"
    text = (
        f"{best.variant} is the smallest within limits of "
        f"{wording.counted(len(candidates), 'variant')} tried: {size} compressed{ratio}; "
        f"{metric.worsening} of {metric.name} {drop}{time}. {_beside_usual(source, whole, best)} "
        f"{source.remark(best)}"
    )
    return text.rstrip()


def _beside_usual(source: Source, candidates: list[Candidate], best: Candidate) -> str:
    """Say what comes of trying the usual variants, each as it is by default, and no others."""
    names = {str(each) for each in source.usual(source.ways()) if not each.options}
    usual = front_of([each for each in candidates if each.variant in names], source.limits)
    if not usual:
        return "None of the usual variants that were tried keeps to the limits."
    if usual[0].variant == best.variant:
        return "It is one of the usual variants."
    size = wording.size_text(usual[0].compressed_bytes)
    return f"Of the usual variants, {usual[0].variant} is the smallest, {size}."
