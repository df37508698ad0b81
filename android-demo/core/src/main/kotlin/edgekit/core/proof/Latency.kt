package edgekit.core.proof

import kotlin.math.ceil
import kotlin.math.floor

/** Times of single invocations, of which the last [most] count. */
class Latency(private val most: Int = 1000) {
    private val times = ArrayDeque<Double>()

    /** How many times there are. */
    val runs: Int get() = times.size

    /** Half of the invocations took at most so long, milliseconds. */
    val medianMs: Double get() = percentile(0.5)

    /** Nine of ten invocations took at most so long, milliseconds. */
    val p90Ms: Double get() = percentile(0.9)

    /** Adds an invocation of so many milliseconds. */
    fun add(milliseconds: Double) {
        if (times.size == most) times.removeFirstOrNull()
        times.addLast(milliseconds)
    }

    fun clear() = times.clear()

    private fun percentile(share: Double): Double {
        if (times.isEmpty()) return Double.NaN
        val sorted = times.sorted()
        val place = share * (sorted.size - 1)
        val below = sorted[floor(place).toInt()]
        return below + (place - floor(place)) * (sorted[ceil(place).toInt()] - below)
    }
}
