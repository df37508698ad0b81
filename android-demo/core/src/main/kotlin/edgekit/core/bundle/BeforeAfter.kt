package edgekit.core.bundle

/** What is done to what a user gives, before a model sees it. */
sealed interface Before {
    /**
     * A picture becomes `(1, height, width, channels)`: pixels in 0..1, then (x - mean) / std.
     *
     * @property input name of the model's input.
     * @property grey how much red, green and blue count in grey.
     */
    data class PictureInput(
        val input: String,
        val fit: Fit,
        val height: Int,
        val width: Int,
        val channels: Int,
        val mean: Float,
        val std: Float,
        val grey: List<Float>,
    ) : Before

    /**
     * A sound becomes `(1, frames, bands)`: decibels above [quietest] by [decibels].
     *
     * @property rate samples a second, hertz.
     * @property samples of the sound that is classified at once.
     * @property window samples of a frame.
     * @property hop samples from one frame to the next.
     * @property quietest power that stands for silence.
     */
    data class SoundInput(
        val input: String,
        val rate: Int,
        val samples: Int,
        val window: Int,
        val hop: Int,
        val bands: Int,
        val lowestHz: Double,
        val highestHz: Double,
        val quietest: Double,
        val decibels: Double,
    ) : Before

    /**
     * A text becomes token ids `(1, length)`.
     *
     * @property normalize `words` or `none`.
     * @property subwords the file of the bundle that holds the merges.
     * @property padding id that fills up shorter texts.
     * @property tooLong what is kept of a longer text: `both_ends`, or `start`.
     */
    data class TextInput(
        val input: String,
        val normalize: String,
        val subwords: String,
        val length: Int,
        val padding: Int,
        val tooLong: String,
    ) : Before

    /** Arrays as they are: only the golden vectors can be shown to such a model here. */
    object Numbers : Before
}

/** How a picture of any size comes to a network's size. */
sealed interface Fit {
    /** The middle of the picture, of the network's proportions. */
    object Cover : Fit

    /**
     * The whole picture, with [fill] around it.
     *
     * @property tiles how larger pictures are looked at besides; null if they are not.
     */
    data class Letterbox(val fill: Float, val tiles: ScaledTiles?) : Fit

    /**
     * Overlapping tiles of the network's size.
     *
     * @property longest pixels of the longer side at most; null if all sizes are taken as they are.
     * @property margin pixels at the edge of a tile that do not count.
     */
    data class Tiles(val longest: Int?, val margin: Int) : Fit
}

/**
 * How a large picture is looked at in parts.
 *
 * @property scales sizes of the picture, in sizes of the network's; it is never enlarged.
 * @property margin pixels at the edge of a tile in which nothing may have its middle.
 */
data class ScaledTiles(val scales: List<Int>, val margin: Int)

/** What is done with a model's outputs. */
sealed interface After {
    /** The [top] labels with the highest scores. */
    data class Labels(val output: String, val top: Int) : After

    /**
     * Boxes of a detector that lays grids of cells over the picture.
     *
     * @property tree of the names, if they are in one.
     * @property leastScore boxes of less are not shown.
     */
    data class Boxes(val decoder: GridFacts, val tree: TreeFacts?, val leastScore: Float) : After

    /** One box and its label, which all positions vote for. */
    object OneBox : After

    /** The class of each pixel. */
    data class Mask(val output: String) : After

    /**
     * Joints of people.
     *
     * @property bones pairs of joints that a drawing joins.
     * @property least how sure a joint must be to be shown.
     */
    data class KeyPoints(
        val joints: List<String>,
        val bones: List<Pair<Int, Int>>,
        val decoder: PoseFacts,
        val least: Float,
    ) : After

    /** Arrays, or something that this library does not decode: [what] says which. */
    data class Numbers(val what: String) : After
}

/**
 * A detector of grid cells, as `edgekit/on_device/vision/grid_cells.py` has it.
 *
 * @property size how boxes follow from anchors: `exponential` or `square`.
 * @property reach side of the square around a cell's middle where its boxes have theirs, in cells.
 * @property classes `any`, `one` or `cell`.
 * @property candidates surest predictors that go into non-maximum suppression.
 */
data class GridFacts(
    val grids: List<Grid>,
    val numClasses: Int,
    val size: String,
    val reach: Float,
    val classes: String,
    val leastScore: Float,
    val threshold: Double,
    val most: Int,
    val candidates: Int,
)

/**
 * Cells of one size.
 *
 * @property stride side of a cell, pixels.
 * @property anchors width and height, pixels, for each predictor of a cell.
 */
data class Grid(val stride: Int, val anchors: List<Pair<Float, Float>>)

/**
 * Names in a tree, as `edgekit/on_device/vision/word_tree.py` has them.
 *
 * @property names the root first, and every name after the one it belongs under.
 * @property parents for each name the number of the one it belongs under; -1 for the root.
 * @property leastSure how probable a name must be to be said.
 */
data class TreeFacts(val names: List<String>, val parents: List<Int>, val leastSure: Double)

/**
 * How people are found in maps.
 *
 * @property stride side of a cell, pixels.
 * @property tree pairs of joints, one for each way that the network tells.
 * @property radius pixels within which two joints of a kind are one.
 */
data class PoseFacts(
    val stride: Int,
    val tree: List<Pair<Int, Int>>,
    val leastPeak: Double,
    val leastScore: Double,
    val radius: Double,
    val most: Int,
)
