"""Convert a user's model, run the result where it will be used, and compare it with its source."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Literal, TypedDict, Unpack, overload

from edgekit.conversion.tf_converter import flex_operators
from edgekit.core import registry
from edgekit.core.errors import BadInput, ConversionFailed, NotFound, Unavailable
from edgekit.core.kinds import Artifact
from edgekit.core.parallel import in_parallel
from edgekit.core.types import AnyPath, Progress, is_path, several, silent
from edgekit.core.variant import (
    PRECISIONS,
    Precision,
    Quantization,
    parse_precision,
    precision_text,
)
from edgekit.intake.evaluation import GivenAnswers, written
from edgekit.intake.examples import Given, as_path
from edgekit.intake.live_model import saved
from edgekit.intake.media import Pixels, check_pixels
from edgekit.intake.names import check_names
from edgekit.intake.options import Io, Options, check_io
from edgekit.intake.signatures import check_signatures
from edgekit.running.place import Place, places
from edgekit.source_model.interface import KerasModel
from edgekit.source_model.recurrent import DEFAULT, Form, check_form
from edgekit.tflite.reader import read
from edgekit.verbs.delivery import (
    Conversion,
    Conversions,
    deliver,
    named_after,
    refuse_to_overwrite,
)
from edgekit.verbs.examination import exam_of
from edgekit.verbs.verify import prove


class _Choices(TypedDict, total=False):
    """What `convert` takes besides model, output and precision."""

    calibration: Given | None
    pixels: Pixels | Literal[""]
    target: str
    io: Io | None
    shapes: Mapping[str, Sequence[int]]
    signature: str | Sequence[str]
    names: Mapping[str, str]
    custom: AnyPath | None
    select_ops: bool
    recurrent: Form
    keep_float: str | Sequence[str]
    split_outputs: bool
    evaluate: GivenAnswers | None
    progress: Progress


@overload  # a text is a sequence of texts too, to mypy
def convert(  # type: ignore[overload-overlap]
    model: AnyPath | KerasModel,
    out: AnyPath,
    *,
    precision: str = ...,
    **choices: Unpack[_Choices],
) -> Conversion: ...
@overload
def convert(
    model: AnyPath | KerasModel,
    out: AnyPath,
    *,
    precision: Sequence[str],
    **choices: Unpack[_Choices],
) -> Conversions: ...
def convert(
    model: AnyPath | KerasModel,
    out: AnyPath,
    *,
    precision: str | Sequence[str] = "float32",
    calibration: Given | None = None,
    pixels: Pixels | Literal[""] = "",
    target: str = "",
    io: Io | None = None,
    shapes: Mapping[str, Sequence[int]] = MappingProxyType({}),
    signature: str | Sequence[str] = "",
    names: Mapping[str, str] = MappingProxyType({}),
    custom: AnyPath | None = None,
    select_ops: bool = False,
    recurrent: Form = DEFAULT,
    keep_float: str | Sequence[str] = (),
    split_outputs: bool = False,
    evaluate: GivenAnswers | None = None,
    progress: Progress = silent,
) -> Conversion | Conversions:
    """Convert a Keras model file or a SavedModel to a verified `.tflite`, or to several.

    `<stem>.json` (what the file is and how it was made) and `<stem>.vectors.npz` (inputs and the
    source's answers) are written beside `out`; `edgekit verify` proves the file again from them.

    TextVectorization, StringLookup, IntegerLookup and Hashing at the inputs of a Keras model are
    split off: the file takes the numbers that they give, `<stem>.vocabulary.txt` holds the tokens,
    and a note says what the app has to do with a text (`edgekit.on_device.look_up` does it).

    Args:
        model: `.keras`, `.h5` or a SavedModel folder; or a Keras model, which is saved first, in
            this process.
        out: The `.tflite` to write. It appears only if it was run and is within the limits;
            otherwise it is written as `<out>.rejected`.
        precision: One of `edgekit.core.variant.PRECISIONS`, with the options of
            `edgekit.core.variant.Quantization` as in "int8,percentile=99.9"; or a sequence of
            them. What has no options is loaded, exported and run as reference once, and `out` then
            names several files: of `model.tflite` come `model.float32.tflite`,
            `model.int8.tflite` and so on.
        calibration: Examples; int8 and int16x8 need them. Some are used for the comparison;
            without any, random input is. A path: an `.npz` with one array per input, batch axis
            first, prepared as for training; a `.npy`; or a folder of pictures, WAV files or
            `.npy` files, of which one holds an example or a batch. Or an array, a mapping of
            arrays by input name, or an iterable of examples or batches, of which 1,000 are taken.
            Where the model takes text, arrays of NumPy's `str`.
        pixels: What pixels of a folder of pictures become, as for training: "0..255", "0..1",
            "-1..1", "caffe" or "torch". Needed unless the input takes integers or the model
            begins with a Rescaling layer.
        target: Where it must run; if empty, on every CPU runtime present here.
        io: What goes in and out of an int8 file: "int8", "uint8" or "float". If None, int8, and
            int16 for int16x8, with the scale and zero point given in the file. "float" serves
            int16x8 too; precisions that cannot have it keep their own.
        shapes: Input name -> shape, batch of 1 first, such as `{"image": (1, 224, 224, 3)}`: gives
            free axes a size, and replaces a fixed batch. "" names a lone input.
        signature: Of a SavedModel that has several; "" for `serving_default`. A sequence goes into
            one file, whose signatures share their weights; in calibration data and golden vectors
            their inputs and outputs are then called `SIGNATURE/NAME`.
        names: Own name of an input or output -> the name it gets in the file, and in calibration
            data and golden vectors. Of several signatures `SIGNATURE/NAME` renames in one.
        custom: A Python file with layers and functions of the model's own. It is run, in the child
            process; those that no decorator registers go by their own names.
        select_ops: Whether TensorFlow's own operators may stay in the file where TFLite has none.
            It then runs in TensorFlow up to 2.18, which also verifies it (`edgekit setup
            tensorflow`), and where the Flex delegate is.
        recurrent: One of `edgekit.source_model.recurrent.FORMS`: the form of LSTM, GRU and
            SimpleRNN layers.
        keep_float: Layers that an int8 file computes in float32; `edgekit explain` proposes them.
        split_outputs: Whether the parts of a last Concatenate become outputs of their own, called
            after their Keras layers, each with a range of its own in int8. A note says how to put
            them together.
        evaluate: Examples with right answers, as an `.npz` or a mapping of arrays: inputs as for
            calibration, and `labels` (see `edgekit.intake.evaluation.read_known_answers`). How
            right the source and the file are stands in `Conversion.evaluation`; it decides nothing.
        progress: Told how far it is.

    Returns:
        A `Conversion`; for a sequence of precisions `Conversions`, which also says which of them
        were refused.

    Raises:
        BadInput: The request, the model, the calibration or the evaluation data cannot be used.
        ConversionFailed: The converter refused or crashed; the message names cause and remedy. For
            a sequence that is told in `Conversions.refused`.
        Unavailable: No runtime that could verify the result is present.
    """
    asked = dict(map(_read, [precision] if isinstance(precision, str) else precision))
    model = Path(model) if is_path(model) else model
    out = Path(out)
    _check_request(model, out, asked)
    for each in asked:
        refuse_to_overwrite(out if isinstance(precision, str) else named_after(out, each))
    check_io(io, [kind for kind, _ in asked.values()])
    check_form(recurrent)
    check_pixels(pixels)
    if select_ops and target:
        raise BadInput(
            f"You asked for TensorFlow's own operators (select_ops) and the target '{target}'; no "
            "target runs them. Leave one of the two out."
        )
    if select_ops and (reason := _FLEX.missing()):
        raise Unavailable(reason)
    first, *others = [signature] if isinstance(signature, str) else signature or [""]
    beside = tuple(others)
    check_signatures((first, *beside))
    check_names(names)
    if beside and evaluate is not None:
        raise BadInput(
            f"You gave right answers (evaluate) and {1 + len(beside)} signatures for one file; one "
            "is scored at a time. Convert the one that the answers are for by itself."
        )
    chosen = _places(target)
    options = Options(
        io=io,
        recurrent=recurrent,
        keep_float=several(keep_float),
        split_outputs=split_outputs,
        pixels=pixels,
        custom=None if custom is None else Path(custom),
        allow_select_ops=select_ops,
        signature=first,
        beside=beside,
        names=dict(names),
        shapes={name: tuple(shape) for name, shape in shapes.items()},
    )
    notes: tuple[str, ...] = ()
    done: list[Conversion] = []
    refused: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as scratch:
        vectors = Path(scratch) / "vectors.npz"
        if not isinstance(model, Path):
            model, notes = saved(model, Path(scratch))
        answers = None if evaluate is None else written(evaluate, Path(scratch))
        options = replace(options, evaluation=answers)
        examples = None if calibration is None else as_path(calibration, Path(scratch))
        progress(0.1, f"converting to {', '.join(asked)}")
        convert_each = registry.get("converters", "tflite").convert_each
        assert convert_each is not None
        artifacts: dict[str, Artifact | ConversionFailed] = {}
        for quantization in dict.fromkeys(told for _, told in asked.values()):
            alike = {kind: text for text, (kind, told) in asked.items() if told == quantization}
            made = convert_each(
                model,
                {kind: Path(scratch) / f"{text}.tflite" for kind, text in alike.items()},
                calibration=examples,
                options=replace(options, quantization=quantization),
                vectors=vectors,
            )
            artifacts |= {alike[kind]: each for kind, each in made.items()}
        against = "source model" if examples else "source model, on random input"
        for each, artifact in artifacts.items():
            if isinstance(artifact, ConversionFailed):
                if isinstance(precision, str):
                    raise artifact
                refused[each] = str(artifact)
                continue
            exam = exam_of(answers, artifact.signature, artifact.evaluation) if answers else None
            proven = partial(
                prove,
                artifact.path,
                vectors=vectors,
                precision=asked[each][0],
                against=against,
                exam=exam,
            )
            here = _only_tensorflow(artifact.path) or chosen
            if asked[each][1].weight_bits == 4 and not target:  # the other one refuses them
                here = {"litert": chosen["litert"]}
            progress(0.8, f"running {each} on {', '.join(here)}")
            proofs = [proof for _, proof in in_parallel(proven, here.values())]
            path = out if isinstance(precision, str) else named_after(out, each)
            done.append(deliver(artifact, vectors, path, proofs, notes))
    return done[0] if isinstance(precision, str) else Conversions(done=tuple(done), refused=refused)


def _read(text: str) -> tuple[str, tuple[Precision, Quantization]]:
    """Return a precision as it is always written, and what it means."""
    precision, quantization = parse_precision(text)
    return precision_text(precision, quantization), (precision, quantization)


def _check_request(model: Path | KerasModel, out: Path, precisions: Collection[str]) -> None:
    if not precisions:
        raise BadInput(f"No precision was asked for; allowed are {', '.join(PRECISIONS)}.")
    if out.suffix != ".tflite":
        raise BadInput(f"The output is '{out}'; give a name that ends in .tflite.")
    if isinstance(model, Path) and not model.exists():
        raise NotFound(f"There is no '{model}'; give a .keras or .h5 file or a SavedModel folder.")


def _places(target: str) -> dict[str, Place]:
    """Return where to prove the file: at the target asked for, or on the CPU runtimes here."""
    if target:
        chosen = places((target,))
        if not registry.get("targets", target).runtime:
            raise Unavailable(
                f"Target '{target}' is predicted, and edgekit can verify a file nowhere for it. "
                f"Convert without a target, then run: edgekit check FILE --target {target}"
            )
        if reason := chosen[target].missing():
            raise Unavailable(f"Target '{target}' cannot be verified here: {reason}")
        return chosen
    chosen = places(("cpu", "litert"))
    if all(place.missing() for place in chosen.values()):
        raise Unavailable("No runtime is here to verify the result; run `edgekit setup`.")
    return chosen


_FLEX = Place(runtime="tensorflow")
"""What runs TensorFlow's own operators."""


def _only_tensorflow(path: Path) -> dict[str, Place]:
    """Return where a file with TensorFlow's own operators runs; nothing for any other file."""
    return {_FLEX.runtime: _FLEX} if flex_operators(read(path)) else {}
