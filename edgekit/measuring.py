"""Run an artifact where it is meant to run: agreement with the reference, score, latency."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit import registry
from edgekit.errors import BadData, BadInput, BadModelFile, NotFound, Unavailable
from edgekit.parts import MODEL, parts_of
from edgekit.session import Session, open_session
from edgekit.types import Batch, Dataset, Recipe, Row, Run, Size, Timing
from edgekit.verification import Agreement, compare, drop_limit, worst

Vectors = Mapping[str, tuple[Batch, Batch]]
"""Part name -> golden inputs and the reference's outputs."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """A runtime on a device."""

    runtime: str
    device: str = "local"

    def missing(self) -> str:
        """Return "" if files can run here, else the sentence that says how to get there."""
        runtime = registry.get("runtimes", self.runtime)
        device = registry.get("devices", self.device)
        if self.device.partition("://")[0] not in runtime.devices:
            return f"{self.runtime} runs on {', '.join(runtime.devices)}, not on {self.device}."
        on_this_machine = runtime.missing() if self.device == "local" else ""
        return on_this_machine or str(device.missing())

    def emulated(self) -> bool:
        """Whether the device is emulated: slow, and its times mean nothing."""
        return not registry.get("devices", self.device).times_mean_something


def examples(recipe: Recipe, size: Size, *, emulated: bool) -> Dataset:
    """Return the test examples a place is scored on."""
    test = recipe.data("test", size)
    return test.head(recipe.num_emulated) if emulated else test


def places(target_names: tuple[str, ...] = ()) -> dict[str, Place]:
    """Return target name -> the place that proves it, for all targets or those named."""
    found = {}
    for name in target_names or registry.names("targets"):
        target = registry.get("targets", name)
        found[name] = Place(runtime=target.runtime, device=target.device)
    return found


def refuse_unrunnable(path: Path, runtime: str) -> None:
    """Refuse, before any process starts, a file that the runtime cannot run.

    Raises:
        BadModelFile: It is no `.tflite`, has no operators, or one that nothing here knows.
    """
    from edgekit.flatbuffer import read
    from edgekit.operator_tables import file_problems

    model = read(path)
    compiled = any(o.name == "CUSTOM:edgetpu-custom-op" for o in model.main.operators)
    problems = file_problems(model)
    if problems and not (compiled and runtime == "edgetpu"):
        raise BadModelFile(f"'{path}' cannot be run: {problems[0]}")


def read_vectors(path: Path) -> tuple[Batch, Batch]:
    """Read golden vectors: inputs and the reference's outputs.

    Raises:
        NotFound: There is no such file.
        BadData: It is not an `.npz` with `input:<name>` and `output:<name>` arrays.
    """
    if not path.is_file():
        raise NotFound(f"There is no file '{path}'; give an .npz of golden vectors.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = {key: arrays[key] for key in arrays.files}
    except (ValueError, OSError, AttributeError) as error:  # not an .npz, cut, or pickled
        raise BadData(f"'{path}' is not a readable .npz without pickled objects.") from error
    parts: dict[str, dict[str, Any]] = {"input": {}, "output": {}}
    for key, array in found.items():
        part, _, name = key.partition(":")
        if part not in parts or not name:
            raise BadData(f"'{path}' X")
        parts[part][name] = array
    if not parts["input"] or not parts["output"]:
        raise BadData(f"'{path}' lacks inputs or outputs; golden vectors hold both.")
    return parts["input"], parts["output"]


def agreement(session: Session, vectors: tuple[Batch, Batch]) -> Agreement:
    """Run golden vectors through a session and compare with the reference's outputs."""
    inputs, expected = vectors
    return compare(expected, session(inputs))


def measure(
    files: Mapping[str, Path], place: Place, *, vectors: Vectors, recipe: Recipe, size: Size
) -> dict[str, Any]:
    """Run one variant on one place: golden vectors, then the recipe's score on test data.

    Args:
        files: Part name -> `.tflite` file.
        place: Where.
        vectors: Part name -> golden vectors of it; `model` is always the whole.
        recipe: Drives and scores the parts.
        size: Of the test data.

    Returns:
        The measured fields of a `Row`, as JSON values.

    Raises:
        Unavailable: The place is not there.
        WorkerFailed: A file does not run there.
    """
    with ExitStack() as stack:
        sessions = {
            part: stack.enter_context(
                open_session(path, runtime=place.runtime, device=place.device)
            )
            for part, path in files.items()
        }
        found = worst([agreement(sessions[part], vectors[part]) for part in files])
        run = parts_of(recipe).drive(sessions)
        test = examples(recipe, size, emulated=place.emulated())
        same = _same_tokens(run, vectors[MODEL], recipe, emulated=place.emulated())
        value = recipe.score(run, test)
        adapter = next(iter(sessions.values())).info.get("adapter", "")
    return {
        "status": "measured",
        "value": value,
        "examples": len(test),
        "max_abs_error": found.max_abs_error,
        "mean_abs_error": found.mean_abs_error,
        "cosine": found.cosine,
        "same_tokens_percent": same,
        "reference_range": found.reference_range,
        "degenerate": found.degenerate,
        "adapter": adapter,
    }


def _same_tokens(
    run: Run, vectors: tuple[Batch, Batch], recipe: Recipe, *, emulated: bool
) -> float | None:
    """Return the share of the reference's tokens that a driven model answers too, in percent.

    Tokens are the integer outputs of a recipe of several parts, zeros (padding) left out.
    """
    tokens = [tensor.name for tensor in recipe.signature.outputs if tensor.dtype == "int32"]
    if recipe.parts is None or not tokens:
        return None
    count = recipe.num_emulated if emulated else len(vectors[1][tokens[0]])
    answer = run({name: array[:count] for name, array in vectors[0].items()})
    expected = np.concatenate([vectors[1][name][:count].ravel() for name in tokens])
    found = np.concatenate([answer[name].ravel() for name in tokens])
    return 100 * float(np.mean((found == expected)[expected != 0]))


def judge(
    measured: Mapping[str, Any], *, variant: str, recipe: Recipe, reference: float
) -> dict[str, Any]:
    """Add drop, limits and verdict to what `measure` returned.

    A plain precision must also agree with the reference value by value; an optimized variant has
    other weights than the reference, so it is held to the drop and to not being degenerate.
    """
    fields = dict(measured)
    if fields["status"] != "measured":
        return fields
    optimization, _, precision = variant.rpartition("-")
    errors = Agreement(
        **{
            name: fields[name] for name in ("max_abs_error", "mean_abs_error", "cosine")
        },  # what the row keeps
        reference_range=fields.pop("reference_range"),
        degenerate=fields.pop("degenerate"),
    )
    drop = recipe.metric.drop(reference, fields["value"])
    limit = drop_limit(recipe, variant, fields["examples"])
    problem = f"The output is {errors.degenerate}." if errors.degenerate else ""
    if not optimization:
        problem = errors.problem(arithmetic(precision, fields["adapter"]))
    if not problem and drop > limit:
        unit = recipe.metric.unit
        problem = f"{recipe.metric.name} drops by {drop:.2f} {unit}, allowed are {limit:g} {unit}."
    return {**fields, "drop": drop, "drop_limit": limit, "ok": not problem, "reason": problem}


def time_file(
    path: Path, place: Place, *, inputs: Batch | None = None, threads: int = 1, runs: int = 50
) -> Timing:
    """Time single invocations of a file; random inputs if none are given.

    Raises:
        Unavailable: The place is not there.
        WorkerFailed: The file does not run there.
    """
    if reason := place.missing():
        raise Unavailable(reason)
    if not 1 <= runs <= 100_000:
        raise BadInput(f"runs is {runs}; allowed are 1 to 100000.")
    batch = inputs or random_batch(path)
    with open_session(path, runtime=place.runtime, device=place.device, threads=threads) as session:
        return session.time({name: array[:1] for name, array in batch.items()}, runs=runs)


def random_batch(path: Path, count: int = 1, seed: int = 0) -> Batch:
    """Return `count` random examples that fit a file's inputs; integers are 0 or 1.

    Zero and one are valid in any embedding of two rows or more.
    """
    from edgekit.flatbuffer import ports, read

    random = np.random.default_rng(seed)
    batch = {}
    for port in ports(read(path))[0]:
        shape = (count, *(max(1, length) for length in port.shape[1:]))
        if port.scale or port.dtype.startswith("float"):
            batch[port.name] = random.random(shape, np.float32)
        else:
            batch[port.name] = random.integers(0, 2, shape).astype(port.dtype)
    return batch


def row(variant: str, place: Place, fields: Mapping[str, Any]) -> Row:
    """Return a report row for a variant on a place."""
    precision = variant.rpartition("-")[2]
    return Row(
        variant=variant, precision=precision, runtime=place.runtime, device=place.device, **fields
    )


def arithmetic(precision: str, adapter: str) -> str:
    """A GPU computes float32 files with float16 activations, so it is held to float16."""
    return "float16" if adapter and precision == "float32" else precision
