package edgekit.core.python

import edgekit.core.Batch
import edgekit.core.Tensor
import edgekit.core.bundle.JsonObject
import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Assumptions.assumeTrue

/**
 * A folder that `ci/make_cases.py` wrote, with raw numbers and the JSON that names them.
 */
class Case(val folder: File) {
    fun json(name: String): JsonObject = JsonObject.parse(File(folder, name).readText())

    /** Reads little-endian float32. */
    fun tensor(facts: JsonObject): Tensor {
        val bytes = ByteBuffer.wrap(File(folder, facts.text("file")).readBytes())
        val floats = bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        return Tensor(facts.ints("shape"), FloatArray(floats.remaining()) { floats.get() })
    }

    fun batch(tensors: List<JsonObject>): Batch =
        tensors.associate { it.text("name") to tensor(it) }

    override fun toString(): String = folder.name

    companion object {
        /** Returns all cases; the tests are skipped where nobody had Python write any. */
        fun all(): List<Case> {
            val folder: String? = System.getProperty("edgekit.cases")
            assumeTrue(folder != null, "ci/make_cases.py was not run; ci/build_apk.sh runs it.")
            val found = File(folder!!).listFiles().orEmpty().filter { it.isDirectory }.sorted()
            assertTrue(found.isNotEmpty(), "'$folder' holds no cases.")
            return found.map(::Case)
        }
    }
}

/** Fails unless numbers are equal to [tolerance], and says where they differ most. */
fun assertNear(expected: FloatArray, actual: FloatArray, tolerance: Double, what: String) {
    assertEquals(expected.size, actual.size, what)
    val worst = expected.indices.maxByOrNull { difference(expected[it], actual[it]) } ?: return
    assertTrue(
        difference(expected[worst], actual[worst]) <= tolerance,
        "$what: ${expected[worst]} and ${actual[worst]} at $worst",
    )
}

private fun difference(a: Float, b: Float): Double {
    val difference = Math.abs(a.toDouble() - b)
    return if (difference.isNaN()) Double.POSITIVE_INFINITY else difference
}
