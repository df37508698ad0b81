"""Judge the self-test that a phone shared, on the desk, with the golden vectors of the bundle.

The app of `android-demo/` replays a bundle's golden vectors and writes a JSON file of what its
models answered and where they ran. Nothing in it is believed but the answers: they are compared
with the reference's by the rules that hold for every other runtime.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgekit.core.errors import BadData, BadInput
from edgekit.core.records import from_json, read_json
from edgekit.core.types import Array, Batch
from edgekit.core.variant import has_reference_weights
from edgekit.on_device.interpreter import BUNDLE
from edgekit.running.agreement import compare
from edgekit.running.judgement import arithmetic, judge
from edgekit.verbs.verify import Proof

VERSION = 1
REMEDY = "run the self-test again and share its report"
RUNTIME = "LiteRT for Android"
OTHER_WEIGHTS = (
    "Not judged: the variant was trained on, so it has other weights than the reference."
)
MARGIN = 1e-3
"""Share by which the app's figures may differ from ours, for it sums in another order."""


@dataclass(frozen=True, kw_only=True)
class _Answers:
    """An output: so many examples of it as fitted into the report, float32 in Base64."""

    name: str
    shape: tuple[int, ...]
    float32: str


@dataclass(frozen=True, kw_only=True)
class _Output:
    """What the app computed itself; null where an answer was not a number."""

    name: str
    max_abs_error: float | None


@dataclass(frozen=True, kw_only=True)
class _Model:
    part: str
    file: str
    sha256: str
    asked_for: str
    ran_on: str
    why_not: str
    outputs: tuple[_Output, ...]
    answers: tuple[_Answers, ...]


@dataclass(frozen=True, kw_only=True)
class _Report:
    edgekit_device_report: int
    recipe: str
    variant: str
    device: Mapping[str, str]
    models: tuple[_Model, ...]


@dataclass(frozen=True, kw_only=True)
class _Scaling:
    scale: float


@dataclass(frozen=True, kw_only=True)
class _Port:
    name: str
    quantization: _Scaling | None


@dataclass(frozen=True, kw_only=True)
class _File:
    variant: str
    part: str
    precision: str
    file: str
    sha256: str
    outputs: tuple[_Port, ...]


@dataclass(frozen=True, kw_only=True)
class _Tensor:
    role: str
    name: str
    file: str
    dtype: str
    shape: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class _Golden:
    tensors: tuple[_Tensor, ...]
    parts: Mapping[str, _Golden]


@dataclass(frozen=True, kw_only=True)
class _Bundle:
    """What `bundle.json` says that matters here."""

    models: tuple[_File, ...]
    golden: _Golden


def judge_report(bundle: Path, report: Path) -> list[Proof]:
    """Judge what a phone's self-test answered, one proof for each model file.

    Args:
        bundle: The folder that `edgekit bundle --for android` wrote, and the app was given.
        report: The JSON that the app shared.

    Raises:
        NotFound: There is no such bundle or report.
        BadData: The report cannot be read, or is of another bundle.
        BadInput: The report is of another version.
    """
    facts = _bundle(bundle)
    found = read_json(report, written_by="the app's 'Share report' sends it", remedy=REMEDY)
    version = found.get("edgekit_device_report") if isinstance(found, dict) else None
    if version != VERSION:
        raise BadInput(
            f"'{report}' is a device report of version {version}; this edgekit judges version "
            f"{VERSION}. Share one from the app of the same release."
        )
    read = from_json(_Report, found, what="The device report", remedy=REMEDY)
    if not read.models:
        raise BadData(f"'{report}' holds no model; {REMEDY}.")
    return [_proof(bundle, facts, read, model) for model in read.models]


def _bundle(folder: Path) -> _Bundle:
    described = read_json(
        folder / BUNDLE,
        written_by=f"give the folder of a bundle, whose {BUNDLE} `edgekit bundle` writes",
        remedy="make the bundle again",
    )
    return from_json(_Bundle, described, what=BUNDLE, remedy="make the bundle again")


def _proof(folder: Path, facts: _Bundle, report: _Report, model: _Model) -> Proof:
    described = _described(facts, model)
    answers = {each.name: _array(each) for each in model.answers}
    reference = _reference(folder, facts, model.part, answers)
    gpu = model.ran_on if model.ran_on == "gpu" else ""
    steps = {port.name: port.quantization.scale for port in described.outputs if port.quantization}
    agreement = compare(reference, answers)
    proof = Proof(
        file=model.file,
        precision=described.precision,
        runtime=RUNTIME,
        device=_phone(report.device),
        against="golden vectors",
        status="measured",
        max_abs_error=agreement.max_abs_error,
        mean_abs_error=agreement.mean_abs_error,
        cosine=agreement.cosine,
        adapter=gpu,
    )
    mistaken = _mistaken(reference, answers, model)
    if not has_reference_weights(described.variant):
        ok = False if mistaken else None
        return replace(proof, ok=ok, reason=_sentences(mistaken, OTHER_WEIGHTS, _residency(model)))
    judgement = judge(
        reference, answers, precision=arithmetic(described.precision, gpu), steps=steps
    )
    problem = _sentences(judgement.problem, mistaken)
    return replace(
        proof,
        ok=not problem,
        outputs=judgement.outputs,
        reason=_sentences(problem, _residency(model)),
    )


def _sentences(*each: str) -> str:
    return " ".join(filter(None, each))


def _described(facts: _Bundle, model: _Model) -> _File:
    for described in facts.models:
        if described.file == model.file and described.part == model.part:
            if described.sha256 != model.sha256:
                raise BadData(
                    f"The report is of another '{model.file}' than the bundle's (SHA-256); give "
                    "the bundle that the app was given."
                )
            return described
    files = ", ".join(each.file for each in facts.models)
    raise BadData(f"The report is of '{model.file}', and the bundle holds {files}.")


def _array(answers: _Answers) -> Array:
    try:
        content = base64.b64decode(answers.float32, validate=True)
        values = np.frombuffer(content, "<f4").reshape(answers.shape)
    except (binascii.Error, ValueError) as error:
        raise BadData(
            f"The report's answers '{answers.name}' are no numbers of shape {answers.shape}; "
            f"{REMEDY}."
        ) from error
    return values.astype(np.float32)


def _reference(folder: Path, facts: _Bundle, part: str, answers: Batch) -> Batch:
    """Return the golden answers to as many examples as the report holds, of the same outputs."""
    golden = facts.golden.parts.get(part, facts.golden)
    reference = {}
    for tensor in golden.tensors:
        if tensor.role == "output":
            file = folder / tensor.file
            if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
                raise BadData(f"The bundle has no '{tensor.file}'; make it again.")
            values = np.frombuffer(file.read_bytes(), np.dtype(tensor.dtype).newbyteorder("<"))
            if values.size != np.prod(tensor.shape):
                raise BadData(f"'{tensor.file}' is not {list(tensor.shape)}; make it again.")
            count = len(answers.get(tensor.name, values[:1]))
            reference[tensor.name] = values.reshape(tensor.shape)[:count]
    return reference


def _mistaken(reference: Batch, answers: Batch, model: _Model) -> str:
    """Say where the app's own figure is below what its answers show; "" if nowhere."""
    for output in model.outputs:
        if output.name not in answers or output.max_abs_error is None:
            continue
        ours = float(np.abs(answers[output.name] - reference[output.name]).max(initial=0.0))
        if output.max_abs_error < ours * (1 - MARGIN) - 1e-6:
            return (
                f"The app says that '{output.name}' is off by {output.max_abs_error:.2g} at most, "
                f"and its answers are off by {ours:.2g}."
            )
    return ""


def _residency(model: _Model) -> str:
    if model.asked_for == model.ran_on:
        return ""
    return (
        f"It was asked to run on the {model.asked_for.upper()}, and ran on the "
        f"{model.ran_on.upper()}: {model.why_not or 'the report does not say why'}"
    )


def is_emulated(device: Mapping[str, str]) -> bool:
    """Whether a device report comes from Android's emulator; these are its boards."""
    return device.get("hardware", "") in ("goldfish", "ranchu")


def _phone(device: Mapping[str, str]) -> str:
    names: Sequence[str] = [device.get(key, "") for key in ("manufacturer", "model")]
    android = f", Android {device['android']}" if "android" in device else ""
    return (" ".join(filter(None, names)) or "a phone") + android
