package edgekit.demo.media

import android.content.Context
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import edgekit.core.pictures.Picture
import java.io.File
import java.io.FileNotFoundException

/** Pixels of the longer side of a photo at most: what a phone's memory holds as floats. */
private const val LONGEST = 2048

/**
 * Reads a photo, upright, its longer side below 4096 pixels.
 *
 * @throws FileNotFoundException if it is no picture that Android can read.
 */
fun readPhoto(context: Context, uri: Uri): Bitmap {
    val file = File(context.cacheDir, "photo")
    context.contentResolver.openInputStream(uri)?.use { source ->
        file.outputStream().use(source::copyTo)
    }
    try {
        return upright(file) ?: throw FileNotFoundException("'$uri' is no picture.")
    } finally {
        file.delete()
    }
}

/** Returns the pixels of a bitmap as a model takes them, what is transparent on white. */
fun Bitmap.toPicture(): Picture {
    val pixels = IntArray(width * height)
    getPixels(pixels, 0, width, 0, 0, width, height)
    if (hasAlpha()) pixels.indices.forEach { pixels[it] = onWhite(pixels[it]) }
    return Picture.ofPixels(height, width, pixels)
}

private fun upright(file: File): Bitmap? {
    val size = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    BitmapFactory.decodeFile(file.path, size)
    val smaller = BitmapFactory.Options().apply {
        inSampleSize = maxOf(1, maxOf(size.outWidth, size.outHeight) / LONGEST)
    }
    val bitmap = BitmapFactory.decodeFile(file.path, smaller) ?: return null
    val tag = ExifInterface(file.path).getAttributeInt(ExifInterface.TAG_ORIENTATION, 0)
    val turn = when (tag) {
        ExifInterface.ORIENTATION_ROTATE_90 -> 90f
        ExifInterface.ORIENTATION_ROTATE_180 -> 180f
        ExifInterface.ORIENTATION_ROTATE_270 -> 270f
        else -> return bitmap
    }
    val matrix = Matrix().apply { postRotate(turn) }
    return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, true)
}

private fun onWhite(pixel: Int): Int {
    val alpha = pixel ushr 24
    fun mixed(shift: Int): Int {
        val colour = pixel shr shift and 255
        return (colour * alpha + 255 * (255 - alpha)) / 255 shl shift
    }
    return 255 shl 24 or mixed(16) or mixed(8) or mixed(0)
}
