package edgekit.core

/**
 * Numbers with a shape, row by row: the last axis runs fastest.
 *
 * Whole numbers such as token ids are kept as floats too; they are exact up to 2^24.
 *
 * @property shape sizes of the axes, the batch axis first.
 * @property values as many as the product of [shape].
 */
class Tensor(val shape: List<Int>, val values: FloatArray) {
    init {
        require(shape.fold(1, Int::times) == values.size) {
            "A tensor of shape $shape does not hold ${values.size} numbers."
        }
    }
}

/** Tensor name -> tensor, batch axis first. */
typealias Batch = Map<String, Tensor>

/** A model as a function of a batch of one example, floats in and out. */
typealias Run = (Batch) -> Batch

/** Returns the tensor called [name], or says which there are. */
fun Batch.tensor(name: String): Tensor =
    this[name] ?: throw BundleException("There is no tensor '$name'; there are: $keys.")

/** What is wrong with a bundle, as a sentence for its user. */
class BundleException(message: String) : Exception(message)
