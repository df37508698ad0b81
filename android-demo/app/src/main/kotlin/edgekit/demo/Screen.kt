package edgekit.demo

import android.app.Activity
import android.view.View
import android.widget.AdapterView
import android.widget.ArrayAdapter
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.Spinner
import android.widget.Switch
import android.widget.TextView
import edgekit.core.bundle.Before
import edgekit.demo.drawing.AnswerView

/** The views of the only screen, by name, and what of them is shown for which kind of bundle. */
@Suppress("UNCHECKED_CAST", "UseSwitchCompatOrMaterialCode")
class Screen(private val activity: Activity) {
    val bundles: Spinner = find(R.id.bundles)
    val variants: Spinner = find(R.id.variants)
    val gpu: Switch = find(R.id.gpu)
    val residency: TextView = find(R.id.residency)
    val picture: AnswerView = find(R.id.picture)
    val answer: TextView = find(R.id.answer)
    val latency: TextView = find(R.id.latency)
    val camera: Button = find(R.id.camera)
    val gallery: Button = find(R.id.gallery)
    val microphone: Button = find(R.id.microphone)
    val text: EditText = find(R.id.text)
    val ask: Button = find(R.id.ask)
    val open: Button = find(R.id.open)
    val selfTest: Button = find(R.id.self_test)
    val share: Button = find(R.id.share)

    init {
        keepClearOfBars(find(R.id.root))
    }

    /** Shows what gives a bundle its input: camera and gallery, a microphone, or a text box. */
    fun showInputs(before: Before?) {
        val ofPictures = shown(before is Before.PictureInput)
        camera.visibility = ofPictures
        gallery.visibility = ofPictures
        picture.visibility = ofPictures
        microphone.visibility = shown(before is Before.SoundInput)
        val ofTexts = shown(before is Before.TextInput)
        text.visibility = ofTexts
        ask.visibility = ofTexts
    }

    /** Fills a spinner, and calls [chosen] with the index that is chosen from then on. */
    fun fill(spinner: Spinner, names: List<Any>, selected: Int, chosen: (Int) -> Unit) {
        val adapter = ArrayAdapter(activity, android.R.layout.simple_spinner_item, names)
        adapter.setDropDownViewResource(android.R.layout.simple_spinner_dropdown_item)
        spinner.onItemSelectedListener = null
        spinner.adapter = adapter
        spinner.setSelection(selected, false)
        spinner.onItemSelectedListener = object : AdapterView.OnItemSelectedListener {
            private var last = selected

            override fun onItemSelected(view: AdapterView<*>?, row: View?, at: Int, id: Long) {
                if (at != last) chosen(at)
                last = at
            }

            override fun onNothingSelected(view: AdapterView<*>?) = Unit
        }
    }

    /** From Android 15 on, an app's window reaches below the bars of the system. */
    @Suppress("DEPRECATION") // its successor came with Android 11
    private fun keepClearOfBars(root: LinearLayout) {
        val (left, top) = root.paddingLeft to root.paddingTop
        val (right, bottom) = root.paddingRight to root.paddingBottom
        root.setOnApplyWindowInsetsListener { view, insets ->
            view.setPadding(
                left + insets.systemWindowInsetLeft,
                top + insets.systemWindowInsetTop,
                right + insets.systemWindowInsetRight,
                bottom + insets.systemWindowInsetBottom,
            )
            insets
        }
    }

    private fun shown(yes: Boolean) = if (yes) View.VISIBLE else View.GONE

    // Without type arguments, for it compiles against SDKs before 26 too, where there were none.
    private fun <T : View> find(id: Int): T = activity.findViewById(id) as T
}
