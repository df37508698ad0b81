"""A model on the Edge TPU by its delegate; whatever is missing is said, and the CPU answers.

The delegate is a stand-in, compiled here: it either refuses, as libedgetpu does where there is no
accelerator, or takes no operator at all.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.types import Array
from edgekit.on_device.board.edge_tpu import LIBRARY, OPERATOR, on_edge_tpu
from tests.support.paths import GOLDEN

SOURCE = r"""
#include <stddef.h>
#include <stdint.h>
struct Delegate {
  void *data;
  int (*prepare)(void *, struct Delegate *);
  void *copy_from, *copy_to, *free_handle;
  int64_t flags;
  void *builder;
};
static int prepare(void *context, struct Delegate *delegate) { return 0; }
static struct Delegate delegate = {0, prepare, 0, 0, 0, 0, 0};
void *tflite_plugin_create_delegate(char **keys, char **values, size_t count,
                                    void (*report)(const char *)) {
#ifdef ABSENT
  if (report) report("Failed to load delegate: no such device");
  return NULL;
#else
  return &delegate;
#endif
}
void tflite_plugin_destroy_delegate(void *unused) {}
"""


def library(folder: Path, *flags: str) -> str:
    """Compile the stand-in; return its path."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler; run: sudo apt-get install gcc")
    (folder / "delegate.c").write_text(SOURCE)
    out = folder / "libedgetpu.so"
    command = [compiler, "-shared", "-fPIC", *flags, "-o", str(out), str(folder / "delegate.c")]
    subprocess.run(command, check=True)
    return str(out)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model beside which lies what passes for its compiled form."""
    path = tmp_path / "int8.tflite"
    shutil.copyfile(GOLDEN / "int8.tflite", path)
    (tmp_path / "int8_edgetpu.tflite").write_bytes(path.read_bytes() + OPERATOR)
    return path


def answer(path: Path, library: str) -> tuple[Array, list[str]]:
    """Return the answer to a picture, and what was said of the CPU."""
    said: list[str] = []
    interpreter = on_edge_tpu(library, said.append)(path, 1)
    interpreter.allocate_tensors()
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()
    picture = np.linspace(0, 1, 64, dtype=np.float32).reshape(1, 8, 8, 1)
    interpreter.set_tensor(taken["index"], picture)
    interpreter.invoke()
    return np.array(interpreter.get_tensor(given["index"])), said


def test_a_delegate_that_loads_is_used_without_a_word(model: Path, tmp_path: Path) -> None:
    model.write_bytes(b"not this one")
    assert answer(model, library(tmp_path))[1] == []


def test_without_an_accelerator_the_cpu_answers_and_it_is_said(model: Path, tmp_path: Path) -> None:
    there, said = answer(model, library(tmp_path, "-DABSENT"))
    assert there.shape == (1, 3)
    (sentence,) = said
    assert sentence.startswith("int8.tflite runs on the CPU: ")
    assert "finds no Edge TPU" in sentence
    assert "no such device" in sentence


@pytest.mark.parametrize(
    ("compiled", "sentence"),
    [
        (None, "there is no int8_edgetpu.tflite beside it, which edgetpu_compiler makes"),
        (b"TFL3", "int8_edgetpu.tflite has no operator for the Edge TPU; compile it anew"),
    ],
)
def test_a_model_that_was_not_compiled_runs_on_the_cpu(
    model: Path, compiled: bytes | None, sentence: str
) -> None:
    path = model.with_name("int8_edgetpu.tflite")
    path.unlink()
    if compiled:
        path.write_bytes(compiled)
    assert sentence in answer(model, LIBRARY)[1][0]


def test_a_library_that_is_not_there_is_named(model: Path) -> None:
    (sentence,) = answer(model, "libnowhere.so.1")[1]
    assert "libnowhere.so.1 is not installed" in sentence


def test_an_operator_that_the_delegate_leaves_is_not_run_elsewhere(
    model: Path, tmp_path: Path
) -> None:
    custom = (GOLDEN / "custom.tflite").read_bytes()
    model.with_name("int8_edgetpu.tflite").write_bytes(custom + OPERATOR)
    there, said = answer(model, library(tmp_path))
    assert there.shape == (1, 3)
    assert "runs on the CPU" in said[0]
