package edgekit.core.bundle

import edgekit.core.BundleException
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class JsonTest {
    @Test
    fun `members are read by name and kind`() {
        val facts = JsonObject.parse(
            """{"a": "x\n\u00e9\"", "n": -1.5e3, "i": 7, "list": [1, 2], "rows": [[0, 1]],
                "in": {"b": ["y"]}, "none": null, "yes": true}""",
        )
        assertEquals("x\n\u00e9\"", facts.text("a"))
        assertEquals(-1500.0, facts.double("n"))
        assertEquals(7, facts.int("i"))
        assertEquals(listOf(1, 2), facts.ints("list"))
        assertEquals(listOf(listOf(0.0, 1.0)), facts.rows("rows"))
        assertEquals(listOf("y"), facts.child("in").texts("b"))
        assertFalse(facts.has("none"))
        assertTrue(facts.has("yes"))
    }

    @Test
    fun `what is missing or of another kind is named with its place`() {
        val facts = JsonObject.parse("""{"in": [{"a": 1.5}]}""").children("in")[0]
        assertEquals("'in[0].b' is missing; make the bundle again.", message { facts.text("b") })
        assertEquals(
            "'in[0].a' is not a whole number; make the bundle again.",
            message { facts.int("a") },
        )
    }

    @Test
    fun `what is not JSON is refused`() {
        val wrong = listOf(
            "", "[]", "{", "{\"a\" 1}", "{\"a\": 01}", "{\"a\": 1} x", "{\"a\": \"\n\"}",
            "{\"a\": nul}", "{\"a\": \"\\u12g4\"}", "{\"a\": [1,]}", "{\"a\": NaN}",
            "{\"a\": " + "[".repeat(100_000),
        )
        for (text in wrong) message { JsonObject.parse(text) }
    }

    @Test
    fun `what is written is read again`() {
        val text = "quote \" backslash \\ line\n control \u0001 \u2028 \u00e9"
        val written = toJson(
            mapOf("text" to text, "n" to 0.1, "list" to listOf(1, 2), "no" to Double.NaN),
        )
        val facts = JsonObject.parse(written)
        assertEquals(text, facts.text("text"))
        assertEquals(0.1, facts.double("n"))
        assertEquals(listOf(1, 2), facts.ints("list"))
        assertFalse(facts.has("no"))
        assertEquals("[]", toJson(emptyList<Int>()))
    }

    private fun message(read: () -> Unit): String =
        assertThrows(BundleException::class.java) { read() }.message!!
}
