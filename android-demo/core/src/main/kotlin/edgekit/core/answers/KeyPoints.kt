package edgekit.core.answers

import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.Tensor
import edgekit.core.bundle.PoseFacts
import edgekit.core.tensor
import kotlin.math.floor
import kotlin.math.hypot

/**
 * A joint of a person.
 *
 * @property x pixels, or cells while people are searched for; so is [y].
 * @property confidence 0..1.
 */
data class Joint(val x: Double, val y: Double, val confidence: Double)

/**
 * A person.
 *
 * @property joints in the order of the bundle.
 * @property score 0..1.
 */
data class Person(val joints: List<Joint>, val score: Double)

/**
 * Finds the people in a network's maps: from the surest joint outwards, any number of them.
 *
 * The outputs are `heatmaps (1, rows, columns, joints)`: how sure it is that a joint is near;
 * `offsets (.., joints * 2)`: from the cell's middle to the joint, x and y, in cells; `forward` and
 * `backward (.., pairs * 2)`: from one joint of a pair to the other.
 *
 * Source: Papandreou et al., PersonLab, 2018, https://arxiv.org/abs/1803.08225.
 */
class KeyPoints(private val facts: PoseFacts, outputs: Batch) {
    private val heat = outputs.tensor("heatmaps")
    private val rows = heat.shape[1]
    private val columns = heat.shape[2]
    private val numJoints = heat.shape[3]
    private val offsets = outputs.ways("offsets", numJoints)
    private val forward = outputs.ways("forward", facts.tree.size)
    private val backward = outputs.ways("backward", facts.tree.size)

    /** Returns the people, in pixels of the network's picture, the surest first. */
    fun people(): List<Person> {
        val found = ArrayList<Person>()
        for (peak in peaks()) {
            val start = refined(peak.joint, peak.column + 0.5, peak.row + 0.5)
            if (found.any { isTaken(it.joints[peak.joint], start) }) continue
            val person = grown(peak.joint, start)
            val own = person.filterIndexed { joint, place ->
                found.none { isTaken(it.joints[joint], place) }
            }
            val score = own.sumOf { it.confidence } / numJoints
            if (score >= facts.leastScore) {
                val stride = facts.stride
                val inPixels = person.map { Joint(it.x * stride, it.y * stride, it.confidence) }
                found += Person(inPixels, score)
            }
        }
        return found.sortedByDescending { it.score }.take(facts.most)
    }

    private class Peak(val row: Int, val column: Int, val joint: Int, val heat: Float)

    /** Returns the cells none of whose 8 neighbours is surer, the surest first. */
    private fun peaks(): List<Peak> {
        val peaks = ArrayList<Peak>()
        for (row in 0 until rows) {
            for (column in 0 until columns) {
                for (joint in 0 until numJoints) {
                    val here = heatAt(row, column, joint)
                    if (here >= facts.leastPeak && isHighest(row, column, joint, here)) {
                        peaks += Peak(row, column, joint, here)
                    }
                }
            }
        }
        return peaks.sortedByDescending { it.heat }
    }

    private fun isHighest(row: Int, column: Int, joint: Int, here: Float): Boolean {
        for (y in maxOf(row - 1, 0)..minOf(row + 1, rows - 1)) {
            for (x in maxOf(column - 1, 0)..minOf(column + 1, columns - 1)) {
                if (heatAt(y, x, joint) > here) return false
            }
        }
        return true
    }

    private fun heatAt(row: Int, column: Int, joint: Int): Float =
        heat.values[(row * columns + column) * numJoints + joint]

    private fun rowOf(y: Double): Int = floor(y).coerceIn(0.0, rows - 1.0).toInt()

    private fun columnOf(x: Double): Int = floor(x).coerceIn(0.0, columns - 1.0).toInt()

    /** Returns the joint that is near a place, in cells. */
    private fun refined(joint: Int, x: Double, y: Double): Joint {
        val row = rowOf(y)
        val column = columnOf(x)
        val way = (row * columns + column) * numJoints + joint
        return Joint(
            column + 0.5 + offsets.values[2 * way],
            row + 0.5 + offsets.values[2 * way + 1],
            heatAt(row, column, joint).toDouble(),
        )
    }

    /** Returns all joints of a person, in cells, from one of them. */
    private fun grown(joint: Int, start: Joint): List<Joint> {
        val person = arrayOfNulls<Joint>(numJoints)
        person[joint] = start
        var known = 1
        while (known < numJoints) {
            val before = known
            facts.tree.forEachIndexed { number, (first, second) ->
                known += reach(person, number, first, second, forward)
                known += reach(person, number, second, first, backward)
            }
            if (known == before) throw BundleException("The tree does not join all joints.")
        }
        return person.map { it!! }
    }

    /** Looks up joint [far] from joint [near]; returns how many joints became known, 0 or 1. */
    private fun reach(
        person: Array<Joint?>,
        number: Int,
        near: Int,
        far: Int,
        ways: Tensor,
    ): Int {
        val from = person[near]
        if (from == null || person[far] != null) return 0
        val row = rowOf(from.y)
        val column = columnOf(from.x)
        val way = (row * columns + column) * facts.tree.size + number
        val x = column + 0.5 + ways.values[2 * way]
        val y = row + 0.5 + ways.values[2 * way + 1]
        // Twice: the first step may start beside the disk where offsets are learned.
        val closer = refined(far, x, y)
        person[far] = refined(far, closer.x, closer.y)
        return 1
    }

    /** Tells whether a joint found, in pixels, and one in cells are the same. */
    private fun isTaken(found: Joint, joint: Joint): Boolean {
        val x = found.x - joint.x * facts.stride
        return hypot(x, found.y - joint.y * facts.stride) < facts.radius
    }

    private fun Batch.ways(name: String, count: Int): Tensor {
        val ways = tensor(name)
        if (ways.values.size != rows * columns * count * 2) {
            throw BundleException("'$name' has the shape ${ways.shape} beside ${heat.shape}.")
        }
        return ways
    }
}

/**
 * Returns the people that are kept, where some of several answers are about the same one.
 *
 * @param closeness two are one person where their joints are apart by less than this share of the
 *   surer one's height and width, in the median.
 */
fun distinct(people: List<Person>, closeness: Double = 0.2): List<Person> {
    val kept = ArrayList<Person>()
    for (person in people.sortedByDescending { it.score }) {
        val known = kept.any { surer ->
            val apart = surer.joints.zip(person.joints) { a, b -> hypot(a.x - b.x, a.y - b.y) }
            median(apart) < closeness * surer.size()
        }
        if (!known) kept += person
    }
    return kept
}

private fun Person.size(): Double = maxOf(
    joints.maxOf { it.x } - joints.minOf { it.x },
    joints.maxOf { it.y } - joints.minOf { it.y },
)

private fun median(values: List<Double>): Double {
    val sorted = values.sorted()
    return (sorted[(sorted.size - 1) / 2] + sorted[sorted.size / 2]) / 2
}
