package edgekit.core.text

import java.util.Locale

private val WORD = Regex("[a-z0-9]+(?:'[a-z]+)*|[.,;:!?]")

/**
 * Returns the words of an English text in lower case, with exclamation and question marks, a space
 * between; apostrophes and other marks are dropped.
 */
fun normalizedWords(text: String): String {
    val plain = text.lowercase(Locale.ROOT).replace('\u2019', '\'').replace('\u2018', '\'')
    return WORD.findAll(plain).map { it.value }.filter { it !in ".,;:" }
        .joinToString(" ").replace("'", "")
}
