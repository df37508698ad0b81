package edgekit.demo.drawing

import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import edgekit.core.answers.Joint
import edgekit.core.asking.Answer

/**
 * Colours that most colour-blind people tell apart.
 *
 * Source: Okabe and Ito, Color Universal Design, 2008, https://jfly.uni-koeln.de/color/.
 */
private val COLOURS = intArrayOf(
    Color.rgb(230, 159, 0),
    Color.rgb(86, 180, 233),
    Color.rgb(0, 158, 115),
    Color.rgb(240, 228, 66),
    Color.rgb(0, 114, 178),
    Color.rgb(213, 94, 0),
    Color.rgb(204, 121, 167),
    Color.rgb(150, 150, 150),
)

/** Returns the colour of a class. */
fun colourOf(kind: Int): Int = COLOURS[kind % COLOURS.size]

/**
 * Draws boxes and skeletons.
 *
 * @param density pixels of the screen for a hundred-and-sixtieth of an inch.
 */
class Overlay(private val density: Float) {
    private val line = Paint(Paint.ANTI_ALIAS_FLAG).apply { strokeWidth = 2 * density }
    private val text = Paint(Paint.ANTI_ALIAS_FLAG).apply { textSize = 14 * density }

    /** Draws boxes with their captions; [scale] pixels of the screen are one of the picture. */
    fun draw(canvas: Canvas, answer: Answer.Boxed, scale: Float) {
        answer.corners.forEachIndexed { index, corners ->
            val (left, top, right, bottom) = corners.map { it * scale }
            line.color = colourOf(answer.kinds[index])
            line.style = Paint.Style.STROKE
            canvas.drawRect(left, top, right, bottom, line)
            caption(canvas, answer.captions[index], left, top, line.color)
        }
    }

    /** Draws skeletons. */
    fun draw(canvas: Canvas, answer: Answer.Posed, scale: Float) {
        answer.people.forEachIndexed { index, person ->
            line.color = colourOf(index)
            fun seen(joint: Joint) = joint.confidence >= answer.least
            for ((first, second) in answer.bones) {
                val (a, b) = person.joints[first] to person.joints[second]
                if (seen(a) && seen(b)) {
                    val (x, y) = a.x.toFloat() * scale to a.y.toFloat() * scale
                    canvas.drawLine(x, y, b.x.toFloat() * scale, b.y.toFloat() * scale, line)
                }
            }
            line.style = Paint.Style.FILL
            person.joints.filter(::seen).forEach {
                val (x, y) = it.x.toFloat() * scale to it.y.toFloat() * scale
                canvas.drawCircle(x, y, 3 * density, line)
            }
        }
    }

    /** Writes a caption above a box, or in it where there is no room above. */
    private fun caption(canvas: Canvas, caption: String, left: Float, top: Float, colour: Int) {
        val height = text.textSize * 1.3f
        val bottom = if (top >= height) top else top + height
        line.style = Paint.Style.FILL
        canvas.drawRect(left, bottom - height, left + text.measureText(caption) + 4, bottom, line)
        text.color = if (brightness(colour) > 128) Color.BLACK else Color.WHITE
        canvas.drawText(caption, left + 2, bottom - height * 0.25f, text)
    }

    private fun brightness(colour: Int): Double =
        0.299 * Color.red(colour) + 0.587 * Color.green(colour) + 0.114 * Color.blue(colour)
}
