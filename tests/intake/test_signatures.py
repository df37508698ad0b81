"""Several signatures of a SavedModel go into one file; each is run and judged on its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import convert, inspect, verify
from edgekit.core.errors import BadData, BadInput
from edgekit.core.variant import PRECISIONS
from edgekit.intake.model import load
from edgekit.intake.signatures import check_signatures
from edgekit.running.session import open_session
from edgekit.source_model.export import signature_of
from edgekit.source_model.golden_vectors import read_vectors
from edgekit.source_model.interface import parts_of
from edgekit.source_model.reference import judged_examples, write_reference
from edgekit.tflite.reader import read
from edgekit.tflite.sidecar import read_sidecar

pytestmark = pytest.mark.filterwarnings("ignore")  # TensorFlow warns about itself

RANDOM = np.random.default_rng(0)


@pytest.fixture(scope="module")
def coder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder and a decoder that share a matrix; a third signature doubles."""
    import tensorflow as tf

    def takes(name: str, size: int) -> Any:
        return tf.function(input_signature=[tf.TensorSpec((None, size), name=name)])

    class Coder(tf.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.shared = tf.Variable(RANDOM.normal(0, 0.1, (64, 64)).astype(np.float32))

        @takes("image", 64)  # type: ignore[untyped-decorator]
        def encode(self, image: Any) -> Any:
            return {"code": tf.nn.relu(tf.matmul(image, self.shared)), "image": image + 1}

        @takes("code", 64)  # type: ignore[untyped-decorator]
        def decode(self, code: Any) -> Any:
            return {"output_0": tf.matmul(code, self.shared)}

        @takes("x", 3)  # type: ignore[untyped-decorator]
        def double(self, x: Any) -> Any:
            return {"y": x * 2}

    module = Coder()
    folder = tmp_path_factory.mktemp("coder") / "saved"
    signatures = {name: getattr(module, name) for name in ("encode", "decode", "double")}
    tf.saved_model.save(module, str(folder), signatures=signatures)
    return folder


def test_two_signatures_become_one_file_that_shares_their_weights(
    coder: Path, tmp_path: Path
) -> None:
    given = {
        "encode/image": RANDOM.normal(0, 1, (70, 64)).astype(np.float32),
        "decode/code": RANDOM.uniform(0, 1, (40, 64)).astype(np.float32),
    }
    np.savez(tmp_path / "given.npz", **given)  # type: ignore[arg-type]
    done = convert(
        coder,
        tmp_path / "coder.tflite",
        precision=PRECISIONS,
        signature=["encode", "decode"],
        names={"image": "picture", "decode/output_0": "decoded"},
        calibration=tmp_path / "given.npz",
    )
    assert not done.refused
    assert len(done.done) == len(PRECISIONS)
    for each in done.done:
        assert each.verdict == "verified", each.proofs
        assert (
            "Converted is the signature 'encode' and 'decode'; left out: 'double' (--signature)."
            in each.notes
        )
        ran = [proof for proof in each.proofs if proof.status == "measured"]
        assert ran
        for proof in ran:
            assert {output.output for output in proof.outputs} == {
                "encode/code",
                "encode/picture",
                "decode/decoded",
            }
        assert _stored_matrices(each.artifact.path) == 1
    path = done.done[0].artifact.path
    inputs, outputs = read_vectors(path.with_suffix(".vectors.npz"))
    assert {name: len(array) for name, array in inputs.items()} == {
        "encode/picture": len(judged_examples(70)),
        "decode/code": 40,
    }
    signatures = read_sidecar(path.with_suffix(".json")).signatures
    assert list(signatures) == ["encode", "decode"]
    assert [tensor.name for tensor in signatures["decode"].outputs] == ["decoded"]
    shown = inspect(path)
    assert {each.key for each in shown.signatures} == {"encode", "decode"}
    assert {port.name for port in shown.inputs} == {"encode/picture", "decode/code"}
    assert all(proof.ok for proof in verify(path, runtime="litert"))
    with open_session(path, runtime="litert") as session:
        session.time({name: array[:1] for name, array in inputs.items()}, runs=2, warmup=1)
        with pytest.raises(BadData, match=r"holds 'encode/picture'; the file takes .*decode/code"):
            session({"encode/picture": inputs["encode/picture"]})
        answers = session(inputs)
    np.testing.assert_allclose(answers["decode/decoded"], outputs["decode/decoded"], atol=1e-5)


def _stored_matrices(path: Path) -> int:
    """Return how many times a file holds the shared matrix."""
    matrices = [
        tensor.stored
        for graph in read(path).subgraphs
        for tensor in graph.tensors
        if tensor.stored is not None and tensor.shape == (64, 64)
    ]
    assert len(matrices) == 2  # one for each signature
    places = {np.frombuffer(m, np.uint8).__array_interface__["data"][0] for m in matrices}
    return len(places)


def test_calibration_data_are_named_by_signature(coder: Path, tmp_path: Path) -> None:
    model, _ = load(coder, signature="encode", beside=["decode"])
    assert list(parts_of(model)) == ["encode", "decode"]
    np.savez(tmp_path / "given.npz", image=np.zeros((4, 64), np.float32))
    with pytest.raises(BadData, match=r"nothing for signature 'encode'; .*'encode/INPUT': array"):
        write_reference(model, tmp_path / "v.npz", calibration=tmp_path / "given.npz")


def test_names_and_shapes_concern_one_signature_or_all(coder: Path) -> None:
    model, _ = load(coder, signature="encode", beside=["decode"], names={"code": "c"})
    encode, decode = parts_of(model).values()
    assert {t.name for t in signature_of(encode).outputs} == {"c", "image"}
    assert [t.name for t in signature_of(decode).inputs] == ["c"]
    model, _ = load(coder, signature="encode", beside=["decode"], names={"decode/code": "c"})
    encode, decode = parts_of(model).values()
    assert {t.name for t in signature_of(encode).outputs} == {"code", "image"}
    assert [t.name for t in signature_of(decode).inputs] == ["c"]
    with pytest.raises(BadInput, match=r"name names 'y'; signature 'encode' has 'image', 'code'"):
        load(coder, signature="encode", beside=["decode"], names={"y": "c"})
    with pytest.raises(BadInput, match="shape names 'y'"):
        load(coder, signature="encode", beside=["decode"], shapes={"y": (1, 3)})


def test_signatures_that_cannot_go_together_are_refused(coder: Path) -> None:
    with pytest.raises(BadInput, match="names 'a' twice"):
        check_signatures(["a", "b", "a"])
    with pytest.raises(BadInput, match="you asked for 'third': choose one"):
        load(coder, signature="encode", beside=["third"])
