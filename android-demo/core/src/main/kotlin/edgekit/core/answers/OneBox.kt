package edgekit.core.answers

import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.tensor

/**
 * Returns the one box that all positions of a grid vote for, and how likely each label is.
 *
 * @param votes `where (1, rows, columns, 1)`, the logit of how much a vote counts; `box (1, rows,
 *   columns, 4)`, how far the edges lie to the left, above, to the right and below, in cells;
 *   `scores (1, rows, columns, labels)`, logits.
 * @param height pixels of the network's picture, and [width].
 *
 * Source: Sermanet et al., OverFeat, 2014, https://arxiv.org/abs/1312.6229.
 */
fun mergedVotes(votes: Batch, height: Int, width: Int): Pair<FloatArray, FloatArray> {
    val where = votes.tensor("where")
    if (where.shape.size != 4) throw BundleException("'where' has the shape ${where.shape}.")
    val (_, rows, columns, _) = where.shape
    val stride = height / rows.toDouble()
    val weights = softmax(DoubleArray(rows * columns) { where.values[it].toDouble() })
    val ways = votes.tensor("box").values
    val logits = votes.tensor("scores").values
    val box = DoubleArray(4)
    val labels = DoubleArray(logits.size / weights.size)
    for (cell in weights.indices) {
        for (edge in 0 until 4) {
            val place = if (edge % 2 == 0) cell % columns else cell / columns
            val way = ways[4 * cell + edge] * if (edge < 2) -1 else 1
            box[edge] += weights[cell] * (place + 0.5 + way) * stride
        }
        for (label in labels.indices) {
            labels[label] += weights[cell] * logits[cell * labels.size + label]
        }
    }
    val shares = softmax(labels)
    val corners = FloatArray(4) {
        val limit = if (it % 2 == 0) width else height
        box[it].coerceIn(0.0, limit.toDouble()).toFloat()
    }
    return corners to FloatArray(shares.size) { shares[it].toFloat() }
}
