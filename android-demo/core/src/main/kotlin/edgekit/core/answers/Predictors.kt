package edgekit.core.answers

import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.bundle.Grid
import edgekit.core.bundle.GridFacts
import edgekit.core.tensor
import kotlin.math.exp
import kotlin.math.min

/** A box is at most e^6 = 400 times as large as its anchor, whatever a network says. */
private const val LARGEST_POWER = 6f

/**
 * What one predictor of one cell says, as the network says it.
 *
 * @property numbers the boxes of its grid; from [box] on are its own four numbers.
 * @property scores of its grid: at [sureAt] how sure it is, from [classesAt] on its classes.
 */
internal class Predictor(
    private val facts: GridFacts,
    private val grid: Grid,
    private val anchor: Pair<Float, Float>,
    private val column: Int,
    private val row: Int,
    private val numbers: FloatArray,
    private val box: Int,
    private val scores: FloatArray,
    private val sureAt: Int,
    private val classesAt: Int,
) {
    /** How sure it is, before decoding. */
    val sure: Float get() = scores[sureAt]

    /** Returns what it says of class [number], before decoding. */
    fun score(number: Int): Float = scores[classesAt + number]

    /** Returns left, top, right and bottom in a picture of [height] x [width] pixels. */
    fun corners(height: Int, width: Int): FloatArray {
        val x = middle(numbers[box], column)
        val y = middle(numbers[box + 1], row)
        val halfWidth = sized(numbers[box + 2], anchor.first) / 2
        val halfHeight = sized(numbers[box + 3], anchor.second) / 2
        return floatArrayOf(
            (x - halfWidth).coerceIn(0f, width.toFloat()),
            (y - halfHeight).coerceIn(0f, height.toFloat()),
            (x + halfWidth).coerceIn(0f, width.toFloat()),
            (y + halfHeight).coerceIn(0f, height.toFloat()),
        )
    }

    private fun middle(logit: Float, cell: Int): Float =
        (cell + (0.5f + facts.reach * (sigmoid(logit) - 0.5f))) * grid.stride

    private fun sized(number: Float, anchor: Float): Float =
        if (facts.size == "square") anchor * number * number
        else anchor * exp(min(number, LARGEST_POWER))
}

/**
 * Returns the predictors of all grids, grid by grid, row by row, cell by cell.
 *
 * @throws BundleException if the outputs have other shapes than the bundle says.
 */
internal fun predictors(facts: GridFacts, outputs: Batch): List<Predictor> =
    facts.grids.flatMap { predictors(facts, it, outputs) }

private fun predictors(facts: GridFacts, grid: Grid, outputs: Batch): List<Predictor> {
    val boxes = outputs.tensor("boxes_${grid.stride}")
    val scores = outputs.tensor("scores_${grid.stride}")
    val count = grid.anchors.size
    val byCell = facts.classes == "cell"
    val depth = if (byCell) count + facts.numClasses else count * (1 + facts.numClasses)
    val (rows, columns) = boxes.shape.drop(1).takeIf { it.size == 3 } ?: listOf(0, 0)
    if (boxes.shape != listOf(1, rows, columns, 4 * count) ||
        scores.shape != listOf(1, rows, columns, depth)
    ) {
        throw BundleException(
            "The outputs of stride ${grid.stride} have the shapes ${boxes.shape} and " +
                "${scores.shape}; $count anchors and ${facts.numClasses} classes need others.",
        )
    }
    return List(rows * columns * count) {
        val cell = it / count
        val own = it % count
        val sureAt = cell * depth + if (byCell) own else own * (1 + facts.numClasses)
        val classesAt = if (byCell) cell * depth + count else sureAt + 1
        val (column, row) = cell % columns to cell / columns
        val (numbers, said) = boxes.values to scores.values
        Predictor(
            facts, grid, grid.anchors[own], column, row, numbers, 4 * it, said, sureAt, classesAt,
        )
    }
}
