"""Verify and time models on a phone: send them to the app, judge what it answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from edgekit.core.errors import BadInput, Unavailable, WorkerFailed
from edgekit.core.records import from_json, read_json
from edgekit.verbs.bench import Benchmark
from edgekit.verbs.phone.adb import Phone, phone_of
from edgekit.verbs.phone.app_bundle import AppBundle, app_bundle
from edgekit.verbs.phone.device_report import REMEDY, RUNTIME, is_emulated, judge_report
from edgekit.verbs.verify import Proof

ON_GPU = {"litert": False, "litert-gpu": True}
"""Name of a runtime -> whether the app is asked for the GPU."""

USUAL_RUNS = 50


@dataclass(frozen=True, kw_only=True)
class _Latency:
    runs: int
    median_ms: float
    p90_ms: float


@dataclass(frozen=True, kw_only=True)
class _Ran:
    ran_on: str
    why_not: str


@dataclass(frozen=True, kw_only=True)
class _Timed:
    """What a device report says that matters for a benchmark."""

    latency: _Latency
    peak_memory_bytes: int | None
    models: tuple[_Ran, ...]
    device: Mapping[str, str] = field(default_factory=dict)


def verify_on_phone(
    path: Path, device: str, *, runtime: str = "", vectors: Path | None = None
) -> list[Proof]:
    """Let a phone answer golden vectors and judge its answers here.

    Args:
        path: A bundle's folder, of which the first variant runs, or a `.tflite` file.
        device: `adb` or `adb:SERIAL`.
        runtime: `litert` for the CPU, `litert-gpu` for the GPU; both if empty.
        vectors: Golden vectors of a file alone; by default those beside it.

    Raises:
        BadInput: There are no golden vectors, or the runtime is none of an app's.
        Unavailable: Not run: the phone or the app is not there.
    """
    phone, asked = _phone(device), [_on_gpu(runtime)] if runtime else [False, True]
    bundle = app_bundle(path, vectors=vectors)
    if why := phone.missing():
        raise Unavailable(f"Not run: {why}")
    if not bundle.has_answers:
        raise BadInput(
            f"There are no golden vectors beside '{path}', with which a phone's answers could be "
            "compared; give some with --vectors, or the bundle of a build."
        )
    return [proof for gpu in asked for proof in _proofs(phone, bundle, path, gpu=gpu)]


def bench_on_phone(
    path: Path, device: str, *, runtime: str = "litert", threads: int = 1, runs: int = USUAL_RUNS
) -> Benchmark:
    """Time single invocations on a phone, by the app; its memory is that of the whole app.

    Args:
        path: A bundle's folder, of which the first variant runs, or a `.tflite` file.
        device: `adb` or `adb:SERIAL`.
        runtime: `litert` for the CPU, `litert-gpu` for the GPU.
        threads: Must be 1: the app leaves threads to LiteRT.
        runs: Timed invocations, 1..1000.

    Raises:
        BadInput: The runtime, or a number of threads or runs, is none of an app's.
        Unavailable: Not run: the phone or the app is not there, or the GPU refuses the model.
        WorkerFailed: The app did not end its self-test.
    """
    phone, gpu = _phone(device), _on_gpu(runtime)
    if threads != 1 or runs > 1000:
        raise BadInput(
            f"The app takes threads as LiteRT chooses them, and up to 1000 runs; you asked for "
            f"{threads} threads and {runs} runs. Leave --threads out."
        )
    if why := phone.missing():
        raise Unavailable(f"Not run: {why}")
    report = phone.self_test(app_bundle(path), gpu=gpu, runs=runs)
    found = read_json(report, written_by="the app writes it", remedy=REMEDY)
    timed = from_json(_Timed, found, what="The device report", remedy=REMEDY)
    for model in timed.models:
        if gpu and model.ran_on != "gpu":
            raise Unavailable(f"Not run on the GPU: {model.why_not or 'the phone did not say why'}")
    return Benchmark(
        file=str(path),
        runtime=runtime,
        device=device,
        threads=threads,
        runs=timed.latency.runs,
        latency_ms_median=timed.latency.median_ms,
        latency_ms_p90=timed.latency.p90_ms,
        peak_memory_bytes=timed.peak_memory_bytes or 0,
        hardware="emulated" if is_emulated(timed.device) else "real",
    )


def _proofs(phone: Phone, bundle: AppBundle, path: Path, *, gpu: bool) -> Iterator[Proof]:
    """Give the proofs of one run of the app; why there are none is a proof that was not run."""
    proof = Proof(
        file=str(path),
        precision="",
        runtime=f"{RUNTIME}, {'GPU' if gpu else 'CPU'}",
        device=f"adb:{phone.serial}" if phone.serial else "adb",
        against="golden vectors",
        status="not run",
    )
    try:
        report = phone.self_test(bundle, gpu=gpu, runs=1)
    except (Unavailable, WorkerFailed) as error:
        yield replace(proof, ok=False, reason=str(error))
        return
    yield from judge_report(bundle.folder, report)


def _phone(device: str) -> Phone:
    phone = phone_of(device)
    if phone is None:
        raise BadInput(f"'{device}' is no phone; give adb or adb:SERIAL.")
    return phone


def _on_gpu(runtime: str) -> bool:
    if runtime not in ON_GPU:
        raise BadInput(
            f"'{runtime}' does not run in an Android app; what does is {' and '.join(ON_GPU)}."
        )
    return ON_GPU[runtime]
