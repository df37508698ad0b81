"""The kinds of things that are found by name, except recipes and targets; and what they make.

Data are frozen dataclasses; behaviours are functions held by them.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from edgekit.core.errors import ConversionFailed
from edgekit.core.recipe import Signature
from edgekit.core.report import Evaluation, Report
from edgekit.core.types import Progress
from edgekit.core.variant import Precision

if TYPE_CHECKING:
    import keras
    import tf_keras


Trait = Literal["zeros", "equal weights", "learned ranges"]
"""What an optimization leaves in a model that a later one may undo: weights that are zero, weights
of one kernel that share a few values, ranges of activations that training found."""


@dataclass(frozen=True, kw_only=True)
class Optimization:
    """A change to a trained Keras model that makes its artifact smaller or faster.

    Attributes:
        precisions: The precisions it makes sense for.
        apply: `(model, recipe, size, seed, progress, **options) -> model`; takes a trained Keras 3
            model, returns a new Keras 3 or tf_keras model, ready to convert (wrappers stripped).
        options: Numbers a variant may tell it, as in `pruned,sparsity=0.5-int8`, with what each
            is by default.
        check: `(**options)`: raises `BadInput` where a number is out of range, before a build
            begins; None if it has no options.
        worth_trying: Values of each option that `edgekit optimize` tries; the default must be
            among them. An option that is not named keeps its default.
        worth_combining: The same, fewer, where it is one of several optimizations.
        leaves: What a later optimization must not undo.
        keeps: What it keeps of what earlier ones left. It may follow them if that is all of it,
            and is then told so by the argument `keep`, a collection of traits.
    """

    precisions: tuple[Precision, ...]
    apply: Callable[..., keras.Model | tf_keras.Model]
    options: Mapping[str, float] = field(default_factory=dict)
    check: Callable[..., None] | None = None
    worth_trying: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    worth_combining: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    leaves: tuple[Trait, ...] = ()
    keeps: tuple[Trait, ...] = ()

    @property
    def trains_ranges(self) -> bool:
        """Whether a precision has nothing to be told: `qat-int8`, and never `qat-int8,mse=1`."""
        return "learned ranges" in self.leaves


@dataclass(frozen=True, kw_only=True)
class LookUp:
    """How an app makes what an input takes of text, or of numbers that stand in a list.

    This is a Keras layer that TFLite cannot hold: a text is standardized, split into tokens, and
    each token becomes its number.

    Attributes:
        input: Of the file.
        source: Input of the source model.
        layer: The Keras layer: TextVectorization, StringLookup, IntegerLookup or Hashing.
        vocabulary: File beside the `.tflite` with a token on each line, whose number is that of the
            line, from 0 on; "" for Hashing.
        standardize: What is done to a text first: "lower_and_strip_punctuation", "lower",
            "strip_punctuation", "" for nothing, or the name of the model's own function.
        split: Into what it is cut: "whitespace", "character", "" for nothing, or as above.
        ngrams: Numbers of neighbouring tokens that are joined by spaces; () for each alone.
        output: "int" for the numbers themselves; "one_hot", "multi_hot" and "count" for a row that
            tells which numbers there are.
        length: Of a row, numbers being cut off or filled with 0; None where each token is by
            itself.
        unknown: Numbers of tokens that are not in the vocabulary; of several, FarmHash64 chooses.
        mask: Token that stands for nothing, and gets the number 0; None if there is none.
        bins: Of Hashing: numbers it gives.
        salt: Of Hashing: keys of SipHash64; () for FarmHash64.
    """

    input: str
    source: str
    layer: str
    vocabulary: str = ""
    standardize: str = ""
    split: str = ""
    ngrams: tuple[int, ...] = ()
    output: str = "int"
    length: int | None = None
    unknown: tuple[int, ...] = ()
    mask: str | None = None
    bins: int = 0
    salt: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A `.tflite` file and what is known of it; written beside it as `artifact.json`.

    Attributes:
        made_by: Versions and settings of what wrote it; keys that begin with `note` hold
            sentences about what was decided for the user.
        signatures: All by name, where the file has several; `signature` is then the first.
        look_ups: What an app has to look up before, where the source model takes text.
        compressed_bytes: Size after DEFLATE, as in a zip or an APK; None if not measured.
        evaluation: How right it and its source are, if examples with right answers were given.
    """

    path: Path
    precision: str
    signature: Signature
    made_by: Mapping[str, str]
    size_bytes: int
    sha256: str
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    look_ups: tuple[LookUp, ...] = ()
    compressed_bytes: int | None = None
    evaluation: Evaluation | None = None


@dataclass(frozen=True, kw_only=True)
class Converter:
    """Writes an artifact: a `.tflite` from a model file, or what a target runs from a `.tflite`.

    Attributes:
        precisions: What it can write.
        convert: `(source, out, *, precision, ...) -> Artifact`. The converter of a target (see
            `edgekit.operators.target`) is called with source, out and precision alone.
        missing: "" if it can run here, else the sentence that says how to get it.
        convert_each: `(source, outs by precision, ...) -> artifact or error by precision`, with
            what precisions share done once; None if it writes one file at a time.
    """

    precisions: tuple[str, ...]
    convert: Callable[..., Artifact]
    missing: Callable[[], str]
    convert_each: Callable[..., Mapping[Precision, Artifact | ConversionFailed]] | None = None


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
        options: What the worker is told: `backend` and its settings (see `edgekit.running.worker`).
        command: Starts a Python on this machine that can import the interpreter.
        missing: "" if it can run here, else the sentence that says how to get it.
        setup: Creates what `missing` asks for; None when nothing can be created.
        devices: Names of the devices it can run on; others may bring it (`Device.runtimes`).
        install: What to run on a board that lacks it.
        custom_operators: Names of custom operators that it brings along; `*` stands for anything.
        software_adapter: Text, in lower case, in the name of an adapter that computes in software:
            what runs there proves operators and answers, but its times mean nothing.
        times_mean_something: False if its kernels run on another machine than they are made for:
            latencies are not reported, and scores are taken on few examples, as on an emulator.
    """

    options: Mapping[str, str | int | bool]
    command: Callable[[], Command]
    missing: Callable[[], str]
    setup: Callable[[Progress], None] | None = None
    devices: tuple[str, ...] = ("local",)
    install: str = ""
    custom_operators: tuple[str, ...] = ()
    software_adapter: str = ""
    times_mean_something: bool = True

    def computes_in_software(self, adapter: str) -> bool:
        """Whether an adapter, by its name, is a stand-in for hardware."""
        return bool(self.software_adapter) and self.software_adapter in adapter.lower()


@dataclass(frozen=True, kw_only=True)
class Device:
    """A place where a runtime's worker process runs.

    Attributes:
        command: Starts a Python on the device that can import the given runtime.
        missing: "" if it can be reached, else the sentence that says how.
        setup: Creates what `missing` asks for; None when nothing can be created.
        runtimes: Names of the runtimes it was made with, which need not know of it.
        times_mean_something: False for an emulator: its latencies are not reported.
    """

    command: Callable[[Runtime], Command]
    missing: Callable[[], str]
    setup: Callable[[Progress], None] | None = None
    runtimes: tuple[str, ...] = ()
    times_mean_something: bool = True


@dataclass(frozen=True, kw_only=True)
class Reporter:
    """Writes a build's report in one form; every reporter there is writes with each build.

    Attributes:
        write: `(report, run folder) -> path of what was written`.
    """

    write: Callable[[Report, Path], Path]


class Package(Protocol):
    """What a packager does."""

    def __call__(self, run_dir: Path, out: Path, variants: Sequence[str] = ()) -> Path:
        """Make a bundle of a build's verified variants, or of those named; return `out`."""


@dataclass(frozen=True, kw_only=True)
class Packager:
    """Makes the folder that one kind of program or board takes; it is called after its file.

    Attributes:
        takes: Whether a build has something for it.
        package: Makes the folder.
        with_builds: Whether every build makes it too, and not only `edgekit bundle`.
    """

    takes: Callable[[Report], bool]
    package: Package
    with_builds: bool = False
