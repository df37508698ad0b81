package edgekit.core.proof

import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.Run
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.BundleFiles
import edgekit.core.bundle.Golden
import edgekit.core.bundle.ModelFacts
import edgekit.core.bundle.Tolerance
import edgekit.core.tensor

/**
 * What replaying the golden vectors of one model file showed.
 *
 * @property examples how many were replayed.
 * @property outputs how far each output is from the reference's.
 * @property answers of the first examples, for a judge who has the reference.
 */
class PartProof(
    val model: ModelFacts,
    val examples: Int,
    val outputs: List<OutputError>,
    val answers: List<Batch>,
) {
    /** Whether all outputs are within their limits; null if one has none. */
    val ok: Boolean?
        get() = if (outputs.any { it.ok == false }) false
        else true.takeUnless { outputs.any { it.ok == null } }
}

/** Numbers of a part's answers that a report holds at most: 2 MB of floats. */
private const val MOST_ANSWERS = 512 * 1024

/**
 * Replays the golden vectors of each part of a variant and compares the answers with the
 * reference's; those of variants that were trained on are shown and not judged.
 *
 * @param runs the models by part.
 * @param onGpu float32 on a GPU is held to the limits of float16, in which a GPU computes; if the
 *   bundle holds none, the judgement is left to `edgekit verify --device-report`.
 * @throws BundleException if the bundle holds no golden vectors for a part.
 */
fun selfTest(
    bundle: Bundle,
    files: BundleFiles,
    variant: String,
    runs: Map<String, Run>,
    onGpu: Boolean,
): List<PartProof> = bundle.parts(variant).map { (part, model) ->
    val run = runs[part] ?: throw BundleException("The part '$part' was not loaded.")
    val vectors = readGolden(files, goldenOf(bundle, part))
    val precision = if (onGpu && model.precision == "float32") "float16" else model.precision
    prove(model, vectors, run, bundle.limits[precision].takeUnless { model.isOptimized })
}

private fun goldenOf(bundle: Bundle, part: String): Golden {
    val whole = bundle.golden ?: throw BundleException("The bundle holds no golden vectors.")
    if (part in whole.parts) return whole.parts.getValue(part)
    if (part == "model") return whole
    throw BundleException("The bundle holds no golden vectors for the part '$part'.")
}

private fun prove(
    model: ModelFacts,
    vectors: GoldenVectors,
    run: Run,
    tolerance: Tolerance?,
): PartProof {
    val answers = vectors.inputs.map(run)
    val outputs = model.outputs.map { facts ->
        val expected = vectors.outputs.map { it.tensor(facts.name) }
        outputError(facts, expected, answers.map { it.tensor(facts.name) }, tolerance)
    }
    val size = answers.first().values.sumOf { it.values.size }
    val kept = (MOST_ANSWERS / size).coerceIn(1, answers.size)
    return PartProof(model, answers.size, outputs, answers.take(kept))
}
