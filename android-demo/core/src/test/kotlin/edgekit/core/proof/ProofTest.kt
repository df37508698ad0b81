package edgekit.core.proof

import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.Tensor
import edgekit.core.bundle.After
import edgekit.core.bundle.Before
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.BundleFiles
import edgekit.core.bundle.Golden
import edgekit.core.bundle.GoldenTensor
import edgekit.core.bundle.JsonObject
import edgekit.core.bundle.ModelFacts
import edgekit.core.bundle.Quantization
import edgekit.core.bundle.TensorFacts
import edgekit.core.bundle.Tolerance
import edgekit.core.quantized
import edgekit.core.real
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.util.Base64
import org.junit.jupiter.api.Assertions.assertArrayEquals
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test

class ProofTest {
    private val golden = listOf(floatArrayOf(1f, 2f), floatArrayOf(3f, 6f)) // twice the input
    private val inputs = golden.map { row -> FloatArray(2) { row[it] / 2 } }

    @Test
    fun `right answers are right, wrong ones are not`() {
        assertEquals(true, proof { it * 2 }.ok)
        assertEquals(true, proof { it * 2 + 0.1f }.ok)
        assertEquals(false, proof { it }.ok)
        assertEquals(false, proof { Float.NaN }.ok)
        assertEquals(false, proof { 0f }.ok)
        val output = proof { it * 2 + 0.1f }.outputs.single()
        assertEquals(0.1, output.maxAbs, 1e-6)
        // Root mean square of the differences from the channels' means: 1 and 2.
        assertEquals(0.1 * Math.sqrt(2.5), output.limit!!, 1e-6)
    }

    @Test
    fun `float32 on a GPU is not held to the limits of a CPU`() {
        assertEquals(null, proof(onGpu = true) { it * 2 }.ok)
    }

    @Test
    fun `a variant with other weights than the reference is not judged`() {
        assertEquals(null, proof(variant = "pruned-float32") { it }.ok)
    }

    @Test
    fun `the report holds the answers bit for bit`() {
        val latency = Latency().apply { listOf(1.0, 2.0, 3.0).forEach(::add) }
        val report = deviceReport(
            recipe = "doubling",
            variant = "float32",
            device = mapOf("model" to "a \"phone\""),
            proofs = listOf(proof { it * 2 }),
            residencies = mapOf("model" to Residency("gpu", "cpu", "The GPU refused.")),
            latency = latency,
            peakMemoryBytes = 12_345_678_901,
            encode = { Base64.getEncoder().encodeToString(it) },
        )
        val facts = JsonObject.parse(report)
        assertEquals(2.0, facts.child("latency").double("median_ms"))
        assertEquals(12_345_678_901, facts.long("peak_memory_bytes"))
        assertEquals("a \"phone\"", facts.child("device").text("model"))
        val model = facts.children("models").single()
        assertEquals("cpu", model.text("ran_on"))
        val answers = model.children("answers").single()
        assertEquals(listOf(2, 2), answers.ints("shape"))
        val bytes = ByteBuffer.wrap(Base64.getDecoder().decode(answers.text("float32")))
        val floats = bytes.order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        assertEquals(listOf(1f, 2f, 3f, 6f), List(4) { floats.get() })
    }

    @Test
    fun `a golden file of another length is refused`() {
        val files = filesOf(mapOf("in" to bytes(inputs), "out" to ByteArray(3)))
        assertThrows(BundleException::class.java) { readGolden(files, tensors()) }
    }

    @Test
    fun `percentiles lie between the times`() {
        val latency = Latency(most = 4)
        listOf(99.0, 1.0, 2.0, 3.0, 4.0).forEach(latency::add)
        assertEquals(4, latency.runs)
        assertEquals(2.5, latency.medianMs)
        assertEquals(3.7, latency.p90Ms, 1e-9)
        assertTrue(Latency().medianMs.isNaN())
    }

    @Test
    fun `numbers are rounded half to even and kept within their type`() {
        val scaling = Quantization(0.5, 1)
        val steps = scaling.quantized(floatArrayOf(0.25f, 0.75f, -900f, 900f), -128, 127)
        assertArrayEquals(intArrayOf(1, 3, -128, 127), steps)
        assertArrayEquals(floatArrayOf(0f, 1f), scaling.real(2) { intArrayOf(1, 3)[it] })
        assertFalse(scaling.quantized(floatArrayOf(Float.NaN), -128, 127).isEmpty())
    }

    private fun proof(
        onGpu: Boolean = false,
        variant: String = "float32",
        model: (Float) -> Float,
    ): PartProof {
        val files = filesOf(mapOf("in" to bytes(inputs), "out" to bytes(golden)))
        val run = { batch: Batch ->
            val values = batch.getValue("x").values
            mapOf("y" to Tensor(listOf(1, 2), FloatArray(2) { model(values[it]) }))
        }
        return selfTest(bundle(variant), files, variant, mapOf("model" to run), onGpu).single()
    }

    private fun bundle(variant: String): Bundle {
        fun port(name: String) = TensorFacts(name, listOf(1, 2), "float32", null)
        val ports = listOf(port("x")) to listOf(port("y"))
        val model =
            ModelFacts(variant, "model", "float32", "m.tflite", "00", ports.first, ports.second)
        return Bundle(
            recipe = "doubling",
            task = "none",
            labels = emptyList(),
            before = Before.Numbers,
            after = After.Numbers("numbers"),
            models = listOf(model),
            golden = tensors(),
            limits = mapOf("float32" to Tolerance(0.1, 0.0)),
        )
    }

    private fun tensors() = Golden(
        listOf(
            GoldenTensor("input", "x", "in", "float32", listOf(2, 2)),
            GoldenTensor("output", "y", "out", "float32", listOf(2, 2)),
        ),
        emptyMap(),
    )

    private fun filesOf(contents: Map<String, ByteArray>) = object : BundleFiles {
        override fun open(name: String) = contents.getValue(name).inputStream()
    }

    private fun bytes(rows: List<FloatArray>): ByteArray {
        val buffer = ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN)
        rows.forEach { row -> row.forEach(buffer::putFloat) }
        return buffer.array()
    }
}
