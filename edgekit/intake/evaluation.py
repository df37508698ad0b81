"""Examples whose right answers are known, as a user hands them over: read and checked.

One `.npz` holds the inputs, called and prepared as for calibration, and beside them the answers:
`labels` for a lone output, `labels:OUTPUT` for one of several.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edgekit.core.errors import BadData, NotFound
from edgekit.core.recipe import Signature, Tensor
from edgekit.core.types import AnyPath, Array, Batch, is_path
from edgekit.source_model.calibration import check_examples
from edgekit.source_model.golden_vectors import read_arrays

GivenAnswers: TypeAlias = "AnyPath | Mapping[str, Array]"
"""Examples with right answers as `edgekit.convert` and `edgekit.verify` take them."""

LABELS = "labels"

IN_MEMORY = "evaluation-in-memory.npz"
"""Name of the file into which arrays in memory are written."""


@dataclass(frozen=True, kw_only=True)
class KnownAnswers:
    """Inputs and what is right.

    Attributes:
        inputs: Input name -> array, axis of examples first, in the types of the inputs.
        labels: Output name -> right answers, axis of examples first: numbers of classes, int64, of
            the output's shape without its last axis; or, in the output's shape, int64 and bool for
            tokens and for yes and no, float64 for other numbers.
    """

    inputs: Batch
    labels: Batch

    def __len__(self) -> int:
        return len(next(iter(self.labels.values())))

    @property
    def sha256(self) -> str:
        """Of names, types, shapes and values, in hex: the same for a file that was copied."""
        digest = hashlib.sha256()
        for role, batch in (("input", self.inputs), ("labels", self.labels)):
            for name, array in sorted(batch.items()):
                digest.update(f"{role}:{name}:{array.dtype.str}:{array.shape};".encode())
                digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()


def written(given: GivenAnswers, scratch: Path) -> Path:
    """Return where the examples lie; arrays in memory are written into the folder `scratch`.

    Raises:
        NotFound: There is no such file.
        BadData: It is neither a path nor a mapping of arrays of numbers.
    """
    if is_path(given):
        if not Path(given).is_file():
            raise NotFound(f"There is no evaluation file '{given}'; {_how_to_make()}")
        return Path(given)
    if not isinstance(given, Mapping):
        raise BadData(
            f"The evaluation data are a {type(given).__name__}; give the path of an .npz, or a "
            "mapping of arrays: inputs by name, and 'labels'."
        )
    arrays = {str(name): np.asarray(value) for name, value in given.items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf":
            raise BadData(f"Evaluation data: '{name}' holds no numbers; give arrays of numbers.")
    np.savez(scratch / IN_MEMORY, **arrays)  # type: ignore[arg-type]
    return scratch / IN_MEMORY


def read_known_answers(path: Path, signature: Signature) -> KnownAnswers:
    """Read inputs and right answers from an `.npz` and check both against a model.

    Args:
        path: One array per input, as for calibration (an only one may have any name), and right
            answers called `labels`, or `labels:OUTPUT` for each output that has some. Right answers
            are numbers of classes counted from 0, shape `(n,)` for an output of shape
            `(n, classes)`; or what the output should be, in its shape: one-hot, 0 and 1 for
            independent yes and no, or any numbers.
        signature: Of the model.

    Raises:
        NotFound: There is no such file.
        BadData: It is no `.npz` or holds pickled objects; an input is missing, unknown, or of a
            wrong shape or type; or the answers are missing, too many or too few, of a wrong shape,
            NaN or infinite, or numbers of classes that there are not.
    """
    if not path.is_file():
        raise NotFound(f"There is no evaluation file '{path}'; {_how_to_make(signature)}")
    what = "Evaluation data" if path.name == IN_MEMORY else f"Evaluation file '{path}'"
    arrays, inputs = read_arrays(path), {tensor.name for tensor in signature.inputs}
    answers = {
        name: array
        for name, array in arrays.items()
        if name not in inputs and (name == LABELS or name.startswith(f"{LABELS}:"))
    }
    labels = _by_output(answers, signature, what)
    given = {name: array for name, array in arrays.items() if name not in answers}
    texts = [name for name, array in given.items() if array.dtype.kind in "US"]
    if texts:
        names = ", ".join(f"'{tensor.name}'" for tensor in signature.inputs)
        raise BadData(
            f"{what} holds texts as '{texts[0]}'; the file takes numbers as {names}. Give what the "
            "model's look-up layer makes of the texts."
        )
    batch = check_examples(given, signature, what=what)
    count = len(next(iter(batch.values())))
    for name, array in labels.items():
        if array.ndim == 0 or len(array) != count:
            number = len(array) if array.ndim else 1
            raise BadData(
                f"{what} holds {count} examples and {number} right answers for output '{name}'; "
                "give one for each example."
            )
    outputs = {tensor.name: tensor for tensor in signature.outputs}
    return KnownAnswers(
        inputs=batch,
        labels={n: _checked(array, outputs[n], what) for n, array in labels.items()},
    )


def _by_output(answers: Batch, signature: Signature, what: str) -> Batch:
    """Return the right answers by the outputs they are for."""
    outputs = [tensor.name for tensor in signature.outputs]
    listed = ", ".join(f"'{LABELS}:{name}'" for name in outputs)
    if not answers:
        raise BadData(f"{what} holds no right answers; {_how_to_make(signature)}")
    if LABELS in answers and len(outputs) > 1:
        raise BadData(
            f"{what} holds '{LABELS}', and the model has {len(outputs)} outputs; call the right "
            f"answers {listed}, as many of them as there are."
        )
    if LABELS in answers and len(answers) > 1:
        raise BadData(f"{what} holds both {' and '.join(map(repr, answers))}; give one of them.")
    by_output = {
        outputs[0] if name == LABELS else name.removeprefix(f"{LABELS}:"): array
        for name, array in answers.items()
    }
    for name in by_output:
        if name not in outputs:
            raise BadData(
                f"{what} holds right answers for '{name}', which is no output of the model; "
                f"allowed are {listed}."
            )
    return by_output


def _checked(array: Array, output: Tensor, what: str) -> Array:
    """Return right answers in the form of `KnownAnswers.labels`, or say what is wrong with them."""
    start = f"{what}: right answers for output '{output.name}'"
    if array.dtype.kind not in "biuf":
        raise BadData(
            f"{start} are {array.dtype}; give numbers, for classes their numbers counted from 0."
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        first = int(np.argwhere(~np.isfinite(array))[0][0])
        raise BadData(
            f"{start} hold NaN or infinity, first in example {first}; remove those examples."
        )
    shape = output.shape[1:]
    classes = shape[-1] if shape and np.dtype(output.dtype).kind == "f" else 1
    if classes > 1 and array.shape[1:] in (shape[:-1], (*shape[:-1], 1)):
        return _class_numbers(array.reshape(len(array), *shape[:-1]), classes, start)
    if array.shape[1:] == shape[:-1] and shape[-1:] == (1,):
        array = array[..., np.newaxis]
    if array.shape[1:] != shape:
        takes = f"({', '.join(['n', *map(str, shape)])})"
        numbered = f"({', '.join(['n', *map(str, shape[:-1])])})"
        either = f"whole numbers of shape {numbered}, or what is right in its shape, "
        raise BadData(
            f"{start} have shape {array.shape}; give {either if classes > 1 else ''}{takes}, where "
            "n is the number of examples."
        )
    yes_no = bool(np.isin(array, (0, 1)).all())
    if classes > 1 and yes_no and bool((array.sum(axis=-1) == 1).all()):
        return np.asarray(array.argmax(axis=-1), np.int64)
    if np.dtype(output.dtype).kind in "iu" and not np.array_equal(array, np.rint(array)):
        raise BadData(f"{start} are not whole numbers, which the output is; give whole numbers.")
    if np.dtype(output.dtype).kind in "iub":
        return array.astype(np.int64)
    return array.astype(bool if yes_no and array.dtype.kind in "biu" else np.float64)


def _class_numbers(array: Array, classes: int, start: str) -> Array:
    if not np.array_equal(array, np.rint(array)):
        bad = array[array != np.rint(array)].flat[0]
        raise BadData(
            f"{start} hold {bad:g}; numbers of classes are whole, 0 to {classes - 1}. If they are "
            "no classes, give numbers of the output's shape."
        )
    outside = array[(array < 0) | (array >= classes)]
    if outside.size:
        bad = int(outside.flat[0])
        hint = " Count from 0: subtract 1." if array.min() > 0 and array.max() == classes else ""
        raise BadData(
            f"{start} hold the class {bad}; the output has {classes} classes, 0 to "
            f"{classes - 1}.{hint}"
        )
    return array.astype(np.int64)


def _how_to_make(signature: Signature | None = None) -> str:
    """Return the end of a sentence that says how to write such a file."""
    inputs = [t.name for t in signature.inputs] if signature else ["input"]
    outputs = [t.name for t in signature.outputs] if signature else ["output"]
    names = [*inputs, *([LABELS] if len(outputs) == 1 else [f"{LABELS}:{n}" for n in outputs])]
    arguments = ", ".join(
        f"{name}=array" if name.isidentifier() else f"**{{'{name}': array}}" for name in names
    )
    return (
        f"write one with np.savez('evaluation.npz', {arguments}): inputs prepared as for training, "
        "batch axis first, and for each example the number of its class, or what the output should "
        "be."
    )
