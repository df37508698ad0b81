package com.google.ai.edge.litert

import com.sun.jna.Library
import com.sun.jna.Memory
import com.sun.jna.Native
import com.sun.jna.Pointer
import com.sun.jna.ptr.LongByReference
import com.sun.jna.ptr.PointerByReference

/**
 * The functions of LiteRT's C API that stand in for those behind its Kotlin API on Android.
 *
 * `size_t` is 64 bits wide here, so it is passed as a `Long`.
 */
@Suppress("FunctionName")
internal interface LiteRtLibrary : Library {
    fun LiteRtCreateEnvironment(count: Int, options: Pointer?, made: PointerByReference): Int
    fun LiteRtDestroyEnvironment(environment: Pointer)
    fun LiteRtCreateModelFromFile(environment: Pointer, file: String, made: PointerByReference): Int
    fun LiteRtDestroyModel(model: Pointer)
    fun LiteRtGetModelSignature(model: Pointer, index: Long, found: PointerByReference): Int
    fun LiteRtGetNumSignatureInputs(signature: Pointer, count: LongByReference): Int
    fun LiteRtGetNumSignatureOutputs(signature: Pointer, count: LongByReference): Int
    fun LiteRtGetSignatureInputName(signature: Pointer, at: Long, name: PointerByReference): Int
    fun LiteRtGetSignatureOutputName(signature: Pointer, at: Long, name: PointerByReference): Int
    fun LiteRtGetSignatureInputTensorByIndex(
        signature: Pointer,
        at: Long,
        tensor: PointerByReference,
    ): Int
    fun LiteRtGetSignatureOutputTensorByIndex(
        signature: Pointer,
        at: Long,
        tensor: PointerByReference,
    ): Int
    fun LiteRtGetRankedTensorType(tensor: Pointer, type: Memory): Int
    fun LiteRtCreateOptions(made: PointerByReference): Int
    fun LiteRtDestroyOptions(options: Pointer)
    fun LiteRtSetOptionsHardwareAccelerators(options: Pointer, accelerators: Int): Int
    fun LiteRtCreateCompiledModel(
        environment: Pointer,
        model: Pointer,
        options: Pointer,
        made: PointerByReference,
    ): Int
    fun LiteRtDestroyCompiledModel(compiled: Pointer)
    fun LiteRtGetCompiledModelInputBufferRequirements(
        compiled: Pointer,
        signature: Long,
        at: Long,
        found: PointerByReference,
    ): Int
    fun LiteRtGetCompiledModelOutputBufferRequirements(
        compiled: Pointer,
        signature: Long,
        at: Long,
        found: PointerByReference,
    ): Int
    fun LiteRtCreateManagedTensorBufferFromRequirements(
        environment: Pointer,
        type: Memory,
        requirements: Pointer,
        made: PointerByReference,
    ): Int
    fun LiteRtDestroyTensorBuffer(buffer: Pointer)
    fun LiteRtGetTensorBufferPackedSize(buffer: Pointer, size: LongByReference): Int
    fun LiteRtLockTensorBuffer(buffer: Pointer, memory: PointerByReference, mode: Int): Int
    fun LiteRtUnlockTensorBuffer(buffer: Pointer): Int
    fun LiteRtRunCompiledModel(
        compiled: Pointer,
        signature: Long,
        numInputs: Long,
        inputs: Array<Pointer>,
        numOutputs: Long,
        outputs: Array<Pointer>,
    ): Int
}

/** `libLiteRt.so` of the ai-edge-litert wheel, named by the system property. */
internal val liteRt: LiteRtLibrary by lazy {
    Native.load(System.getProperty("edgekit.litert.library"), LiteRtLibrary::class.java)
}

/** Bytes of a `LiteRtRankedTensorType`, with room to spare. */
internal const val TENSOR_TYPE_BYTES = 256L

/** Returns what a function made; it answers a status, and gives the handle through the pointer. */
internal fun made(what: String, call: (PointerByReference) -> Int): Pointer {
    val handle = PointerByReference()
    check(what, call(handle))
    return handle.value ?: throw LiteRtException(Status.ErrorUnknown, "$what gave nothing.")
}

internal fun check(what: String, status: Int) {
    if (status != 0) {
        val named = Status.values().firstOrNull { it.code == status } ?: Status.ErrorUnknown
        throw LiteRtException(named, "$what failed: $named ($status).")
    }
}
