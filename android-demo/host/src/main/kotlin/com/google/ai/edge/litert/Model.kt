package com.google.ai.edge.litert

import android.content.res.AssetManager
import com.sun.jna.Memory
import com.sun.jna.Pointer
import com.sun.jna.ptr.LongByReference
import com.sun.jna.ptr.PointerByReference

/**
 * A model that is ready to run: LiteRT's public signatures over its C library.
 *
 * Only what the app calls is here. It is compiled against and never packaged.
 */
class CompiledModel private constructor(
    pointer: Pointer,
    private val model: Pointer,
    private val environment: Environment,
    private val ownsEnvironment: Boolean,
) : JniHandle(pointer) {
    /** Where a model shall run. */
    class Options(internal val accelerators: Set<Accelerator>) {
        constructor(vararg accelerators: Accelerator) : this(setOf(*accelerators))

        companion object {
            @JvmStatic
            val CPU = Options(Accelerator.CPU)
        }
    }

    private val signature = made("Finding the signature") {
        liteRt.LiteRtGetModelSignature(model, 0, it)
    }
    private val inputNames = names(
        { liteRt.LiteRtGetNumSignatureInputs(signature, it) },
        { at, name -> liteRt.LiteRtGetSignatureInputName(signature, at, name) },
    )
    private val outputNames = names(
        { liteRt.LiteRtGetNumSignatureOutputs(signature, it) },
        { at, name -> liteRt.LiteRtGetSignatureOutputName(signature, at, name) },
    )

    fun createInputBuffer(inputName: String, signature: String? = null): TensorBuffer {
        val at = index(inputNames, inputName, signature)
        val tensor = made("Finding '$inputName'") {
            liteRt.LiteRtGetSignatureInputTensorByIndex(this.signature, at, it)
        }
        val needs = made("Asking what '$inputName' needs") {
            liteRt.LiteRtGetCompiledModelInputBufferRequirements(handle, 0, at, it)
        }
        return buffer(tensor, needs)
    }

    fun createOutputBuffer(outputName: String, signature: String? = null): TensorBuffer {
        val at = index(outputNames, outputName, signature)
        val tensor = made("Finding '$outputName'") {
            liteRt.LiteRtGetSignatureOutputTensorByIndex(this.signature, at, it)
        }
        val needs = made("Asking what '$outputName' needs") {
            liteRt.LiteRtGetCompiledModelOutputBufferRequirements(handle, 0, at, it)
        }
        return buffer(tensor, needs)
    }

    fun run(
        inputs: Map<String, TensorBuffer>,
        outputs: Map<String, TensorBuffer>,
        signature: String? = null,
    ) {
        require(signature == null) { "The host runs the first signature." }
        check(
            "Running the model",
            liteRt.LiteRtRunCompiledModel(
                handle,
                0,
                inputNames.size.toLong(),
                ordered(inputNames, inputs),
                outputNames.size.toLong(),
                ordered(outputNames, outputs),
            ),
        )
    }

    override fun destroy() {
        liteRt.LiteRtDestroyCompiledModel(handle)
        liteRt.LiteRtDestroyModel(model)
        if (ownsEnvironment) environment.close()
    }

    private fun ordered(names: List<String>, buffers: Map<String, TensorBuffer>): Array<Pointer> =
        names.map { name ->
            buffers[name]?.handle
                ?: throw LiteRtException(Status.ErrorMissingInputTensor, "No buffer for '$name'.")
        }.toTypedArray()

    private fun index(names: List<String>, name: String, signature: String?): Long {
        require(signature == null) { "The host knows the first signature alone." }
        val at = names.indexOf(name)
        if (at < 0) throw LiteRtException(Status.ErrorNotFound, "No '$name'; there are: $names.")
        return at.toLong()
    }

    private fun buffer(tensor: Pointer, needs: Pointer): TensorBuffer {
        val type = Memory(TENSOR_TYPE_BYTES)
        check("Asking for a tensor's type", liteRt.LiteRtGetRankedTensorType(tensor, type))
        val made = made("Making a buffer") {
            liteRt.LiteRtCreateManagedTensorBufferFromRequirements(
                environment.handle,
                type,
                needs,
                it,
            )
        }
        return TensorBuffer(made)
    }

    private fun names(
        count: (LongByReference) -> Int,
        name: (Long, PointerByReference) -> Int,
    ): List<String> {
        val found = LongByReference()
        check("Counting tensors", count(found))
        return List(found.value.toInt()) { at ->
            made("Asking for a name") { name(at.toLong(), it) }.getString(0)
        }
    }

    companion object {
        @JvmOverloads
        @JvmStatic
        fun create(
            filePath: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel {
            val environment = optionalEnv ?: Environment.create()
            val model = made("Reading '$filePath'") {
                liteRt.LiteRtCreateModelFromFile(environment.handle, filePath, it)
            }
            val compiled = compile(environment.handle, model, options)
            return CompiledModel(compiled, model, environment, optionalEnv == null)
        }

        @JvmOverloads
        @JvmStatic
        @Suppress("UNUSED_PARAMETER")
        fun create(
            assetManager: AssetManager,
            assetName: String,
            options: Options = Options.CPU,
            optionalEnv: Environment? = null,
        ): CompiledModel = throw LiteRtException(Status.ErrorUnsupported, "The host has no assets.")

        private fun compile(environment: Pointer, model: Pointer, options: Options): Pointer {
            val settings = made("Making options") { liteRt.LiteRtCreateOptions(it) }
            try {
                val bits = options.accelerators.fold(0) { set, each -> set or each.bit() }
                check("Setting", liteRt.LiteRtSetOptionsHardwareAccelerators(settings, bits))
                return made("Compiling the model for ${options.accelerators}") {
                    liteRt.LiteRtCreateCompiledModel(environment, model, settings, it)
                }
            } finally {
                liteRt.LiteRtDestroyOptions(settings)
            }
        }

        private fun Accelerator.bit() = if (value == 0) 0 else 1 shl (value - 1)
    }
}
