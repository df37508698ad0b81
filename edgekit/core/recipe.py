"""A recipe: a model family with its data, training and score, and what describes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from edgekit.core.types import Array, Batch, Progress, Run, Size, Split
from edgekit.core.variant import PRECISIONS

if TYPE_CHECKING:
    import keras

    from edgekit.on_device.vision.drawing import Drawing


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
    """Examples of one split, with the batch axis first everywhere.

    Attributes:
        inputs: Input name -> array.
        targets: What the model should answer: one array, or several by name where an answer has
            parts, such as boxes and their classes. Examples of different lengths, such as three
            boxes in one picture and five in the next, are padded to one; the recipe that pads
            says with what, and its loss and score leave the padding out.
    """

    inputs: Batch
    targets: Array | Batch

    def __len__(self) -> int:
        return len(next(iter(self.inputs.values())))

    def head(self, count: int) -> Dataset:
        """Return the first `count` examples."""
        return self._cut(slice(count))

    def only(self, index: int) -> Dataset:
        """Return one example."""
        return self._cut(slice(index, index + 1))

    def _cut(self, examples: slice) -> Dataset:
        def cut(batch: Batch) -> Batch:
            return {name: array[examples] for name, array in batch.items()}

        if isinstance(self.targets, Mapping):
            return Dataset(inputs=cut(self.inputs), targets=cut(self.targets))
        return Dataset(inputs=cut(self.inputs), targets=self.targets[examples])

    def target(self, name: str = "") -> Array:
        """Return the target array called `name`, or the only one.

        Raises:
            KeyError: There is none by that name, or several and no name was given.
        """
        if isinstance(self.targets, Mapping):
            return self.targets[name]
        if name:
            raise KeyError(name)
        return self.targets


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Public data that a model was trained and scored on.

    Attributes:
        what: What is in them.
        source: Who made them, and where they are told of.
        licence: Of the data.
    """

    what: str
    source: str
    licence: str


@dataclass(frozen=True, kw_only=True)
class Metric:
    """What a recipe is judged by, such as accuracy in percent.

    Attributes:
        is_share: Whether it is the share of examples that are answered right, in percent: of that
            a report knows how sure it is.
    """

    name: str
    unit: str = ""
    higher_is_better: bool = True
    is_share: bool = False

    def drop(self, reference: float, value: float) -> float:
        """How much worse `value` is than `reference`; negative when it is better."""
        return reference - value if self.higher_is_better else value - reference

    @property
    def worsening(self) -> str:
        """What getting worse is called: an accuracy's "drop", an error's "rise"."""
        return "drop" if self.higher_is_better else "rise"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where a figure lies with 95 % confidence, if other examples of the same kind were asked."""

    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class FineTuning:
    """How an optimization retrains a recipe's model.

    Attributes:
        epochs: Times each training example is seen.
        batch_size: Examples per step.
        learning_rate: At the start; it falls to zero.
        imitates: Whether the targets are what the trained model answers, not those of the data: of
            noise, no one answer is right (Hinton, Vinyals, Dean, Distilling the Knowledge in a
            Neural Network, 2015, https://arxiv.org/abs/1503.02531).
    """

    epochs: Mapping[Size, int]
    batch_size: int = 128
    learning_rate: float = 1e-3
    imitates: bool = False


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
    split: Callable[[keras.Model], Mapping[str, keras.Model]]
    drive: Callable[[Mapping[str, Run]], Run]


@dataclass(frozen=True, kw_only=True)
class Program:
    """What runs on the device with the models of a bundle: tokenizer, features, loop, answer.

    Attributes:
        name: Module of `edgekit.on_device.programs`; a bundle starts it as `python3 NAME.py`.
        example: Arguments of a call that works in every bundle of the recipe without any other
            file: words, or the name of a file among the recipe's assets.
    """

    name: str
    example: tuple[str, ...]


Loss = str | Callable[..., object]
"""Name of a Keras loss, or `(targets, answers) -> loss of each example` by `keras.ops`."""

AnswerKey = Callable[[Dataset], tuple[Run, Run]]
"""Of a data set: a run that answers all of it right, and one that answers it wrong."""

Baseline = tuple[str, float | Callable[[Size, Progress], float]]
"""Name and value of what a simpler method scores; a function measures it on the same data."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """A model family with its data, training and score; the module says where it comes from.

    Attributes:
        signature: Inputs, outputs and labels of the model, the same for every size; they may
            follow the data in what `with_data` returns.
        metric: What `score` returns.
        baseline: What a simpler method scores, to compare with.
        source: Papers: author, year, link.
        build: `(size) -> keras.Model`, untrained, in Keras 3.
        data: `(split, size) -> Dataset`, in NumPy only.
        train: `(model, size, progress) -> keras.Model`, trained.
        score: `(run, dataset) -> float`, in the unit of `metric`.
        answer_key: Shows that `score` tells right from wrong.
        details: `(run, dataset) -> {name: figure}`: further figures, the unit in the name, such as
            the average precision of each class; measured wherever `score` is, without a limit.
        show: `(inputs, answers) -> one drawing each`, of some examples: what the recipe is given
            and what it answers, for people to look at.
        program: What uses the models on a device; every bundle brings it.
        loss: What an optimization minimizes when it retrains the model: a loss for the only output,
            or one for each output by name; None if it cannot be retrained so.
        fine_tuning: How an optimization retrains the model.
        variants: Which optimization and precision to build, `"int8"` or `"pruned-int8"`.
        drop_limits: By how much `metric` may get worse for a variant, an optimization or a
            precision, in its unit; goes before `edgekit.running.limits`, whose defaults are points
            of metrics of 0 to 100, and percent of the reference for any other.
        parts: For a model that runs as several files; None for one file.
        assets: `(size) -> {file name: content}`: what the program reads, such as a vocabulary, and
            the input file of its example.
        with_data: `(folder) -> Recipe`, the same recipe on a user's own data: labels, signature and
            splits follow them; None if it takes none.
        with_weights: `(file) -> Recipe`, the same recipe that begins with the weights of a user's
            Keras model; None if it takes none. Of a recipe on a user's data, too.
        about_data: What a report has to say of a user's own data, in sentences: how they were
            split, what was left out.
        num_emulated: Test examples that are scored on an emulated device, and on a GPU computed
            in software, where all would take hours.
    """

    signature: Signature
    metric: Metric
    baseline: Baseline
    source: str
    build: Callable[[Size], keras.Model]
    data: Callable[[Split, Size], Dataset]
    train: Callable[[keras.Model, Size, Progress], keras.Model]
    score: Callable[[Run, Dataset], float]
    answer_key: AnswerKey
    program: Program
    details: Callable[[Run, Dataset], Mapping[str, float]] | None = None
    show: Callable[[Batch, Batch], Sequence[Drawing]] | None = None
    loss: Loss | Mapping[str, Loss] | None = None
    fine_tuning: FineTuning = FineTuning(epochs={"tiny": 1, "full": 2})
    variants: tuple[str, ...] = PRECISIONS
    drop_limits: Mapping[str, float] = field(default_factory=dict)
    parts: Parts | None = None
    assets: Callable[[Size], Mapping[str, str | bytes]] | None = None
    with_data: Callable[[Path], Recipe] | None = None
    with_weights: Callable[[Path], Recipe] | None = None
    about_data: tuple[str, ...] = ()
    num_emulated: int = 1000
