package edgekit.core.answers

import kotlin.math.exp
import kotlin.math.tanh

/** A label with its score. */
data class Scored(val label: String, val score: Float)

/**
 * Returns the labels with the highest scores, the best first; of equals the first.
 *
 * @param scores one for each label; labels that have no name are called by their number.
 */
fun best(scores: FloatArray, labels: List<String>, count: Int): List<Scored> =
    scores.indices.sortedByDescending { scores[it] }.take(count).map {
        Scored(labels.getOrElse(it) { number -> "class $number" }, scores[it])
    }

/** Returns where the largest number is, the first of equals. */
fun FloatArray.indexOfLargest(): Int = indices.maxByOrNull { this[it] } ?: -1

/** Returns what logits mean as probabilities, which sum to 1. */
fun softmax(logits: DoubleArray): DoubleArray {
    val largest = logits.maxOrNull() ?: 0.0
    val powers = DoubleArray(logits.size) { exp(logits[it] - largest) }
    val sum = powers.sum()
    return DoubleArray(powers.size) { powers[it] / sum }
}

/** Returns the logistic function of a logit, in a form that does not overflow. */
fun sigmoid(logit: Float): Float = (0.5 + 0.5 * tanh(0.5 * logit)).toFloat()

/**
 * Reads the most probable symbol of each step of connectionist temporal classification: equal
 * neighbours become one, and the blank, symbol 0, is left out.
 *
 * @param probabilities `(steps, symbols)`.
 * @return ids of the symbols that are left.
 *
 * Source: Graves et al., Connectionist Temporal Classification, 2006,
 * https://doi.org/10.1145/1143844.1143891.
 */
fun ctcGreedy(probabilities: FloatArray, symbols: Int): List<Int> {
    val path = List(probabilities.size / symbols) { step ->
        probabilities.copyOfRange(step * symbols, (step + 1) * symbols).indexOfLargest()
    }
    return path.filterIndexed { step, symbol -> symbol != 0 && symbol != path.getOrNull(step - 1) }
}
