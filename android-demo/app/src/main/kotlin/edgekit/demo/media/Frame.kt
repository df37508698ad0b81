package edgekit.demo.media

import android.media.Image

/**
 * A frame of a camera in YUV, to be turned by [turn] degrees clockwise to be upright.
 *
 * Source: the numbers are those of JFIF, full range BT.601, which Android's cameras give.
 */
class Frame(private val image: Image, private val turn: Int) {
    private val isTurned = turn % 180 != 0

    /** Pixels of the upright picture. */
    val width: Int = if (isTurned) image.height else image.width

    /** Pixels of the upright picture. */
    val height: Int = if (isTurned) image.width else image.height

    /** Returns the upright picture, `(height, width)`, 0xAARRGGBB. */
    fun pixels(): IntArray {
        val (luma, blue, red) = image.planes.map(::Plane)
        val pixels = IntArray(width * height)
        for (y in 0 until image.height) {
            for (x in 0 until image.width) {
                val b = blue.at(x / 2, y / 2) - 128
                val r = red.at(x / 2, y / 2) - 128
                pixels[place(x, y)] = packed(luma.at(x, y), b, r)
            }
        }
        return pixels
    }

    private fun place(x: Int, y: Int): Int = when (turn) {
        90 -> x * width + (width - 1 - y)
        180 -> (height - 1 - y) * width + (width - 1 - x)
        270 -> (height - 1 - x) * width + y
        else -> y * width + x
    }

    private fun packed(luma: Int, blue: Int, red: Int): Int {
        val r = (luma + 1.402f * red).toInt().coerceIn(0, 255)
        val g = (luma - 0.344136f * blue - 0.714136f * red).toInt().coerceIn(0, 255)
        val b = (luma + 1.772f * blue).toInt().coerceIn(0, 255)
        return 255 shl 24 or (r shl 16) or (g shl 8) or b
    }

    private class Plane(plane: Image.Plane) {
        private val bytes = plane.buffer
        private val row = plane.rowStride
        private val step = plane.pixelStride

        fun at(x: Int, y: Int): Int = bytes.get(y * row + x * step).toInt() and 255
    }
}
