package edgekit.core.text

import edgekit.core.BundleException

/**
 * Pieces of text and their ids: byte-pair encoding on the bytes of UTF-8.
 *
 * Source: Sennrich, Haddow, Birch, Neural Machine Translation of Rare Words with Subword Units,
 * 2016, https://aclanthology.org/P16-1162.
 *
 * @param merges pairs of ids, the first learned first; pair `n` makes the piece 260 + n.
 */
class Subwords(merges: List<Pair<Int, Int>>) {
    private val ids = HashMap<Pair<Int, Int>, Int>(2 * merges.size)

    init {
        merges.forEachIndexed { number, (left, right) ->
            val known = FIRST_BYTE until FIRST_MERGE + number
            if (left !in known || right !in known) {
                throw BundleException(
                    "Merge $number joins the pieces $left and $right; $known exist before it.",
                )
            }
            ids[left to right] = FIRST_MERGE + number
        }
    }

    /** Returns the ids of a text's pieces. */
    fun encode(text: String): List<Int> = splitWords(text).flatMap { word ->
        merged(word.toByteArray(Charsets.UTF_8).map { FIRST_BYTE + (it.toInt() and 255) })
    }

    /** Merges the pieces of a word, always by the merge that was learned first. */
    private fun merged(pieces: List<Int>): List<Int> {
        var left = pieces
        while (left.size > 1) {
            val best = left.zipWithNext().minByOrNull { ids[it] ?: Int.MAX_VALUE }
            val id = ids[best] ?: break
            left = replaced(left, best!!, id)
        }
        return left
    }

    private fun replaced(pieces: List<Int>, pair: Pair<Int, Int>, merged: Int): List<Int> {
        val result = ArrayList<Int>(pieces.size)
        var index = 0
        while (index < pieces.size) {
            val here = index + 1 < pieces.size &&
                pieces[index] == pair.first && pieces[index + 1] == pair.second
            result += if (here) merged else pieces[index]
            index += if (here) 2 else 1
        }
        return result
    }

    companion object {
        private const val FIRST_BYTE = 4
        private const val FIRST_MERGE = FIRST_BYTE + 256

        /** Reads merges, a pair of ids a line. */
        fun ofText(text: String): Subwords = Subwords(
            text.lineSequence().filter { it.isNotBlank() }.map { line ->
                val pair = line.trim().split(' ', '\t').mapNotNull { it.toIntOrNull() }
                if (pair.size != 2) throw BundleException("'$line' is no pair of ids.")
                pair[0] to pair[1]
            }.toList(),
        )
    }
}
