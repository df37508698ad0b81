package edgekit.demo

import android.app.Activity
import android.app.Instrumentation
import android.os.Bundle
import edgekit.demo.bundles.BundleStore
import edgekit.demo.bundles.OpenBundle
import edgekit.demo.bundles.USUAL_RUNS
import java.io.File

/**
 * The self-test without the screen, for `edgekit verify` and `edgekit bench` with `--device adb`:
 *
 *     adb shell am instrument -w -r -e zip FILE -e variant int8 -e gpu false -e runs 100
 *         edgekit.demo/.SelfTestInstrumentation
 *
 * It tells where its report is, or what went wrong.
 */
class SelfTestInstrumentation : Instrumentation() {
    private lateinit var arguments: Bundle

    override fun onCreate(arguments: Bundle) {
        super.onCreate(arguments)
        this.arguments = arguments
        start()
    }

    override fun onStart() {
        val result = Bundle()
        try {
            result.putString("report", report().path)
            finish(Activity.RESULT_OK, result)
        } catch (error: Exception) {
            failed(error, result)
        } catch (error: LinkageError) { // a native library that is not there
            failed(error, result)
        }
    }

    private fun failed(error: Throwable, result: Bundle) {
        result.putString("error", error.toString())
        finish(Activity.RESULT_CANCELED, result)
    }

    private fun report(): File {
        val zip = File(argument("zip"))
        val stored = zip.inputStream().use { BundleStore(targetContext).add("by adb", it) }
        val gpu = arguments.getString("gpu") == "true"
        val runs = arguments.getString("runs")?.toIntOrNull() ?: USUAL_RUNS
        return OpenBundle(stored, argument("variant"), gpu).use { open ->
            writeReport(targetContext, open, open.selfTest(runs))
        }
    }

    private fun argument(name: String): String =
        requireNotNull(arguments.getString(name)) { "The argument '$name' is missing." }
}
