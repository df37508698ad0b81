package edgekit.core.sound

import kotlin.math.PI
import kotlin.math.cos
import kotlin.math.sin

/**
 * Discrete Fourier transform of a power of two numbers, in place.
 *
 * Source: Cooley, Tukey, An Algorithm for the Machine Calculation of Complex Fourier Series, 1965.
 *
 * @property size of the transform; its tables are made once.
 */
internal class Fourier(private val size: Int) {
    private val cosines = DoubleArray(size / 2) { cos(2 * PI * it / size) }
    private val sines = DoubleArray(size / 2) { -sin(2 * PI * it / size) }

    /** Replaces the complex numbers ([real], [imaginary]), each `(size)`, by their spectrum. */
    fun transform(real: DoubleArray, imaginary: DoubleArray) {
        reorder(real, imaginary)
        var half = 1
        while (half < size) {
            for (start in 0 until size step 2 * half) {
                for (index in 0 until half) butterfly(real, imaginary, start + index, half, index)
            }
            half *= 2
        }
    }

    private fun butterfly(
        real: DoubleArray,
        imaginary: DoubleArray,
        upper: Int,
        half: Int,
        index: Int,
    ) {
        val lower = upper + half
        val turn = index * (size / (2 * half))
        val x = real[lower] * cosines[turn] - imaginary[lower] * sines[turn]
        val y = real[lower] * sines[turn] + imaginary[lower] * cosines[turn]
        real[lower] = real[upper] - x
        imaginary[lower] = imaginary[upper] - y
        real[upper] += x
        imaginary[upper] += y
    }

    private fun reorder(real: DoubleArray, imaginary: DoubleArray) {
        var other = 0
        for (index in 1 until size) {
            var bit = size shr 1
            while (other and bit != 0) {
                other = other xor bit
                bit = bit shr 1
            }
            other = other or bit
            if (index < other) {
                real[index] = real[other].also { real[other] = real[index] }
                imaginary[index] = imaginary[other].also { imaginary[other] = imaginary[index] }
            }
        }
    }
}
