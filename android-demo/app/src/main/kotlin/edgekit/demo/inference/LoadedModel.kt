package edgekit.demo.inference

import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.TensorBuffer
import edgekit.core.Batch
import edgekit.core.BundleException
import edgekit.core.Tensor
import edgekit.core.bundle.ModelFacts
import edgekit.core.bundle.TensorFacts
import edgekit.core.proof.Residency
import edgekit.core.quantized
import edgekit.core.real
import edgekit.core.tensor

/**
 * A model file that is ready to be asked; its buffers are made once.
 *
 * Tensors are told by their names: an order of outputs was lost in a release of LiteRT before.
 * Everything here happens on one thread, the one that made it.
 *
 * @property residency where it runs, and why not where it was asked to.
 */
class LoadedModel(
    private val compiled: CompiledModel,
    private val facts: ModelFacts,
    val residency: Residency,
) : AutoCloseable {
    private val inputs = facts.inputs.associate { it.name to compiled.createInputBuffer(it.name) }
    private val outputs =
        facts.outputs.associate { it.name to compiled.createOutputBuffer(it.name) }

    /** Milliseconds that the last invocation took, from the input's numbers to the output's. */
    var lastMs = Double.NaN
        private set

    /**
     * Answers a batch of one example, floats in and out, whatever the file's tensors hold.
     *
     * @throws BundleException if the batch is not what the bundle says that the model takes.
     */
    fun run(batch: Batch): Batch {
        val start = System.nanoTime()
        facts.inputs.forEach { write(it, batch.tensor(it.name), inputs.getValue(it.name)) }
        compiled.run(inputs, outputs)
        // A GPU is done when its output has been read, not before.
        val answer = facts.outputs.associate { it.name to read(it, outputs.getValue(it.name)) }
        lastMs = (System.nanoTime() - start) / 1e6
        return answer
    }

    override fun close() {
        (inputs.values + outputs.values).forEach(TensorBuffer::close)
        compiled.close()
    }

    private fun write(port: TensorFacts, tensor: Tensor, buffer: TensorBuffer) {
        val values = tensor.values
        if (values.size != port.size) {
            throw BundleException(
                "'${port.name}' takes ${port.shape}; it was given ${tensor.shape}.",
            )
        }
        when (port.dtype) {
            "float32" -> buffer.writeFloat(values)
            "int8" -> {
                val bytes = port.quantization?.quantized(values, -128, 127) ?: values.toInts()
                buffer.writeInt8(ByteArray(bytes.size) { bytes[it].toByte() })
            }
            "int32" -> buffer.writeInt(values.toInts())
            "bool" -> buffer.writeBoolean(BooleanArray(values.size) { values[it] != 0f })
            else -> unreadable(port)
        }
    }

    private fun read(port: TensorFacts, buffer: TensorBuffer): Tensor {
        val values = when (port.dtype) {
            "float32" -> buffer.readFloat()
            "int8" -> buffer.readInt8().let { bytes ->
                port.quantization?.real(bytes.size) { bytes[it].toInt() }
                    ?: FloatArray(bytes.size) { bytes[it].toFloat() }
            }
            "int32" -> buffer.readInt().let { ints -> FloatArray(ints.size) { ints[it].toFloat() } }
            "bool" -> buffer.readBoolean().let { bits ->
                FloatArray(bits.size) { if (bits[it]) 1f else 0f }
            }
            else -> unreadable(port)
        }
        return Tensor(port.shape, if (values.size == port.size) values else padded(port, values))
    }

    /** Cuts what a buffer holds beyond its tensor. */
    private fun padded(port: TensorFacts, values: FloatArray): FloatArray {
        if (values.size < port.size) {
            throw BundleException("'${port.name}' gave ${values.size} numbers, not ${port.size}.")
        }
        return values.copyOf(port.size)
    }

    private fun FloatArray.toInts() = IntArray(size) { Math.round(this[it]) }

    private fun unreadable(port: TensorFacts): Nothing = throw BundleException(
        "'${port.name}' holds ${port.dtype}, which LiteRT's Kotlin API does not pass on; take " +
            "another variant.",
    )
}
