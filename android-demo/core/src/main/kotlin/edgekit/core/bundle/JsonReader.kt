package edgekit.core.bundle

import edgekit.core.BundleException

/**
 * Reads a JSON text (RFC 8259) as `Map`, `List`, `String`, `Double`, `Boolean` and `null`.
 *
 * Texts come from files that anybody may have written: nesting is limited, and whatever is not
 * JSON is refused with its position.
 */
internal class JsonReader(private val text: String) {
    private var at = 0

    fun read(): Any? {
        val value = value(0)
        skipBlanks()
        if (at < text.length) refuse("more after the end")
        return value
    }

    private fun value(depth: Int): Any? {
        if (depth > DEEPEST) refuse("more than $DEEPEST levels")
        skipBlanks()
        return when (peek()) {
            '{' -> members(depth)
            '[' -> elements(depth)
            '"' -> string()
            't' -> word("true", true)
            'f' -> word("false", false)
            'n' -> word("null", null)
            else -> number()
        }
    }

    private fun members(depth: Int): Map<String, Any?> {
        val members = LinkedHashMap<String, Any?>()
        each('}') {
            skipBlanks()
            val name = string()
            skipBlanks()
            expect(':')
            members[name] = value(depth + 1)
        }
        return members
    }

    private fun elements(depth: Int): List<Any?> {
        val elements = ArrayList<Any?>()
        each(']') { elements += value(depth + 1) }
        return elements
    }

    /** Reads what stands between brackets, with commas between. */
    private fun each(end: Char, one: () -> Unit) {
        at++
        skipBlanks()
        if (peek() == end) {
            at++
            return
        }
        while (true) {
            one()
            skipBlanks()
            if (peek() == end) break
            expect(',')
        }
        at++
    }

    private fun string(): String {
        expect('"')
        val content = StringBuilder()
        while (true) {
            val sign = next()
            when {
                sign == '"' -> return content.toString()
                sign == '\\' -> content.append(escaped())
                sign < ' ' -> refuse("a line break in a text")
                else -> content.append(sign)
            }
        }
    }

    private fun escaped(): Char = when (val sign = next()) {
        '"', '\\', '/' -> sign
        'b' -> '\b'
        'f' -> '\u000C'
        'n' -> '\n'
        'r' -> '\r'
        't' -> '\t'
        'u' -> {
            val digits = text.substring(at, minOf(at + 4, text.length))
            val hexadecimal = digits.length == 4 && digits.all { it.digitToIntOrNull(16) != null }
            if (!hexadecimal) refuse("\\u without four digits")
            at += 4
            digits.toInt(16).toChar()
        }
        else -> refuse("\\$sign")
    }

    private fun number(): Double {
        val found = NUMBER.find(text, at)?.takeIf { it.range.first == at }
            ?: refuse("no value")
        at = found.range.last + 1
        return found.value.toDouble()
    }

    private fun word(word: String, meaning: Boolean?): Boolean? {
        if (!text.startsWith(word, at)) refuse("no value")
        at += word.length
        return meaning
    }

    private fun skipBlanks() {
        while (at < text.length && text[at] in " \t\r\n") at++
    }

    private fun peek(): Char = if (at < text.length) text[at] else refuse("the end")

    private fun next(): Char = peek().also { at++ }

    private fun expect(sign: Char) {
        if (next() != sign) {
            at--
            refuse("no '$sign'")
        }
    }

    private fun refuse(what: String): Nothing =
        throw BundleException("The JSON text has $what at character $at; make the bundle again.")

    private companion object {
        const val DEEPEST = 64
        val NUMBER = Regex("-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][+-]?[0-9]+)?")
    }
}
