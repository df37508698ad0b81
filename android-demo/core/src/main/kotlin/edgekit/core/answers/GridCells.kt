package edgekit.core.answers

import edgekit.core.Batch
import edgekit.core.bundle.GridFacts

/**
 * Finds the boxes in the outputs of a detector that lays grids of cells over the picture.
 *
 * For each grid there are two outputs: `boxes_STRIDE (1, rows, columns, predictors * 4)`, and
 * `scores_STRIDE (1, rows, columns, predictors * (1 + classes))`, how sure each predictor is,
 * followed by its classes; or, where classes belong to a cell, `predictors + classes`.
 *
 * Source: Redmon et al., You Only Look Once, 2016, https://arxiv.org/abs/1506.02640; Redmon,
 * Farhadi, YOLO9000, 2017, https://arxiv.org/abs/1612.08242, and YOLOv3, 2018,
 * https://arxiv.org/abs/1804.02767.
 *
 * @param height pixels of the network's picture, and [width].
 */
class GridCells(private val facts: GridFacts, private val height: Int, private val width: Int) {
    private class Candidate(val predictor: Predictor, val scores: FloatArray) {
        val best = scores.max()
    }

    /** Returns the boxes in the network's picture, in its pixels, the surest first. */
    fun boxes(outputs: Batch): List<Box> {
        val sure = predictors(facts, outputs).map { Candidate(it, probabilities(it)) }
            .filter { it.best >= facts.leastScore }
        val boxes = surest(sure).flatMap { candidate ->
            val corners = candidate.predictor.corners(height, width)
            candidate.scores.indices.filter { candidate.scores[it] >= facts.leastScore }
                .map { Box(corners, it, candidate.scores[it]) }
        }
        return nonMaximumSuppression(boxes, facts.threshold, facts.most)
    }

    /** Returns the surest candidates, as many as are looked at, in the order they had. */
    private fun surest(all: List<Candidate>): List<Candidate> {
        if (all.size <= facts.candidates) return all
        val order = all.indices.sortedByDescending { all[it].best }
        return order.take(facts.candidates).sorted().map { all[it] }
    }

    /** Returns how likely each class is in a predictor's box, `(classes)`. */
    private fun probabilities(predictor: Predictor): FloatArray {
        val classes = facts.numClasses
        if (facts.classes == "cell") {
            val sure = predictor.sure.coerceIn(0f, 1f)
            return FloatArray(classes) { sure * predictor.score(it).coerceIn(0f, 1f) }
        }
        val sure = sigmoid(predictor.sure)
        if (facts.classes == "any") {
            return FloatArray(classes) { sure * sigmoid(predictor.score(it)) }
        }
        val shares = softmax(DoubleArray(classes) { predictor.score(it).toDouble() })
        return FloatArray(classes) { (sure * shares[it]).toFloat() }
    }
}
