package edgekit.demo.bundles

import android.content.Context
import com.google.ai.edge.litert.CompiledModel
import edgekit.core.BundleException
import edgekit.core.bundle.BUNDLE_JSON
import edgekit.core.bundle.BundleFiles
import edgekit.core.bundle.FolderFiles
import edgekit.core.bundle.unzipBundle
import edgekit.demo.inference.ModelSource
import java.io.File
import java.io.IOException
import java.io.InputStream

/**
 * A bundle that the user may choose.
 *
 * @property name as it is shown.
 */
class StoredBundle(
    val name: String,
    val files: BundleFiles,
    private val source: (String) -> ModelSource,
) {
    /** Returns where the model [file] of the bundle is. */
    fun model(file: String): ModelSource = source(file)

    override fun toString(): String = name
}

/** The bundles that came with the app, and those that the user opened. */
class BundleStore(private val context: Context) {
    private val opened = File(context.filesDir, FOLDER)

    /** Returns all bundles, those of the app first. */
    fun all(): List<StoredBundle> = packaged() + folders(opened)

    /**
     * Unpacks the zip of a bundle into the app's own storage.
     *
     * @param name of the zip; a bundle of that name is replaced.
     */
    fun add(name: String, zip: InputStream): StoredBundle {
        val plain = name.removeSuffix(".zip").replace(Regex("[^A-Za-z0-9_-]+"), "_")
        val target = File(opened, plain.ifEmpty { "bundle" })
        val unpacked = File(context.cacheDir, "unpacked")
        unpacked.deleteRecursively()
        unpacked.mkdirs()
        try {
            val folder = unzipBundle(zip, unpacked).folder
            target.deleteRecursively()
            opened.mkdirs()
            if (!folder.renameTo(target)) throw BundleException("'$target' cannot be written.")
        } finally {
            unpacked.deleteRecursively()
        }
        return inFolder(target)
    }

    private fun packaged(): List<StoredBundle> {
        val assets = context.assets
        val names = assets.list(FOLDER).orEmpty().filter { name ->
            BUNDLE_JSON in assets.list("$FOLDER/$name").orEmpty()
        }
        return names.sorted().map { name ->
            StoredBundle(name, AssetFiles(context, "$FOLDER/$name")) { file ->
                ModelSource { options ->
                    CompiledModel.create(assets, "$FOLDER/$name/$file", options)
                }
            }
        }
    }

    private fun folders(below: File): List<StoredBundle> =
        below.listFiles().orEmpty().filter { File(it, BUNDLE_JSON).isFile }.sorted().map(::inFolder)

    private fun inFolder(folder: File) = StoredBundle(folder.name, FolderFiles(folder)) { file ->
        ModelSource { options -> CompiledModel.create(File(folder, file).path, options) }
    }

    private companion object {
        const val FOLDER = "bundles"
    }
}

/** A bundle below a folder of the app's assets. */
private class AssetFiles(private val context: Context, private val folder: String) : BundleFiles {
    @Throws(IOException::class)
    override fun open(name: String): InputStream = context.assets.open("$folder/$name")
}
