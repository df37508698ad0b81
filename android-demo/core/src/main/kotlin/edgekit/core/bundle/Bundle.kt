package edgekit.core.bundle

import edgekit.core.BundleException

/**
 * What `bundle.json` says: all that has to be known to ask the models beside it.
 *
 * @property recipe the name of the recipe that made the models.
 * @property task what the models do, such as `classify` or `detect`.
 * @property labels what the outputs are called; empty if they have no names.
 * @property limits precision -> how far its answers may be from the golden ones.
 */
data class Bundle(
    val recipe: String,
    val task: String,
    val labels: List<String>,
    val before: Before,
    val after: After,
    val models: List<ModelFacts>,
    val golden: Golden?,
    val limits: Map<String, Tolerance>,
) {
    /** Names of the variants, each once, in the order of the bundle. */
    val variants: List<String> get() = models.map { it.variant }.distinct()

    /** Returns the model files of a variant by part; a lone file is the part `model`. */
    fun parts(variant: String): Map<String, ModelFacts> {
        val parts = models.filter { it.variant == variant }.associateBy { it.part }
        if (parts.isEmpty()) {
            throw BundleException("There is no variant '$variant'; there are: $variants.")
        }
        return parts
    }
}

/**
 * A model file.
 *
 * @property part `model`, or which of several files it is.
 * @property precision such as `int8`.
 * @property file name in the bundle.
 * @property sha256 of the file, 64 hexadecimal digits.
 */
data class ModelFacts(
    val variant: String,
    val part: String,
    val precision: String,
    val file: String,
    val sha256: String,
    val inputs: List<TensorFacts>,
    val outputs: List<TensorFacts>,
) {
    /**
     * Whether the variant was trained on, as pruned ones are: its weights are others than those of
     * the reference, so the golden answers are not what it should answer.
     */
    val isOptimized: Boolean get() = variant != precision
}

/**
 * An input or output of a model.
 *
 * @property shape sizes of the axes; the first is 1, the batch.
 * @property dtype such as `float32`, `int8` or `int32`.
 * @property quantization null where the numbers are what they mean.
 */
data class TensorFacts(
    val name: String,
    val shape: List<Int>,
    val dtype: String,
    val quantization: Quantization?,
) {
    /** Numbers in the tensor. */
    val size: Int get() = shape.fold(1, Int::times)
}

/**
 * How far the answers of a precision may be from the golden ones.
 *
 * The root mean square of an output's errors is at most the largest of: [error] times the spread of
 * the golden values, [resolution] times the largest of them, and one step of a quantized output.
 */
data class Tolerance(val error: Double, val resolution: Double)

/** How whole numbers stand for real ones: real = [scale] * (number - [zeroPoint]). */
data class Quantization(val scale: Double, val zeroPoint: Int)

/**
 * Inputs with the reference's answers, as files of raw little-endian numbers.
 *
 * @property tensors of the whole: what goes in before any loop, what comes out after it.
 * @property parts the same for each model file, where a loop drives several.
 */
data class Golden(val tensors: List<GoldenTensor>, val parts: Map<String, Golden>)

/**
 * A file of raw numbers, the batch axis first and the last axis running fastest.
 *
 * @property role `input` or `output`.
 */
data class GoldenTensor(
    val role: String,
    val name: String,
    val file: String,
    val dtype: String,
    val shape: List<Int>,
)
