package edgekit.core.bundle

import edgekit.core.BundleException
import java.io.ByteArrayInputStream
import java.io.ByteArrayOutputStream
import java.io.File
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertFalse
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.io.TempDir

class BundleTest {
    @TempDir
    lateinit var folder: File

    @Test
    fun `a bundle says all of its model`() {
        val bundle = readBundle(BUNDLE)
        assertEquals(listOf("int8"), bundle.variants)
        val model = bundle.parts("int8").getValue("model")
        assertEquals(listOf(1, 2, 2, 1), model.inputs[0].shape)
        assertEquals(Quantization(0.5, -3), model.inputs[0].quantization)
        assertEquals(Tolerance(0.35, 0.0), bundle.limits["int8"])
        assertEquals(Fit.Tiles(null, 0), (bundle.before as Before.PictureInput).fit)
        assertEquals(After.Mask("scores"), bundle.after)
    }

    @Test
    fun `numbers of a model stand in the bundle`() {
        val changed = readBundle(BUNDLE.replace("\"mean\": 0.25", "\"mean\": 0.75"))
        assertEquals(0.75f, (changed.before as Before.PictureInput).mean)
    }

    @Test
    fun `what this app does not know is refused or left to the self-test`() {
        assertTrue("version 2" in message(BUNDLE.replace("\"version\": 1", "\"version\": 2")))
        assertTrue("'stretch'" in message(BUNDLE.replace("\"tiles\"", "\"stretch\"")))
        assertTrue("'std' is 0" in message(BUNDLE.replace("\"std\": 0.5", "\"std\": 0")))
        val unknown = BUNDLE.replace("\"mask\"", "\"holograms\"")
        assertEquals(After.Numbers("holograms"), readBundle(unknown).after)
    }

    @Test
    fun `files outside of the bundle and huge tensors are refused`() {
        for (file in listOf("../x", "/etc/passwd", "a//b", "a/./b", "..", "a\\\\b")) {
            assertTrue("not the name" in message(BUNDLE.replace("int8.tflite", file)), file)
        }
        for (shape in listOf("1, 100000, 100000", "-1, 2", "1, 46341, 46341, 46341, 46341")) {
            assertTrue("has the shape" in message(BUNDLE.replace("1, 2, 2, 1", shape)), shape)
        }
    }

    @Test
    fun `a zipped bundle is unpacked, also where it lies in a folder`() {
        for (name in listOf("bundle.json", "inner/bundle.json")) {
            val target = File(folder, name.replace('/', '-')).apply { mkdirs() }
            val files = unzipBundle(zip(name to BUNDLE), target)
            assertEquals("segment_unet", files.bundle().recipe)
        }
    }

    @Test
    fun `a zip that reaches outside or holds no bundle is refused`() {
        val target = File(folder, "in").apply { mkdirs() }
        val outside = zip("../out.txt" to "x", "bundle.json" to BUNDLE)
        assertThrows(BundleException::class.java) { unzipBundle(outside, target) }
        assertFalse(File(folder, "out.txt").exists())
        assertThrows(BundleException::class.java) { unzipBundle(zip("a.txt" to "x"), target) }
    }

    private fun zip(vararg entries: Pair<String, String>): ByteArrayInputStream {
        val content = ByteArrayOutputStream()
        ZipOutputStream(content).use { zip ->
            for ((name, text) in entries) {
                zip.putNextEntry(ZipEntry(name))
                zip.write(text.toByteArray())
            }
        }
        return ByteArrayInputStream(content.toByteArray())
    }

    private fun message(text: String): String =
        assertThrows(BundleException::class.java) { readBundle(text) }.message!!

    private companion object {
        val BUNDLE = """
            {"version": 1, "recipe": "segment_unet", "task": "segment", "labels": ["sky", "sea"],
             "before": {"kind": "picture", "input": "image", "fit": "tiles", "height": 2,
              "width": 2, "channels": 1, "mean": 0.25, "std": 0.5, "longest": null, "margin": 0},
             "after": {"kind": "mask", "output": "scores"},
             "limits": {"int8": {"error": 0.35, "resolution": 0.0, "reason": "8 bits"}},
             "models": [{"variant": "int8", "part": "model", "precision": "int8",
              "file": "int8.tflite", "size_bytes": 1, "sha256": "00",
              "inputs": [{"name": "image", "index": 0, "shape": [1, 2, 2, 1], "dtype": "int8",
               "meaning": "grey", "quantization": {"scale": 0.5, "zero_point": -3}}],
              "outputs": [{"name": "scores", "index": 1, "shape": [1, 2, 2, 2],
               "dtype": "float32", "meaning": "", "quantization": null}]}],
             "program": null}
        """.trimIndent()
    }
}
