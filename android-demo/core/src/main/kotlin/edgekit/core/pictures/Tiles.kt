package edgekit.core.pictures

import edgekit.core.BundleException
import kotlin.math.max
import kotlin.math.min
import kotlin.math.round

/**
 * Where a tile lies in its picture, and which part of it counts; all in pixels of the picture.
 *
 * @property top first row that it holds.
 * @property left first column that it holds.
 * @property rows those that its answer counts for.
 * @property columns those that its answer counts for.
 */
data class Tile(val top: Int, val left: Int, val rows: IntRange, val columns: IntRange)

/**
 * Returns tiles that cover a picture; each of its pixels counts in exactly one of them.
 *
 * Neighbours overlap, and of each answer its middle counts: near the edge of a tile a network does
 * not see what lies around a pixel.
 *
 * @param tileHeight pixels, and [tileWidth]: of a tile.
 * @param margin pixels at least between what counts and the edge of a tile.
 */
fun tilesOf(height: Int, width: Int, tileHeight: Int, tileWidth: Int, margin: Int): List<Tile> {
    if (margin < 0 || 2 * margin >= min(tileHeight, tileWidth)) {
        throw BundleException(
            "A margin of $margin pixels leaves nothing of a tile of $tileHeight x $tileWidth.",
        )
    }
    val columns = spans(width, tileWidth, margin)
    return spans(height, tileHeight, margin).flatMap { (top, rows) ->
        columns.map { (left, counted) -> Tile(top, left, rows, counted) }
    }
}

/** Returns what a tile shows; where the picture is smaller than it, its reflection goes on. */
fun Picture.cut(tile: Tile, tileHeight: Int, tileWidth: Int): Picture {
    val values = FloatArray(tileHeight * tileWidth * channels)
    for (row in 0 until tileHeight) {
        val from = reflected(tile.top + row, height)
        for (column in 0 until tileWidth) {
            val pixel = from * width + reflected(tile.left + column, width)
            val target = (row * tileWidth + column) * channels
            this.values.copyInto(values, target, pixel * channels, (pixel + 1) * channels)
        }
    }
    return Picture(tileHeight, tileWidth, channels, values)
}

/** Returns height and width of a picture as a network is shown it: [longest] at most. */
fun Picture.seenSize(longest: Int?): Pair<Int, Int> {
    val scale = if (longest == null) 1.0 else min(1.0, longest / max(height, width).toDouble())
    return max(1, round(height * scale).toInt()) to max(1, round(width * scale).toInt())
}

/** Start of each tile along one axis, and the places that count. */
private fun spans(length: Int, side: Int, margin: Int): List<Pair<Int, IntRange>> {
    val beyond = max(0, length - side)
    val inner = side - 2 * margin
    val count = 1 + (beyond + inner - 1) / inner
    val step = if (count > 1) beyond / (count - 1.0) else 0.0
    val starts = List(count) { if (it == count - 1) beyond else round(it * step).toInt() }
    val between = starts.zipWithNext { first, second -> (first + side + second) / 2 }
    val edges = listOf(0) + between + length
    return starts.mapIndexed { index, start -> start to (edges[index] until edges[index + 1]) }
}

private fun reflected(place: Int, length: Int): Int {
    val within = place % (2 * length)
    return if (within < length) within else 2 * length - 1 - within
}
