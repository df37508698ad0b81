"""A layer broken on purpose is found and named first, in five architectures of five."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import BadInput, NotFound
from edgekit.core.types import silent
from edgekit.core.variant import AS_USUAL, Quantization
from edgekit.explaining.printing import because
from edgekit.intake.options import Options, read_noted
from edgekit.tflite.reader import ports, read
from edgekit.verbs.convert import convert
from edgekit.verbs.explain import after_rejection, explain, recorded_options

pytestmark = pytest.mark.slow

BROKEN = {
    "plain": "conv_1",
    "depthwise": "dw_1",
    "residual": "b_1",
    "transformer": "down_0",
    "recurrent": "d_0",
}
"""Architecture -> the layer of which one channel is multiplied by 1,000."""

WRITE_MODELS = """
import sys, keras, numpy as np
from pathlib import Path
from keras import layers as L
folder = Path(sys.argv[1])

def normed(x, channels, name, relu=True):
    x = L.Conv2D(channels, 3, padding="same", use_bias=False, name=name)(x)
    x = L.BatchNormalization(name=name + "_norm")(x)
    return L.ReLU(name=name + "_relu")(x) if relu else x

def plain():
    x = image = keras.Input((16, 16, 3), name="given")
    for k in range(3):
        x = L.MaxPooling2D(name=f"pool_{k}")(normed(x, 16, f"conv_{k}"))
    x = L.GlobalAveragePooling2D()(x)
    return image, L.Dense(16, activation="relu")(x)

def depthwise():
    image = keras.Input((16, 16, 3), name="given")
    x = L.Conv2D(8, 3, strides=2, padding="same", activation="relu")(image)
    for k in range(3):
        x = L.DepthwiseConv2D(3, padding="same", activation="relu", name=f"dw_{k}")(x)
        x = L.Conv2D(16, 1, activation="relu", name=f"pw_{k}")(x)
    return image, L.GlobalAveragePooling2D()(x)

def residual():
    image = keras.Input((16, 16, 3), name="given")
    x = L.Conv2D(16, 3, padding="same")(image)
    for k in range(3):
        y = normed(normed(x, 16, f"a_{k}"), 16, f"b_{k}", relu=False)
        x = L.ReLU(name=f"out_{k}")(L.Add(name=f"add_{k}")([x, y]))
    return image, L.GlobalAveragePooling2D()(x)

def transformer():
    steps = keras.Input((12, 16), name="given")
    x = L.Dense(16, name="embed")(steps)
    for k in range(2):
        y = L.MultiHeadAttention(2, 8, name=f"mha_{k}")(x, x)
        x = L.LayerNormalization(name=f"norm_{k}")(L.Add(name=f"sum_{k}")([x, y]))
        y = L.Dense(16, name=f"down_{k}")(L.Dense(32, activation="gelu", name=f"up_{k}")(x))
        x = L.LayerNormalization(name=f"last_{k}")(L.Add(name=f"end_{k}")([x, y]))
    return steps, L.GlobalAveragePooling1D()(x)

def recurrent():
    steps = keras.Input((12, 6), name="given")
    x = L.LSTM(16, name="lstm")(steps)
    x = L.Dense(32, activation="tanh", name="squash")(x)
    x = L.Dense(32, name="d_0")(x)
    return steps, L.Dense(16, activation="relu", name="d_1")(x)

for name, layer in zip(sys.argv[2::2], sys.argv[3::2]):
    keras.utils.set_random_seed(1)
    given, x = globals()[name]()
    model = keras.Model(given, L.Dense(5, activation="softmax", name="answer")(x))
    kernel, *others = model.get_layer(layer).get_weights()
    channels = kernel[:, :, 3] if name == "depthwise" else kernel[..., 3]
    channels *= 1000
    model.get_layer(layer).set_weights([kernel, *others])
    model.save(folder / f"{name}.keras")
    random = np.random.default_rng(0)
    size = random.random((150, *[1] * (len(given.shape) - 1)))
    examples = random.normal(size=(150, *given.shape[1:])) * size
    np.savez(folder / f"{name}.npz", given=examples.astype(np.float32))
"""


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    arguments = [part for pair in BROKEN.items() for part in pair]
    subprocess.run(
        [sys.executable, "-c", WRITE_MODELS, folder, *arguments], check=True, capture_output=True
    )
    return folder


def int8(models: Path, name: str, out: Path) -> Path:
    source, calibration = models / f"{name}.keras", models / f"{name}.npz"
    result = convert(source, out / "model.tflite", precision="int8", calibration=calibration)
    return result.artifact.path


@pytest.mark.parametrize("name", BROKEN)
def test_the_broken_layer_is_named_first(models: Path, tmp_path: Path, name: str) -> None:
    explanation = explain(
        int8(models, name, tmp_path), models / f"{name}.keras", models / f"{name}.npz", budget_s=0
    )
    worst = explanation.layers[0]
    assert worst.layer == BROKEN[name]
    assert worst.blame > 3 * explanation.layers[1].blame
    assert worst.worst.widest == 3
    assert worst.worst.spread > 100
    assert worst.worst.dead > worst.worst.channels / 2
    assert worst.worst.inherited_db > worst.worst.own_db
    (uneven,) = [p for p in explanation.patterns if p.name == "uneven-channels"]
    assert BROKEN[name] in uneven.sentence


def test_what_is_advised_was_tried_and_holds(models: Path, tmp_path: Path) -> None:
    source, calibration = models / "residual.keras", models / "residual.npz"
    rejected = int8(models, "residual", tmp_path)
    assert rejected.suffix == ".rejected"
    explanation = explain(rejected, source, calibration, budget_s=120)
    assert explanation.precision == "int8"
    first, *others = explanation.tried
    assert first.what == "int8 as it is"
    assert first.ok is False
    assert [tried.what for tried in others[:2]] == ["dynamic_int8", "float16"]  # the quick ones
    assert "int16x8" in {tried.what for tried in others}
    mixed = [tried for tried in others if tried.keep_float and tried.ok]
    assert mixed
    assert "Take " in explanation.advice
    best = min(mixed, key=lambda tried: len(tried.keep_float))
    again = convert(
        source,
        tmp_path / "mixed.tflite",
        precision="int8",
        io="float",
        keep_float=best.keep_float,
        calibration=calibration,
    )
    assert again.ok
    assert again.artifact.size_bytes == best.size_bytes
    kept = read(again.artifact.path).main
    computed = {op.name for op in kept.operators if kept.tensors[op.outputs[0]].dtype == "float32"}
    assert computed > {"DEQUANTIZE"}
    assert "int8" in {kept.tensors[op.outputs[0]].dtype for op in kept.operators}


def test_requests_that_make_no_sense_are_refused(models: Path, tmp_path: Path) -> None:
    source, calibration = models / "plain.keras", models / "plain.npz"
    converted = convert(source, tmp_path / "float.tflite").artifact.path
    with pytest.raises(BadInput, match="nothing in it was rounded"):
        explain(converted, source, calibration)
    with pytest.raises(NotFound, match=r"no 'none\.npz'; give an \.npz"):
        explain(converted, source, Path("none.npz"))
    half = convert(source, tmp_path / "half.tflite", precision="float16").artifact.path
    with pytest.raises(BadInput, match="give the model that the file was converted from, by"):
        explain(half, models / "residual.keras", models / "residual.npz", budget_s=0)


def test_only_layers_that_exist_are_kept_in_float(models: Path, tmp_path: Path) -> None:
    source, calibration = models / "plain.keras", models / "plain.npz"
    out = tmp_path / "model.tflite"
    with pytest.raises(BadInput, match="no layer 'conv_9' to keep in float; did you mean 'conv_"):
        convert(source, out, precision="int8", calibration=calibration, keep_float=["conv_9"])
    with pytest.raises(BadInput, match="only int8 files can mix"):
        convert(source, out, precision="float16", keep_float=["conv_1"])


WRITE_DETECTOR = """
import sys, keras, numpy as np
from pathlib import Path
from keras import layers
folder = Path(sys.argv[1])
keras.utils.set_random_seed(3)
random = np.random.default_rng(0)
image = keras.Input((None, None, 3), name="image")
x = layers.Conv2D(8, 3, strides=2, activation="relu")(image)
x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, strides=2, activation="relu")(x))
boxes = layers.Dense(4, activation="sigmoid", name="boxes")(x)
wide = keras.initializers.RandomNormal(0, 8)
scores = layers.Dense(5, kernel_initializer=wide, activation="softmax", name="scores")(x)
joined = layers.Concatenate(name="detections")([layers.Rescaling(640.0)(boxes), scores])
keras.Model(image, joined).save(folder / "detector.keras")
(folder / "images").mkdir()
for k in range(8):
    some = random.random((12, 32, 32, 3)) * random.random((12, 1, 1, 1))
    np.save(folder / "images" / f"{k}.npy", some.astype(np.float32))
"""


def test_boxes_and_scores_in_one_output_are_told_apart(tmp_path: Path) -> None:
    """With options that the command line passes on: a folder of examples, and a shape."""
    subprocess.run(
        [sys.executable, "-c", WRITE_DETECTOR, tmp_path], check=True, capture_output=True
    )
    source, images = tmp_path / "detector.keras", tmp_path / "images"
    shapes = {"image": (1, 32, 32, 3)}
    out = tmp_path / "model.tflite"
    joined = convert(source, out, precision="int8", calibration=images, shapes=shapes)
    assert not joined.ok
    (told,) = [note for note in joined.notes if "--split-outputs" in note]
    assert "'scores' (up to" in told
    lines = after_rejection(joined, source, images, progress=silent)
    (command,) = [line.partition("limits: ")[2] for line in lines if line.startswith("Take ")]
    assert command.endswith("--shape image=1,32,32,3 --split-outputs")
    assert lines[-1].endswith(f"--calibration {images} --shape image=1,32,32,3")
    program = [sys.executable, "-m", "edgekit", *shlex.split(command)[1:]]
    ran = subprocess.run(program, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "detections = np.concatenate([boxes, scores], axis=-1)" in ran.stdout
    assert {port.name for port in ports(read(out))[1]} == {"boxes", "scores"}
    with np.load(tmp_path / "model.vectors.npz") as vectors:
        assert {"output:boxes", "output:scores"} <= set(vectors.files)
    # What it was converted with stands beside the file.
    assert recorded_options(out) == Options(shapes=shapes, split_outputs=True)
    explanation = explain(out, source, images)
    assert explanation.tried[0].ok
    assert explanation.layers


def test_the_worst_layer_stays_in_float_if_so_many_are_asked_for(
    models: Path, tmp_path: Path
) -> None:
    source, calibration = models / "plain.keras", models / "plain.npz"
    one = convert(
        source,
        tmp_path / "one.tflite",
        precision="int8,float_layers=1",
        calibration=calibration,
    ).artifact
    assert one.path.name == "one.tflite"  # in int8 alone it is rejected
    options = read_noted(one.made_by["options"])
    assert "conv_1" in options.keep_float
    assert (options.io, options.quantization) == ("float", AS_USUAL)
    graph = read(one.path).main
    kinds = {graph.tensors[op.outputs[0]].dtype for op in graph.operators if op.name == "CONV_2D"}
    assert kinds == {"float32", "int8"}
    with pytest.raises(BadInput, match=r"90 layers are to stay in float, and the file has \d+"):
        convert(
            source,
            tmp_path / "many.tflite",
            precision="int8,float_layers=90",
            calibration=calibration,
        )


WRITE_SPIKED = """
import sys, keras, numpy as np
from pathlib import Path
from keras import layers
from edgekit.source_model.reference import calibrating_examples
folder = Path(sys.argv[1])
keras.utils.set_random_seed(1)
image = keras.Input((16, 16, 3), name="given")
x = layers.Multiply(name="square")([image, image])
x = layers.GlobalAveragePooling2D()(layers.Conv2D(16, 3, activation="relu", name="seen")(x))
wide = keras.initializers.RandomNormal(0, 8)
answer = layers.Dense(5, activation="softmax", kernel_initializer=wide, name="answer")(x)
keras.Model(image, answer).save(folder / "spiked.keras")
random = np.random.default_rng(0)
examples = random.normal(size=(150, 16, 16, 3)) * random.random((150, 1, 1, 3))
examples[calibrating_examples(150)[0], 8, 8, 0] = 20  # once: its square sets the range
np.savez(folder / "spiked.npz", given=examples.astype(np.float32))
"""


def test_a_range_that_one_value_sets_is_calibrated_otherwise(tmp_path: Path) -> None:
    """And what is proposed makes the very file that was measured."""
    subprocess.run([sys.executable, "-c", WRITE_SPIKED, tmp_path], check=True, capture_output=True)
    source, calibration = tmp_path / "spiked.keras", tmp_path / "spiked.npz"
    out = tmp_path / "model.tflite"
    rejected = convert(source, out, precision="int8", calibration=calibration).artifact.path
    assert rejected.suffix == ".rejected"
    explanation = explain(rejected, source, calibration)
    assert "steps" in because(explanation.layers[0])
    tried = {each.what: each for each in explanation.tried}
    assert {"int8,percentile=99.9", "int8,mse=1"} < set(tried)
    finer = tried["int8,percentile=99.9"]
    assert finer.ok
    assert not [each for each in explanation.tried if each.keep_float]  # that is enough
    assert f"the smallest that is within its limits: {finer.command}" in explanation.advice
    program = [sys.executable, "-m", "edgekit", *shlex.split(finer.command)[1:]]
    ran = subprocess.run(program, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert out.stat().st_size == finer.size_bytes
    assert recorded_options(out) == Options(quantization=Quantization(percentile=99.9))
    assert "answer" in ran.stdout
    first_choice = finer.judged.partition("(")[0].removeprefix("answer: ").strip()
    assert first_choice in ran.stdout  # as it was measured
