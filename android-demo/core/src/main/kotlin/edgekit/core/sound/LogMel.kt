package edgekit.core.sound

import edgekit.core.bundle.Before
import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.ln
import kotlin.math.log10
import kotlin.math.max
import kotlin.math.min

/**
 * Loudness of a sound in bands of the mel scale, frame after frame.
 *
 * Source: Davis, Mermelstein, Comparison of Parametric Representations for Monosyllabic Word
 * Recognition, 1980, https://doi.org/10.1109/TASSP.1980.1163420.
 */
class LogMel(private val facts: Before.SoundInput) {
    private val fourier = Fourier(facts.window)

    /** Hann's window, scaled so that a sine of amplitude 1 has a power of about 1/4. */
    private val taper = FloatArray(facts.window) {
        ((0.5 - 0.5 * cos(2 * PI * it / facts.window)) * 2 / facts.window).toFloat()
    }
    private val weights = bandWeights(facts)

    /**
     * Returns the frames of a sound, silence before it.
     *
     * @param samples a multiple of a hop, floats in -1..1.
     * @return `(frames, bands)`: decibels above the quietest power, by `decibels`.
     */
    operator fun invoke(samples: FloatArray): FloatArray {
        val frames = samples.size / facts.hop
        val result = FloatArray(frames * facts.bands)
        for (frame in 0 until frames) {
            val power = power(samples, (frame + 1) * facts.hop - facts.window)
            for (band in 0 until facts.bands) {
                val weight = weights[band]
                val sum = power.indices.sumOf { power[it] * weight[it] }
                val decibels = 10 * log10(1 + sum / facts.quietest)
                result[frame * facts.bands + band] = (decibels / facts.decibels).toFloat()
            }
        }
        return result
    }

    /** Returns the power of each frequency of the frame that begins at [start]. */
    private fun power(samples: FloatArray, start: Int): DoubleArray {
        val real = DoubleArray(facts.window) {
            val place = start + it
            if (place < 0) 0.0 else (samples[place] * taper[it]).toDouble()
        }
        val imaginary = DoubleArray(facts.window)
        fourier.transform(real, imaginary)
        return DoubleArray(facts.window / 2 + 1) {
            real[it] * real[it] + imaginary[it] * imaginary[it]
        }
    }
}

/** Pitch on the mel scale, on which equal steps sound equal. */
private fun mel(hertz: Double): Double = 1127 * ln(1 + hertz / 700)

/**
 * Returns how much of each frequency goes into each band, `(bands)` of `(window/2 + 1)`, 0..1:
 * triangles whose corners stand evenly on the mel scale.
 */
private fun bandWeights(facts: Before.SoundInput): List<FloatArray> {
    val lowest = mel(facts.lowestHz)
    val step = (mel(facts.highestHz) - lowest) / (facts.bands + 1)
    return List(facts.bands) { band ->
        val left = lowest + band * step
        FloatArray(facts.window / 2 + 1) {
            val pitch = mel(it * facts.rate / facts.window.toDouble())
            val rising = (pitch - left) / step
            max(0.0, min(rising, 2 - rising)).toFloat()
        }
    }
}
