package com.google.ai.edge.litert

import com.sun.jna.Pointer

/** Where a model may run; numbers as LiteRT has them. */
enum class Accelerator(val value: Int) {
    NONE(0),
    CPU(1),
    GPU(2),
    NPU(3),
}

/** What LiteRT throws. */
class LiteRtException(private val status: Status, message: String) : Exception(message)

/** The statuses of LiteRT's C API that occur here. */
enum class Status(val code: Int) {
    Ok(0),
    ErrorInvalidArgument(1),
    ErrorMemoryAllocationFailure(2),
    ErrorRuntimeFailure(3),
    ErrorMissingInputTensor(4),
    ErrorUnsupported(5),
    ErrorNotFound(6),
    ErrorUnknown(9),
    ErrorFileIO(500),
    ErrorInvalidFlatbuffer(501),
    ErrorCompilation(504),
    ErrorIndexOOB(1000),
}

/** Something that native memory belongs to; it may be closed once or several times. */
abstract class JniHandle internal constructor(private val pointer: Pointer) : AutoCloseable {
    private var closed = false

    /** The native object. */
    internal val handle: Pointer
        get() {
            check(!closed) { "It was closed before." }
            return pointer
        }

    protected abstract fun destroy()

    final override fun close() {
        if (!closed) {
            destroy()
            closed = true
        }
    }
}

/** What models share. */
class Environment private constructor(pointer: Pointer) : JniHandle(pointer) {
    /** Settings of an environment, none of which the host has. */
    enum class Option

    override fun destroy() = liteRt.LiteRtDestroyEnvironment(handle)

    companion object {
        @JvmOverloads
        @JvmStatic
        fun create(options: Map<Option, String> = mapOf()): Environment {
            require(options.isEmpty()) { "The host knows no options." }
            val made = made("Creating an environment") {
                liteRt.LiteRtCreateEnvironment(0, null, it)
            }
            return Environment(made)
        }
    }
}
