package edgekit.core.text

/**
 * Returns the words within which pieces are merged: runs of letters and digits, runs of signs, each
 * with the space before it, and single blanks; together they are a space and the text.
 *
 * Signs are told apart by Unicode's categories, not by a regular expression: `\w` means one thing
 * on Android and another on the JVM.
 */
internal fun splitWords(text: String): List<String> {
    if (text.isEmpty()) return emptyList()
    val whole = " $text"
    val words = ArrayList<String>()
    var at = 0
    while (at < whole.length) {
        val start = at
        if (whole[at] == ' ' && at + 1 < whole.length && !isBlank(whole.codePointAt(at + 1))) at++
        val first = whole.codePointAt(at)
        at += Character.charCount(first)
        if (!isBlank(first)) {
            val letters = isLetterOrNumber(first)
            while (at < whole.length) {
                val next = whole.codePointAt(at)
                if (isBlank(next) || isLetterOrNumber(next) != letters) break
                at += Character.charCount(next)
            }
        }
        words += whole.substring(start, at)
    }
    return words
}

private val NUMBERS = setOf(
    Character.DECIMAL_DIGIT_NUMBER.toInt(),
    Character.LETTER_NUMBER.toInt(),
    Character.OTHER_NUMBER.toInt(),
)

private fun isLetterOrNumber(sign: Int): Boolean =
    Character.isLetter(sign) || Character.getType(sign) in NUMBERS

private fun isBlank(sign: Int): Boolean =
    Character.isWhitespace(sign) || Character.isSpaceChar(sign) || sign == 0x85
