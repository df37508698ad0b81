"""The nouns of edgekit. Data are frozen dataclasses; behaviours are functions held by them.

Nothing here imports more than the standard library and NumPy.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from edgekit.flatbuffer import Model

Array = NDArray[Any]
Batch = Mapping[str, Array]
"""Tensor name -> array, batch axis first."""

Run = Callable[[Batch], Batch]
"""A model as a function: the Keras reference and every runtime session have this shape."""

Progress = Callable[[float, str], None]
"""Told how far a long step is: a fraction in 0..1, and what it is doing."""

Size = Literal["tiny", "full"]
Split = Literal["train", "validation", "test", "calibration"]
Precision = Literal["float32", "float16", "dynamic_int8", "int8", "int16x8"]
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "dynamic_int8", "int8", "int16x8")
"""Which part has which type.

- `float32`: weights and activations float32.
- `float16`: weights stored as float16, computed in float32 (CPU) or float16 (GPU).
- `dynamic_int8`: weights int8; activations quantized while running.
- `int8`: weights and activations int8.
- `int16x8`: activations int16, weights int8.
"""


def silent(_fraction: float, _doing: str) -> None:
    """A `Progress` that tells nobody."""


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input or output of a model.

    Attributes:
        name: The name used in a `Batch`.
        shape: With the batch axis first, fixed at 1: `(1, height, width, channels)`.
        dtype: NumPy name of the type users pass, such as `float32`.
        meaning: What the numbers are, such as "grey image, 0..1".
    """

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class Signature:
    """What goes into a model, what comes out, and what the outputs are called."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """Examples of one split: inputs by name, targets, both with the batch axis first."""

    inputs: Batch
    targets: Array

    def __len__(self) -> int:
        return len(self.targets)

    def head(self, count: int) -> Dataset:
        """Return the first `count` examples."""
        inputs = {name: array[:count] for name, array in self.inputs.items()}
        return Dataset(inputs=inputs, targets=self.targets[:count])


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a recipe is judged by, such as accuracy in percent."""

    name: str
    unit: str = ""
    higher_is_better: bool = True

    def drop(self, reference: float, value: float) -> float:
        """How much worse `value` is than `reference`; negative when it is better."""
        return reference - value if self.higher_is_better else value - reference


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How an optimization retrains a recipe's model."""

    epochs: Mapping[Size, int]
    batch_size: int = 128
    learning_rate: float = 1e-3


@dataclass(frozen=True, kw_only=True)
class Parts:
    """A model that runs as several files, called by a loop: encoder and decoder step, or one hop.

    Each part is a model with the explicit state as inputs and outputs, converted to a file of its
    own. What the loop feeds them on the recipe's data calibrates them and verifies them.

    Attributes:
        signatures: Part name -> what goes in and out of it; the last one is called at every step.
        split: `(model) -> {part name: keras.Model}`, from a trained model.
        drive: `({part name: run}) -> run`: the loop that makes one function of the parts, with the
            recipe's signature. NumPy only: it runs on the device too. It takes any number of
            examples, and calls each part with all of them at once.
    """

    signatures: Mapping[str, Signature]
    split: Callable[[Any], Mapping[str, Any]]
    drive: Callable[[Mapping[str, Run]], Run]


Baseline = tuple[str, float | Callable[[Size, Progress], float]]
"""Name and value of what a simpler method scores; a function measures it on the same data."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model family with its data, training and score; the module says where it comes from.

    Attributes:
        signature: Inputs, outputs and labels of the model, the same for every size.
        metric: What `score` returns.
        baseline: What a simpler method scores, to compare with.
        source: Papers: author, year, link.
        build: `(size) -> keras.Model`, untrained, in Keras 3.
        data: `(split, size) -> Dataset`, in NumPy only.
        train: `(model, size, progress) -> keras.Model`, trained.
        score: `(run, dataset) -> float`, in the unit of `metric`.
        loss: Name of the Keras loss used when an optimization retrains the model; "" if none can.
        fine_tuning: How an optimization retrains the model.
        variants: Which optimization and precision to build, `"int8"` or `"pruned-int8"`.
        drop_limits: Largest accepted `metric` drop for a variant or a precision; overrides the
            default limits of `edgekit.verification`.
        parts: For a model that runs as several files; None for one file.
        on_device: Modules of `edgekit.on_device` that go into the bundle, the program first.
        assets: `(size) -> {file name: content}`: what those need, such as a vocabulary.
        num_emulated: Test examples that are scored on an emulated device, where all would take
            hours.
    """

    signature: Signature
    metric: Metric
    baseline: Baseline
    source: str
    build: Callable[[Size], Any]
    data: Callable[[Split, Size], Dataset]
    train: Callable[[Any, Size, Progress], Any]
    score: Callable[[Run, Dataset], float]
    loss: str = ""
    fine_tuning: FineTuning = FineTuning(epochs={"tiny": 1, "full": 2})
    variants: tuple[str, ...] = PRECISIONS
    drop_limits: Mapping[str, float] = field(default_factory=dict)
    parts: Parts | None = None
    on_device: tuple[str, ...] = ()
    assets: Callable[[Size], Mapping[str, str]] | None = None
    num_emulated: int = 1000


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """A change to a trained Keras model that makes its artifact smaller or faster.

    Attributes:
        precisions: The precisions it makes sense for.
        apply: `(model, recipe, size, seed, progress) -> model`; takes a trained Keras 3 model,
            returns a new Keras 3 or tf_keras model, ready to convert (wrappers stripped).
    """

    precisions: tuple[Precision, ...]
    apply: Callable[[Any, Recipe, Size, int, Progress], Any]


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A `.tflite` file and what is known of it; written beside it as `artifact.json`.

    Attributes:
        made_by: Versions and settings of what wrote it; keys that begin with `note` hold
            sentences about what was decided for the user.
        compressed_bytes: Size after DEFLATE, as in a zip or an APK; None if not measured.
    """

    path: Path
    precision: str
    signature: Signature
    made_by: Mapping[str, str]
    size_bytes: int
    sha256: str
    compressed_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Converter:
    """Writes an artifact of one format from a Keras model file.

    Attributes:
        precisions: What it can write.
        convert: `(source, out, *, precision, ...) -> Artifact`.
        missing: "" if it can run here, else the sentence that says how to get it.
    """

    precisions: tuple[str, ...]
    convert: Callable[..., Artifact]
    missing: Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Command:
    """How to start a Python: its arguments and what to add to the environment.

    Attributes:
        through_shell: Whether what follows `argv` is read by a shell, as it is behind ssh.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    through_shell: bool = False

    def python(self, code: str) -> tuple[str, ...]:
        """Return the arguments that run a line of Python code."""
        if not self.through_shell:
            return (*self.argv, "-c", code)
        # A shell that stays can tell by which signal Python ended; one that became Python cannot.
        return (*self.argv, "-c", f"{shlex.quote(code)}; exit $?")


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """An interpreter of `.tflite` files; it always runs in a worker process.

    Attributes:
        options: What the worker is told: `backend` and its settings (see `edgekit.worker`).
        command: Starts a Python on this machine that can import the interpreter.
        missing: "" if it can run here, else the sentence that says how to get it.
        setup: Creates what `missing` asks for; None when nothing can be created.
        devices: Names of the devices it can run on.
        install: What to run on a board that lacks it.
    """

    options: Mapping[str, str | int | bool]
    command: Callable[[], Command]
    missing: Callable[[], str]
    setup: Callable[[Progress], None] | None = None
    devices: tuple[str, ...] = ("local",)
    install: str = ""


@dataclass(frozen=True, kw_only=True)
class Device:
    """A place where a runtime's worker process runs.

    Attributes:
        command: Starts a Python on the device that can import the given runtime.
        missing: "" if it can be reached, else the sentence that says how.
        setup: Creates what `missing` asks for; None when nothing can be created.
        times_mean_something: False for an emulator: its latencies are not reported.
    """

    command: Callable[[Runtime], Command]
    missing: Callable[[], str]
    setup: Callable[[Progress], None] | None = None
    times_mean_something: bool = True


@dataclass(frozen=True, kw_only=True)
class OperatorVerdict:
    """Whether a target runs one operator of a model's main subgraph.

    Attributes:
        index: Position in the subgraph.
        name: Built-in operator name, or `CUSTOM:code`.
        version: The version written in the file.
        needed_version: The version its types and options need; None when not known.
        verdict: For `edgetpu`, "yes" means predicted mapped, "no" means it stays on the CPU.
        reason: One sentence; empty for a plain yes.
        source: Where the rule comes from.
        fix: What to change in the model; empty for a plain yes.
    """

    index: int
    name: str
    version: int
    needed_version: int | None
    verdict: Literal["yes", "no", "unknown"]
    reason: str = ""
    source: str = ""
    fix: str = ""


@dataclass(frozen=True, kw_only=True)
class Check:
    """A target's static verdict on a file.

    Attributes:
        ok: Whether the file will run on the target (for `edgetpu`: at least partly on it).
        problems: Findings about the file as a whole.
    """

    target: str
    ok: bool
    operators: tuple[OperatorVerdict, ...]
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a kind of device accepts, and the runtime and device that prove it.

    Attributes:
        check: `(model) -> Check`, from operator tables alone; nothing is run.
        runtime: Name of the runtime that proves the verdict.
        device: Name of the device that proves it.
        precisions: What it accepts.
    """

    check: Callable[[Model], Check]
    runtime: str
    device: str
    precisions: tuple[Precision, ...]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """Latency of single invocations, timed inside the worker, warm-up left out.

    Attributes:
        latencies_ms: One per run.
        peak_memory_bytes: Largest resident size of the worker process.
    """

    latencies_ms: tuple[float, ...]
    peak_memory_bytes: int

    @property
    def median_ms(self) -> float:
        """Median latency in milliseconds."""
        return float(np.median(self.latencies_ms))

    @property
    def p90_ms(self) -> float:
        """90th percentile of the latency in milliseconds."""
        return float(np.percentile(self.latencies_ms, 90))


@dataclass(frozen=True, kw_only=True)
class Row:
    """One line of a report: a variant on a runtime on a device. Fields as in `report.json`.

    Attributes:
        status: "measured", "predicted" by a static target, or "not run".
        value: The recipe's metric, or None.
        drop: How much worse than the float reference on the same examples.
        ok: Whether it is within its limits; None when nothing was measured.
        same_tokens_percent: Share of the reference's output tokens that are the same, position by
            position, where a loop of several parts writes them.
        reason: Why it was not run, what was predicted, or which limit it broke.
    """

    variant: str
    precision: str
    runtime: str
    device: str
    status: Literal["measured", "predicted", "not run"]
    value: float | None = None
    drop: float | None = None
    drop_limit: float | None = None
    max_abs_error: float | None = None
    mean_abs_error: float | None = None
    cosine: float | None = None
    same_tokens_percent: float | None = None
    latency_ms_median: float | None = None
    latency_ms_p90: float | None = None
    peak_memory_bytes: int | None = None
    size_bytes: int | None = None
    compressed_bytes: int | None = None
    sparsity: float | None = None
    unique_weights: int | None = None
    examples: int | None = None
    ok: bool | None = None
    reason: str = ""
    adapter: str = ""


@dataclass(frozen=True, kw_only=True)
class Report:
    """The result of a build; `report.json` is this, field by field."""

    recipe: str
    size: Size
    seed: int
    metric: Metric
    reference: float
    baseline: tuple[str, float]
    rows: tuple[Row, ...]
    date: str
    machine: str
    versions: Mapping[str, str]
    train_seconds: float
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every measured row is within its limits."""
        return all(row.ok is not False for row in self.rows)
