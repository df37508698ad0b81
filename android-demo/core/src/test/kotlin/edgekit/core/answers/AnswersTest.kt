package edgekit.core.answers

import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Test

class AnswersTest {
    @Test
    fun `the best labels come first, of equals the first`() {
        val found = best(floatArrayOf(0.2f, 0.4f, 0.4f), listOf("a", "b", "c"), 2)
        assertEquals(listOf(Scored("b", 0.4f), Scored("c", 0.4f)), found)
        assertEquals("class 1", best(floatArrayOf(0f, 1f), listOf("a"), 1)[0].label)
    }

    @Test
    fun `a softmax sums to one, also of huge logits`() {
        assertArrayEquals(doubleArrayOf(0.5, 0.5), softmax(doubleArrayOf(1e30, 1e30)), 1e-12)
        assertEquals(1.0, softmax(doubleArrayOf(-3.0, 0.1, 900.0)).sum(), 1e-12)
        assertEquals(0f, sigmoid(-1e30f))
    }

    @Test
    fun `a box that covers too much of a surer one of its class goes`() {
        fun box(left: Float, label: Int, score: Float) =
            Box(floatArrayOf(left, 0f, left + 10, 10f), label, score)

        val boxes = listOf(box(0f, 0, 0.5f), box(1f, 0, 0.9f), box(1f, 1, 0.4f), box(9f, 0, 0.3f))
        val kept = nonMaximumSuppression(boxes, 0.5, 10)
        assertEquals(listOf(0.9f, 0.4f, 0.3f), kept.map { it.score })
        assertEquals(1, nonMaximumSuppression(boxes, 0.5, 1).size)
        assertEquals(1 / 3.0, intersectionOverUnion(box(0f, 0, 1f).corners, box(5f, 0, 1f).corners))
        assertEquals(0.0, intersectionOverUnion(FloatArray(4), FloatArray(4)))
    }

    @Test
    fun `a mask is enlarged by the nearest pixel and counted`() {
        val mask = Mask.ofScores(1, 2, floatArrayOf(0.1f, 0.9f, 0f, 0.8f, 0.2f, 0f))
        assertArrayEquals(byteArrayOf(1, 0), mask.classes)
        val larger = mask.enlarged(2, 4)
        assertArrayEquals(byteArrayOf(1, 1, 0, 0, 1, 1, 0, 0), larger.classes)
        assertEquals(listOf(Scored("a", 0.5f), Scored("b", 0.5f)), larger.shares(listOf("a", "b")))
    }
}
