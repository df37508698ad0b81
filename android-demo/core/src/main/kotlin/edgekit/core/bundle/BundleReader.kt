package edgekit.core.bundle

import edgekit.core.BundleException

/** Name of the file that describes a bundle. */
const val BUNDLE_JSON = "bundle.json"

/** Version of `bundle.json` that this library reads. */
const val BUNDLE_VERSION = 1

/**
 * Reads `bundle.json`.
 *
 * @throws BundleException if it is not one of [BUNDLE_VERSION].
 */
fun readBundle(text: String): Bundle {
    val facts = JsonObject.parse(text)
    val version = facts.int("version")
    if (version != BUNDLE_VERSION) {
        throw BundleException(
            "$BUNDLE_JSON is of version $version; this app reads version $BUNDLE_VERSION. " +
                "Make the bundle with the edgekit that came with the app.",
        )
    }
    val models = facts.children("models").map(::model)
    if (models.isEmpty()) throw BundleException("The bundle holds no model.")
    return Bundle(
        recipe = facts.text("recipe"),
        task = facts.text("task"),
        labels = facts.texts("labels"),
        before = before(facts.child("before")),
        after = after(facts.child("after")),
        models = models,
        golden = if (facts.has("golden")) golden(facts.child("golden")) else null,
        limits = limits(facts),
    )
}

private fun limits(facts: JsonObject): Map<String, Tolerance> {
    if (!facts.has("limits")) return emptyMap()
    val limits = facts.child("limits")
    return limits.names.associateWith {
        val limit = limits.child(it)
        Tolerance(limit.double("error"), limit.double("resolution"))
    }
}

private fun model(facts: JsonObject) = ModelFacts(
    variant = facts.text("variant"),
    part = facts.text("part"),
    precision = facts.text("precision"),
    file = facts.fileName("file"),
    sha256 = facts.text("sha256"),
    inputs = facts.children("inputs").map(::tensor),
    outputs = facts.children("outputs").map(::tensor),
)

private fun tensor(facts: JsonObject) = TensorFacts(
    name = facts.text("name"),
    shape = facts.shape(),
    dtype = facts.text("dtype"),
    quantization = if (facts.has("quantization")) {
        val scaling = facts.child("quantization")
        Quantization(scaling.double("scale"), scaling.int("zero_point"))
    } else {
        null
    },
)

private fun golden(facts: JsonObject): Golden {
    val order = facts.text("byte_order")
    if (order != "little") throw BundleException("The golden vectors are $order-endian.")
    val parts = if (facts.has("parts")) facts.child("parts") else null
    return Golden(
        tensors = facts.children("tensors").map {
            GoldenTensor(
                role = it.text("role"),
                name = it.text("name"),
                file = it.fileName("file"),
                dtype = it.text("dtype"),
                shape = it.shape(),
            )
        },
        parts = parts?.names.orEmpty().associateWith { golden(parts!!.child(it)) },
    )
}

/** Most numbers of a tensor: 256 MB as floats, beyond what an app may take. */
private const val MOST_NUMBERS = 1L shl 26

private fun JsonObject.shape(): List<Int> {
    val shape = ints("shape")
    val product = shape.fold(1L) { size, axis -> if (size in 0..MOST_NUMBERS) size * axis else -1 }
    if (shape.any { it < 0 } || product !in 0..MOST_NUMBERS) {
        throw BundleException("A tensor has the shape $shape; make the bundle again.")
    }
    return shape
}

/** Returns a relative name below the bundle, whatever a file claims. */
internal fun JsonObject.fileName(name: String): String {
    val file = text(name)
    val steps = file.split('/')
    if (steps.any { it.isEmpty() || it == "." || it == ".." } || '\\' in file || '\u0000' in file) {
        throw BundleException("'$file' is not the name of a file in the bundle.")
    }
    return file
}
