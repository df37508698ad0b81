package edgekit.core.proof

import edgekit.core.Batch
import edgekit.core.bundle.toJson
import java.nio.ByteBuffer
import java.nio.ByteOrder

/** Version of the JSON that [deviceReport] writes. */
const val DEVICE_REPORT_VERSION = 1

/**
 * Where a model was asked to run, and where it runs.
 *
 * @property askedFor `cpu` or `gpu`; so is [ranOn].
 * @property whyNot why it does not run where it was asked to; "" if it does.
 */
data class Residency(val askedFor: String, val ranOn: String, val whyNot: String)

/**
 * Returns what a self-test showed as the JSON that `edgekit verify --device-report` judges.
 *
 * @param device facts of the phone, such as `model` and `android`.
 * @param residencies of each part.
 * @param peakMemoryBytes of the app's process, its screen included; null if that is not known.
 * @param encode Base64 of bytes; Android's and the JVM's are two.
 */
fun deviceReport(
    recipe: String,
    variant: String,
    device: Map<String, String>,
    proofs: List<PartProof>,
    residencies: Map<String, Residency>,
    latency: Latency,
    peakMemoryBytes: Long?,
    encode: (ByteArray) -> String,
): String = toJson(
    mapOf(
        "edgekit_device_report" to DEVICE_REPORT_VERSION,
        "recipe" to recipe,
        "variant" to variant,
        "device" to device,
        "latency" to mapOf(
            "runs" to latency.runs,
            "median_ms" to latency.medianMs,
            "p90_ms" to latency.p90Ms,
        ),
        "peak_memory_bytes" to peakMemoryBytes,
        "models" to proofs.map { model(it, residencies.getValue(it.model.part), encode) },
    ),
)

private fun model(proof: PartProof, residency: Residency, encode: (ByteArray) -> String) = mapOf(
    "part" to proof.model.part,
    "precision" to proof.model.precision,
    "file" to proof.model.file,
    "sha256" to proof.model.sha256,
    "asked_for" to residency.askedFor,
    "ran_on" to residency.ranOn,
    "why_not" to residency.whyNot,
    "examples" to proof.examples,
    "ok" to proof.ok,
    "outputs" to proof.outputs.map {
        mapOf(
            "name" to it.name,
            "max_abs_error" to it.maxAbs,
            "mean_abs_error" to it.meanAbs,
            "root_mean_square_error" to it.rootMeanSquare,
            "limit" to it.limit,
            "ok" to it.ok,
        )
    },
    "answers" to proof.answers.first().keys.map { answers(it, proof.answers, encode) },
)

/** Little-endian float32 of the first examples, in Base64. */
private fun answers(name: String, examples: List<Batch>, encode: (ByteArray) -> String) = mapOf(
    "name" to name,
    "shape" to listOf(examples.size) + examples.first().getValue(name).shape.drop(1),
    "float32" to encode(
        examples.map { it.getValue(name).values }.fold(ByteArray(0)) { all, values ->
            val bytes = ByteBuffer.allocate(4 * values.size).order(ByteOrder.LITTLE_ENDIAN)
            values.forEach(bytes::putFloat)
            all + bytes.array()
        },
    ),
)
