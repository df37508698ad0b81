package edgekit.core.bundle

import edgekit.core.BundleException
import java.io.File
import java.io.IOException
import java.io.InputStream
import java.util.zip.ZipInputStream

/** The files of a bundle, wherever they lie. */
interface BundleFiles {
    /** Opens the file [name], such as `golden/input_0.bin`. */
    fun open(name: String): InputStream
}

/** A bundle in a folder. */
class FolderFiles(val folder: File) : BundleFiles {
    override fun open(name: String): InputStream = File(folder, name).inputStream()
}

/** Returns the whole content of the file [name]. */
fun BundleFiles.bytes(name: String): ByteArray = try {
    open(name).use { it.readBytes() }
} catch (error: IOException) {
    throw BundleException("The bundle has no file '$name' that can be read: ${error.message}.")
}

/** Returns the text of the file [name]. */
fun BundleFiles.text(name: String): String = bytes(name).toString(Charsets.UTF_8)

/** Reads the bundle's `bundle.json`. */
fun BundleFiles.bundle(): Bundle = readBundle(text(BUNDLE_JSON))

/** Most bytes that a zip may unpack to. */
private const val MOST_BYTES = 512L * 1024 * 1024

/**
 * Unpacks a zipped bundle into an empty [folder].
 *
 * A zip whose only entry is one folder holds the bundle in that folder, as `edgekit bundle` and
 * file managers write it.
 *
 * @throws BundleException if the zip reaches outside of the folder, unpacks to more than 512 MB,
 *   or holds no bundle.
 */
fun unzipBundle(zip: InputStream, folder: File): FolderFiles {
    var left = MOST_BYTES
    ZipInputStream(zip).use { entries ->
        generateSequence { entries.nextEntry }.forEach { entry ->
            val target = File(folder, entry.name)
            if (!target.canonicalPath.startsWith(folder.canonicalPath + File.separator)) {
                throw BundleException("The zip holds '${entry.name}', outside of its folder.")
            }
            if (entry.isDirectory) {
                target.mkdirs()
            } else {
                target.parentFile?.mkdirs()
                left -= copy(entries, target, left)
            }
        }
    }
    val inside = folder.listFiles()?.singleOrNull()?.takeIf { it.isDirectory } ?: folder
    if (!File(inside, BUNDLE_JSON).isFile) {
        throw BundleException("The zip holds no $BUNDLE_JSON; give what `edgekit bundle` wrote.")
    }
    return FolderFiles(inside)
}

private fun copy(source: InputStream, target: File, most: Long): Long {
    var written = 0L
    val chunk = ByteArray(1 shl 16)
    target.outputStream().use { output ->
        while (true) {
            val count = source.read(chunk)
            if (count < 0) return written
            written += count
            if (written > most) throw BundleException("The zip unpacks to more than 512 MB.")
            output.write(chunk, 0, count)
        }
    }
}
