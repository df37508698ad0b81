"""Every verb with every kind of bad file: exit code 2, one sentence, nothing changed on disk."""

from __future__ import annotations

from itertools import product

import pytest

from tests.support.bad_files import TYPES
from tests.support.refusals import Refuse

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow and Keras warn about themselves

Rows = dict[str, str]
"""Command line -> what its sentence says."""


def rows(verbs: tuple[str, ...], files: Rows) -> Rows:
    """Give each of the files to each of the verbs."""
    return {verb.format(file): words for verb, (file, words) in product(verbs, files.items())}


READING = (
    "inspect {}",
    "check {} --target cpu",
    "check {} --target edgetpu",
    "bench {}",
    "bench good.tflite {}",
    "compare {} good.tflite",
    "compare good.tflite {}",
    "verify {}",
    "run {} --input good.npz",
    "slim {} --out out.tflite",
    "explain {} --source good.keras --calibration good.npz",
)
"""Verbs that read a `.tflite`."""

NO_MODELS = {
    "text.tflite": "lacks the mark 'TFL3'",
    "empty.tflite": "it is empty",
    "cut.tflite": "as in a file cut short",
    "negative.tflite": "has an impossible shape",
    "no-buffers.tflite": "refers to buffer",
    "no-graphs.tflite": "it has no subgraph",
    "good.npz": "lacks the mark 'TFL3'",
    "missing.tflite": "There is no",
}

RUNNING = (
    "bench {}",
    "verify {} --runtime litert",
    "run {} --input text.png --pixels 0..1",
    "slim {} --out out.tflite",
)
"""Verbs that run one."""

NOT_TO_BE_RUN = {
    "no-inputs.tflite": "has no inputs",
    "no-outputs.tflite": "has no outputs",
    "zero.tflite": "has shape (0, 8, 8, 1): no numbers",
    "giant.tflite": "GB; allowed are 0.04. If it is yours",
    **{f"{name}.tflite": f"is of type {name}; edgekit runs files" for name in TYPES},
}

MODELS = {
    **rows(READING, NO_MODELS),
    **rows(RUNNING, NOT_TO_BE_RUN),
    "inspect folder": "is not a file",
    "check folder --target cpu": "is not a file",
    "bench folder": "is not a file",
    "slim folder --out out.tflite": "is not a file",
    "compare good.tflite folder": "is not a file",
    "verify folder": "is not the folder of a build",
    "run folder --input good.npz": "is no bundle",
    "bench no-operators.tflite": "has no operators",
    "run no-operators.tflite --input good.npz": "has no operators",
    "verify no-operators.tflite": "has no operators",
    "bench /dev/null": "is not a file",
    "inspect 'a\x00b'": "embedded null byte",
}

NO_ARRAYS = {
    "text.npz": "is no .npz, or holds pickled Python objects",
    "empty.npz": "is not a complete .npz file",
    "cut.npz": "is not a complete .npz file",
    "encrypted.npz": "is encrypted",
    "renamed.npz": "is a single array",
    "bytes.npz": "'image' in it is no array",
    "pickled.npz": "pickled Python objects, which are never loaded",
    "bomb.npz": "unpacks to 0.05 GB; allowed are 0.04",
    "missing.npz": "There is no",
}

TAKING_ARRAYS = (
    "verify good.tflite --runtime litert --vectors {}",
    "verify good.tflite --runtime litert --evaluate {}",
    "compare good.tflite int8.tflite --runtime litert --evaluate {}",
    "convert good.keras --out out.tflite --precision int8 --calibration {}",
    "convert good.keras --out out.tflite --evaluate {}",
    "build graph_gcn --out runs --data {}",
)

VECTORS = {
    "nothing.npz": "lacks inputs or outputs",
    "nan.npz": "holds NaN as 'input:image'",
    "nan-answers.npz": "holds NaN as 'output:scores'",
    "unnamed.npz": "golden vectors are called input:NAME and output:NAME",
    "inputs-alone.npz": "lacks inputs or outputs",
    "shape.npz": "has shape (4, 4, 8, 1); the file takes (examples, 8, 8, 1)",
    "one-number.npz": "has shape (); the file takes",
    "none.npz": "give every input the same, at least 1",
    "words.npz": "has type <U1",
    "complex.npz": "has type complex64",
    "fewer-answers.npz": "the reference has (2, 3)",
    "narrow-answers.npz": "the reference has (4, 2)",
    "others.npz": "The batch holds 'a', 'b'; the file takes 'image'",
    "folder": "give an .npz of golden vectors",
}

ARRAYS = {
    **rows(TAKING_ARRAYS, NO_ARRAYS),
    **rows(("verify good.tflite --runtime litert --vectors {}",), VECTORS),
    "verify good.tflite --runtime litert --evaluate good.npz": "holds no right answers",
    "convert good.keras --out out.tflite --precision int8 --calibration good.npz": "inputs are 'x'",
    "convert good.keras --out out.tflite --precision int8 --calibration folder": "no examples",
    "run loop.tflite --input text.npz": "is not an .npz file of numbers",
    "run loop.tflite --input encrypted.npz": "is not an .npz file of numbers",
    "run loop.tflite --input renamed.npz": "is not an .npz file of numbers",
    "run loop.tflite --input bomb.npz": "unpacks to 0.05 GB",
    "run loop.tflite --input nothing.npz": "has no array 'start'",
    "run loop.tflite --input missing.npz": "No such file",
}

NO_KERAS = {
    "text.keras": "is no .keras archive, or only a part of one",
    "empty.keras": "is no .keras archive",
    "cut.keras": "is no .keras archive, or only a part of one",
    "tflite.keras": "is no .keras archive",
    "hdf5.keras": "if the file is HDF5, name it .h5",
    "encrypted.keras": "is encrypted",
    "bomb.keras": "unpacks to 0.05 GB; allowed are 0.04",
    "npz.keras": "is not a complete Keras model file",
    "wrong-json.keras": "is not a complete Keras model file",
    "deep.keras": "is not a complete Keras model file",
    "number.keras": "where a JSON object is needed there is none",
    "null.keras": "where a JSON object is needed there is none",
    "lambda.keras": "holds 'Lambda', a program stored in the file; edgekit runs none",
    "text.h5": "is not an HDF5 file",
    "empty.h5": "is not an HDF5 file",
    "keras.h5": "is not an HDF5 file",
    "cut.h5": "complete",
    "headed.h5": "complete",
    "wrong-json.h5": "is not a complete Keras model file",
    "number.h5": "is not a complete Keras model file",
    "lambda.h5": "holds 'Lambda', a program stored in the file; edgekit runs none",
    "missing.keras": "There is no",
}

NOT_KERAS = {
    "bad-weights.keras": "is not a complete Keras model file",
    "no-weights.keras": "cannot be read by Keras",
    "nested.keras": "cannot be read by Keras",
    "later.keras": "written by Keras 9.0, cannot be read by Keras 3",
    "weights.h5": "holds weights only",
    "model.onnx": "is no .keras or .h5 file",
    "good.tflite": "is no .keras or .h5 file",
    "folder": "holds no saved_model.pb",
    "saved-text": "is a damaged SavedModel",
    "saved-empty": "is a damaged SavedModel",
    "saved-cut": "is a damaged SavedModel",
}

CONVERTING = (
    "convert {} --out out.tflite",
    "explain int8.tflite --source {} --calibration good.npz",
)

SOURCES = {
    **rows((*CONVERTING, "build image_mobilenet --out runs --weights {}"), NO_KERAS),
    **rows(CONVERTING, NOT_KERAS),
    "build image_mobilenet --out runs --weights model.onnx": "is no .keras and no .h5 file",
}

DAMAGED_RUNS = {
    "run-text": "is not JSON",
    "run-latin": "is not JSON",
    "run-list": "it must be a JSON object",
    "run-deep": "is not JSON",
    "run-nested": "nested more deeply than anything edgekit writes",
    "run-long-number": "is not JSON",
    "run-huge": "size_bytes is 1000000000000000000000000000000; it must be a number of 64 bits",
    "run-words": 'rows[0].size_bytes is "much"; it must be an integer',
    "run-nan": "rows[0].size_bytes is NaN; it must be a finite number",
    "folder": "holds no report.json",
    "missing": "holds no report.json",
    "good.tflite": "is not JSON",
}

FOLDERS = {
    **rows(("report {}", "bundle {} --for pi --out out"), DAMAGED_RUNS),
    "bundle run-no-model --for pi --out out": "There is no 'run-no-model/int8/model.tflite'",
    "bundle run-other-model --for pi --out out": "is not the file that artifact.json beside it",
    "bundle run-no-sidecar --for pi --out out": "There is no 'run-no-sidecar/int8/artifact.json'",
    "bundle run-bad-sidecar --for pi --out out": "has no 'path'",
    "bundle run-no-vectors --for pi --out out": "give an .npz of golden vectors",
    "bundle run-bad-vectors --for pi --out out": "is no .npz",
    "rebuild run": "There is no 'run/plan.json'; `edgekit build` writes it",
    "rebuild folder --out out": "There is no 'folder/plan.json'",
    "rebuild run-bad-plan --out out": "'run-bad-plan/plan.json' is not JSON",
    "rebuild run-old-plan --out out": "'run-old-plan/plan.json' has no 'versions'; build it again",
    "results run-text": "There is no 'docs/results.md'",
    "verify run": "is not the folder of a build",
    "run bundle-changed --input example.pgm": "is not the file that SHA256SUMS names",
    "run bundle-no-sums --input example.pgm": "has no SHA256SUMS",
    "run bundle-no-model --input example.pgm": "which is not in it",
    "run bundle-text --input example.pgm": "is not the file that SHA256SUMS names",
    "verify bundle-text --device adb": "is not JSON; make the bundle again",
    "verify bundle-list --device adb": "is a list; it must be a JSON object",
    "verify bundle-object --device adb": "has no 'models'",
    "verify bundle-text --device-report text.json": "is not JSON; make the bundle again",
    "verify bundle --device-report text.json": "is not JSON; run the self-test again",
    "verify bundle --device-report deep.json": "is not JSON; run the self-test again",
    "verify bundle --device-report missing.json": "There is no 'missing.json'",
    "verify bundle --device-report folder": "is a folder, and a file is needed",
    "verify good.tflite --device-report text.json": "There is no 'good.tflite/bundle.json'",
    "report run --device-report text.json": "holds no bundle for the app",
}

OWN_DATA = {
    "run bundle --input text.png": "is no picture, or a damaged one",
    "run bundle --input missing.png": "No such file",
    "run bundle --input folder": "holds no file that ends in",
    "run good.tflite --pixels 0..1 --input text.wav": "is no picture, or a damaged one",
    "run good.tflite --pixels 0..1 --input text.png --labels latin.csv": "cannot be read as text",
    "run good.tflite --pixels 0..1 --input text.png --labels missing": "cannot be read as text",
    "build image_cnn --out runs --data missing": "There is no 'missing'",
    "build image_cnn --out runs --data text.txt": "expected a folder of pictures for each class",
    "build image_cnn --out runs --data folder": "holds nothing",
    "build image_cnn --out runs --data pictures": "holds no pictures",
    "build text_bert --out runs --data latin.csv": "is not text in UTF-8",
    "build forecast_gru --out runs --data text.csv": "text.csv",
    "build keywords_cnn --out runs --data pictures": "holds no WAV files",
    "build detect_yolov1 --out runs --data pictures": "holds no picture with a box",
}

TABLE = {**MODELS, **ARRAYS, **SOURCES, **FOLDERS, **OWN_DATA}


def test_the_table_is_long() -> None:
    assert len(TABLE) > 200


@pytest.mark.parametrize(("line", "words"), TABLE.items(), ids=TABLE)
def test_a_bad_file_is_refused_in_a_sentence(line: str, words: str, refuse: Refuse) -> None:
    said = refuse(line)
    assert words in said
    assert "onverter" not in said  # which is not to blame for a damaged file
