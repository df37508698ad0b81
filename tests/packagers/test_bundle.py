"""What a bundle holds, and what it never holds: anything that was not run and found right."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from edgekit.core import registry
from edgekit.core.errors import BadData, BadInput, NotFound
from edgekit.running.limits import LIMITS
from edgekit.tflite.sidecar import describe, read_sidecar, write_sidecar
from tests.support.example_report import example_report
from tests.support.example_run import LABELS, ROWS, write_report, write_run
from tests.support.paths import GOLDEN

bundle = registry.get("packagers", "bundle").package


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return write_run(tmp_path / "image_cnn")


def test_only_verified_models_are_in_it(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    assert out == run_dir / "bundle"
    names = sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())
    assert names == [
        "LICENSE",
        "MODEL_CARD.md",
        "README.md",
        "SHA256SUMS",
        "bundle.json",
        "bundle.schema.json",
        "float32.tflite",
        "golden/input_0.bin",
        "golden/output_0.bin",
        "golden/vectors.npz",
        "int8.tflite",
        "labels.txt",
        "report.json",
    ]
    assert (out / "int8.tflite").read_bytes() == (GOLDEN / "int8.tflite").read_bytes()
    assert (out / "report.json").read_bytes() == (run_dir / "report.json").read_bytes()
    assert (out / "labels.txt").read_text() == "cat\ndog\nbird, small\n"


def test_the_signature_says_what_a_program_must_know(run_dir: Path) -> None:
    found = json.loads((bundle(run_dir, run_dir / "bundle") / "bundle.json").read_text())
    assert found["recipe"] == "image_cnn"
    assert found["labels"] == list(LABELS)
    first, second = found["models"]
    assert (first["file"], first["precision"]) == ("float32.tflite", "float32")
    assert first["inputs"] == [
        {
            "name": "image",
            "index": 0,
            "shape": [1, 8, 8, 1],
            "dtype": "float32",
            "meaning": "grey image, 0..1",
            "quantization": None,
        }
    ]
    assert (first["outputs"][0]["name"], first["outputs"][0]["meaning"]) == ("scores", "logits")
    assert [place["runtime"] for place in first["verified_on"]] == ["tflite-runtime", "litert"]
    assert first["verified_on"][0]["max_abs_error"] == 1e-6
    assert [place["runtime"] for place in second["verified_on"]] == ["tflite-runtime"]
    assert [place["runtime"] for place in second["out_of_limits_on"]] == ["litert"]


def test_the_schema_in_the_bundle_fits_it_and_refuses_others(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    schema = json.loads((out / "bundle.schema.json").read_text())
    facts = json.loads((out / "bundle.json").read_text())
    Draft202012Validator.check_schema(schema)
    checked = Draft202012Validator(schema)
    checked.validate(facts)
    assert (facts["version"], facts["task"]) == (1, "none")
    assert facts["before"] == facts["after"] == {"kind": "numbers"}
    assert facts["limits"]["int8"]["error"] == LIMITS["int8"].error
    for name in facts:
        assert not checked.is_valid({key: facts[key] for key in facts if key != name}), name
        assert not checked.is_valid({**facts, name: 0.5}), name


def test_only_the_variants_that_are_wanted_are_packed(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle", ["int8"])
    facts = json.loads((out / "bundle.json").read_text())
    assert [model["file"] for model in facts["models"]] == ["int8.tflite"]
    assert [path.name for path in out.glob("*.tflite")] == ["int8.tflite"]
    assert list(facts["limits"]) == ["int8"]


@pytest.mark.parametrize(
    ("variant", "why"),
    [
        ("int16x8", "was measured and is out of its limits"),
        ("float16", "was not run anywhere"),
        ("dynamic_int8", "was not run anywhere"),
        ("moon", "was not built"),
    ],
)
def test_a_variant_that_is_not_verified_is_refused(run_dir: Path, variant: str, why: str) -> None:
    with pytest.raises(BadInput, match=f"'{variant}' {why}.* there are: float32, int8"):
        bundle(run_dir, run_dir / "bundle", ["int8", variant])
    assert not (run_dir / "bundle").exists()


def test_integer_ports_carry_their_quantization(run_dir: Path) -> None:
    path = run_dir / "int8" / "model.tflite"
    signature = read_sidecar(path.parent / "artifact.json").signature
    path.write_bytes(with_integer_ports(path.read_bytes()))
    artifact = describe(path, precision="int8", signature=signature, made_by={})
    write_sidecar(artifact, path.parent / "artifact.json")
    found = json.loads((bundle(run_dir, run_dir / "bundle") / "bundle.json").read_text())
    for port in found["models"][1]["inputs"] + found["models"][1]["outputs"]:
        assert port["dtype"] == "int8"
        assert port["meaning"] in ("grey image, 0..1", "logits")
        assert 0 < port["quantization"]["scale"] < 1
        assert -128 <= port["quantization"]["zero_point"] <= 127


def with_integer_ports(content: bytes) -> bytes:
    """Return the int8 model without the operators that quantize its input and output."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(content)
    main, signature = model.subgraphs[0], model.signatureDefs[0]
    quantize, *rest, dequantize = main.operators
    main.operators = rest
    main.inputs, main.outputs = [quantize.outputs[0]], [dequantize.inputs[0]]
    signature.inputs[0].tensorIndex = int(main.inputs[0])
    signature.outputs[0].tensorIndex = int(main.outputs[0])
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def test_raw_golden_vectors_are_little_endian_numbers(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    golden = json.loads((out / "bundle.json").read_text())["golden"]
    assert golden["byte_order"] == "little"
    with np.load(run_dir / "vectors.npz") as full, np.load(out / golden["npz"]) as few:
        assert set(few.files) == {"input:image", "output:scores"}
        for tensor in golden["tensors"]:
            key = f"{tensor['role']}:{tensor['name']}"
            raw = np.frombuffer((out / tensor["file"]).read_bytes(), "<f4")
            assert tensor["dtype"] == "float32"
            assert tensor["shape"][0] == 8
            np.testing.assert_array_equal(raw.reshape(tensor["shape"]), full[key][:8])
            np.testing.assert_array_equal(few[key], full[key][:8])


def test_the_sums_cover_every_file(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    lines = (out / "SHA256SUMS").read_text().splitlines()
    listed = {name: digest for digest, name in (line.split("  ", 1) for line in lines)}
    files = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()}
    assert set(listed) == set(files) - {"SHA256SUMS"}
    for name, digest in listed.items():
        assert hashlib.sha256(files[name].read_bytes()).hexdigest() == digest


def test_a_build_with_nothing_verified_has_no_bundle(run_dir: Path) -> None:
    write_report(run_dir, replace(example_report(), rows=ROWS[4:]))
    with pytest.raises(BadInput, match=r"No variant in .* was measured and found within"):
        bundle(run_dir, run_dir / "bundle")
    assert not (run_dir / "bundle").exists()


def test_a_file_changed_after_it_was_measured_is_refused(run_dir: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    before = (out / "SHA256SUMS").read_bytes()
    with (run_dir / "int8" / "model.tflite").open("ab") as stream:
        stream.write(b"!")
    with pytest.raises(BadData, match=r"is not the file that artifact\.json beside it describes"):
        bundle(run_dir, out)
    assert (out / "SHA256SUMS").read_bytes() == before


def test_what_is_missing_is_named(run_dir: Path) -> None:
    (run_dir / "vectors.npz").unlink()
    with pytest.raises(NotFound, match=r"vectors\.npz"):
        bundle(run_dir, run_dir / "bundle")
    (run_dir / "int8" / "model.tflite").unlink()
    with pytest.raises(NotFound, match=r"int8/model\.tflite'; the same `edgekit build`"):
        bundle(run_dir, run_dir / "bundle")
    with pytest.raises(NotFound, match="holds no report"):
        bundle(run_dir / "nowhere", run_dir / "bundle")
    assert not (run_dir / "bundle").exists()


def test_an_old_bundle_is_replaced_but_no_other_folder(run_dir: Path, tmp_path: Path) -> None:
    out = bundle(run_dir, run_dir / "bundle")
    (out / "left_over.txt").write_text("from an earlier build")
    with (out / "SHA256SUMS").open("a") as sums:
        sums.write("0  left_over.txt\n")
    bundle(run_dir, out)
    assert not (out / "left_over.txt").exists()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(BadInput, match=r"holds 'notes\.txt', which edgekit did not write"):
        bundle(run_dir, out)
    assert (out / "notes.txt").read_text() == "mine"
    precious = tmp_path / "documents"
    precious.mkdir()
    (precious / "letter.txt").write_text("mine")
    with pytest.raises(BadInput, match="exists and is not a bundle; name a new folder"):
        bundle(run_dir, precious)
    assert (precious / "letter.txt").read_text() == "mine"


def test_a_variant_cannot_name_a_path_outside(run_dir: Path) -> None:
    odd = replace(ROWS[0], variant="../float32")
    write_report(run_dir, replace(example_report(), rows=(odd,)))
    with pytest.raises(BadData, match=r"Variant '\.\./float32' is not a name"):
        bundle(run_dir, run_dir / "bundle")


@pytest.mark.parametrize("label", ["two\nlines", "", "carriage\rreturn"])
def test_a_label_that_does_not_fit_a_line_is_refused(label: str, run_dir: Path) -> None:
    path = run_dir / "float32" / "artifact.json"
    facts = json.loads(path.read_text())
    facts["signature"]["labels"] = [label]
    path.write_text(json.dumps(facts))
    with pytest.raises(BadData, match=r"labels\.txt holds one a line"):
        bundle(run_dir, run_dir / "bundle")
    assert sorted(path.name for path in run_dir.glob("*bundle*")) == []


def test_vectors_that_are_no_numbers_are_refused(run_dir: Path) -> None:
    texts = {"input:image": np.array(["a", "b"]), "output:scores": np.zeros((2, 3))}
    np.savez(run_dir / "vectors.npz", **texts)  # type: ignore[arg-type]
    with pytest.raises(BadData, match="Golden vector 'image' is <U1; a bundle holds numbers only"):
        bundle(run_dir, run_dir / "bundle")
