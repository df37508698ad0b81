package edgekit.core.bundle

/**
 * Returns maps, lists, texts, numbers, booleans and null as a JSON text.
 *
 * Numbers that JSON has no word for (not a number, infinite) become null.
 */
fun toJson(value: Any?): String = StringBuilder().also { it.write(value, "\n") }.toString()

private fun StringBuilder.write(value: Any?, newLine: String) {
    when (value) {
        null -> append("null")
        is Map<*, *> -> writeAll('{', '}', value.entries, newLine) { (name, member) ->
            quote(name.toString())
            append(": ")
            write(member, "$newLine ")
        }
        is Iterable<*> -> writeAll('[', ']', value, newLine) { write(it, "$newLine ") }
        is Float -> append(if (value.isFinite()) value.toString() else "null")
        is Double -> append(if (value.isFinite()) value.toString() else "null")
        is Number, is Boolean -> append(value.toString())
        else -> quote(value.toString())
    }
}

private fun <T> StringBuilder.writeAll(
    begin: Char,
    end: Char,
    values: Iterable<T>,
    newLine: String,
    one: (T) -> Unit,
) {
    append(begin)
    values.forEachIndexed { index, each ->
        append(if (index == 0) "" else ",").append("$newLine ")
        one(each)
    }
    if (values.any()) append(newLine)
    append(end)
}

private fun StringBuilder.quote(text: String) {
    append('"')
    for (sign in text) {
        when {
            sign == '"' || sign == '\\' -> append('\\').append(sign)
            sign < ' ' || sign in '\u007F'..'\u009F' || sign == '\u2028' || sign == '\u2029' ->
                append("\\u%04x".format(sign.code))
            else -> append(sign)
        }
    }
    append('"')
}
