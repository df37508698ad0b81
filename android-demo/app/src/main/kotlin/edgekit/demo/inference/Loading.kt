package edgekit.demo.inference

import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import com.google.ai.edge.litert.LiteRtException
import edgekit.core.bundle.ModelFacts
import edgekit.core.proof.Residency

/** Where a model file is: an asset, or a file. */
fun interface ModelSource {
    /** Compiles the model. */
    fun compile(options: CompiledModel.Options): CompiledModel
}

/**
 * Loads a model on the GPU, if it is asked for and takes it, and else on the CPU.
 *
 * The GPU is asked for alone: together with the CPU, LiteRT falls back in silence. Alone it either
 * runs the whole model or refuses, and what it said is kept.
 *
 * @throws LiteRtException if the CPU refuses it too.
 */
fun loadModel(source: ModelSource, facts: ModelFacts, gpu: Boolean): LoadedModel {
    val askedFor = if (gpu) "gpu" else "cpu"
    var whyNot = ""
    if (gpu) {
        try {
            val compiled = source.compile(CompiledModel.Options(Accelerator.GPU))
            return ready(compiled, facts, Residency(askedFor, "gpu", ""))
        } catch (error: LiteRtException) {
            whyNot = "The GPU refused '${facts.file}': ${error.message}"
        } catch (error: UnsatisfiedLinkError) {
            whyNot = "The GPU library is not in the app: ${error.message}"
        }
    }
    val compiled = source.compile(CompiledModel.Options(Accelerator.CPU))
    return ready(compiled, facts, Residency(askedFor, "cpu", whyNot))
}

private fun ready(compiled: CompiledModel, facts: ModelFacts, residency: Residency): LoadedModel =
    try {
        LoadedModel(compiled, facts, residency)
    } catch (error: LiteRtException) {
        compiled.close()
        throw error
    }
