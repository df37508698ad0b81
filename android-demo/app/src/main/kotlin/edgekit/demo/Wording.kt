package edgekit.demo

import edgekit.core.proof.Latency
import edgekit.core.proof.OutputError
import edgekit.core.proof.PartProof
import edgekit.core.proof.Residency

/** Says where each part really runs, and why not where it was asked to. */
fun residencyText(residencies: Map<String, Residency>): String =
    residencies.entries.joinToString("\n") { (part, residency) ->
        val named = if (residencies.size > 1) "$part: " else ""
        val why = if (residency.whyNot.isEmpty()) "" else " — ${residency.whyNot}"
        "${named}runs on the ${residency.ranOn.uppercase()}$why"
    }

/** Says how long invocations took. */
fun latencyText(latency: Latency): String = if (latency.runs == 0) "" else
    "median %.1f ms, p90 %.1f ms (%d runs)".format(latency.medianMs, latency.p90Ms, latency.runs)

/** Says what a self-test showed, output by output. */
fun proofText(proofs: List<PartProof>): String = proofs.joinToString("\n") { proof ->
    val head = "${proof.model.file}: ${verdict(proof)} on ${proof.examples} golden examples"
    (listOf(head) + proof.outputs.map(::errorText)).joinToString("\n")
}

private fun errorText(output: OutputError): String {
    val limit = output.limit?.let { " (at most %.2g)".format(it) }.orEmpty()
    return "  %s: largest error %.2g, root mean square %.2g%s %s".format(
        output.name,
        output.maxAbs,
        output.rootMeanSquare,
        limit,
        if (output.ok == false) "OUT OF LIMITS" else "",
    ).trimEnd()
}

private fun verdict(proof: PartProof): String = when (proof.ok) {
    true -> "right"
    false -> "OUT OF LIMITS"
    null -> if (proof.model.isOptimized) "not judged, for its weights are others," else "not judged"
}
