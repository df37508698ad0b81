"""What quantization-aware training rounds in a layer, by the name of its class in tf_keras."""

from __future__ import annotations

from collections.abc import Mapping

from edgekit.bridge.own.registering import Rounds

KERNEL = ("kernel",), ("activation",)

TFMOT: Mapping[str, Rounds] = {
    "Conv2D": Rounds(weights=KERNEL[0], activations=KERNEL[1], per_channel=True),
    "DepthwiseConv2D": Rounds(weights=("depthwise_kernel",), activations=KERNEL[1]),
    "Conv2DTranspose": Rounds(weights=KERNEL[0], activations=KERNEL[1]),
    "Dense": Rounds(weights=KERNEL[0], activations=KERNEL[1]),
    **dict.fromkeys(
        (
            "Activation",
            "Add",
            "AveragePooling1D",
            "AveragePooling2D",
            "Concatenate",
            "GlobalAveragePooling1D",
            "GlobalAveragePooling2D",
            "GlobalAveragePooling3D",
            "LeakyReLU",
            "ReLU",
        ),
        Rounds(output=True),
    ),
    "UpSampling2D": Rounds(
        output=True, note="in the file, what goes in and what comes out have one range"
    ),
    "Softmax": Rounds(note="its range in a file is always 0 to 1"),
    **dict.fromkeys(
        (
            "ActivityRegularization",
            "Cropping1D",
            "Cropping2D",
            "Cropping3D",
            "Dropout",
            "Flatten",
            "GlobalMaxPooling1D",
            "GlobalMaxPooling2D",
            "GlobalMaxPooling3D",
            "MaxPooling2D",
            "Permute",
            "Reshape",
            "SpatialDropout1D",
            "SpatialDropout2D",
            "SpatialDropout3D",
            "ZeroPadding1D",
            "ZeroPadding2D",
        ),
        Rounds(note="it hands on what is rounded already"),
    ),
}
"""Classes that tfmot 0.8.1 rounds as it stands; a test holds this to tfmot's own registry."""

OURS: Mapping[str, Rounds] = {
    "BatchNormalization": Rounds(
        output=True,
        note="no convolution or Dense layer to fold into: in the file it is MUL and ADD, and "
        "calibration finds the range between them",
    ),
    "LayerNormalization": Rounds(
        output=True,
        note="in the file it is MEAN, SQUARED_DIFFERENCE, RSQRT and more, whose ranges "
        "calibration finds; training sees the rounded result",
    ),
    **dict.fromkeys(
        ("Average", "Maximum", "Minimum", "Multiply", "PReLU", "Subtract"), Rounds(output=True)
    ),
    "EinsumDense": Rounds(weights=KERNEL[0], activations=KERNEL[1]),
    **dict.fromkeys(
        ("MaxPooling1D", "UpSampling1D"), Rounds(note="it hands on what is rounded already")
    ),
}
"""Classes that tfmot lacks, or takes in fewer places, and that are rounded all the same."""

OUR_ACTIVATIONS = ("hard_silu",)
"""Functions of an Activation layer, likewise; a file has int8 operators for them."""

PROJECTIONS = Rounds(
    weights=("query.kernel", "key.kernel", "value.kernel", "output.kernel"),
    output=True,
    note="kernels and results of its projections; scores and their products are computed in int8 "
    "after conversion, in ranges that calibration finds, and are not rounded in training",
)
"""What is rounded in an attention layer, in the layers inside it."""

ATTENTION = ("MultiHeadAttention", "GroupedQueryAttention")

IN_FLOAT: Mapping[str, str] = {
    **dict.fromkeys(
        ("Bidirectional", "ConvLSTM1D", "ConvLSTM2D", "GRU", "LSTM", "RNN", "SimpleRNN"),
        "its steps are computed in a loop, into which tfmot does not look",
    ),
    **dict.fromkeys(
        ("Embedding", "ReversibleEmbedding"), "its table of rows is rounded at conversion"
    ),
    "GroupNormalization": "part of it stays in float in the file too",
    "KerasOp": "it is a function of keras.ops, not a layer",
    "Lambda": "tfmot cannot look into its function",
    "TimeDistributed": "tfmot does not look into the layer inside",
}
"""Classes that are not rounded in training, and why."""
