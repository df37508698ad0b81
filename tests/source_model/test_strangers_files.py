"""A stranger's model file runs nothing and opens nothing, however it is written.

The first ones here wrote, removed and read files of the machine while they were converted.
"""

from __future__ import annotations

import os
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit.core.errors import BadInput, UnsupportedLayer
from edgekit.source_model import allowlist
from edgekit.source_model.interface import nested_layers
from edgekit.source_model.keras_file import check_description
from edgekit.source_model.loading import load_model
from edgekit.source_model.reference import run_model
from tests.support import planted_files as planted

pytestmark = pytest.mark.filterwarnings(
    "ignore:You are saving your model as an HDF5",
    "ignore:__array__ implementation",
    "ignore:The `keras.initializers.serialize",
)

FILES = ["model.h5", "model.keras"]


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file that a planted model would remove or read."""
    path = tmp_path / "victim"
    path.write_text("secret\n")
    return path


def untouched(victim: Path) -> bool:
    return victim.read_text() == "secret\n" and not victim.with_name("written").exists()


def own_loss(right: Any, told: Any) -> Any:
    return right - told


def in_nested_model(config: dict[str, Any]) -> dict[str, Any]:
    inner = {**config, "name": config["config"]["name"], "inbound_nodes": [[["x", 0, 0, {}]]]}
    return planted.functional(inner)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("class_name", ["SlicingOpLambda", "TFOpLambda"])
@pytest.mark.parametrize("function", ["io.write_file", "io.gfile.remove", "load_library"])
def test_no_function_of_a_file_is_called(
    function: str, class_name: str, nested: bool, file: str, victim: Path
) -> None:
    path, more = victim, {}
    if function == "io.write_file":
        path, more = victim.with_name("written"), {"contents": "owned"}
    config = planted.functional(planted.call_of(function, str(path), class_name, **more))
    file_path = planted.write(victim.with_name(file), in_nested_model(config) if nested else config)
    with pytest.raises(UnsupportedLayer, match=f"layer 'mine' calls the Tensor.*'{function}'"):
        load_model(file_path)
    assert untouched(victim)


@pytest.mark.parametrize("file", FILES)
def test_a_harmless_function_of_constants_alone_is_refused(file: str, tmp_path: Path) -> None:
    config = planted.functional(planted.call_of("math.add", 1.0, "TFOpLambda", y=2.0))
    path = planted.write(tmp_path / file, config)
    with pytest.raises(UnsupportedLayer, match="'mine' is called on constants alone"):
        load_model(path)


@pytest.mark.parametrize("file", FILES)
def test_only_operators_that_compute_are_taken(file: str, victim: Path) -> None:
    reads = planted.functional({"takes": "string", **planted.operator_on_x("ReadFile")})
    path = planted.write(victim.with_name(file), reads)
    with pytest.raises(UnsupportedLayer, match="calls the TensorFlow function 'ReadFile'"):
        load_model(path)
    half = planted.functional(planted.operator_on_x("Neg", T={"type": "DT_FLOAT"}))
    half["config"]["output_layers"] = [["mine", 0, 0]]
    half["config"]["layers"][1]["name"] = "mine"
    check_description(half, path)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("form", ["keras_2", "keras_3"])
@pytest.mark.parametrize("kind", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_no_vocabulary_is_read_from_a_path(
    kind: str, form: str, file: str, victim: Path, tmp_path: Path
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)  # who opens it waits for ever
    for vocabulary in (
        str(victim),
        str(fifo),
        {"class_name": "__bytes__", "config": {"value": ""}},
    ):
        config = planted.functional(
            planted.layer(kind, {"vocabulary": vocabulary}, [], module="keras.layers"), form=form
        )
        path = planted.write(tmp_path / file, config, form=form)
        with pytest.raises(UnsupportedLayer, match=r"takes its vocabulary from .*opens no path"):
            load_model(path)


@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_a_vocabulary_in_the_file_is_taken(package: str, tmp_path: Path) -> None:
    import importlib

    library = importlib.import_module(package)
    words = library.layers.StringLookup(vocabulary=["/etc/passwd", "b"], name="look")
    start = library.Input((1,), dtype="string")
    library.Model(start, words(start)).save(tmp_path / "model.keras")
    loaded: Any = load_model(tmp_path / "model.keras")
    assert loaded.get_layer("look").get_vocabulary()[1:] == ["/etc/passwd", "b"]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("out_of_it", ["link", "storage"])
def test_no_weights_are_read_from_another_file(out_of_it: str, file: str, victim: Path) -> None:
    import h5py
    import tf_keras

    path = victim.with_name(file)
    model = tf_keras.Sequential([tf_keras.Input((2,)), tf_keras.layers.Dense(2, name="d")])
    model.save(path)
    weights = path if file == "model.h5" else victim.with_name("model.weights.h5")
    if weights != path:
        import zipfile

        with zipfile.ZipFile(path) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
        weights.write_bytes(parts["model.weights.h5"])
    with h5py.File(weights, "r+") as whole:
        if out_of_it == "link":
            whole["more"] = h5py.ExternalLink(str(victim), "/")
        else:
            whole.create_dataset("more", (7,), "u1", external=str(victim))
    if weights != path:
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in {**parts, "model.weights.h5": weights.read_bytes()}.items():
                archive.writestr(name, data)
    with pytest.raises(BadInput, match="the weights '//more' lie in another file"):
        load_model(path)


# What users have goes on working.


def arithmetic(tf: Any, x: Any, y: Any) -> Any:
    return 1 / (2.0 - x) + x * 2 + 1 - tf.reduce_mean(y, -1, keepdims=True) ** 2


def reordered(tf: Any, x: Any, y: Any) -> Any:
    together = tf.concat([tf.reshape(x, (-1, 4)), tf.transpose(tf.transpose(y))], -1)
    return tf.stack([together[:, 1:3], together[:, -2:]], 1)[:, tf.newaxis, 0]


def chosen(tf: Any, x: Any, y: Any) -> Any:
    return tf.where(x > 0, tf.nn.relu(x), tf.cast(tf.clip_by_value(y, 0, 1), tf.float32))


def products(tf: Any, x: Any, y: Any) -> Any:
    return x[:, :, tf.newaxis] @ tf.expand_dims(tf.math.l2_normalize(y, 1), 1)


@pytest.mark.parametrize("build", [arithmetic, reordered, chosen, products])
@pytest.mark.parametrize("file", FILES)
def test_tensorflow_between_keras_2_layers_works(build: Any, file: str, tmp_path: Path) -> None:
    import tensorflow as tf
    import tf_keras

    x, y = tf_keras.Input((4,), name="x"), tf_keras.Input((4,), name="y")
    model = tf_keras.Model([x, y], build(tf, x, y))
    model.save(tmp_path / file)
    batch = {
        n: np.random.default_rng(i).normal(size=(3, 4)).astype("f4") for i, n in enumerate("xy")
    }
    expected = model([batch["x"], batch["y"]]).numpy()
    (found,) = run_model(load_model(tmp_path / file), batch).values()
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@pytest.mark.parametrize("file", FILES)
def test_initializers_of_tensorflow_are_taken(file: str, tmp_path: Path) -> None:
    import tensorflow as tf
    import tf_keras

    dense = tf_keras.layers.Dense(2, bias_initializer=tf.constant_initializer(0.5))
    tf_keras.Sequential([tf_keras.Input((4,)), dense]).save(tmp_path / file)
    load_model(tmp_path / file)


@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_a_compiled_model_in_a_model_loads(package: str, tmp_path: Path) -> None:
    import importlib

    library = importlib.import_module(package)
    inner = library.Sequential(
        [
            library.Input((4,)),
            library.layers.Dense(3, activation="swish", kernel_regularizer="l2"),
            library.layers.Dense(2, kernel_regularizer=library.regularizers.L1L2(0.1, 0.1)),
        ]
    )
    losses, metrics = library.losses.Huber(), ["acc", library.metrics.AUC()]
    inner.compile(library.optimizers.AdamW(1e-3), loss=losses, metrics=metrics)
    inner.optimizer.build(inner.trainable_variables)
    start = library.Input((4,))
    library.Model(start, library.layers.Softmax()(inner(start))).save(tmp_path / "model.keras")
    load_model(tmp_path / "model.keras")


@pytest.mark.filterwarnings("ignore:The object being serialized includes a `lambda`")
@pytest.mark.parametrize("loss", ["mse", own_loss, lambda right, told: right - told])
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_what_an_inner_model_was_compiled_with_does_not_matter(
    package: str, loss: Any, tmp_path: Path
) -> None:
    """It was never fitted, so that its optimizer has no variables; and its loss is not in Keras."""
    import importlib

    library = importlib.import_module(package)
    inner = library.Sequential([library.Input((4,)), library.layers.Dense(2)])
    inner.compile("adam", loss=loss)
    start = library.Input((4,))
    model = library.Model(start, library.layers.Softmax()(inner(start)))
    model.save(tmp_path / "model.keras")
    loaded: Any = load_model(tmp_path / "model.keras")
    assert not any(getattr(layer, "optimizer", None) for layer in nested_layers(loaded))
    x = np.ones((1, 4), np.float32)
    np.testing.assert_allclose(loaded(x), model(x))
    again = library.Sequential([library.Input((4,)), library.layers.Dense(2)])
    again.compile("adam", loss="mse")
    assert again.get_compile_config()  # Keras itself is as it was


def test_every_layer_of_keras_is_allowed_or_left_out_on_purpose() -> None:
    import keras
    import tf_keras

    left_out = {
        *allowlist.CODE,
        "AbstractRNNCell",
        "DenseFeatures",  # its columns may name a file of words
        "InputSpec",
        "Layer",
        "Wrapper",
    }
    for library in (keras, tf_keras):
        layers = {name for name, value in vars(library.layers).items() if isinstance(value, type)}
        assert layers <= allowlist.LAYERS | left_out


# Nothing but what is listed gets through.


def tensorflow_names() -> list[str]:
    import tensorflow  # noqa: F401  (fills the table)
    from tensorflow.python.util import tf_export

    return sorted(tf_export._NAME_TO_SYMBOL_MAPPING)


def test_of_all_that_tensorflow_exports_only_what_computes_is_called() -> None:
    from tensorflow.python.util import tf_export

    def passes(name: str) -> bool:
        config = planted.layer("TFOpLambda", {"function": name}, [[["x", 0, 0, {}]]])
        try:
            check_description(planted.functional(config), Path("model.h5"))
        except UnsupportedLayer:
            return False
        return True

    taken = [name for name in tensorflow_names() if passes(name)]
    assert 500 < len(taken) < 900
    for name in taken:
        function = tf_export.get_symbol_from_name(name)
        assert callable(function)
        assert not isinstance(function, type)
        words = set(name.replace(".", "_").split("_"))
        assert not words & {
            "io", "file", "gfile", "read", "write", "load", "save", "saved", "raw", "py", "numpy",
            "function", "fn", "map", "while", "loop", "case", "foldl", "scan", "print", "debugging",
            "summary", "train", "data", "decode", "encode", "vocab", "unigram", "sampler", "config",
        }, name  # fmt: skip


def test_no_listed_name_leads_to_anything_else_in_keras() -> None:
    """Keras takes a class from any of its modules, so a name must be harmless in all of them."""
    import keras
    import tf_keras

    kept: tuple[type, ...] = ()
    for library in (keras, tf_keras):
        kept += tuple(
            value
            for kind in ("layers.Layer", "initializers.Initializer", "regularizers.Regularizer",
                         "constraints.Constraint", "optimizers.Optimizer", "losses.Loss",
                         "metrics.Metric", "Model")
            if isinstance(value := _attribute(library, kind), type)
        )  # fmt: skip
    names = allowlist.CLASSES | allowlist.FUNCTIONS
    stray: set[str] = set()
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] not in ("keras", "tf_keras"):
            continue
        for name in names & vars(module).keys():
            value = vars(module)[name]
            if isinstance(value, types.ModuleType) or (
                isinstance(value, type) and issubclass(value, kept)
            ):
                continue
            source = str(getattr(value, "__module__", ""))
            if not source.startswith(("keras.", "tf_keras.", "tensorflow.python.ops.nn_")):
                stray.add(f"{module_name}.{name} of {source}")
    assert stray == set()


def _attribute(value: Any, address: str) -> Any:
    for name in address.split("."):
        value = getattr(value, name)
    return value


SPELLINGS: st.SearchStrategy[Any] = st.sampled_from(
    [
        str, str.upper, str.lower, str.title, lambda t: f" {t}", lambda t: f"{t}\0", "tf.{}".format,
        "keras.{}".format, "Custom>{}".format, lambda t: t[::-1], 
        lambda t: t.replace("a", "\u0430"),
        "compat.v2.{}".format, "layers.{}".format, lambda t: [t], lambda t: {"config": t},
        lambda _: None, lambda t: t + "V1",
    ]
)  # fmt: skip
"""Ways to write a name otherwise, so that a reader may miss it and Keras may not."""

MODULES = st.sampled_from(
    [None, "", "builtins", "os", "keras", "keras.layers", "keras.src.saving.serialization_lib",
     "keras.utils", "tf_keras.src.backend", "tf_keras.utils", "tensorflow", "keras.", "kerasx.os",
     "..keras", "tf_keras.os", "__main__", 3]
)  # fmt: skip

DANGERS = [
    "Lambda", "TFSMLayer", "__lambda__", "function", "__typespec__", "TypeSpec", "CompositeTensor",
    "deserialize_keras_object", "get_file", "load_model", "func_load", "system", "Popen", "eval",
    "TorchModuleWrapper", "DenseFeatures", "ClassMethod", "InstanceMethod", "FeatureSpace",
    "image_dataset_from_directory", "ForiLoop", "Map", "WhileLoop", "WideDeepModel",
]  # fmt: skip


def hide(draw: Any, planted_object: Any) -> Any:
    """Put an object somewhere into an otherwise harmless model."""
    for _ in range(draw(st.integers(0, 4))):
        key = draw(st.sampled_from(["layer", "cell", "config", "activation", "kernel_regularizer",
                                    "compile_config", "dtype", "build_config", "x"]))  # fmt: skip
        planted_object = draw(
            st.sampled_from(
                [
                    {key: planted_object},
                    [planted_object],
                    {"class_name": "TimeDistributed", "config": {"layer": planted_object}},
                    {"class_name": "Bidirectional", "config": {"name": "b", key: planted_object}},
                    {"class_name": "__tuple__", "items": [planted_object]},
                ]
            )
        )
    return planted_object


def draw_foreign(draw: Any) -> dict[str, Any]:
    """Draw an object that names what is not listed, or reaches for it by another way."""
    spell, module = draw(SPELLINGS), draw(MODULES)
    named = spell(draw(st.sampled_from(DANGERS)))
    fields = draw(st.fixed_dictionaries({}, optional={"registered_name": st.just(named)}))
    if module is not None:
        fields["module"] = module
    if draw(st.booleans()):
        return {"class_name": named, "config": {"name": "mine"}, **fields}
    if draw(st.booleans()):
        return {"class_name": "function", "config": named, **fields}
    registered = {**fields, "registered_name": named}
    return {"class_name": draw(st.sampled_from(["Dense", "Add"])), "config": {}, **registered}


def is_listed(entry: dict[str, Any]) -> bool:
    """Whether what is drawn happens to be harmless: the name is on the list as it is written."""
    registered = entry.get("registered_name")
    name = entry["config"] if entry["class_name"] == "function" else entry["class_name"]
    known = isinstance(name, str) and name in allowlist.CLASSES | allowlist.FUNCTIONS
    return known and registered in (None, name, "function")


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), nested=st.booleans())
def test_no_name_outside_the_list_gets_through(data: st.DataObject, nested: bool) -> None:
    entry = draw_foreign(data.draw)
    if is_listed(entry):
        return
    hidden = hide(data.draw, entry)
    model = planted.functional(planted.layer("Dense", {"units": hidden}, [[["x", 0, 0, {}]]]))
    with pytest.raises(UnsupportedLayer):
        check_description(in_nested_model(model) if nested else model, Path("model.keras"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data(), nested=st.booleans())
def test_no_function_outside_the_list_gets_through(data: st.DataObject, nested: bool) -> None:
    function = data.draw(SPELLINGS)(data.draw(st.sampled_from(tensorflow_names())))
    if isinstance(function, str) and function in allowlist.TENSORFLOW_FUNCTIONS:
        return
    kind = data.draw(st.sampled_from(["TFOpLambda", "SlicingOpLambda"]))
    node = data.draw(
        st.sampled_from(
            [
                ["_CONSTANT_VALUE", -1, "/tmp/x", {}],
                [["x", 0, 0, {}]],
                ["x", 0, 0, {"y": "/tmp"}],
                [],
            ]
        )
    )
    hidden = hide(data.draw, planted.layer(kind, {"function": function}, [node]))
    config = planted.functional(planted.layer("Dense", {"units": hidden}, [[["x", 0, 0, {}]]]))
    with pytest.raises(UnsupportedLayer):
        check_description(in_nested_model(config) if nested else config, Path("model.h5"))


@pytest.mark.slow
@pytest.mark.parametrize("package", ["keras", "tf_keras"])
def test_the_models_that_keras_brings_are_taken(package: str) -> None:
    import importlib
    import json

    library = importlib.import_module(package)
    own = library.saving.get_custom_objects()
    for name, model in applications(library):
        check_description(json.loads(model.to_json()), Path(f"{name}.keras"), registered=own)


FAMILIES = (
    "ConvNeXtTiny", "DenseNet121", "EfficientNetB0", "EfficientNetV2B0", "InceptionResNetV2",
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "NASNetMobile", "ResNet50", "ResNet50V2",
    "VGG16", "Xception",
)  # fmt: skip
"""The smallest of each; the larger ones consist of the same layers, and take minutes to build."""


def applications(library: Any) -> Iterator[tuple[str, Any]]:
    for name in FAMILIES:
        yield name, getattr(library.applications, name)(weights=None)
        library.backend.clear_session()
