package edgekit.demo.bundles

import edgekit.core.Run
import edgekit.core.asking.Answer
import edgekit.core.asking.Program
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.bundle
import edgekit.core.pictures.Picture
import edgekit.core.proof.Latency
import edgekit.core.proof.PartProof
import edgekit.core.proof.Residency
import edgekit.core.proof.selfTest
import edgekit.demo.inference.LoadedModel
import edgekit.demo.inference.loadModel

/**
 * A variant of a bundle whose models are loaded. It is used on the inference thread alone.
 *
 * @property variant such as `int8`.
 */
class OpenBundle(private val stored: StoredBundle, val variant: String, private val gpu: Boolean) :
    AutoCloseable {
    val bundle: Bundle = stored.files.bundle()
    private val program = Program(bundle, stored.files)
    private val models = LinkedHashMap<String, LoadedModel>()

    /** Times of single invocations since the bundle was opened. */
    val latency = Latency(MOST_RUNS)

    init {
        try {
            bundle.parts(variant).forEach { (part, facts) ->
                models[part] = loadModel(stored.model(facts.file), facts, gpu)
            }
        } catch (error: Throwable) {
            close()
            throw error
        }
    }

    /** Where each part runs. */
    val residencies: Map<String, Residency> get() = models.mapValues { it.value.residency }

    private val runs: Map<String, Run>
        get() = models.mapValues { (_, model) ->
            { batch -> model.run(batch).also { latency.add(model.lastMs) } }
        }

    fun ask(picture: Picture): Answer = program.ask(picture, runs)

    fun ask(samples: FloatArray): Answer = program.ask(samples, runs)

    fun ask(text: String): Answer = program.ask(text, runs)

    /**
     * Replays the golden vectors, after a warm-up, until there were [runs] invocations; the times
     * of these are the latency from then on.
     */
    fun selfTest(runs: Int): List<PartProof> {
        val models = this.runs
        selfTest(bundle, stored.files, variant, models, onGpu)
        latency.clear()
        do {
            val proofs = selfTest(bundle, stored.files, variant, models, onGpu)
            if (latency.runs >= minOf(runs, MOST_RUNS)) return proofs
        } while (true)
    }

    private val onGpu get() = residencies.values.any { it.ranOn == "gpu" }

    override fun close() {
        models.values.forEach(LoadedModel::close)
        models.clear()
    }

    private companion object {
        /** Times of single invocations that are kept; more are not waited for. */
        const val MOST_RUNS = 1000
    }
}

/** Invocations of which percentiles can be told. */
const val USUAL_RUNS = 50
