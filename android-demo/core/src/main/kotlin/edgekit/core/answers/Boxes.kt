package edgekit.core.answers

import kotlin.math.max
import kotlin.math.min

/**
 * A box around something.
 *
 * @property corners left, top, right, bottom, pixels.
 * @property label number of the class.
 * @property score 0..1.
 */
class Box(val corners: FloatArray, val label: Int, val score: Float)

/** Returns what two boxes share, as a part of what they cover together: 0..1. */
fun intersectionOverUnion(a: FloatArray, b: FloatArray): Double {
    val shared = area(
        max(a[0], b[0]).toDouble(),
        max(a[1], b[1]).toDouble(),
        min(a[2], b[2]).toDouble(),
        min(a[3], b[3]).toDouble(),
    )
    val together = area(a) + area(b) - shared
    return if (together > 0) shared / together else 0.0
}

/**
 * Returns the boxes that are kept, the surest first: each that overlaps no surer one of its class
 * too much.
 *
 * @param threshold largest intersection over union of two that are kept.
 * @param most how many are kept at most.
 *
 * Source: Dalal, Triggs, Histograms of Oriented Gradients, 2005,
 * https://doi.org/10.1109/CVPR.2005.177.
 */
fun nonMaximumSuppression(boxes: List<Box>, threshold: Double, most: Int): List<Box> {
    val kept = ArrayList<Box>()
    for (box in boxes.sortedByDescending { it.score }) {
        if (kept.size == most) break
        val covered = kept.any {
            it.label == box.label && intersectionOverUnion(it.corners, box.corners) > threshold
        }
        if (!covered) kept += box
    }
    return kept
}

private fun area(box: FloatArray) =
    area(box[0].toDouble(), box[1].toDouble(), box[2].toDouble(), box[3].toDouble())

private fun area(left: Double, top: Double, right: Double, bottom: Double) =
    max(right - left, 0.0) * max(bottom - top, 0.0)
