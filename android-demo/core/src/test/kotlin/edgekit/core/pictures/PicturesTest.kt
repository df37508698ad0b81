package edgekit.core.pictures

import edgekit.core.BundleException
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Test

class PicturesTest {
    private val grey = listOf(0.299f, 0.587f, 0.114f)

    @Test
    fun `packed pixels become red, green and blue in 0 to 1`() {
        val picture = Picture.ofPixels(1, 1, intArrayOf(0x7FFF3300))
        assertArrayEquals(floatArrayOf(1f, 0.2f, 0f), picture.values, 1e-6f)
        assertEquals(0.299f + 0.587f * 0.2f, picture.withChannels(1, grey).values[0], 1e-6f)
    }

    @Test
    fun `a cover takes the middle, each pixel the mean over its area`() {
        val row = Picture(1, 4, 1, floatArrayOf(0f, 0.5f, 1f, 0.2f))
        assertArrayEquals(floatArrayOf(0.5f, 1f), row.cover(1, 2, 1, grey).values, 1e-6f)
    }

    @Test
    fun `a letterbox keeps the whole picture, and boxes come back from it`() {
        val row = Picture(1, 2, 1, floatArrayOf(0f, 1f))
        val boxed = row.letterbox(3, 2, 1, 0.25f, grey)
        val expected = floatArrayOf(0.25f, 0.25f, 0f, 1f, 0.25f, 0.25f)
        assertArrayEquals(expected, boxed.values, 1e-6f)
        val back = row.letterboxPlacement(3, 2).toPicture(floatArrayOf(-1f, 1f, 1f, 9f))
        assertArrayEquals(floatArrayOf(0f, 0f, 1f, 1f), back, 1e-6f)
    }

    @Test
    fun `each pixel counts in exactly one tile`() {
        for ((height, width) in listOf(10 to 4, 37 to 91, 3 to 3, 6 to 100)) {
            val counts = Array(height) { IntArray(width) }
            for (tile in tilesOf(height, width, 6, 4, 1)) {
                for (row in tile.rows) for (column in tile.columns) counts[row][column]++
            }
            counts.forEach { row -> row.forEach { assertEquals(1, it) } }
        }
        assertThrows(BundleException::class.java) { tilesOf(9, 9, 4, 4, 2) }
    }

    @Test
    fun `beyond its edge a small picture is reflected`() {
        val picture = Picture(1, 2, 1, floatArrayOf(1f, 2f))
        val tile = tilesOf(1, 2, 1, 5, 0).single()
        assertArrayEquals(floatArrayOf(1f, 2f, 2f, 1f, 1f), picture.cut(tile, 1, 5).values)
    }
}
