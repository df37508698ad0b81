package edgekit.core.answers

import edgekit.core.pictures.Tile

/**
 * The number of the class of each pixel of a picture.
 *
 * @property classes `(height, width)`.
 */
class Mask(val height: Int, val width: Int, val classes: ByteArray) {
    /** Returns the class of a pixel. */
    operator fun get(row: Int, column: Int): Int = classes[row * width + column].toInt() and 255

    /** Takes over what the answer for a tile says of the pixels that count. */
    fun take(tile: Tile, answer: Mask) {
        for (row in tile.rows) {
            for (column in tile.columns) {
                classes[row * width + column] =
                    answer.classes[(row - tile.top) * answer.width + column - tile.left]
            }
        }
    }

    /** Returns the mask in another size, each pixel as the nearest one is. */
    fun enlarged(height: Int, width: Int): Mask = Mask(
        height,
        width,
        ByteArray(height * width) {
            val row = (2 * (it / width) + 1) * this.height / (2 * height)
            val column = (2 * (it % width) + 1) * this.width / (2 * width)
            classes[row * this.width + column]
        },
    )

    /** Returns how much of the mask is of each class that is there, the most first. */
    fun shares(labels: List<String>): List<Scored> {
        val counts = IntArray(256)
        classes.forEach { counts[it.toInt() and 255]++ }
        return counts.indices.filter { counts[it] > 0 }.sortedByDescending { counts[it] }.map {
            val label = labels.getOrElse(it) { number -> "class $number" }
            Scored(label, counts[it] / classes.size.toFloat())
        }
    }

    companion object {
        /**
         * Returns the most probable class of each pixel.
         *
         * @param scores `(height, width, classes)`.
         */
        fun ofScores(height: Int, width: Int, scores: FloatArray): Mask {
            val count = scores.size / (height * width)
            return Mask(
                height,
                width,
                ByteArray(height * width) { pixel ->
                    var best = 0
                    for (each in 1 until count) {
                        if (scores[pixel * count + each] > scores[pixel * count + best]) best = each
                    }
                    best.toByte()
                },
            )
        }
    }
}
