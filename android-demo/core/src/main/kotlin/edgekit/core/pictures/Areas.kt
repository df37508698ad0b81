package edgekit.core.pictures

import kotlin.math.min

/**
 * Returns a picture of [height] x [width] whose pixels are means over [scale] x [scale] old ones,
 * around the middle; what lies outside counts as 0.
 *
 * Areas, not single pixels: a picture that is made smaller by skipping pixels shows a network
 * patterns that are not there.
 */
internal fun Picture.means(height: Int, width: Int, scale: Double): Picture =
    means(height, width, scale, scale)

internal fun Picture.means(height: Int, width: Int, down: Double, across: Double): Picture {
    val rows = Spans(this.height, height, down)
    val columns = Spans(this.width, width, across)
    val lower = FloatArray(height * this.width * channels)
    val rowLength = this.width * channels
    for (row in 0 until height) {
        for (at in 0 until rowLength) {
            lower[row * rowLength + at] = rows.mean(row, values, at, rowLength)
        }
    }
    val result = FloatArray(height * width * channels)
    for (row in 0 until height) {
        for (column in 0 until width) {
            for (channel in 0 until channels) {
                result[(row * width + column) * channels + channel] =
                    columns.mean(column, lower, row * rowLength + channel, channels)
            }
        }
    }
    return Picture(height, width, channels, result)
}

/** Which old places each of [wanted] new ones covers along one axis, and how much of the first. */
private class Spans(private val length: Int, wanted: Int, private val scale: Double) {
    private val edges = DoubleArray(wanted + 1) {
        (length / 2.0 + (it - wanted / 2.0) * scale).coerceIn(0.0, length.toDouble())
    }
    private val whole = IntArray(wanted + 1) { min(edges[it].toInt(), length - 1) }

    /** Returns the mean of new place [index] over values at [start], [start] + [step] ... */
    fun mean(index: Int, values: FloatArray, start: Int, step: Int): Float {
        val first = whole[index]
        val last = whole[index + 1]
        var sum = 0.0
        for (place in first until last) sum += values[start + place * step]
        sum -= (edges[index] - first) * values[start + first * step]
        sum += (edges[index + 1] - last) * values[start + last * step]
        return (sum / scale).toFloat()
    }
}
