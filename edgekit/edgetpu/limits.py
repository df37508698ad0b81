"""The documented and observed limits of single operators on the Edge TPU.

Each limit looks at an operator's facts and returns a ruling, or None if it does not object. A fact
that is not known is never held against an operator.
"""

from __future__ import annotations

from collections.abc import Callable

from edgekit.edgetpu.evidence import (
    OBSERVED,
    RECALLED,
    REQUIREMENTS,
    TABLE_2019,
    TABLE_2021,
    issue,
    no,
    unknown,
    yes,
)
from edgekit.edgetpu.facts import OperatorFacts, Ruling, TensorFacts, is_one_vector

Limit = Callable[[OperatorFacts], Ruling | None]

LARGEST_SOFTMAX_SEEN = 16_384
"""The document says 16,000; compiler 16 mapped 16,384 int8 values in several published models."""


def no_fused_activation(op: OperatorFacts) -> Ruling | None:
    """Pooling and concatenation take no fused activation."""
    activation = op.options.get("fused_activation_function", "NONE")
    if activation == "NONE":
        return None
    return no(
        f"it has the fused activation {activation}; {op.name} is mapped only without",
        TABLE_2021,
        "Put the activation into a layer of its own.",
    )


def zero_padding_only(op: OperatorFacts) -> Ruling | None:
    """A constant input of a concatenation must be zeros, and one of two inputs."""
    constants = [t for t in op.inputs if t is not None and t.is_constant]
    if not constants:
        return None
    if len(op.inputs) == 2 and all(_is_zeros(tensor) is not False for tensor in constants):
        return None
    return no(
        f"it joins {len(op.inputs)} inputs of which {len(constants)} are constant; with a "
        "constant it must have two inputs, the constant all zeros",
        TABLE_2021,
        "Compute the constant part in the model, or append it on the host.",
    )


def constant_parameters(op: OperatorFacts) -> Ruling | None:
    """Weights and biases must be constants, stored dense."""
    # Inputs: data, weights, bias; of TRANSPOSE_CONV: output shape, weights, data, bias.
    positions = (1, 3) if op.name == "TRANSPOSE_CONV" else (1, 2)
    parameters = [tensor for i in positions if (tensor := op.input(i)) is not None]
    if not all(tensor.is_constant for tensor in parameters):
        return no(
            "its weights or bias are computed while running; they must be constants",
            REQUIREMENTS,
            "Freeze the weights when converting.",
        )
    if any(tensor.is_sparse for tensor in parameters):
        return unknown(
            "its weights are stored sparse, and no case of that is known",
            OBSERVED,
            "Convert without sparse encoding.",
        )
    return None


def same_dilation(op: OperatorFacts) -> Ruling | None:
    """Dilation must be equal in x and y, unless the kernel has a width of 1 in one of them."""
    weights = op.input(1)
    dilation_y = op.options.get("dilation_h_factor", 1)
    dilation_x = op.options.get("dilation_w_factor", 1)
    if weights is None or dilation_y == dilation_x:
        return None
    if min(weights.shape[1:3], default=1) == 1:  # as in a 1-D convolution: mapped by compiler 16
        return None
    return no(
        f"its dilation is {dilation_y} in y and {dilation_x} in x; it must be the same",
        TABLE_2021,
        "Use the same dilation rate on both axes.",
    )


def default_weights_format(op: OperatorFacts) -> Ruling | None:
    """A fully connected layer's weights must have the default format."""
    weights_format = op.options.get("weights_format", "DEFAULT")
    if weights_format == "DEFAULT":
        return None
    return no(
        f"its weights have the format {weights_format}; only DEFAULT is mapped",
        TABLE_2021,
        "Convert again with a TensorFlow that writes plain weights.",
    )


def one_dimensional_output(op: OperatorFacts) -> Ruling | None:
    """A fully connected layer answers with a single vector."""
    if is_one_vector(op.outputs[0].shape):
        return None
    return no(
        f"its output {_text(op.outputs[0].shape)} is more than one vector",
        TABLE_2021,
        "Flatten before the Dense layer, or use a 1x1 convolution in its place.",
    )


def one_dimensional_softmax(op: OperatorFacts) -> Ruling | None:
    """Softmax takes a single vector of limited length."""
    shape = op.outputs[0].shape
    if not is_one_vector(shape):
        return no(
            f"its input {_text(shape)} is more than one vector",
            TABLE_2019,
            "Leave the softmax out of the model and compute it on the host.",
        )
    if shape and shape[-1] > LARGEST_SOFTMAX_SEEN:
        return unknown(
            f"its input has {shape[-1]:,} values; 16,000 are documented and "
            f"{LARGEST_SOFTMAX_SEEN:,} the most seen mapped",
            f"{TABLE_2019}; {OBSERVED}",
            "Leave the softmax out of the model and compute it on the host.",
        )
    return None


def axes_not_batch(op: OperatorFacts) -> Ruling | None:
    """A reduction must not run over the batch axis."""
    return _not_batch(op, op.numbers(1), TABLE_2021)


def sum_axes_not_batch(op: OperatorFacts) -> Ruling | None:
    """As `axes_not_batch`; for SUM the document is known from memory only."""
    return _not_batch(op, op.numbers(1), RECALLED)


def split_not_batch(op: OperatorFacts) -> Ruling | None:
    """A split must not cut the batch axis; its first input is the axis."""
    return _not_batch(op, op.numbers(0), RECALLED)


def pack_not_batch(op: OperatorFacts) -> Ruling | None:
    """Tensors must not be stacked along the batch axis."""
    axis = op.options.get("axis")
    rank = len(op.outputs[0].shape)
    return _not_batch(op, (axis,) if isinstance(axis, int) else None, TABLE_2021, rank)


def pad_not_batch(op: OperatorFacts) -> Ruling | None:
    """The batch axis must not be padded."""
    paddings = op.numbers(1)
    batch = paddings[:2] if paddings else ()
    return _not_batch(op, (0,) if any(batch) else (), TABLE_2021)


def depth_multiple_of_4(op: OperatorFacts) -> Ruling | None:
    """A mean over the innermost axis needs its length to be a multiple of 4."""
    axes, shape = op.numbers(1), op.data[0].shape
    if not axes or not shape or len(shape) - 1 not in {axis % len(shape) for axis in axes}:
        return None
    if shape[-1] % 4 == 0:
        return None
    return no(
        f"it averages over {shape[-1]} channels; the number must be a multiple of 4",
        TABLE_2021,
        "Make the number of channels a multiple of 4.",
    )


def alpha_per_channel(op: OperatorFacts) -> Ruling | None:
    """PReLU may have one slope for each channel, not for each pixel."""
    alpha = op.input(1)
    if alpha is None or is_one_vector(alpha.shape):
        return None
    return no(
        f"its slopes have the shape {_text(alpha.shape)}; only the innermost axis may exceed 1",
        TABLE_2021,
        "Use PReLU(shared_axes=[1, 2]).",
    )


def unit_strides(op: OperatorFacts) -> Ruling | None:
    """A strided slice must have strides of 1, no ellipsis and no new axis."""
    masks = [op.options.get(name, 0) for name in ("ellipsis_mask", "new_axis_mask")]
    strides = op.numbers(3) or ()
    if all(stride == 1 for stride in strides) and not any(masks):
        return None
    return no(
        f"its strides are {list(strides)}, its ellipsis and new-axis masks {masks}; strides must "
        "be 1 and both masks 0",
        TABLE_2019,
        "Slice without a step; take every n-th value by a pooling of size 1 and stride n.",
    )


def leading_ones(op: OperatorFacts) -> Ruling | None:
    """The 2019 table allows only leading axes to be squeezed; the newer one may allow all."""
    before, after = op.data[0].shape, op.outputs[0].shape
    if before[len(before) - len(after) :] == after:
        return None
    return unknown(
        f"it squeezes {_text(before)} to {_text(after)}; the 2019 table allows leading axes only, "
        "the newer one is remembered to allow all",
        f"{TABLE_2019}; {RECALLED}",
        "Use a Reshape in its place.",
    )


def any_transpose(op: OperatorFacts) -> Ruling | None:
    """Some transpositions are mapped and some are not, by no rule that is known."""
    return unknown(
        "most transpositions are mapped by compiler 16 (14 of 17 in one log), by no rule known",
        f"{issue(433)}; {RECALLED}",
        "Keep the channels last so that nothing needs to be transposed.",
    )


def broadcasting_tile(op: OperatorFacts) -> Ruling | None:
    """Tile is in no table, but repeating one pixel was mapped once."""
    before = op.data[0].shape
    if len(before) == 4 and before[:3] == (1, 1, 1):
        return yes(OBSERVED, "in no table, but repeating a single pixel was mapped")
    return unknown(
        f"it is in no table; repeating a single pixel was mapped once, this is {_text(before)}",
        OBSERVED,
        "Let an Add or Mul broadcast in its place.",
    )


def runtime_14(op: OperatorFacts) -> Ruling | None:
    """The operator needs Edge TPU runtime 14."""
    return yes(RECALLED, "needs Edge TPU runtime 14: compile with min_runtime=14")


def _not_batch(
    op: OperatorFacts, axes: tuple[int, ...] | None, source: str, rank: int | None = None
) -> Ruling | None:
    rank = rank or len(op.data[0].shape)
    if not axes or rank == 0 or 0 not in {axis % rank for axis in axes}:
        return None
    return no(
        f"{op.name} works along the batch axis",
        source,
        "Keep the batch axis out of it, and 1.",
    )


def _is_zeros(tensor: TensorFacts) -> bool | None:
    values = tensor.values()
    return None if values is None else bool((values == tensor.zero_point).all())


def _text(shape: tuple[int, ...]) -> str:
    return "x".join(str(length) for length in shape) or "scalar"
