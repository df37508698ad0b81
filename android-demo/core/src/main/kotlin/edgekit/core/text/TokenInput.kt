package edgekit.core.text

import edgekit.core.BundleException
import edgekit.core.bundle.Before

/**
 * Makes token ids of texts.
 *
 * @param merges content of the bundle's file of subwords.
 */
class TokenInput(private val facts: Before.TextInput, merges: String) {
    private val subwords = Subwords.ofText(merges)

    /**
     * Returns the ids of a text, `(length)`, padded at the end.
     *
     * @throws BundleException if there is no word in the text.
     */
    operator fun invoke(text: String): IntArray {
        val plain = if (facts.normalize == "words") normalizedWords(text) else text
        val ids = subwords.encode(plain)
        if (ids.isEmpty()) throw BundleException("There is no word in '$text'; type a text.")
        val kept = when {
            ids.size <= facts.length -> ids
            facts.tooLong == "both_ends" -> (facts.length / 2).let {
                ids.take(it) + ids.takeLast(it)
            }
            else -> ids.take(facts.length)
        }
        return IntArray(facts.length) { kept.getOrElse(it) { facts.padding } }
    }
}
