package edgekit.core

import edgekit.core.bundle.Quantization
import kotlin.math.round

/**
 * Returns what stands for real numbers, rounded half to even and kept within [least]..[most].
 *
 * @param values real numbers.
 */
fun Quantization.quantized(values: FloatArray, least: Int, most: Int): IntArray =
    IntArray(values.size) {
        val steps = round(values[it] / scale) + zeroPoint
        steps.coerceIn(least.toDouble(), most.toDouble()).toInt()
    }

/** Returns the real numbers that [count] whole numbers stand for. */
inline fun Quantization.real(count: Int, number: (Int) -> Int): FloatArray =
    FloatArray(count) { ((number(it) - zeroPoint).toDouble() * scale).toFloat() }
