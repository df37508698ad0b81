package com.google.ai.edge.litert

import com.sun.jna.Pointer
import com.sun.jna.ptr.LongByReference
import com.sun.jna.ptr.PointerByReference

/** Memory that holds a tensor. */
class TensorBuffer internal constructor(pointer: Pointer) : JniHandle(pointer) {
    fun writeFloat(data: FloatArray) = write(4L * data.size) { it.write(0, data, 0, data.size) }

    fun writeInt(data: IntArray) = write(4L * data.size) { it.write(0, data, 0, data.size) }

    fun writeInt8(data: ByteArray) = write(data.size.toLong()) { it.write(0, data, 0, data.size) }

    fun writeBoolean(data: BooleanArray) =
        writeInt8(ByteArray(data.size) { if (data[it]) 1 else 0 })

    fun readFloat(): FloatArray = read { memory, bytes -> memory.getFloatArray(0, bytes / 4) }

    fun readInt(): IntArray = read { memory, bytes -> memory.getIntArray(0, bytes / 4) }

    fun readInt8(): ByteArray = read { memory, bytes -> memory.getByteArray(0, bytes) }

    fun readBoolean(): BooleanArray = readInt8().let { bytes ->
        BooleanArray(bytes.size) { bytes[it] != 0.toByte() }
    }

    override fun destroy() = liteRt.LiteRtDestroyTensorBuffer(handle)

    private fun write(bytes: Long, fill: (Pointer) -> Unit) {
        if (bytes != size()) {
            val wrong = "A buffer of ${size()} bytes was given $bytes."
            throw LiteRtException(Status.ErrorInvalidArgument, wrong)
        }
        locked(WRITE, fill)
    }

    private fun <T> read(take: (Pointer, Int) -> T): T = locked(READ) { take(it, size().toInt()) }

    private fun size(): Long {
        val size = LongByReference()
        check("Asking for a size", liteRt.LiteRtGetTensorBufferPackedSize(handle, size))
        return size.value
    }

    private fun <T> locked(mode: Int, use: (Pointer) -> T): T {
        val memory = PointerByReference()
        check("Locking a buffer", liteRt.LiteRtLockTensorBuffer(handle, memory, mode))
        try {
            return use(memory.value)
        } finally {
            check("Unlocking a buffer", liteRt.LiteRtUnlockTensorBuffer(handle))
        }
    }

    private companion object {
        const val READ = 0
        const val WRITE = 1
    }
}
