package edgekit.core.asking

import edgekit.core.BundleException
import edgekit.core.Run
import edgekit.core.Tensor
import edgekit.core.answers.Box
import edgekit.core.answers.GridCells
import edgekit.core.answers.Mask
import edgekit.core.answers.WordTree
import edgekit.core.answers.best
import edgekit.core.answers.indexOfLargest
import edgekit.core.answers.mergedVotes
import edgekit.core.bundle.After
import edgekit.core.bundle.Before
import edgekit.core.bundle.Bundle
import edgekit.core.bundle.Fit
import edgekit.core.pictures.Picture
import edgekit.core.pictures.Placement
import edgekit.core.pictures.cover
import edgekit.core.pictures.coverPlacement
import edgekit.core.pictures.cut
import edgekit.core.pictures.letterbox
import edgekit.core.pictures.letterboxPlacement
import edgekit.core.pictures.normalized
import edgekit.core.pictures.resized
import edgekit.core.pictures.seenSize
import edgekit.core.pictures.tilesOf
import edgekit.core.pictures.withChannels
import edgekit.core.tensor

/** Brings pictures to a network's size, and what it answers back to the pictures' pixels. */
class PictureProgram(private val bundle: Bundle, private val before: Before.PictureInput) {
    /** Answers what a picture shows. */
    fun ask(picture: Picture, run: Run): Answer = when (val after = bundle.after) {
        is After.Labels -> {
            val (input, _) = fitted(picture)
            val scores = run(given(input)).tensor(after.output).values
            Answer.Labelled(best(scores, bundle.labels, after.top))
        }
        is After.Boxes -> boxed(picture, run, after)
        is After.OneBox -> oneBox(picture, run)
        is After.KeyPoints -> posed(picture, run, after)
        is After.Mask -> {
            val mask = masked(picture, run, after)
            Answer.Masked(mask, mask.shares(bundle.labels))
        }
        is After.Numbers -> notDecoded(after)
    }

    /** Returns a picture as the network is given it, and where it lies there. */
    fun fitted(picture: Picture): Pair<Picture, Placement> {
        val (height, width) = before.height to before.width
        val (changed, placement) = when (val fit = before.fit) {
            is Fit.Letterbox ->
                picture.letterbox(height, width, before.channels, fit.fill, before.grey) to
                    picture.letterboxPlacement(height, width)
            else ->
                picture.cover(height, width, before.channels, before.grey) to
                    picture.coverPlacement(height, width)
        }
        return changed.normalized(before.mean, before.std) to placement
    }

    /** Returns the class of each pixel of a picture. */
    fun masked(picture: Picture, run: Run, after: After.Mask): Mask {
        val tiling = before.fit as? Fit.Tiles
            ?: throw BundleException("'${bundle.recipe}' answers masks without the fit 'tiles'.")
        val (height, width) = picture.seenSize(tiling.longest)
        val seen = picture.withChannels(before.channels, before.grey).resized(height, width)
        val mask = Mask(height, width, ByteArray(height * width))
        for (tile in tilesOf(height, width, before.height, before.width, tiling.margin)) {
            val part = seen.cut(tile, before.height, before.width)
            mask.take(tile, maskOf(part.normalized(before.mean, before.std), run, after))
        }
        return mask.enlarged(picture.height, picture.width)
    }

    private fun maskOf(input: Picture, run: Run, after: After.Mask): Mask =
        Mask.ofScores(input.height, input.width, run(given(input)).tensor(after.output).values)

    private fun boxed(picture: Picture, run: Run, after: After.Boxes): Answer {
        val (input, placement) = fitted(picture)
        val (height, width) = before.height to before.width
        val outputs = run(given(input))
        val found = after.tree?.let { WordTree(after.decoder, it, height, width).boxes(outputs) }
            ?: GridCells(after.decoder, height, width).boxes(outputs)
        val sure = found.filter { it.score >= after.leastScore }
        return boxes(sure, sure.map { "%.2f %s".format(it.score, label(it)) }, placement)
    }

    private fun oneBox(picture: Picture, run: Run): Answer {
        val (input, placement) = fitted(picture)
        val (box, scores) = mergedVotes(run(given(input)), before.height, before.width)
        val best = scores.indexOfLargest()
        val found = Box(box, best, scores[best])
        return boxes(listOf(found), listOf("%s %.2f".format(label(found), found.score)), placement)
    }

    private fun boxes(found: List<Box>, captions: List<String>, placement: Placement) =
        Answer.Boxed(
            corners = found.map { placement.toPicture(it.corners) },
            captions = captions,
            kinds = found.map { it.label },
        )

    private fun label(box: Box) = bundle.labels.getOrElse(box.label) { "class $it" }

    private fun posed(picture: Picture, run: Run, after: After.KeyPoints): Answer {
        val fit = before.fit as? Fit.Letterbox
            ?: throw BundleException("'${bundle.recipe}' finds people without the fit 'letterbox'.")
        val people = PeopleFinder(before, fit, after, run).people(picture)
        return Answer.Posed(people, after.bones, after.least)
    }

    private fun given(input: Picture) = mapOf(before.input to input.toTensor())
}

/** Returns a picture as a batch of one, `(1, height, width, channels)`. */
internal fun Picture.toTensor() = Tensor(listOf(1, height, width, channels), values)
