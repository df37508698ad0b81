package edgekit.core.asking

import edgekit.core.BundleException
import edgekit.core.Run
import edgekit.core.Tensor
import edgekit.core.answers.best
import edgekit.core.bundle.After
import edgekit.core.bundle.Before
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.BundleFiles
import edgekit.core.bundle.text
import edgekit.core.pictures.Picture
import edgekit.core.sound.LogMel
import edgekit.core.sound.middle
import edgekit.core.tensor
import edgekit.core.text.TokenInput

/** Names of the only part of a bundle, or of the one that sees the input. */
private val FIRST_PARTS = listOf("model", "network", "whole")

/**
 * Answers pictures, sounds or texts with the models of a bundle, as the bundle says.
 *
 * Tables (of mel bands, of subwords) are made once, here.
 */
class Program(private val bundle: Bundle, files: BundleFiles) {
    private val logMel = (bundle.before as? Before.SoundInput)?.let(::LogMel)
    private val tokens = (bundle.before as? Before.TextInput)?.let {
        TokenInput(it, files.text(it.subwords))
    }

    /** Answers what a picture shows; [runs] are the models by part. */
    fun ask(picture: Picture, runs: Map<String, Run>): Answer =
        PictureProgram(bundle, bundle.before as? Before.PictureInput ?: wrongKind("pictures"))
            .ask(picture, runs.first())

    /** Answers what a sound says; [samples] at the bundle's rate, floats in -1..1. */
    fun ask(samples: FloatArray, runs: Map<String, Run>): Answer {
        val facts = bundle.before as? Before.SoundInput ?: wrongKind("sounds")
        return labelled(facts.input, features(samples), runs.first())
    }

    /** Answers what a text says. */
    fun ask(text: String, runs: Map<String, Run>): Answer {
        val facts = bundle.before as? Before.TextInput ?: wrongKind("texts")
        return labelled(facts.input, ids(text), runs.first())
    }

    /** Returns what a network is given of a sound, `(1, frames, bands)`. */
    fun features(samples: FloatArray): Tensor {
        val facts = bundle.before as? Before.SoundInput ?: wrongKind("sounds")
        val frames = logMel!!(middle(samples, facts.samples))
        return Tensor(listOf(1, facts.samples / facts.hop, facts.bands), frames)
    }

    /** Returns what a network is given of a text, `(1, length)`. */
    fun ids(text: String): Tensor {
        val ids = (tokens ?: wrongKind("texts"))(text)
        return Tensor(listOf(1, ids.size), FloatArray(ids.size) { ids[it].toFloat() })
    }

    private fun labelled(input: String, value: Tensor, run: Run): Answer {
        val after = bundle.after as? After.Labels ?: notDecoded(bundle.after)
        val scores = run(mapOf(input to value)).tensor(after.output)
        return Answer.Labelled(best(scores.values, bundle.labels, after.top))
    }

    private fun wrongKind(given: String): Nothing =
        throw BundleException("'${bundle.recipe}' does not take $given.")
}

/** Returns the model that sees the input first. */
internal fun Map<String, Run>.first(): Run =
    FIRST_PARTS.firstNotNullOfOrNull { this[it] } ?: values.singleOrNull()
        ?: throw BundleException("This app cannot drive the parts $keys.")

internal fun notDecoded(after: After): Nothing {
    val what = if (after is After.Numbers) after.what else after.toString()
    throw BundleException("This app does not decode $what; it can run the self-test.")
}
