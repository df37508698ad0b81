package edgekit.core.asking

import edgekit.core.answers.Mask
import edgekit.core.answers.Person
import edgekit.core.answers.Scored

/**
 * What a model answers, in pixels of what it was given.
 *
 * @property lines in words, the most important first.
 */
sealed class Answer(val lines: List<String>) {
    /** Labels of the whole, the best first. */
    class Labelled(val labels: List<Scored>) :
        Answer(labels.map { "%.3f  %s".format(it.score, it.label) })

    /** Boxes with their captions; [kinds] are class numbers, which decide the colours. */
    class Boxed(
        val corners: List<FloatArray>,
        val captions: List<String>,
        val kinds: List<Int>,
    ) : Answer(captions.ifEmpty { listOf("nothing found") })

    /** The class of each pixel. */
    class Masked(val mask: Mask, shares: List<Scored>) :
        Answer(shares.map { "%.1f %%  %s".format(100 * it.score, it.label) })

    /**
     * People.
     *
     * @property bones pairs of joints that a drawing joins.
     * @property least joints that are less sure are not drawn.
     */
    class Posed(
        val people: List<Person>,
        val bones: List<Pair<Int, Int>>,
        val least: Float,
    ) : Answer(listOf("${people.size} ${if (people.size == 1) "person" else "people"}"))
}
