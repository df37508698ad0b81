package edgekit.core.proof

import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.Tensor
import edgekit.core.bundle.BundleFiles
import edgekit.core.bundle.Golden
import edgekit.core.bundle.GoldenTensor
import edgekit.core.bundle.bytes
import java.nio.ByteBuffer
import java.nio.ByteOrder

/**
 * Test inputs with the reference's answers.
 *
 * @property inputs one batch for each example.
 * @property outputs what the reference answered to each.
 */
class GoldenVectors(val inputs: List<Batch>, val outputs: List<Batch>)

/**
 * Reads golden vectors from a bundle.
 *
 * @throws BundleException if a file holds more or fewer numbers than the bundle says.
 */
fun readGolden(files: BundleFiles, golden: Golden): GoldenVectors {
    fun batches(role: String): List<Batch> {
        val tensors = golden.tensors.filter { it.role == role }
        val count = tensors.map { it.shape.firstOrNull() ?: 0 }.distinct().singleOrNull() ?: 0
        val all = tensors.associate { it.name to readNumbers(files, it) }
        return List(count) { index ->
            tensors.associate { it.name to example(it.shape, all.getValue(it.name), index) }
        }
    }

    val vectors = GoldenVectors(batches("input"), batches("output"))
    if (vectors.inputs.isEmpty() || vectors.inputs.size != vectors.outputs.size) {
        throw BundleException("The bundle holds no golden vectors that can be replayed.")
    }
    return vectors
}

private fun example(shape: List<Int>, values: FloatArray, index: Int): Tensor {
    val size = values.size / shape[0]
    return Tensor(listOf(1) + shape.drop(1), values.copyOfRange(index * size, (index + 1) * size))
}

private fun readNumbers(files: BundleFiles, tensor: GoldenTensor): FloatArray {
    val content = ByteBuffer.wrap(files.bytes(tensor.file)).order(ByteOrder.LITTLE_ENDIAN)
    val (bytes, read) = reader(tensor.dtype, content)
    val count = tensor.shape.fold(1, Int::times)
    if (content.capacity() != count * bytes) {
        throw BundleException(
            "'${tensor.file}' has ${content.capacity()} bytes; ${tensor.shape} of " +
                "${tensor.dtype} has ${count * bytes}.",
        )
    }
    return FloatArray(count) { read() }
}

/** Bytes of a number, and what reads the next one. */
private fun reader(dtype: String, content: ByteBuffer): Pair<Int, () -> Float> = when (dtype) {
    "float32" -> 4 to { content.float }
    "float64" -> 8 to { content.double.toFloat() }
    "int8" -> 1 to { content.get().toFloat() }
    "uint8", "bool" -> 1 to { (content.get().toInt() and 255).toFloat() }
    "int16" -> 2 to { content.short.toFloat() }
    "int32" -> 4 to { content.int.toFloat() }
    "int64" -> 8 to { content.long.toFloat() }
    else -> throw BundleException("Golden vectors of $dtype are not read here.")
}
