"""Explains a converter's error: known symptoms, each with a name, a finding and a remedy.

TensorFlow's converter reports errors in the terms of its compiler. Each entry of `CATALOGUE` was
provoked with TensorFlow 2.21; the tests provoke most of them again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from edgekit.core.errors import reason

_OPERATOR = re.compile(r"'(?:tf|tfl)\.(\w+)' op is neither")
_LOCATION = re.compile(r'fused\["\w+:", "([^"@]+)@')
_NOT_QUANTIZED = re.compile(r"not yet supported for op: '(\w+)'")


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """A failure explained.

    Attributes:
        name: Short and stable, such as `missing-operator`; tests and tools rely on it.
        finding: What is wrong, one sentence.
        remedy: What to do, one sentence or two.
    """

    name: str
    finding: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.finding} {self.remedy} [{self.name}]"


@dataclass(frozen=True, kw_only=True)
class Layers:
    """The names of a model's layers, used to find the layer behind an operator's path.

    Attributes:
        kinds: Layer name -> class name; empty if the model is a SavedModel.
        numbered: Whether each name in a path is followed by a number, as when Keras 3 traces it.
    """

    kinds: dict[str, str]
    numbered: bool = True

    def find(self, path: str) -> str:
        """Return the layer an operator such as `functional_1/dense_1/MatMul` came from, or ""."""
        for part in reversed(path.split("/")):
            cut = re.sub(r"_\d+$", "", part)
            for name in (cut, part) if self.numbered else (part, cut):
                if name in self.kinds:
                    return name
        # keras.ops outside a layer leave only the name of TensorFlow's operator: 'functional_1/Erf'
        last = re.sub(r"_\d+$", "", path.rpartition("/")[2])
        same = [name for name, kind in self.kinds.items() if kind == last]
        return same[0] if len(same) == 1 else ""

    def sentence(self, paths: Iterable[str]) -> str:
        """Return ` in layer 'a' (Dense) and layer 'b' (Conv2D)` for operator paths, or ""."""
        names = dict.fromkeys(self.find(path) or _short(path) for path in paths if "/" in path)
        return f" in {listed([self.label(name) for name in names])}" if names else ""

    def sentence_by_kind(self, operators: Iterable[str]) -> str:
        """Like `sentence`, for operators whose paths are lost, such as a fused LSTM."""
        plain = [operator.replace("_", "") for operator in operators]
        names = [name for name, kind in self.kinds.items() if any(kind.upper() in o for o in plain)]
        return f" in {listed([self.label(name) for name in names])}" if names else ""

    def label(self, name: str) -> str:
        """Return `layer 'a' (Dense)`, or the quoted name if no layer is called so."""
        return f"layer '{name}' ({self.kinds[name]})" if name in self.kinds else f"'{name}'"


NO_LAYERS = Layers(kinds={})


@dataclass(frozen=True, kw_only=True)
class _Known:
    """A symptom: what the converter prints, and how to read it."""

    name: str
    pattern: str
    finding: Callable[[str, Layers], str]
    remedy: str


def diagnose(text: str, layers: Layers = NO_LAYERS) -> Diagnosis:
    """Explain a converter's error text.

    Args:
        text: The complete message that TensorFlow raised.
        layers: Of the model that was converted.

    Returns:
        The first entry of the catalogue whose pattern occurs in `text`; `unknown` if none does.
    """
    for known in CATALOGUE:
        if re.search(known.pattern, text):
            finding = known.finding(text, layers)
            return Diagnosis(name=known.name, finding=finding, remedy=known.remedy)
    return Diagnosis(
        name="unknown",
        finding=f"The converter failed{_where(text, layers)}: {reason(text)}.",
        remedy="Convert parts of the model to find the layer, and please report the case.",
    )


def operators_in(text: str) -> tuple[str, ...]:
    """Return the TensorFlow operators that an error text reports as missing in TFLite, sorted."""
    return tuple(sorted(set(_OPERATOR.findall(text))))


def unquantized_in(text: str) -> tuple[str, ...]:
    """Return the TFLite operators that cannot be quantized according to an error text, in order."""
    return tuple(dict.fromkeys(_NOT_QUANTIZED.findall(text)))


def listed(words: Sequence[str]) -> str:
    """Return `a, b and c`; after the fifth, how many more."""
    if len(words) > 5:
        words = [*words[:5], f"{len(words) - 5} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _short(path: str) -> str:
    """Return the path without the operator itself, unless only the model would be left."""
    parent = path.rpartition("/")[0]
    return parent if "/" in parent else path


def _where(text: str, layers: Layers) -> str:
    return layers.sentence(_LOCATION.findall(text))


def _operators(text: str, layers: Layers) -> str:
    names = listed([f"tf.{name}" for name in operators_in(text)] or ["an operator"])
    return f"TFLite has no built-in operator for {names}{_where(text, layers)}."


def _says(sentence: str) -> Callable[[str, Layers], str]:
    """Return a finding made of `sentence`, with the layers inserted at `{where}`."""
    return lambda text, layers: sentence.format(where=_where(text, layers))


def _not_quantized(text: str, layers: Layers) -> str:
    del layers  # the text has no locations; `edgekit.conversion.layer_search` adds the layers
    return f"int16x8 has no {listed(unquantized_in(text))}."


def _without_range(text: str, layers: Layers) -> str:
    where = layers.sentence(re.findall(r"Empty min/max for tensor (\S+)", text))
    return f"Calibration saw no finite value{where}."


def _floats_as_indices(text: str, layers: Layers) -> str:
    where = layers.sentence(re.findall(r"Empty min/max for tensor (\S+)", text))
    return f"Floats become integers{where}, such as word numbers; int16x8 cannot do that."


WHOLE_NUMBERS = (
    'Declare that input as whole numbers, keras.Input(..., dtype="int32"), and convert to int8, '
    "dynamic_int8 or float16."
)
"""What to do with an input of floats that stand for indices."""

CATALOGUE: tuple[_Known, ...] = (
    _Known(
        name="quantized-by-keras",
        pattern=r"BatchMatMulV3",
        finding=_says(
            "Keras quantized this model itself (model.quantize){where}; TFLite has no operator for "
            "its products of int8."
        ),
        remedy="Convert the model as it was before, with precision int8 or dynamic_int8.",
    ),
    _Known(
        name="growing-loop",
        pattern=r"TensorListReserve|Lowering tensor list ops|tf\.TensorList\w*' op",
        finding=_says(
            "A loop{where} makes a list whose length is known only while it runs (TensorList)."
        ),
        remedy="Fix the number of steps: give the time axis a size, or unroll=True.",
    ),
    _Known(
        name="python-function",
        pattern=r"'tf\.(Eager)?PyFunc' op",
        finding=_says("Python code runs inside the model{where} (tf.py_function)."),
        remedy="Write the layer with keras.ops; a .tflite holds no Python.",
    ),
    _Known(
        name="half-precision",
        pattern=r"(?m)^\ttf\.\w+\(.*[x<]b?f16>",
        finding=_says("The model computes in float16 or bfloat16{where}, which TFLite cannot."),
        remedy=(
            "Convert the .keras or .h5 file, whose policy edgekit replaces; precision `float16` "
            "then halves the file."
        ),
    ),
    _Known(
        name="double-precision",
        pattern=r"(?m)^\ttf\.\w+\(.*[x<]f64>",
        finding=_says("The model computes in float64{where}, which TFLite cannot."),
        remedy="Convert the .keras or .h5 file, whose policy edgekit replaces.",
    ),
    _Known(
        name="missing-operator",
        pattern=r"is neither a custom op nor a flex op",
        finding=_operators,
        remedy=(
            "Replace the layer, or compute it before or after the model. If the interpreter it "
            "will run on has the Flex delegate (tflite-runtime has not), --select-ops lets it in."
        ),
    ),
    _Known(
        name="int16x8-operator",
        pattern=r"16x8-bit not yet supported for op",
        finding=_not_quantized,
        remedy="Use int8 or float16, or replace those layers.",
    ),
    _Known(
        name="int16x8-integer-input",
        pattern=r"Empty min/max for tensor serving_default_",
        finding=_says("int16x8 cannot take integers as input, such as indices of an Embedding."),
        remedy="Use int8, dynamic_int8 or float16.",
    ),
    _Known(
        name="int16x8-float-indices",
        pattern=r"Empty min/max for tensor \S*/Cast",
        finding=_floats_as_indices,
        remedy=WHOLE_NUMBERS,
    ),
    _Known(
        name="no-range",
        pattern=r"Empty min/max for tensor",
        finding=_without_range,
        remedy="Look for NaN or infinity inside that layer.",
    ),
    _Known(
        name="integer-io",
        pattern=r"Unsupported (in|out)put type INT(8|16) for (in|out)put tensor",
        finding=_says("The first or last operator stays float32, so no integer goes in or out."),
        remedy="Ask for float inputs and outputs: --io float.",
    ),
    _Known(
        name="out-of-memory",
        pattern=r"bad_alloc|MemoryError|OOM when allocating|[Oo]ut of memory",
        finding=_says("The conversion ran out of memory."),
        remedy="Close other programs, convert on a machine with more, or calibrate on less data.",
    ),
)
