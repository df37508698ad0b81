package edgekit.core.python

import edgekit.core.Batch
import edgekit.core.Run
import edgekit.core.Tensor
import edgekit.core.answers.ctcGreedy
import edgekit.core.asking.Answer
import edgekit.core.asking.Program
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.FolderFiles
import edgekit.core.bundle.JsonObject
import edgekit.core.bundle.Quantization
import edgekit.core.bundle.TensorFacts
import edgekit.core.bundle.Tolerance
import edgekit.core.bundle.bundle
import edgekit.core.pictures.Picture
import edgekit.core.proof.outputError
import edgekit.core.text.Subwords
import edgekit.core.text.normalizedWords
import java.io.File
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.DynamicTest
import org.junit.jupiter.api.DynamicTest.dynamicTest
import org.junit.jupiter.api.Test
import org.junit.jupiter.api.TestFactory

/** What goes into networks and what is made of their answers is the same as in Python. */
class PythonTest {
    @TestFactory
    fun `programs give and answer what Python does`(): List<DynamicTest> =
        Case.all().filter { File(it.folder, "case.json").isFile }.flatMap { case ->
            case.json("case.json").children("items").map { item ->
                dynamicTest("$case, ${item.text("name")}") { Asked(case, item).check() }
            }
        }

    @Test
    fun `CTC is read as Python reads it`() {
        val case = plain()
        val facts = case.json("plain.json").child("ctc")
        val steps = case.tensor(facts.child("steps"))
        val (rows, length, symbols) = steps.shape
        val read = facts.rows("read").map { row -> row.map(Double::toInt) }
        assertEquals(rows, read.size)
        read.forEachIndexed { row, expected ->
            val own = steps.values.copyOfRange(row * length * symbols, (row + 1) * length * symbols)
            assertEquals(expected, ctcGreedy(own, symbols))
        }
    }

    @Test
    fun `texts are cut into the pieces that Python cuts`() {
        val case = plain()
        val subwords = Subwords.ofText(File(case.folder, "merges.txt").readText())
        val texts = case.json("plain.json").children("texts")
        assertTrue(texts.isNotEmpty())
        for (each in texts) {
            val text = each.text("text")
            assertEquals(each.text("normalized"), normalizedWords(text))
            assertEquals(each.ints("ids"), subwords.encode(text), text)
        }
    }

    @Test
    fun `answers are right by the rule of the other languages`() {
        val cases = plain().json("tolerances.json").children("cases")
        assertTrue(cases.isNotEmpty())
        for (case in cases) {
            val name = case.text("name")
            val golden = examples(case, "golden", emptyList())
            val nan = if (case.has("nan")) case.ints("nan") else emptyList()
            val answers = examples(case, "answers", nan)
            val step = case.double("step")
            val quantization = if (step > 0) Quantization(step, 0) else null
            val facts = TensorFacts(name, golden.first().shape, "float32", quantization)
            val tolerance = Tolerance(case.double("error"), case.double("resolution"))
            val found = outputError(facts, golden, answers, tolerance)
            val allowed = case.double("allowed")
            assertEquals(allowed, found.limit!!, 1e-9 + 1e-6 * allowed, name)
            assertEquals(case.text("verdict") == "ok", found.ok, name)
        }
    }

    /** Returns the numbers of a case as one tensor for each example, as the app has them. */
    private fun examples(case: JsonObject, name: String, nan: List<Int>): List<Tensor> {
        val values = case.doubles(name).map(Double::toFloat).toFloatArray()
        nan.forEach { values[it] = Float.NaN }
        val shape = case.ints("shape")
        val each = values.size / shape.first()
        return List(shape.first()) { row ->
            val part = values.copyOfRange(row * each, (row + 1) * each)
            Tensor(listOf(1) + shape.drop(1), part)
        }
    }

    private fun plain() = Case.all().single { it.folder.name == "plain" }
}

/** An item of a case, asked with networks that say what they said in Python. */
private class Asked(private val case: Case, private val item: JsonObject) {
    private val files = FolderFiles(case.folder)
    private val bundle: Bundle = files.bundle()
    private val calls = item.children("calls")
    private var call = 0

    fun check() {
        val part = bundle.models.first().part
        val answer = ask(Program(bundle, files), mapOf(part to ::said))
        assertEquals(calls.size, call, "calls of the network")
        compare(item.child("answer"), answer)
    }

    private fun ask(program: Program, runs: Map<String, Run>): Answer {
        val given = item.child("given")
        return when (given.text("kind")) {
            "text" -> program.ask(given.text("text"), runs)
            "sound" -> program.ask(case.tensor(given).values, runs)
            else -> {
                val tensor = case.tensor(given)
                val (height, width, channels) = tensor.shape
                program.ask(Picture(height, width, channels, tensor.values), runs)
            }
        }
    }

    /** Checks what the network is given, and answers what it answered in Python. */
    private fun said(batch: Batch): Batch {
        val recorded = calls[call++]
        val expected = case.batch(recorded.children("in"))
        assertEquals(expected.keys, batch.keys)
        for ((name, tensor) in expected) {
            assertEquals(tensor.shape, batch.getValue(name).shape)
            assertNear(tensor.values, batch.getValue(name).values, 1e-5, "$name of call $call")
        }
        return case.batch(recorded.children("out"))
    }

    private fun compare(expected: JsonObject, answer: Answer) = when (answer) {
        is Answer.Labelled -> {
            val labels = expected.ints("best").map { bundle.labels[it] }
            assertEquals(labels, answer.labels.map { it.label })
            val scores = expected.doubles("scores").map(Double::toFloat)
            assertEquals(scores, answer.labels.map { it.score })
        }
        is Answer.Boxed -> {
            assertEquals(expected.texts("captions"), answer.captions)
            assertEquals(expected.ints("kinds"), answer.kinds)
            val corners = answer.corners.flatMap { it.toList() }.toFloatArray()
            assertNear(case.tensor(expected.child("boxes")).values, corners, 1e-3, "boxes")
        }
        is Answer.Masked -> {
            val mask = FloatArray(answer.mask.classes.size) {
                (answer.mask.classes[it].toInt() and 255).toFloat()
            }
            assertNear(case.tensor(expected.child("mask")).values, mask, 0.0, "mask")
            assertEquals(expected.texts("lines"), answer.lines)
        }
        is Answer.Posed -> {
            val people = answer.people.flatMap { person ->
                person.joints.flatMap {
                    val sure = if (it.confidence.toFloat() >= answer.least) it.confidence else 0.0
                    listOf(it.x.toFloat(), it.y.toFloat(), sure.toFloat())
                }
            }
            val joints = case.tensor(expected.child("people")).values
            assertNear(joints, people.toFloatArray(), 1e-3, "joints")
            assertEquals(expected.texts("lines"), answer.lines)
        }
    }
}
