package edgekit.demo.drawing

import android.content.Context
import android.graphics.Bitmap
import android.graphics.Canvas
import android.graphics.Paint
import android.graphics.RectF
import android.util.AttributeSet
import android.view.View
import edgekit.core.answers.Mask
import edgekit.core.asking.Answer
import kotlin.math.min

/** A picture with the answer drawn over it. */
class AnswerView(context: Context, attributes: AttributeSet?) : View(context, attributes) {
    private var picture: Bitmap? = null
    private var answer: Answer? = null
    private var painted: Bitmap? = null
    private val place = RectF()
    private val smooth = Paint(Paint.FILTER_BITMAP_FLAG)
    private val overlay = Overlay(resources.displayMetrics.density)

    /** Shows a picture, and what a model says of it; null where there is nothing to show. */
    fun show(picture: Bitmap?, answer: Answer?) {
        this.picture = picture
        this.answer = answer
        painted = (answer as? Answer.Masked)?.mask?.let(::paint)
        contentDescription = answer?.lines?.joinToString()
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        val picture = picture ?: return
        val scale = min(width / picture.width.toFloat(), height / picture.height.toFloat())
        val left = (width - picture.width * scale) / 2
        val top = (height - picture.height * scale) / 2
        place.set(left, top, left + picture.width * scale, top + picture.height * scale)
        canvas.drawBitmap(picture, null, place, smooth)
        painted?.let { canvas.drawBitmap(it, null, place, smooth) }
        canvas.save()
        canvas.translate(left, top)
        when (val answer = answer) {
            is Answer.Boxed -> overlay.draw(canvas, answer, scale)
            is Answer.Posed -> overlay.draw(canvas, answer, scale)
            else -> Unit
        }
        canvas.restore()
    }

    private fun paint(mask: Mask): Bitmap {
        val pixels = IntArray(mask.width * mask.height) {
            val kind = mask.classes[it].toInt() and 255
            if (kind == 0) 0 else colourOf(kind) and 0xFFFFFF or (PAINTED shl 24)
        }
        val format = Bitmap.Config.ARGB_8888
        return Bitmap.createBitmap(pixels, mask.width, mask.height, format)
    }

    private companion object {
        /** How much of a painted pixel is its class's colour, of 255. */
        const val PAINTED = 115
    }
}
