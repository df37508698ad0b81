package edgekit.core.pictures

import kotlin.math.max
import kotlin.math.min

/**
 * Where a picture lies in the one that the network is given.
 *
 * @property scale pixels of the network's picture for one of the picture's.
 * @property left of the picture, in pixels of the network's; so is [top].
 * @property width of the picture, in its own pixels; so is [height].
 */
data class Placement(
    val scale: Double,
    val left: Double,
    val top: Double,
    val width: Int,
    val height: Int,
) {
    /** Returns left, top, right, bottom of the network's picture where they lie in the picture. */
    fun toPicture(box: FloatArray): FloatArray = FloatArray(4) {
        val corner = if (it % 2 == 0) left else top
        val limit = if (it % 2 == 0) width else height
        ((box[it] - corner) / scale).coerceIn(0.0, limit.toDouble()).toFloat()
    }
}

/**
 * Returns the middle of a picture as a network takes it: the largest part that has the network's
 * proportions, each new pixel the mean over its area.
 */
fun Picture.cover(height: Int, width: Int, channels: Int, grey: List<Float>): Picture {
    if (this.height == height && this.width == width) return withChannels(channels, grey)
    val scale = min(this.height / height.toDouble(), this.width / width.toDouble())
    return means(height, width, scale).withChannels(channels, grey)
}

/** Returns where [cover] took the network's picture from. */
fun Picture.coverPlacement(height: Int, width: Int): Placement {
    val scale = 1 / min(this.height / height.toDouble(), this.width / width.toDouble())
    val left = (width - this.width * scale) / 2
    return Placement(scale, left, (height - this.height * scale) / 2, this.width, this.height)
}

/** Returns where [letterbox] puts a picture: in the middle of the network's. */
fun Picture.letterboxPlacement(height: Int, width: Int): Placement {
    val scale = min(height / this.height.toDouble(), width / this.width.toDouble())
    val left = max((width - this.width * scale) / 2, 0.0) // rounding may leave less than nothing
    val top = max((height - this.height * scale) / 2, 0.0)
    return Placement(scale, left, top, this.width, this.height)
}

/** Returns a whole picture as a network takes it, with [fill] where the picture does not reach. */
fun Picture.letterbox(
    height: Int,
    width: Int,
    channels: Int,
    fill: Float,
    grey: List<Float>,
): Picture {
    if (this.height == height && this.width == width) return withChannels(channels, grey)
    val step = 1 / letterboxPlacement(height, width).scale
    // Outside of the picture there is nothing to add to the fill.
    val apart = FloatArray(values.size) { values[it] - fill }
    val smaller = Picture(this.height, this.width, this.channels, apart).means(height, width, step)
    val filled = FloatArray(smaller.values.size) { smaller.values[it] + fill }
    return Picture(height, width, this.channels, filled).withChannels(channels, grey)
}

/** Returns a picture in another size, each pixel the mean over its area. */
fun Picture.resized(height: Int, width: Int): Picture {
    if (this.height == height && this.width == width) return this
    return means(height, width, this.height / height.toDouble(), this.width / width.toDouble())
}
