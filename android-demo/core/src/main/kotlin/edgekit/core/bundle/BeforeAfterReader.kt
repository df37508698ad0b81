package edgekit.core.bundle

import edgekit.core.BundleException

/** Grey of red, green and blue by BT.601, where a bundle names no other. */
private val GREY = listOf(0.299, 0.587, 0.114)

internal fun before(facts: JsonObject): Before = when (val kind = facts.text("kind")) {
    "picture" -> picture(facts)
    "sound" -> sound(facts)
    "text" -> Before.TextInput(
        input = facts.text("input"),
        normalize = facts.oneOf("normalize", "words", "none"),
        subwords = facts.fileName("subwords"),
        length = facts.atLeast("length", 2),
        padding = facts.int("padding"),
        tooLong = facts.oneOf("too_long", "both_ends", "start"),
    )
    "numbers" -> Before.Numbers
    else -> throw BundleException("This app does not know how to make input of kind '$kind'.")
}

private fun picture(facts: JsonObject) = Before.PictureInput(
    input = facts.text("input"),
    fit = when (facts.oneOf("fit", "cover", "letterbox", "tiles")) {
        "cover" -> Fit.Cover
        "letterbox" -> Fit.Letterbox(facts.float("fill", 0.5f), scaledTiles(facts))
        else -> Fit.Tiles(
            longest = if (facts.has("longest")) facts.atLeast("longest", 1) else null,
            margin = facts.int("margin"),
        )
    },
    height = facts.atLeast("height", 1),
    width = facts.atLeast("width", 1),
    channels = facts.int("channels").also {
        if (it != 1 && it != 3) throw BundleException("A picture has 1 or 3 channels, not $it.")
    },
    mean = facts.float("mean", 0f),
    std = facts.float("std", 1f).also {
        if (it <= 0f) throw BundleException("'std' is $it; it must be above 0.")
    },
    grey = (if (facts.has("grey")) facts.doubles("grey") else GREY).map { it.toFloat() }.also {
        if (it.size != 3) throw BundleException("'grey' has ${it.size} shares; it must have 3.")
    },
)

private fun scaledTiles(facts: JsonObject): ScaledTiles? {
    if (!facts.has("tiles")) return null
    val tiles = facts.child("tiles")
    return ScaledTiles(tiles.ints("scales"), tiles.int("margin"))
}

private fun sound(facts: JsonObject): Before.SoundInput {
    val window = facts.atLeast("window", 2)
    val hop = facts.atLeast("hop", 1)
    val samples = facts.atLeast("samples", 1)
    if (window < hop || window and (window - 1) != 0 || samples % hop != 0) {
        throw BundleException(
            "A window of $window, a hop of $hop and $samples samples do not fit together.",
        )
    }
    return Before.SoundInput(
        input = facts.text("input"),
        rate = facts.atLeast("rate", 1),
        samples = samples,
        window = window,
        hop = hop,
        bands = facts.atLeast("bands", 1),
        lowestHz = facts.double("lowest_hz"),
        highestHz = facts.double("highest_hz"),
        quietest = facts.double("quietest"),
        decibels = facts.double("decibels"),
    )
}

internal fun after(facts: JsonObject): After = when (val kind = facts.text("kind")) {
    "labels" -> After.Labels(facts.text("output"), facts.atLeast("top", 1))
    "boxes" -> boxes(facts)
    "one_box" -> After.OneBox
    "mask" -> After.Mask(facts.text("output"))
    "key_points" -> After.KeyPoints(
        joints = facts.texts("joints"),
        bones = facts.pairs("bones", facts.texts("joints").size),
        decoder = pose(facts.child("decoder"), facts.texts("joints").size),
        least = facts.float("least", 0.3f),
    )
    else -> After.Numbers(kind)
}

private fun boxes(facts: JsonObject): After {
    val decoder = facts.child("decoder")
    val kind = decoder.text("kind")
    val tree = when (kind) {
        "grid_cells" -> null
        "word_tree" -> tree(decoder)
        else -> return After.Numbers("boxes of $kind")
    }
    return After.Boxes(grids(decoder), tree, facts.float("least_score", 0.4f))
}

private fun tree(facts: JsonObject): TreeFacts {
    val names = facts.texts("names")
    val parents = facts.ints("parents")
    val isSound = parents.size == names.size && parents.firstOrNull() == -1 &&
        (1 until parents.size).all { parents[it] in 0 until it }
    if (!isSound || facts.int("num_classes") != names.size - 1) {
        throw BundleException("${names.size} names with the parents $parents are no tree.")
    }
    return TreeFacts(names, parents, facts.double("least_sure"))
}

private fun grids(facts: JsonObject) = GridFacts(
    grids = facts.children("grids").map { grid ->
        val anchors = grid.rows("anchors").map { row ->
            if (row.size != 2) throw BundleException("An anchor has a width and a height.")
            row[0].toFloat() to row[1].toFloat()
        }
        Grid(grid.atLeast("stride", 1), anchors)
    },
    numClasses = facts.atLeast("num_classes", 1),
    size = facts.oneOf("size", "exponential", "square"),
    reach = facts.float("reach", 1f),
    classes = facts.oneOf("classes", "any", "one", "cell"),
    leastScore = facts.float("least_score", 0.01f),
    threshold = facts.double("threshold"),
    most = facts.atLeast("most", 1),
    candidates = facts.atLeast("candidates", 1),
)

private fun pose(facts: JsonObject, joints: Int) = PoseFacts(
    stride = facts.atLeast("stride", 1),
    tree = facts.pairs("tree", joints),
    leastPeak = facts.double("least_peak"),
    leastScore = facts.double("least_score"),
    radius = facts.double("radius"),
    most = facts.atLeast("most", 1),
)

private fun JsonObject.pairs(name: String, below: Int): List<Pair<Int, Int>> = rows(name).map {
    val pair = it.map(Double::toInt)
    if (pair.size != 2 || pair.any { joint -> joint !in 0 until below }) {
        throw BundleException("'$name' holds $it; it must hold pairs of joints below $below.")
    }
    pair[0] to pair[1]
}

private fun JsonObject.atLeast(name: String, least: Int): Int = int(name).also {
    if (it < least) throw BundleException("'$name' is $it; it must be at least $least.")
}

private fun JsonObject.oneOf(name: String, vararg allowed: String): String = text(name).also {
    if (it !in allowed) {
        throw BundleException("'$name' is '$it'; this app knows: ${allowed.joinToString()}.")
    }
}
