package edgekit.core.answers

import edgekit.core.Batch
import edgekit.core.bundle.GridFacts
import edgekit.core.bundle.TreeFacts

/** Number of the name that everything has. */
private const val ROOT = 0

/**
 * Finds the boxes of a detector whose classes are names in a tree, from what is certainly true down
 * to what exactly it is.
 *
 * Source: Redmon, Farhadi, YOLO9000: Better, Faster, Stronger, 2017,
 * https://arxiv.org/abs/1612.08242, section 4.
 *
 * @param height pixels of the network's picture, and [width].
 */
class WordTree(
    private val facts: GridFacts,
    private val tree: TreeFacts,
    private val height: Int,
    private val width: Int,
) {
    private val children = tree.parents.indices.drop(1).groupBy { tree.parents[it] }

    /** Returns the boxes in the network's picture; of one group no two overlap much. */
    fun boxes(outputs: Batch): List<Box> {
        val sure = predictors(facts, outputs).map { it to sigmoid(it.sure) }
            .filter { (_, sure) -> sure >= facts.leastScore }
            .sortedByDescending { (_, sure) -> sure }
            .take(facts.candidates)
        val probable = sure.map { (predictor, _) -> absolute(predictor) }
        val found = sure.mapIndexed { index, (predictor, sure) ->
            val group = group(descend(probable[index], 0.0))
            val corners = predictor.corners(height, width)
            Box(corners, group, (sure * probable[index][group]).toFloat())
        }
        val numbers = found.withIndex().associate { (index, box) -> box to index }
        return nonMaximumSuppression(found, facts.threshold, facts.most).map { box ->
            val name = descend(probable[numbers.getValue(box)], tree.leastSure)
            Box(box.corners, name, box.score)
        }
    }

    /** Returns how probable each name is: it among its siblings, times the one above. */
    private fun absolute(predictor: Predictor): DoubleArray {
        val probable = DoubleArray(tree.names.size) { 1.0 }
        for ((above, numbers) in children.entries.sortedBy { it.key }) {
            val scores = DoubleArray(numbers.size) { predictor.score(numbers[it] - 1).toDouble() }
            val shares = softmax(scores)
            numbers.forEachIndexed { at, number -> probable[number] = shares[at] * probable[above] }
        }
        return probable
    }

    /** Returns the deepest name that is sure enough, by the most probable one at each branch. */
    private fun descend(probable: DoubleArray, least: Double): Int {
        var said = ROOT
        while (true) {
            val best = children[said]?.maxByOrNull { probable[it] } ?: return said
            if (probable[best] < least) return said
            said = best
        }
    }

    /** Returns the name right below the root that a name is, or belongs under. */
    private fun group(number: Int): Int {
        var name = number
        while (name != ROOT && tree.parents[name] != ROOT) name = tree.parents[name]
        return name
    }
}
