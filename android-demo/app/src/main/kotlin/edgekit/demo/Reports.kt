package edgekit.demo

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.content.Intent
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.Build
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import android.util.Base64
import edgekit.core.proof.PartProof
import edgekit.core.proof.deviceReport
import edgekit.demo.bundles.OpenBundle
import java.io.File

private const val REPORT = "device_report.json"

/** Writes what a self-test showed where [ReportProvider] gives it to other apps. */
fun writeReport(context: Context, open: OpenBundle, proofs: List<PartProof>): File {
    val report = deviceReport(
        recipe = open.bundle.recipe,
        variant = open.variant,
        device = mapOf(
            "manufacturer" to Build.MANUFACTURER,
            "model" to Build.MODEL,
            "hardware" to Build.HARDWARE,
            "android" to Build.VERSION.RELEASE,
            "abi" to Build.SUPPORTED_ABIS.first(),
        ),
        proofs = proofs,
        residencies = open.residencies,
        latency = open.latency,
        peakMemoryBytes = peakMemoryBytes(),
        encode = { Base64.encodeToString(it, Base64.NO_WRAP) },
    )
    return File(context.cacheDir, REPORT).apply { writeText(report) }
}

/** Returns the most memory that this process held so far, as the kernel counts it. */
private fun peakMemoryBytes(): Long? = File("/proc/self/status").readLines()
    .firstOrNull { it.startsWith("VmHWM:") }
    ?.split(Regex("\\s+"))?.getOrNull(1)?.toLongOrNull()?.times(1024)

/** Returns the intent that shares the report of the last self-test. */
fun shareReport(context: Context): Intent {
    val uri = Uri.parse("content://${context.packageName}.reports/$REPORT")
    val send = Intent(Intent.ACTION_SEND).setType("application/json")
    send.putExtra(Intent.EXTRA_STREAM, uri).addFlags(Intent.FLAG_GRANT_READ_URI_PERMISSION)
    return Intent.createChooser(send, null)
}

/** Gives the report of the last self-test, and nothing else, to the app that it is shared with. */
class ReportProvider : ContentProvider() {
    private val file get() = File(context!!.cacheDir, REPORT)

    override fun onCreate(): Boolean = true

    override fun getType(uri: Uri): String = "application/json"

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor =
        ParcelFileDescriptor.open(file, ParcelFileDescriptor.MODE_READ_ONLY)

    override fun query(
        uri: Uri,
        projection: Array<String>?,
        selection: String?,
        arguments: Array<String>?,
        order: String?,
    ): Cursor = MatrixCursor(arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)).apply {
        addRow(arrayOf<Any>(REPORT, file.length()))
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = null

    override fun update(
        uri: Uri,
        values: ContentValues?,
        selection: String?,
        arguments: Array<String>?,
    ): Int = 0

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?): Int = 0
}
