package edgekit.core.sound

/** Returns the middle [count] samples of a sound, with silence around a shorter one. */
fun middle(samples: FloatArray, count: Int): FloatArray {
    if (samples.size >= count) {
        val start = (samples.size - count) / 2
        return samples.copyOfRange(start, start + count)
    }
    return samples.copyInto(FloatArray(count), (count - samples.size) / 2)
}

/** Returns 16-bit samples as floats in -1..1. */
fun toFloats(samples: ShortArray, count: Int = samples.size): FloatArray =
    FloatArray(count) { samples[it] / 32768f }
