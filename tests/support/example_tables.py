"""What every table of the command line is printed of; figures, versions and paths are invented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from edgekit.cli import file_tables, proofs, tables
from edgekit.core.kinds import Artifact
from edgekit.core.recipe import Signature
from edgekit.core.report import Evaluation, Score
from edgekit.explaining import printing
from edgekit.explaining.laboratory import Tried
from edgekit.explaining.layer_noise import TensorNoise
from edgekit.explaining.patterns import Pattern
from edgekit.explaining.ranking import LayerNoise
from edgekit.operators.target import Check, OperatorVerdict
from edgekit.running.judgement import Measure, OutputJudgement
from edgekit.tflite.metadata.reading import PackedFile
from edgekit.tflite.metadata.values import AssociatedFile, Metadata, TensorMetadata
from edgekit.verbs.bench import Benchmark
from edgekit.verbs.compare import printing as comparing_printing
from edgekit.verbs.compare.answers import AnswersCompared
from edgekit.verbs.compare.comparing import Comparison, OperatorPair
from edgekit.verbs.compare.interfaces import PortDifference
from edgekit.verbs.compare.turns import Turns
from edgekit.verbs.data import Data
from edgekit.verbs.delivery import Conversion
from edgekit.verbs.doctor.local import Finding
from edgekit.verbs.explain import Explanation
from edgekit.verbs.inspect import (
    InspectedOperator,
    InspectedPort,
    Inspection,
    Quantization,
)
from edgekit.verbs.run.asking import Answered, Answers
from edgekit.verbs.verify import Proof
from tests.support.example_report import example_report, one_bad_row

KINDS = {
    "recipes": {
        "image_cnn": "Small residual CNN that names the garment in a 28x28 grey image",
        "translate_transformer": "Transformer that translates short English sentences to Spanish",
    },
    "targets": {"cpu": "Any CPU with tflite-runtime 2.14, as boards and older apps have it"},
}

FINDINGS = [
    Finding(kind=kind, name=name, ok=ok, message=message)
    for kind, name, ok, message in (
        ("version", "edgekit", True, "0.1.0"),
        ("version", "python", True, "3.11.7"),
        ("version", "tensorflow", False, "not installed; run: pip install 'edgekit-tflite[build]'"),
        ("version", "ai-edge-litert", True, "2.3.0"),
        ("machine", "system", True, "Debian GNU/Linux 12 (bookworm), Linux 6.1.0-18, x86_64"),
        ("machine", "processor", True, "AMD EPYC 7B13, 2 CPUs"),
        ("path", "EDGEKIT_HOME", True, "/home/ada/.cache/edgekit (the default)"),
        ("runtime", "litert", True, ""),
        ("runtime", "litert-web", False, "LiteRT.js is not there; run: edgekit setup web"),
        ("runtime", "litert-webgpu", False, "LiteRT.js is not there; run: edgekit setup web"),
        ("device", "raspberry-pi", True, ""),
        (
            "tool",
            "ssh",
            False,
            "ssh is not on PATH; run: sudo apt-get install openssh-client openssh-known-hosts",
        ),
    )
]

INSPECTION = Inspection(
    file="runs/image_cnn/int8/model.tflite",
    size_bytes=1_206_224,
    compressed_bytes=162_904,
    zstd_bytes=160_112,
    sparse_bytes=1_107_320,
    xnnpack_sparse_path="predicted: not taken; CONV_2D (operator 3) is not float32",
    description="MLIR Converted.",
    subgraphs=1,
    weights_bytes={"int32": 1_236, "int8": 174_282},
    sparsity=0.7512345678,
    unique_weights=255,
    minimum_runtime="2.14.0",
    declared_runtime="1.14.0",
    metadata=Metadata(
        name="image_cnn",
        license="Apache-2.0",
        inputs=(
            TensorMetadata(name="image", content="image", colors="grey", mean=(0.0,), std=(255.0,)),
        ),
        outputs=(
            TensorMetadata(
                name="scores", files=(AssociatedFile(name="labels.txt", kind="axis labels"),)
            ),
        ),
    ),
    packed_files=(PackedFile(name="labels.txt", size_bytes=1_084),),
    metadata_problem="",
    problems=(),
    inputs=(
        InspectedPort(
            name="serving_default_image:0",
            shape=(1, 28, 28, 1),
            dtype="int8",
            quantization=Quantization(scale=0.003921568859368563, zero_point=-128),
        ),
    ),
    outputs=(InspectedPort(name="scores", shape=(1, 10), dtype="float32", quantization=None),),
    signatures=(),
    operators=(
        InspectedOperator(name="CONV_2D", version=3, needed_version=3, count=9),
        InspectedOperator(name="CUSTOM:FlexStridedSlice", version=1, needed_version=None, count=1),
        InspectedOperator(name="SOFTMAX", version=2, needed_version=2, count=1),
    ),
)

TABLE = "documented: operator table of example.org, 2021 copy"
TAKEN = OperatorVerdict(
    index=0, name="CONV_2D", version=3, needed_version=3, verdict="yes", source=TABLE
)
REFUSED = replace(
    TAKEN,
    name="RESIZE_BILINEAR",
    verdict="no",
    reason="It computes with half pixels, and 12 of 31 pixels differ by more than 0.25.",
    fix="Resize with UpSampling2D, or before the model.",
)
CHECK = Check(
    target="edgetpu",
    ok=True,
    operators=(
        *(replace(TAKEN, index=index) for index in range(9)),
        *(replace(REFUSED, index=index) for index in (9, 10, 11, 14, 16, 18, 20, 22, 24, 26)),
        replace(TAKEN, index=12, name="MEAN", verdict="unknown", needed_version=None, source=""),
    ),
    problems=("The file has 2 subgraphs; one is what the tables know.",),
    is_predicted=True,
)

FILE = "runs/image_cnn/int8/model.tflite"
PROOF = Proof(
    file=FILE,
    precision="int8",
    runtime="tflite-runtime",
    device="local",
    against="golden vectors",
    status="measured",
    ok=True,
    max_abs_error=0.0923456,
    mean_abs_error=0.00123456,
    outputs=(
        OutputJudgement(
            output="scores",
            kind="classes",
            measures=(
                Measure(name="first choice", value=0.984, limit=0.9, at_least=True, ok=True),
                Measure(name="error over spread", value=0.12, limit=0.35, at_least=False, ok=True),
            ),
        ),
    ),
    evaluation=Evaluation(
        examples=40,
        data="",
        source=(Score(output="scores", question="accuracy", value=0.925, half_width=0.081),),
        file={
            "tflite-runtime": (
                Score(output="scores", question="accuracy", value=0.9, half_width=0.093),
            )
        },
    ),
)
PROOFS = [
    PROOF,
    replace(
        PROOF,
        device="raspberry-pi",
        ok=False,
        max_abs_error=1.2345e-05,
        evaluation=None,
        reason="Output 'scores': first choice 41.2 % (at least 90.0 %).",
    ),
    replace(
        PROOF,
        runtime="tflite-micro",
        arena_bytes=30_512,
        outputs=(),
        evaluation=None,
    ),
    Proof(
        file="runs/image_cnn/float32/model.tflite",
        precision="float32",
        runtime="litert-web",
        device="local",
        against="golden vectors",
        status="not run",
        reason="LiteRT.js is not there; run: edgekit setup web",
    ),
]
CONVERSION = Conversion(
    artifact=Artifact(
        path=Path("my.int8.tflite"),
        precision="int8",
        signature=Signature(inputs=(), outputs=()),
        made_by={},
        size_bytes=1_206_224,
        sha256="",
    ),
    proofs=(PROOF, replace(PROOFS[3], file=FILE)),
    notes=("The batch size was free, and is fixed at 1.",),
)

BENCHMARK = Benchmark(
    file=FILE,
    runtime="litert",
    device="local",
    threads=2,
    runs=100,
    latency_ms_median=1234.5678,
    latency_ms_p90=1399.0123,
    peak_memory_bytes=48_300_032,
)

ANSWERED = AnswersCompared(
    runtime="tflite-runtime",
    device="local",
    inputs="golden",
    examples=256,
    status="measured",
    precision="int8",
    ok=True,
    max_abs_error=0.0923456,
    mean_abs_error=0.00123456,
    outputs=PROOF.outputs,
    evaluation_a=PROOF.evaluation,
    evaluation_b=PROOF.evaluation,
)
COMPARISON = Comparison(
    ok=False,
    a=replace(
        INSPECTION,
        file="runs/image_cnn/float32/model.tflite",
        size_bytes=4_824_896,
        weights_bytes={"float32": 697_128},
        minimum_runtime=None,
    ),
    b=INSPECTION,
    operators=(
        OperatorPair(name="CONV_2D", a={1: 9}, b={1: 1, 3: 8}),
        OperatorPair(name="CUSTOM:FlexStridedSlice", b={1: 1}),
        OperatorPair(name="LOGISTIC", a={1: 2}),
    ),
    ports=(
        PortDifference(
            side="input",
            name="serving_default_image:0",
            in_a="serving_default_image:0: 1x28x28x1 float32",
            in_b="image: 1x28x28x1 int8, scale 0.00392157, zero point -128",
            stops_answers=False,
        ),
    ),
    answers=(
        ANSWERED,
        replace(ANSWERED, runtime="litert", same_bytes=True, evaluation_a=None, evaluation_b=None),
        replace(
            ANSWERED,
            device="raspberry-pi",
            ok=False,
            evaluation_a=None,
            evaluation_b=None,
            reason="Output 'scores': first choice 41.2 % (at least 90.0 %).",
        ),
        AnswersCompared(
            runtime="litert-web",
            device="local",
            inputs="golden",
            examples=256,
            reason="LiteRT.js is not there; run: edgekit setup web",
        ),
    ),
    why_no_answers="",
    latency=Turns(
        runtime="litert",
        device="local",
        rounds=20,
        runs=25,
        a_ms_median=1.2345,
        a_ms_p90=1.4567,
        b_ms_median=0.6543,
        b_ms_p90=0.7654,
        ratio=0.5301,
        ratio_p10=0.5123,
        ratio_p90=0.5512,
    ),
    why_no_latency="",
)

DATA = [
    Data(
        name="sign-language-digits",
        what="2,062 photos 100x100 of hands that sign 0 to 9, by 218 students",
        size_bytes=13_512_345,
        licence="Apache-2.0",
        source="Mavi 2020, arXiv:2011.08927; https://github.com/ardamavi/Sign-Language-Digits",
        urls=("https://example.org",),
        here=False,
        paths=(),
    ),
    Data(
        name="sea-temperature",
        what="19,226 half-hourly temperatures of the sea, February 2016 to March 2017",
        size_bytes=102_345,
        licence="BSD-3",
        source="NERACOOS buoy; https://github.com/bokeh/bokeh_sampledata",
        urls=(),
        here=True,
        paths=("sea.csv",),
    ),
]


def _noise(number: int, spread: float) -> LayerNoise:
    worst = TensorNoise(
        layer=f"block_{number}_depthwise_convolution",
        operator="DEPTHWISE_CONV_2D",
        readers=(),
        snr_db=-14.03 + 9 * number,
        own_db=2.04 + 9 * number,
        inherited_db=60.0 - 3 * number,
        own=0.3,
        clipped=0.0123,
        dead=number,
        channels=1_280,
        low=-1.0,
        high=1.0,
        step=0.01,
        widest=3,
        spread=spread,
        magnitude=9.0,
        rms=0.2,
    )
    return LayerNoise(layer=worst.layer, kind="DepthwiseConv2D", blame=0.6 / number, worst=worst)


EXPLANATION = Explanation(
    file=FILE,
    precision="int8",
    examples=16,
    layers=tuple(_noise(number, 1_900.0 if number < 3 else 1.0) for number in range(1, 15)),
    patterns=(Pattern(name="wide-channel", sentence="Channel 3 is 1,900 times as wide."),),
    tried=(
        Tried(
            what="int8 as it is",
            precision="int8",
            ok=False,
            size_bytes=206_224,
            judged="scores: first choice 42.0 % (at least 90.0 %); out of limits",
            seconds=12.3,
        ),
        Tried(
            what="int8 with 2 layers in float",
            precision="int8",
            ok=True,
            size_bytes=301_456,
            judged="scores: first choice 97.5 % (at least 90.0 %)",
            seconds=123.4,
        ),
    ),
    skipped=("float16",),
    advice="Take int8 with 2 layers in float (301,456 bytes): edgekit convert my.keras --out "
    "my.tflite --precision int8 --keep-float block_1_depthwise_convolution",
)

ANSWERS = Answers(
    program="classify",
    variant="int8",
    runtime="litert",
    device="local",
    answers=(
        Answered(input="shoe.png", lines=("99.61 %  Ankle boot", " 0.39 %  Sneaker"), drawing=None),
        Answered(input="coat.png", lines=("87.50 %  Coat", " 6.25 %  Pullover"), drawing=None),
    ),
)


def few_variants() -> None:
    """Print a report of three variants."""
    report = one_bad_row(example_report())
    rows = (row for row in report.rows if row.variant in ("float32", "int8", "int16x8"))
    tables.show_report(replace(report, rows=tuple(rows)), Path("runs/image_cnn"), json=False)


TABLES: Mapping[str, Callable[[], object]] = {
    "list": lambda: tables.show_list(KINDS, json=False),
    "doctor": lambda: tables.show_doctor(FINDINGS, json=False),
    "inspect": lambda: file_tables.show_inspection(INSPECTION, json=False),
    "compare": lambda: comparing_printing.show(COMPARISON),
    "check": lambda: file_tables.show_check(CHECK, json=False),
    "verify": lambda: proofs.show_proofs(PROOFS, json=False),
    "convert": lambda: proofs.show_conversion(CONVERSION, json=False),
    "bench": lambda: tables.show_benchmarks([BENCHMARK, replace(BENCHMARK, file="b")], json=False),
    "data list": lambda: tables.show_data(DATA, json=False),
    "explain": lambda: printing.show(EXPLANATION),
    "build": few_variants,
    "run": lambda: tables.show_answers(ANSWERS, json=False),
}
"""Verb -> prints what it prints to stdout."""
