package edgekit.core.pictures

/**
 * Pixels of a picture.
 *
 * @property values `(height, width, channels)`, floats in 0..1 unless they were scaled.
 */
class Picture(val height: Int, val width: Int, val channels: Int, val values: FloatArray) {
    init {
        require(height > 0 && width > 0 && height * width * channels == values.size) {
            "A picture of $height x $width x $channels does not hold ${values.size} numbers."
        }
    }

    companion object {
        /**
         * Returns the picture that packed pixels show, in colours.
         *
         * @param pixels `(height, width)`, 0xAARRGGBB as Android packs them.
         */
        fun ofPixels(height: Int, width: Int, pixels: IntArray): Picture {
            val values = FloatArray(height * width * 3)
            for (index in 0 until height * width) {
                val pixel = pixels[index]
                values[3 * index] = (pixel shr 16 and 255) / 255f
                values[3 * index + 1] = (pixel shr 8 and 255) / 255f
                values[3 * index + 2] = (pixel and 255) / 255f
            }
            return Picture(height, width, 3, values)
        }
    }
}

/** Returns a picture grey or in colours; grey becomes three equal colours. */
fun Picture.withChannels(wanted: Int, grey: List<Float>): Picture {
    if (channels == wanted) return this
    val changed = FloatArray(height * width * wanted)
    for (pixel in 0 until height * width) {
        if (wanted == 1) {
            changed[pixel] = (0 until channels).fold(0.0) { sum, channel ->
                sum + grey[channel].toDouble() * values[pixel * channels + channel]
            }.toFloat()
        } else {
            changed.fill(values[pixel], pixel * wanted, (pixel + 1) * wanted)
        }
    }
    return Picture(height, width, wanted, changed)
}

/** Returns a picture with (x - [mean]) / [std] for every x. */
fun Picture.normalized(mean: Float, std: Float): Picture {
    if (mean == 0f && std == 1f) return this
    val scaled = FloatArray(values.size) { (values[it] - mean) / std }
    return Picture(height, width, channels, scaled)
}
