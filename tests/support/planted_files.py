"""Model files that name what a stranger's file must not name, for the tests of loading."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

VERSIONS = {"keras_2": "2.21.0", "keras_3": "3.15.1"}

Config = dict[str, Any]


def write(path: Path, config: Config, *, form: str = "keras_2") -> Path:
    """Write a `.h5` or `.keras` file without weights that describes itself by `config`."""
    import h5py

    if path.suffix == ".keras":
        weights = path.with_suffix(".weights.h5")
        with h5py.File(weights, "w") as file:
            file.create_group("layers")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", json.dumps(config))
            archive.writestr("metadata.json", json.dumps({"keras_version": VERSIONS[form]}))
            archive.write(weights, "model.weights.h5")
        weights.unlink()
        return path
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = VERSIONS[form]
        file.attrs["backend"] = "tensorflow"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = []
        group.attrs["backend"] = "tensorflow"
        group.attrs["keras_version"] = VERSIONS[form]
    return path


def input_layer(form: str = "keras_2", *, size: int = 4, dtype: str = "float32") -> Config:
    """Describe an input called `x` of `size` numbers."""
    key = "batch_input_shape" if form == "keras_2" else "batch_shape"
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {key: [None, size], "dtype": dtype, "sparse": False, "name": "x"},
        "registered_name": None,
        "name": "x",
        "inbound_nodes": [],
    }


def functional(*layers: Config, form: str = "keras_2", name: str = "model") -> Config:
    """Describe a functional model of an input `x` and `layers`, whose output is that input."""
    src = "tf_keras.src.engine" if form == "keras_2" else "keras.src.models"
    dtype = next((each["takes"] for each in layers if "takes" in each), "float32")
    return {
        "module": f"{src}.functional",
        "class_name": "Functional",
        "config": {
            "name": name,
            "trainable": True,
            "layers": [input_layer(form, dtype=dtype), *layers],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["x", 0, 0]],
        },
        "registered_name": "Functional",
    }


def layer(class_name: str, config: Config, nodes: list[Any], **fields: Any) -> Config:
    """Describe a layer called `mine`."""
    return {
        "class_name": class_name,
        "config": {"name": "mine", **config},
        "name": "mine",
        "inbound_nodes": nodes,
        **fields,
    }


def call_of(
    function: str, first: Any, class_name: str = "SlicingOpLambda", **arguments: Any
) -> Config:
    """Describe a layer of Keras 2 that calls a TensorFlow function while the file is read."""
    node = ["_CONSTANT_VALUE", -1, first, arguments]
    return layer(class_name, {"function": function}, [node])


def operator_on_x(op: str, **attributes: Any) -> Config:
    """Describe a layer of Keras 2.0 to 2.3 that holds one TensorFlow operator, called on `x`."""
    node = {"name": "op", "op": op, "input": ["x"], "attr": attributes}
    return layer("TensorFlowOpLayer", {"node_def": node, "constants": {}}, [[["x", 0, 0, {}]]])
