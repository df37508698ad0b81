package edgekit.core.proof

import edgekit.core.Tensor
import edgekit.core.bundle.TensorFacts
import edgekit.core.bundle.Tolerance
import kotlin.math.abs
import kotlin.math.max
import kotlin.math.sqrt

/**
 * How far an output is from the reference's, over all golden examples.
 *
 * @property rootMeanSquare of the errors.
 * @property limit largest [rootMeanSquare] that is allowed; null if the bundle sets none.
 */
data class OutputError(
    val name: String,
    val maxAbs: Double,
    val meanAbs: Double,
    val rootMeanSquare: Double,
    val limit: Double?,
) {
    /** Whether the output is within its limit; null if there is none. */
    val ok: Boolean? get() = limit?.let { rootMeanSquare <= it }
}

/**
 * Compares an output with the reference's.
 *
 * @param expected one tensor for each example, `(1, ..., channels)`; so is [answers].
 */
fun outputError(
    facts: TensorFacts,
    expected: List<Tensor>,
    answers: List<Tensor>,
    tolerance: Tolerance?,
): OutputError {
    var largest = 0.0
    var sum = 0.0
    var squares = 0.0
    var count = 0
    expected.zip(answers) { one, other ->
        for (index in one.values.indices) {
            val error = abs(other.values[index].toDouble() - one.values[index])
            largest = if (error.isNaN()) Double.NaN else max(largest, error)
            sum += error
            squares += error * error
            count++
        }
    }
    val limit = tolerance?.let {
        val largestValue = magnitude(expected)
        val spread = spread(expected).takeIf { it > STILL * largestValue } ?: largestValue
        val allowed = max(it.error * spread, it.resolution * largestValue)
        max(allowed, facts.quantization?.scale ?: 0.0)
    }
    return OutputError(facts.name, largest, sum / count, sqrt(squares / count), limit)
}

/**
 * Values that vary by less than this share of the largest do not vary: sums are rounded. An error is
 * seen against the values then.
 */
private const val STILL = 1e-6

/** Root mean square of the differences from the mean of each channel, the last axis. */
private fun spread(expected: List<Tensor>): Double {
    val shape = expected.first().shape
    val channels = if (shape.size > 1) shape.last() else 1
    val means = DoubleArray(channels)
    val rows = expected.sumOf { it.values.size } / channels
    expected.forEach { tensor ->
        tensor.values.forEachIndexed { index, value -> means[index % channels] += value / rows }
    }
    val squares = expected.sumOf { tensor ->
        tensor.values.indices.sumOf {
            val difference = tensor.values[it] - means[it % channels]
            difference * difference
        }
    }
    return sqrt(squares / (rows * channels))
}

private fun magnitude(expected: List<Tensor>): Double =
    expected.maxOf { tensor -> tensor.values.maxOfOrNull { abs(it.toDouble()) } ?: 0.0 }
