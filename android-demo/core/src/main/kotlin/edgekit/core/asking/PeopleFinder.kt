package edgekit.core.asking

import edgekit.core.Run
import edgekit.core.answers.KeyPoints
import edgekit.core.answers.Person
import edgekit.core.answers.distinct
import edgekit.core.bundle.After
import edgekit.core.bundle.Before
import edgekit.core.bundle.Fit
import edgekit.core.bundle.ScaledTiles
import edgekit.core.pictures.Picture
import edgekit.core.pictures.cut
import edgekit.core.pictures.letterbox
import edgekit.core.pictures.letterboxPlacement
import edgekit.core.pictures.normalized
import edgekit.core.pictures.resized
import edgekit.core.pictures.tilesOf
import edgekit.core.pictures.withChannels
import kotlin.math.max
import kotlin.math.round

/**
 * Finds people in a picture of any size: in the whole of it, and in tiles of larger sizes, for the
 * network sees those who fill much of its picture.
 */
internal class PeopleFinder(
    private val before: Before.PictureInput,
    private val fit: Fit.Letterbox,
    private val after: After.KeyPoints,
    private val run: Run,
) {
    /** Returns the people, in pixels of the picture, the surest first. */
    fun people(picture: Picture): List<Person> {
        val whole = inWhole(picture)
        val tiles = fit.tiles
        val largest = max(picture.height, picture.width)
        val sizes = tiles?.scales.orEmpty()
            .map { it * max(before.height, before.width) / largest.toDouble() }
        // No picture is enlarged: that would show the network nothing new.
        val parts = sizes.filter { it <= 1 }.flatMap { inTiles(picture, it, tiles!!) }
        return distinct(whole + parts)
    }

    private fun inWhole(picture: Picture): List<Person> {
        val (height, width) = before.height to before.width
        val input = picture.letterbox(height, width, before.channels, fit.fill, before.grey)
        val placement = picture.letterboxPlacement(height, width)
        return asked(input).map { it.moved(-placement.left, -placement.top, 1 / placement.scale) }
    }

    /** Returns those whose middle lies in the part of a tile that counts, [size] times as large. */
    private fun inTiles(picture: Picture, size: Double, tiling: ScaledTiles): List<Person> {
        val height = max(1, round(picture.height * size).toInt())
        val width = max(1, round(picture.width * size).toInt())
        val seen = picture.resized(height, width).withChannels(before.channels, before.grey)
        val tiles = tilesOf(height, width, before.height, before.width, tiling.margin)
        return tiles.flatMap { tile ->
            asked(seen.cut(tile, before.height, before.width))
                .map { it.moved(tile.left.toDouble(), tile.top.toDouble(), 1.0) }
                .filter { it.middleIn(tile.columns, tile.rows) }
                .map { it.moved(0.0, 0.0, 1 / size) }
        }
    }

    private fun asked(input: Picture): List<Person> {
        val ready = input.normalized(before.mean, before.std)
        return KeyPoints(after.decoder, run(mapOf(before.input to ready.toTensor()))).people()
    }
}

private fun Person.moved(x: Double, y: Double, scale: Double) =
    Person(joints.map { it.copy(x = (it.x + x) * scale, y = (it.y + y) * scale) }, score)

private fun Person.middleIn(columns: IntRange, rows: IntRange): Boolean {
    val x = (joints.minOf { it.x } + joints.maxOf { it.x }) / 2
    val y = (joints.minOf { it.y } + joints.maxOf { it.y }) / 2
    return x >= columns.first && x < columns.last + 1 && y >= rows.first && y < rows.last + 1
}
