"""Files with layers of keras-hub load where it is installed; what reads files stays refused.

keras-hub is no dependency: a small package that takes its name and registers as it does stands in
for it, so that the door is tested everywhere; the last tests run where the real one is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import UnsupportedLayer
from edgekit.intake.model import load
from edgekit.source_model.loading import load_model
from tests.support.recurrent import converted, largest_error

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow, Keras and keras-hub warn

IS_INSTALLED = importlib.util.find_spec("keras_hub") is not None
PACKAGE = """
import keras

def exported(symbol):
    return keras.saving.register_keras_serializable(package="keras_hub")(symbol)

class PreprocessingLayer(keras.layers.Layer):
    pass

@exported
class Tokenizer(PreprocessingLayer):
    def __init__(self, proto=None, **kwargs):
        super().__init__(**kwargs)
        raise AssertionError("a tokenizer was made")

@exported
class Doubling(keras.layers.Layer):
    def __init__(self, tokenizer=None, activation=None, **kwargs):
        super().__init__(**kwargs)

    def call(self, x):
        return x * 2

class Unregistered(keras.layers.Layer):
    def call(self, x):
        return x + 1

@exported
def gelu_approximate(x):
    return keras.activations.gelu(x, approximate=True)

@exported
def upload_preset(x):
    raise AssertionError("a preset was uploaded")
"""


def _forget() -> None:
    import keras

    for name in [name for name in sys.modules if name.partition(".")[0] == "keras_hub"]:
        del sys.modules[name]
    known = keras.saving.get_custom_objects()
    for name in [name for name in known if name.startswith("keras_hub>")]:
        del known[name]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A package that registers as keras-hub does, imported once, to make files with."""
    if IS_INSTALLED:
        pytest.skip("keras-hub itself is installed")
    (tmp_path / "site" / "keras_hub").mkdir(parents=True)
    (tmp_path / "site" / "keras_hub" / "__init__.py").write_text(PACKAGE)
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield importlib.import_module("keras_hub")
    _forget()


def _saved(path: Path, *layers: Any) -> Path:
    """Save a model of layers, and forget their package."""
    import keras

    x = keras.Input((4,), name="x")
    outputs = x
    for layer in layers:
        outputs = layer(outputs)
    keras.Model(x, outputs).save(path)
    _forget()
    return path


def _with(path: Path, old: str, new: str) -> Path:
    """Change the description in a file."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    text = parts["config.json"].decode()
    assert old in text
    parts["config.json"] = text.replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, data)
    return path


def test_layers_of_keras_hub_load_and_it_is_imported_for_them_alone(
    hub: Any, tmp_path: Path
) -> None:
    import keras

    activation = keras.layers.Activation(hub.gelu_approximate)
    path = _saved(tmp_path / "m.keras", hub.Doubling(), hub.Unregistered(), activation)
    load_model(_saved(tmp_path / "plain.keras", keras.layers.Dense(2)))
    assert "keras_hub" not in sys.modules
    model: Any = load_model(path)
    answer = model(np.full((1, 4), 3, np.float32))
    np.testing.assert_allclose(answer, 7, atol=1e-4)


TOKENIZER = {
    "module": "keras_hub",
    "class_name": "Tokenizer",
    "config": {"name": "words"},
    "registered_name": "keras_hub>Tokenizer",
}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"tokenizer": null', f'"tokenizer": {json.dumps(TOKENIZER)}', "preprocessor=None"),
        (
            '"tokenizer": null',
            f'"tokenizer": {json.dumps({**TOKENIZER, "registered_name": None})}',
            "Tokenizer",
        ),
        ('"activation": null', '"activation": "keras_hub>upload_preset"', "reads files"),
        ('"activation": null', '"activation": "upload_preset"', "upload_preset"),
        ('"class_name": "Doubling"', '"class_name": "PreprocessingLayer"', "PreprocessingLayer"),
    ],
)
def test_what_reads_files_or_acts_is_refused(
    hub: Any, tmp_path: Path, old: str, new: str, named: str
) -> None:
    layer = hub.Doubling()
    type(layer).get_config = lambda self: {"name": "d", "tokenizer": None, "activation": None}
    path = _with(_saved(tmp_path / "m.keras", layer), old, new)
    with pytest.raises(UnsupportedLayer, match=named):
        load_model(path)


def test_without_keras_hub_the_sentence_says_how_to_get_it(
    hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _saved(tmp_path / "m.keras", hub.Doubling())
    monkeypatch.undo()
    importlib.invalidate_caches()
    with pytest.raises(UnsupportedLayer, match=r"keras_hub>Doubling.*pip install keras-hub"):
        load_model(path)


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="keras-hub is not installed: pip install keras-hub")
@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_a_transformer_of_keras_hub_converts(tmp_path: Path, precision: Any) -> None:
    import keras
    from keras_hub import layers

    keras.utils.set_random_seed(0)
    ids = keras.Input((12,), dtype="int32", name="ids")
    x = layers.TokenAndPositionEmbedding(4, 12, 16)(ids)
    x = layers.TransformerDecoder(32, 2)(layers.TransformerEncoder(32, 2)(x))
    model = keras.Model(ids, keras.layers.Dense(3)(keras.layers.GlobalAveragePooling1D()(x)))
    file, _ = converted(model, tmp_path, precision)
    assert largest_error(file, tmp_path / "m.keras") < (1e-4 if precision == "float32" else 0.2)


@pytest.mark.slow
@pytest.mark.skipif(not IS_INSTALLED, reason="keras-hub is not installed: pip install keras-hub")
def test_a_backbone_loads_alone_and_its_tokenizer_does_not(tmp_path: Path) -> None:
    from keras_hub import models

    backbone = models.BertBackbone(
        vocabulary_size=9,
        num_layers=1,
        num_heads=2,
        hidden_dim=8,
        intermediate_dim=8,
        dtype="mixed_bfloat16",
    )
    words = models.BertTokenizer(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"])
    preprocessor = models.BertTextClassifierPreprocessor(words, sequence_length=12)
    for given, name in ((preprocessor, "whole"), (None, "alone")):
        task = models.BertTextClassifier(backbone=backbone, num_classes=2, preprocessor=given)
        task.save(tmp_path / f"{name}.keras")
    with pytest.raises(UnsupportedLayer, match=r"preprocessor=None, or model\.backbone"):
        load(tmp_path / "whole.keras")
    shapes = {name: (1, 12) for name in ("padding_mask", "segment_ids", "token_ids")}
    model: Any
    model, notes = load(tmp_path / "alone.keras", shapes=shapes)
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    assert "mixed_bfloat16" in notes[0]
