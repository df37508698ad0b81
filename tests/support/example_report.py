"""A report as a full build leaves it: eleven variants on five places. The figures are invented."""

from __future__ import annotations

from dataclasses import replace

from edgekit.core.recipe import Metric
from edgekit.core.report import (
    BaselineScore,
    ExplainedFile,
    ExplainedLayer,
    JudgedOutput,
    Report,
    Row,
    TriedStep,
)
from edgekit.core.variant import Variant

PLACES = (
    ("tflite-runtime", "local"),
    ("litert", "local"),
    ("litert-gpu", "local"),
    ("tflite-runtime", "raspberry-pi"),
    ("edgetpu", "local"),
)
ADAPTER = "SwiftShader Device (LLVM 10.0.0)"

# variant -> size, compressed size, sparsity, distinct weights, drop, error, latency of each runtime
VARIANTS: dict[str, tuple[int, int, float, int, float, float, float, float]] = {
    "float32": (712_344, 655_120, 0.0, 174_002, 0.0, 2.4e-6, 0.184, 0.142),
    "float16": (360_912, 331_208, 0.0, 21_034, 0.01, 0.0031, 0.186, 0.145),
    "dynamic_int8": (198_640, 158_344, 0.012, 255, 0.06, 0.041, 0.402, 0.101),
    "int8": (206_224, 162_904, 0.013, 255, 0.21, 0.092, 1.127, 0.0684),
    "int16x8": (211_408, 166_072, 0.013, 255, 0.02, 0.0118, 2.731, 2.604),
    "pruned-float32": (712_344, 243_912, 0.75, 43_609, 0.47, 1.92, 0.183, 0.143),
    "pruned-int8": (206_224, 71_336, 0.752, 255, 0.55, 1.97, 1.131, 0.0688),
    "clustered-float32": (712_344, 118_512, 0.0, 32, 0.38, 1.41, 0.185, 0.142),
    "clustered-int8": (206_224, 98_032, 0.01, 61, 0.52, 1.46, 1.129, 0.0686),
    "qat-int8": (206_480, 164_208, 0.013, 255, -0.08, 1.12, 1.128, 0.0685),
    "pruned24-int8": (206_224, 119_768, 0.5, 255, 0.61, 2.04, 1.133, 0.0691),
}
REFERENCE = 91.62
REFERENCE_ON_FEW = 92.30
"""The reference's value on the examples an emulated device is scored on."""


def example_report() -> Report:
    """Return a report with measured, predicted, refused and out-of-limits rows."""
    rows = [_row(variant, place) for variant in VARIANTS for place in PLACES]
    return Report(
        recipe="image_cnn",
        size="full",
        seed=0,
        metric=Metric(name="accuracy", unit="%"),
        reference=REFERENCE,
        baseline=BaselineScore(name="always the most frequent class", value=10.0),
        rows=tuple(rows),
        date="2026-11-22",
        machine="AMD EPYC 7B13, 2 CPUs, Linux x86_64",
        versions={
            "edgekit": "0.1.0",
            "python": "3.11.2",
            "tensorflow": "2.21.0",
            "keras": "3.15.1",
            "ai-edge-litert": "2.3.0",
        },
        train_seconds=412.6,
        notes=("174,282 parameters; source: He et al., Deep Residual Learning, 2015.",),
    )


def one_bad_row(report: Report) -> Report:
    """Return the report with one row out of its limit."""
    reason = "accuracy drops by 0.71 %, allowed are 0.5 %."
    bad = replace(report.rows[16], ok=False, drop=0.71, value=90.91, reason=reason)
    return replace(report, rows=(*report.rows[:16], bad, *report.rows[17:]))


def explained(report: Report) -> Report:
    """Return the report with outputs of one file out of their limits, and why."""
    judged = (
        JudgedOutput(
            output="detections/boxes",
            kind="numbers",
            figures="error over spread 0.12 (at most 0.35), in channel 2 0.2 (at most 0.6)",
            ok=True,
        ),
        JudgedOutput(
            output="detections/scores",
            kind="classes",
            figures="first choice 42.0 % (at least 90.0 %); out of limits",
            ok=False,
        ),
    )
    layers = [
        ExplainedLayer(
            layer=f"block_{number}_depthwise_convolution_normalization",
            kind="DepthwiseConv2D",
            blame=0.6 / number**2,
            snr_db=-14.0 + 9 * number,
            own_db=2.0 + 9 * number,
            inherited_db=60.0 - 3 * number,
            because="channel 3 is 900 times as wide" if number == 1 else "",
        )
        for number in range(1, 9)
    ]
    tried = (
        TriedStep(what="int8 as it is", size_bytes=206_224, ok=False, figures=judged[1].figures),
        TriedStep(what="int8 with separate outputs", size_bytes=206_500, ok=True, figures="fine"),
        TriedStep(what="int16x8", size_bytes=0, ok=None, figures="GELU has no int16 form."),
    )
    explanation = ExplainedFile(
        variant="int8",
        part="detections",
        examples=16,
        layers=tuple(layers),
        more_layers=41,
        patterns=("Channel 3 of 'block_1' reaches 900 times the middle one.",),
        tried=tried,
        skipped=("float16",),
        advice="Take int8 with separate outputs (206,500 bytes), the smallest that is within its "
        "limits: edgekit convert model.keras --out int8.tflite --precision int8 --split-outputs",
    )
    failed = ExplainedFile(variant="qat-int8", problem="An interpreter died.")
    rows = tuple(
        replace(row, judged=judged) if (row.variant, row.runtime) == ("int8", "litert") else row
        for row in report.rows
    )
    return replace(report, rows=rows, explanations=(explanation, failed))


def _row(variant: str, place: tuple[str, str]) -> Row:
    size, compressed, sparsity, unique, drop, error, lite, litert = VARIANTS[variant]
    row = Row(
        variant=variant,
        precision=Variant.parse(variant).precision,
        runtime=place[0],
        device=place[1],
        status="measured",
        size_bytes=size,
        compressed_bytes=compressed,
        zstd_bytes=compressed - 1_000,
        sparse_bytes=round((1 - sparsity) * size) if sparsity > 0.5 else None,
        sparsity=sparsity,
        unique_weights=unique,
    )
    if place[0] == "edgetpu":
        mapped = 29 if row.precision == "int8" else 0
        count = 31 if row.precision == "int8" else 29
        return replace(
            row,
            status="predicted",
            reason=_prediction(row.precision),
            operators=count,
            operators_mapped=mapped,
        )
    if place[0] == "litert-gpu" and variant == "int16x8":
        reason = "The GPU accelerator refused the file: Some ops are not accelerated."
        return replace(row, status="not run", reason=reason)
    few = place[1] == "raspberry-pi"
    row = replace(
        row,
        value=round((REFERENCE_ON_FEW if few else REFERENCE) - drop, 2),
        drop=drop,
        drop_limit=1.0,
        max_abs_error=error,
        mean_abs_error=error / 9,
        cosine=1 - error / 400,
        examples=1_000 if few else 10_000,
        ok=True,
        adapter=ADAPTER if place[0] == "litert-gpu" else "",
    )
    if place[0] == "litert-gpu" or place[1] != "local":
        return row  # a software GPU and an emulator have no latency to speak of
    median = lite if place[0] == "tflite-runtime" else litert
    return replace(
        row, latency_ms_median=median, latency_ms_p90=median * 1.13, peak_memory_bytes=48_300_032
    )


def _prediction(precision: str) -> str:
    if precision == "int8":
        return "29 of 31 operators predicted mapped. QUANTIZE: the first input is float32."
    return "0 of 29 operators predicted mapped. CONV_2D: the Edge TPU computes int8 only."
