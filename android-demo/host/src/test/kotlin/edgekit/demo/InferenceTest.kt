package edgekit.demo

import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.Run
import edgekit.core.Tensor
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.FolderFiles
import edgekit.core.bundle.JsonObject
import edgekit.core.bundle.ModelFacts
import edgekit.core.bundle.bundle
import edgekit.core.proof.Latency
import edgekit.core.proof.deviceReport
import edgekit.core.proof.readGolden
import edgekit.core.proof.selfTest
import edgekit.core.python.Case
import edgekit.core.python.assertNear
import edgekit.demo.inference.LoadedModel
import edgekit.demo.inference.ModelSource
import edgekit.demo.inference.loadModel
import java.io.File
import java.util.Base64
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertThrows
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.TestFactory

/** The app's inference, over LiteRT's library for this machine, answers what Python answers. */
class InferenceTest {
    @TestFactory
    fun `models answer golden inputs as in Python`(): List<DynamicTest> = eachModel(::compare)

    @TestFactory
    fun `the self-test finds models right, and wrong answers wrong`(): List<DynamicTest> =
        eachModel { case, bundle, facts, _ ->
            val files = FolderFiles(folder(case))
            loaded(case, facts, gpu = false).use { model ->
                val lone = bundle.copy(models = listOf(facts))
                val runs = mapOf(facts.part to model::run)
                val proof = selfTest(lone, files, facts.variant, runs, onGpu = false).single()
                if (facts.isOptimized) {
                    assertEquals(null, proof.ok) // the golden answers are not its own
                    return@eachModel
                }
                assertEquals(true, proof.ok, proof.outputs.toString())
                val zeros: Run = { batch ->
                    model.run(batch).mapValues { (_, tensor) ->
                        Tensor(tensor.shape, FloatArray(tensor.values.size))
                    }
                }
                val wrong = mapOf(facts.part to zeros)
                val failed = selfTest(lone, files, facts.variant, wrong, onGpu = false).single()
                assertEquals(false, failed.ok)
            }
        }

    /** The reports that `edgekit verify --device-report` judges after these tests. */
    @TestFactory
    fun `a report of each bundle is written for the desk`(): List<DynamicTest> =
        cases().map { case -> dynamicTest("$case") { report(case) } }

    @TestFactory
    fun `without a GPU it says why and runs on the CPU`(): List<DynamicTest> =
        eachModel { case, _, facts, _ ->
            loaded(case, facts, gpu = true).use { model ->
                assertEquals("gpu", model.residency.askedFor)
                assertEquals("cpu", model.residency.ranOn)
                assertTrue("ErrorCompilation" in model.residency.whyNot, model.residency.whyNot)
            }
        }

    @TestFactory
    fun `what a model does not take is refused`(): List<DynamicTest> =
        eachModel { case, _, facts, _ ->
            loaded(case, facts, gpu = false).use { model ->
                val one = Tensor(listOf(1, 1), FloatArray(1))
                val wrong = facts.inputs.associate { it.name to one }
                assertThrows(BundleException::class.java) { model.run(wrong) }
                assertThrows(BundleException::class.java) { model.run(emptyMap()) }
            }
            assertThrows(LiteRtException::class.java) {
                loadModel({ CompiledModel.create("/nowhere.tflite", it) }, facts, gpu = false)
            }
        }

    private fun compare(case: Case, bundle: Bundle, facts: ModelFacts, python: JsonObject) {
        val answers = case.batch(python.children("answers"))
        val golden = bundle.golden!!.let { it.parts[facts.part] ?: it }
        val inputs = readGolden(FolderFiles(folder(case)), golden).inputs
        loaded(case, facts, gpu = false).use { model ->
            inputs.forEachIndexed { index, batch ->
                // Twice: what the first leaves in the buffers must not show.
                model.run(batch)
                val said = model.run(batch)
                for (port in facts.outputs) {
                    val all = answers.getValue(port.name).values
                    val expected = all.copyOfRange(index * port.size, (index + 1) * port.size)
                    val largest = all.maxOf { Math.abs(it) }
                    // One step of a quantized output, or the rounding of float32 sums.
                    val tolerance = port.quantization?.scale ?: (1e-5 * (1 + largest))
                    val what = "${port.name} of example $index"
                    assertNear(expected, said.getValue(port.name).values, 1.01 * tolerance, what)
                }
            }
        }
    }

    private fun report(case: Case) {
        val files = FolderFiles(folder(case))
        val bundle = files.bundle()
        val variant = bundle.variants.first()
        val latency = Latency()
        val models = bundle.parts(variant).mapValues { loaded(case, it.value, gpu = true) }
        val runs = models.mapValues { (_, model) ->
            { batch: Batch -> model.run(batch).also { latency.add(model.lastMs) } }
        }
        val proofs = selfTest(bundle, files, variant, runs, onGpu = false)
        val report = deviceReport(
            recipe = bundle.recipe,
            variant = variant,
            device = mapOf("model" to "JVM of the build"),
            proofs = proofs,
            residencies = models.mapValues { it.value.residency },
            latency = latency,
            peakMemoryBytes = null,
            encode = { Base64.getEncoder().encodeToString(it) },
        )
        models.values.forEach(LoadedModel::close)
        assertEquals(proofs.sumOf { it.examples }, latency.runs)
        File(case.folder, "device_report.json").writeText(report)
    }

    private fun cases(): List<Case> {
        val cases = Case.all().filter { File(it.folder, "models.json").isFile }
        assertTrue(cases.isNotEmpty(), "ci/make_cases.py was given no bundle.")
        return cases
    }

    private fun eachModel(
        check: (Case, Bundle, ModelFacts, JsonObject) -> Unit,
    ): List<DynamicTest> = cases().flatMap { case ->
        val bundle = FolderFiles(folder(case)).bundle()
        case.json("models.json").children("models").map { python ->
            val facts = bundle.models.single { it.file == python.text("file") }
            dynamicTest("$case, ${facts.file}") { check(case, bundle, facts, python) }
        }
    }

    private fun folder(case: Case) = File(case.json("models.json").text("bundle"))

    private fun loaded(case: Case, facts: ModelFacts, gpu: Boolean): LoadedModel {
        val file = File(folder(case), facts.file).path
        return loadModel(ModelSource { CompiledModel.create(file, it) }, facts, gpu)
    }
}
