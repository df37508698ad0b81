"""Models that try every class of `keras.layers` on the bridge, one or more for each class."""

from __future__ import annotations

from typing import Any

import numpy as np

STEPS, IMAGE, VOLUME = (6, 4), (8, 8, 3), (6, 6, 6, 2)
SHAPES = {"1D": STEPS, "2D": IMAGE, "3D": VOLUME}


def models(name: str) -> list[Any]:
    """Return models that use a layer class in its main ways."""
    import keras

    keras.utils.set_random_seed(1)
    kind = getattr(keras.layers, name)
    if name in GRAPHS:
        made = GRAPHS[name](keras.layers)
        return made if isinstance(made, list) else [made]
    shape: tuple[int, ...] = IMAGE
    variants: list[dict[str, Any]] = [{}]
    for ending, its_shape in SHAPES.items():
        shape = its_shape if ending in name else shape
    if name in OPTIONS:
        shape, variants = OPTIONS[name][0] or shape, list(OPTIONS[name][1:])
    return [_one_layer(kind(**options), shape) for options in variants]


def _one_layer(layer: Any, shape: tuple[int, ...], dtype: str | None = None) -> Any:
    import keras

    x = keras.Input(shape, dtype=dtype)
    model = keras.Model(x, layer(x))
    _randomize(model)
    return model


def _randomize(model: Any) -> None:
    """Move every weight off its initial value, so that a weight left behind is noticed."""
    random = np.random.default_rng(0)
    for weight in model.weights:
        if "float" in weight.dtype:
            noise = random.uniform(0.05, 0.5, weight.shape)
            weight.assign(np.abs(weight) + noise if "variance" in weight.path else weight + noise)


def _model(*ends: Any) -> Any:
    import keras

    model = keras.Model(*ends)
    _randomize(model)
    return model


def _merging(name: str, **options: Any) -> Any:
    def make(layers: Any) -> Any:
        one, other = layers.Input(STEPS), layers.Input(STEPS)
        return _model([one, other], getattr(layers, name)(**options)([one, other]))

    return make


def _numbers(name: str, *variants: dict[str, Any]) -> Any:
    def make(layers: Any) -> Any:
        kind = getattr(layers, name)
        return [_one_layer(kind(**options), (4,), "int32") for options in variants]

    return make


def _both_ways(layers: Any) -> list[Any]:
    """Return models that look tokens up, and score all tokens by the same table."""
    made = []
    for options in ({}, {"tie_weights": False}, {"logit_soft_cap": 0.1}, {"mask_zero": True}):
        tokens = layers.Input((4,), dtype="int32")
        table = layers.ReversibleEmbedding(9, 3, **options)
        looked_up = table(tokens)
        made.append(_model(tokens, [looked_up, table(looked_up, reverse=True)]))
    return made


def _grouped_attention(layers: Any) -> list[Any]:
    made = []
    for options in (
        {},
        {"use_gate": True, "use_bias": False, "kernel_regularizer": "l2"},
        {"sliding_window": 2, "num_key_value_heads": 1},
        {"dropout": 0.3, "num_key_value_heads": 4, "kernel_constraint": "non_neg"},
    ):
        heads = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, **options}
        query, value, key = (layers.Input((steps, 8)) for steps in (5, 6, 6))
        attention = layers.GroupQueryAttention(**heads)
        made.append(_model([query, value, key], attention(query, value, key)))
        masked = layers.Masking(0.5)(query)
        itself = layers.GroupQueryAttention(**heads)(masked, masked, use_causal_mask=True)
        made.append(_model(query, [itself, layers.GlobalAveragePooling1D()(itself)]))
        mask = layers.Input((5, 6), dtype="bool")
        among = layers.GroupQueryAttention(**heads)
        answers = among(query, value, attention_mask=mask, return_attention_scores=True)
        made.append(_model([query, value, mask], answers))
    return made


TEXTS = ["A door, and a window!", "the door; the key", "a window", "window"]


def _texts(layers: Any) -> list[Any]:
    """Text layers that were given their words, and that have learned them."""
    variants: tuple[dict[str, Any], ...] = (
        {"output_sequence_length": 4},
        {"ngrams": 2, "max_tokens": 6},
        {"ngrams": (1, 3), "standardize": "strip_punctuation"},
        {"split": "character", "standardize": "lower", "output_mode": "count"},
        {"split": None, "standardize": None, "output_mode": "multi_hot"},
        {"output_mode": "tf_idf", "max_tokens": 20, "pad_to_max_tokens": True},
    )
    made = [
        layers.TextVectorization(vocabulary=["a", "d"], output_sequence_length=4),
        layers.TextVectorization(
            vocabulary=["a", "d"], idf_weights=[0.3, 0.5], output_mode="tf_idf"
        ),
    ]
    for options in variants:
        made.append(layers.TextVectorization(**options))
        made[-1].adapt(np.array(TEXTS))
    return [_one_layer(layer, (1,), "string") for layer in made]


def _learned_words(layers: Any) -> list[Any]:
    given = layers.StringLookup(vocabulary=["a", "b"], num_oov_indices=3)
    learned = layers.StringLookup(mask_token="b")
    learned.adapt(np.array([*"aabbccd", "d e"]))
    return [_one_layer(layer, (4,), "string") for layer in (given, learned)]


def _learned_numbers(layers: Any) -> list[Any]:
    given, learned = layers.IntegerLookup(vocabulary=[3, 5, 7]), layers.IntegerLookup()
    learned.adapt(np.array([2, 2, 9, 4]))
    return [_one_layer(layer, (4,), "int32") for layer in (given, learned)]


def _attention(name: str, **options: Any) -> Any:
    def make(layers: Any) -> Any:
        query, value = layers.Input((5, 8)), layers.Input((6, 8))
        layer = getattr(layers, name)(**options)
        if name.endswith("HeadAttention"):
            return _model([query, value], layer(query, value, use_causal_mask=True))
        return _model([query, value], layer([query, value]))

    return make


def _cell(name: str) -> Any:
    def make(layers: Any) -> Any:
        return _one_layer(layers.RNN(getattr(layers, name)(3)), STEPS)

    return make


def _image_of_steps(layers: Any, name: str, rank: int) -> Any:
    shape = (4, *(5,) * rank, 2)
    kind = getattr(layers, name)
    return [
        _one_layer(kind(3, 3, padding="same"), shape),
        _one_layer(kind(2, 2, return_sequences=True, activation="relu"), shape),
    ]


def _recurrent(name: str, *more: dict[str, Any]) -> Any:
    def make(layers: Any) -> Any:
        kind = getattr(layers, name)
        options = ({}, {"return_sequences": True, "go_backwards": True}, {"unroll": True}, *more)
        tried = [_one_layer(kind(3, **chosen), STEPS) for chosen in options]
        masked = layers.Input((5,), dtype="int32")
        tried.append(_model(masked, kind(3)(layers.Embedding(7, 4, mask_zero=True)(masked))))
        x = layers.Input(batch_shape=(2, *STEPS))
        sequence, *states = kind(3, stateful=True, return_state=True)(x)
        return [*tried, _model(x, [sequence, *states])]

    return make


def _normalization(layers: Any) -> Any:
    adapted = layers.Normalization()
    adapted.adapt(np.random.default_rng(0).normal(3, 2, (50, 4)).astype("float32"))
    x = layers.Input((4,))
    import keras

    return [
        keras.Model(x, adapted(x)),
        _one_layer(layers.Normalization(mean=1.5, variance=4.0), IMAGE),
    ]


OPTIONS: dict[str, tuple[Any, ...]] = {
    "Activation": (
        None,
        *(
            {"activation": name}
            for name in (
                "relu",
                "relu6",
                "hard_sigmoid",
                "hard_silu",
                "gelu",
                "silu",
                "softmax",
                "log_softmax",
                "mish",
                "celu",
                "leaky_relu",
                "tanh",
                "exponential",
            )
        ),
    ),
    "ActivityRegularization": (None, {"l1": 0.1, "l2": 0.1}),
    "AdaptiveAveragePooling1D": (None, {"output_size": 2}),
    "AlphaDropout": (None, {"rate": 0.2}),
    "BatchNormalization": (None, {}, {"axis": 1, "scale": False, "epsilon": 0.01}),
    "CenterCrop": (None, {"height": 4, "width": 5}, {"height": 12, "width": 10}),
    "Dense": (
        None,
        {"units": 4, "activation": "hard_sigmoid", "kernel_regularizer": "l2"},
        {"units": 4, "use_bias": False, "kernel_constraint": "non_neg"},
    ),
    "Dropout": (None, {"rate": 0.3}, {"rate": 0.3, "noise_shape": (None, 1, 1, 3), "seed": 3}),
    "EinsumDense": (
        STEPS,
        {"equation": "abc,cd->abd", "output_shape": (None, 5), "bias_axes": "d"},
    ),
    "GaussianDropout": (None, {"rate": 0.3}),
    "GaussianNoise": (None, {"stddev": 0.3}),
    "GroupNormalization": ((4, 4, 8), {"groups": 4}),
    "LayerNormalization": (None, {}, {"axis": [1, 2], "center": False}),
    "LeakyReLU": (None, {}, {"negative_slope": 0.1}),
    "Masking": (STEPS, {"mask_value": 0.5}),
    "MaxNumBoundingBoxes": (None, {"max_number": 2}),
    "PReLU": (None, {}, {"shared_axes": [1, 2]}),
    "Permute": (None, {"dims": (3, 1, 2)}),
    "RandomCrop": (None, {"height": 4, "width": 5}),
    "RandomTranslation": (None, {"height_factor": 0.2, "width_factor": 0.2}),
    "RandomZoom": (None, {"height_factor": 0.2}),
    "STFTSpectrogram": ((64, 1), {"frame_length": 16, "frame_step": 8, "fft_length": 16}),
    "ReLU": (None, {}, {"max_value": 6.0}, {"negative_slope": 0.1, "threshold": 0.2}),
    "RepeatVector": ((5,), {"n": 3}),
    "Rescaling": (None, {"scale": 1 / 127.5, "offset": -1.0}),
    "Reshape": (None, {"target_shape": (-1, 6)}),
    "Resizing": (
        None,
        {"height": 5, "width": 6},
        {"height": 12, "width": 4, "interpolation": "nearest"},
        {"height": 4, "width": 4, "crop_to_aspect_ratio": True},
    ),
    "Softmax": (None, {}, {"axis": 1}),
    "UnitNormalization": (None, {}, {"axis": 1}),
}
_BY_RANK: dict[str, list[dict[str, Any]]] = {
    "Conv": [{"filters": 4, "kernel_size": 3, "activation": "relu"},
             {"filters": 4, "kernel_size": 3, "padding": "same", "strides": 2, "use_bias": False},
             {"filters": 4, "kernel_size": 2, "dilation_rate": 2}],
    "SeparableConv": [{"filters": 4, "kernel_size": 3, "depth_multiplier": 2,
                       "activation": "tanh"}],
    "DepthwiseConv": [{"kernel_size": 3, "padding": "same", "depth_multiplier": 2}],
    "Cropping": [{"cropping": 1}],
    "ZeroPadding": [{"padding": 2}],
    "UpSampling": [{"size": 2}],
    "SpatialDropout": [{"rate": 0.3}],
    "AdaptiveAveragePooling": [{"output_size": 2}],
    "AdaptiveMaxPooling": [{"output_size": 2}],
    "AveragePooling": [{"pool_size": 2}, {"pool_size": 3, "strides": 2, "padding": "same"}],
    "MaxPooling": [{}, {"pool_size": 3, "strides": 2, "padding": "same"}],
    "GlobalAveragePooling": [{}, {"keepdims": True}],
    "GlobalMaxPooling": [{}, {"keepdims": True}],
}  # fmt: skip
for _name, _options in _BY_RANK.items():
    for _rank in SHAPES:
        OPTIONS[_name + _rank] = (None, *_options)
        OPTIONS[f"{_name}{_rank}Transpose"] = (None, *_options[:2])
for _name in ("Brightness", "ColorDegeneration", "Contrast", "Hue", "Posterization", "Rotation",
              "Saturation", "Sharpness"):  # fmt: skip
    OPTIONS[f"Random{_name}"] = (None, {"factor": 4 if _name == "Posterization" else 0.2})
OPTIONS["UpSampling2D"] = (None, {}, {"interpolation": "bilinear"}, {"size": (2, 3)})

GRAPHS: dict[str, Any] = {
    **{name: _merging(name) for name in ("Add", "Average", "Maximum", "Minimum", "Multiply",
                                         "Subtract")},
    "Concatenate": _merging("Concatenate", axis=1),
    "Dot": _merging("Dot", axes=2, normalize=True),
    "Attention": _attention("Attention", use_scale=True),
    "AdditiveAttention": _attention("AdditiveAttention"),
    "MultiHeadAttention": _attention("MultiHeadAttention", num_heads=2, key_dim=3),
    "GroupQueryAttention": _grouped_attention,
    "Embedding": _numbers("Embedding", {"input_dim": 9, "output_dim": 3}),
    "ReversibleEmbedding": _both_ways,
    "CategoryEncoding": _numbers("CategoryEncoding", {"num_tokens": 9},
                                 {"num_tokens": 9, "output_mode": "count"}),
    "IntegerLookup": _learned_numbers,
    "Hashing": _numbers("Hashing", {"num_bins": 5}),
    "Discretization": lambda layers: _one_layer(
        layers.Discretization(bin_boundaries=[-1.0, 0.0, 0.5]), (4,)
    ),
    "StringLookup": _learned_words,
    "TextVectorization": _texts,
    "HashedCrossing": lambda layers: (lambda x, y: _model(
        [x, y], layers.HashedCrossing(num_bins=5)((x, y))
    ))(layers.Input((1,), dtype="int32"), layers.Input((1,), dtype="int32")),
    "Normalization": _normalization,
    "SimpleRNN": _recurrent("SimpleRNN"),
    "LSTM": _recurrent("LSTM", {"unit_forget_bias": False, "use_bias": False}),
    "GRU": _recurrent("GRU", {"reset_after": False}, {"use_bias": False}),
    **{name: _cell(name) for name in ("SimpleRNNCell", "LSTMCell", "GRUCell")},
    "RNN": lambda layers: _one_layer(layers.RNN(layers.GRUCell(3), return_sequences=True), STEPS),
    "StackedRNNCells": lambda layers: _one_layer(
        layers.RNN(layers.StackedRNNCells([layers.LSTMCell(3), layers.GRUCell(2)])), STEPS
    ),
    "Bidirectional": lambda layers: [
        _one_layer(layers.Bidirectional(layers.LSTM(3, return_sequences=True)), STEPS),
        _one_layer(layers.Bidirectional(layers.GRU(3), merge_mode="sum"), STEPS),
        _one_layer(layers.Bidirectional(
            layers.SimpleRNN(3), backward_layer=layers.SimpleRNN(3, go_backwards=True)), STEPS),
    ],
    "TimeDistributed": lambda layers: [
        _one_layer(layers.TimeDistributed(layers.Dense(3)), STEPS),
        _one_layer(layers.TimeDistributed(layers.BatchNormalization()), (3, *IMAGE)),
    ],
    "SpectralNormalization": lambda layers: _one_layer(
        layers.SpectralNormalization(layers.Conv2D(4, 3)), IMAGE
    ),
    "ConvLSTM1D": lambda layers: _image_of_steps(layers, "ConvLSTM1D", 1),
    "ConvLSTM2D": lambda layers: _image_of_steps(layers, "ConvLSTM2D", 2),
    "ConvLSTM3D": lambda layers: _image_of_steps(layers, "ConvLSTM3D", 3),
    "InputLayer": lambda layers: _one_layer(layers.Identity(), IMAGE),
    "Lambda": lambda layers: _one_layer(layers.Lambda(lambda x: x * 2 + 1), IMAGE),
}  # fmt: skip
