package edgekit.core.bundle

import edgekit.core.BundleException

/**
 * An object of a JSON text, whose members are read by name and checked.
 *
 * Android brings `org.json` and the JVM, on which this module is tested, does not; and a library
 * would be the app's only dependency beside LiteRT. So the reader is ours.
 *
 * @property where how the object is named in error messages, such as `models[0]`.
 */
class JsonObject internal constructor(
    private val members: Map<String, Any?>,
    private val where: String,
) {
    val names: Set<String> get() = members.keys

    /** Whether there is a member [name], and it is not `null`. */
    fun has(name: String): Boolean = members[name] != null

    fun text(name: String): String = member(name, "a text")

    fun text(name: String, otherwise: String): String = if (has(name)) text(name) else otherwise

    fun double(name: String): Double {
        val number = member<Double>(name, "a number")
        if (number.isNaN() || number.isInfinite()) wrong(name, "a finite number")
        return number
    }

    fun double(name: String, otherwise: Double): Double =
        if (has(name)) double(name) else otherwise

    fun float(name: String, otherwise: Float): Float =
        if (has(name)) double(name).toFloat() else otherwise

    fun int(name: String): Int = whole(double(name)) ?: wrong(name, "a whole number")

    fun long(name: String): Long = double(name).toLong()

    fun child(name: String): JsonObject = JsonObject(member(name, "an object"), path(name))

    fun texts(name: String): List<String> = list(name, "a text")

    fun ints(name: String): List<Int> =
        list<Double>(name, "a number").map { whole(it) ?: wrong(name, "a list of whole numbers") }

    fun doubles(name: String): List<Double> = list(name, "a number")

    /** Rows of numbers, such as `[[0, 1], [1, 3]]`. */
    fun rows(name: String): List<List<Double>> = list<List<*>>(name, "a list").map { row ->
        row.map { it as? Double ?: wrong(name, "a list of lists of numbers") }
    }

    fun children(name: String): List<JsonObject> =
        list<Map<String, Any?>>(name, "an object").mapIndexed { index, each ->
            JsonObject(each, "${path(name)}[$index]")
        }

    private fun path(name: String) = if (where.isEmpty()) name else "$where.$name"

    private inline fun <reified T> member(name: String, kind: String): T =
        members[name] as? T ?: wrong(name, kind)

    private inline fun <reified T> list(name: String, kind: String): List<T> =
        member<List<*>>(name, "a list").map { it as? T ?: wrong(name, "a list, each $kind") }

    private fun whole(number: Double): Int? = number.toInt().takeIf { it.toDouble() == number }

    private fun wrong(name: String, kind: String): Nothing = throw BundleException(
        "'${path(name)}' is ${if (name in members) "not $kind" else "missing"}; " +
            "make the bundle again.",
    )

    companion object {
        /**
         * Reads a JSON text that holds an object.
         *
         * @throws BundleException if it does not.
         */
        @Suppress("UNCHECKED_CAST")
        fun parse(text: String): JsonObject {
            val value = JsonReader(text).read()
            if (value !is Map<*, *>) throw BundleException("The JSON text holds no object.")
            return JsonObject(value as Map<String, Any?>, "")
        }
    }
}
