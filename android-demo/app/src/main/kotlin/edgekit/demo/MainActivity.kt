package edgekit.demo

import android.Manifest
import android.app.Activity
import android.content.Intent
import android.content.pm.PackageManager
import android.graphics.Bitmap
import android.net.Uri
import android.os.Bundle
import edgekit.core.BundleException
import edgekit.core.asking.Answer
import edgekit.core.bundle.Before
import edgekit.core.bundle.bundle
import edgekit.demo.bundles.BundleStore
import edgekit.demo.bundles.OpenBundle
import edgekit.demo.bundles.StoredBundle
import edgekit.demo.bundles.USUAL_RUNS
import edgekit.demo.media.CameraFeed
import edgekit.demo.media.Frame
import edgekit.demo.media.readPhoto
import edgekit.demo.media.record
import edgekit.demo.media.toPicture

/** Asks the models of a bundle about what a camera, a microphone or a keyboard gives. */
class MainActivity : Activity() {
    private val inference = InferenceThread(::showFailure)
    private lateinit var screen: Screen
    private lateinit var store: BundleStore

    private var open: OpenBundle? = null // used on the inference thread alone
    private var camera: CameraFeed? = null
    private var afterPermission: () -> Unit = {}

    override fun onCreate(state: Bundle?) {
        super.onCreate(state)
        setContentView(R.layout.main)
        screen = Screen(this)
        store = BundleStore(this)
        screen.camera.setOnClickListener {
            withPermission(Manifest.permission.CAMERA, ::toggleCamera)
        }
        screen.gallery.setOnClickListener { pick("image/*", PICK_PHOTO) }
        screen.open.setOnClickListener { pick("application/zip", PICK_BUNDLE) }
        screen.microphone.setOnClickListener {
            withPermission(Manifest.permission.RECORD_AUDIO, ::listen)
        }
        screen.ask.setOnClickListener { ask(screen.text.text.toString()) }
        screen.selfTest.setOnClickListener { selfTest() }
        screen.share.setOnClickListener { startActivity(shareReport(this)) }
        screen.gpu.setOnCheckedChangeListener { _, _ -> reopen() }
        listBundles(selected = null)
    }

    override fun onStop() {
        stopCamera()
        super.onStop()
    }

    override fun onDestroy() {
        inference.submit({ open?.close() })
        inference.close()
        super.onDestroy()
    }

    private fun listBundles(selected: String?) = inference.submit({ store.all() }) { bundles ->
        val at = bundles.indexOfFirst { it.name == selected }.coerceAtLeast(0)
        screen.fill(screen.bundles, bundles, at) { choose(bundles[it]) }
        if (bundles.isEmpty()) screen.answer.setText(R.string.no_bundles) else choose(bundles[at])
    }

    private fun choose(stored: StoredBundle) {
        stopCamera()
        inference.submit({ stored.files.bundle() }) { bundle ->
            val variants = bundle.variants
            screen.showInputs(bundle.before)
            screen.fill(screen.variants, variants, 0) { load(stored, variants[it]) }
            load(stored, variants[0])
        }
    }

    private fun reopen() {
        val stored = screen.bundles.selectedItem as? StoredBundle ?: return
        load(stored, screen.variants.selectedItem as? String ?: return)
    }

    private fun load(stored: StoredBundle, variant: String) {
        val gpu = screen.gpu.isChecked
        screen.residency.text = getString(R.string.loading, stored.name, variant)
        screen.picture.show(null, null)
        screen.answer.text = ""
        screen.share.isEnabled = false
        inference.submit(
            work = {
                // One at a time: a second model on the GPU of one app can fail.
                open?.close()
                open = null
                OpenBundle(stored, variant, gpu).let {
                    open = it
                    residencyText(it.residencies)
                }
            },
            shown = { screen.residency.text = it },
        )
    }

    private fun ask(text: String) = inference.submit({ asked(null) { it.ask(text) } }, ::show)

    private fun listen() {
        screen.answer.setText(R.string.listening)
        val question = { open: OpenBundle ->
            val facts = open.bundle.before as? Before.SoundInput
                ?: throw BundleException("'${open.bundle.recipe}' takes no sounds.")
            open.ask(record(facts.rate, facts.samples))
        }
        inference.submit({ asked(null, question) }, ::show)
    }

    private fun toggleCamera() {
        if (camera != null) return stopCamera()
        screen.camera.setText(R.string.stop)
        val failed = { why: String -> runOnUiThread { screen.answer.text = why } }
        camera = CameraFeed(this, ::answer, failed).also(CameraFeed::start)
    }

    private fun stopCamera() {
        camera?.close()
        camera = null
        screen.camera.setText(R.string.camera)
    }

    /** Answers a frame, on the camera's thread. */
    private fun answer(frame: Frame) {
        if (inference.isBusyWithFrame) return
        val format = Bitmap.Config.ARGB_8888
        val bitmap = Bitmap.createBitmap(frame.pixels(), frame.width, frame.height, format)
        inference.submitFrame({ asked(bitmap) { it.ask(bitmap.toPicture()) } }) {
            if (camera != null) show(it)
        }
    }

    /** What is shown at once: a picture, if there is one, what a model says, and how fast. */
    private class Shown(val bitmap: Bitmap?, val answer: Answer, val latency: String)

    /** Asks the open bundle, on the inference thread. */
    private fun asked(bitmap: Bitmap?, question: (OpenBundle) -> Answer): Shown {
        val open = opened()
        return Shown(bitmap, question(open), latencyText(open.latency))
    }

    private fun show(shown: Shown) {
        screen.picture.show(shown.bitmap, shown.answer)
        screen.answer.text = shown.answer.lines.joinToString("\n")
        screen.latency.text = shown.latency
    }

    private fun selfTest() {
        stopCamera()
        screen.answer.setText(R.string.testing)
        inference.submit(
            work = {
                val open = opened()
                val proofs = open.selfTest(USUAL_RUNS)
                writeReport(this, open, proofs)
                proofText(proofs) to latencyText(open.latency)
            },
            shown = { (proof, latency) ->
                screen.answer.text = proof
                screen.latency.text = latency
                screen.share.isEnabled = true
            },
        )
    }

    private fun opened(): OpenBundle = open ?: throw BundleException("No bundle is open.")

    private fun showFailure(error: Throwable) {
        stopCamera()
        screen.answer.text = error.message ?: error.toString()
    }

    private fun pick(type: String, request: Int) {
        val intent = Intent(Intent.ACTION_OPEN_DOCUMENT).setType(type)
        @Suppress("DEPRECATION") // its successor is in a library
        startActivityForResult(intent.addCategory(Intent.CATEGORY_OPENABLE), request)
    }

    @Deprecated("Its successor is in a library.")
    override fun onActivityResult(request: Int, result: Int, data: Intent?) {
        val uri: Uri = data?.data?.takeIf { result == RESULT_OK } ?: return
        if (request == PICK_PHOTO) {
            stopCamera()
            val work = {
                val photo = readPhoto(this, uri)
                asked(photo) { it.ask(photo.toPicture()) }
            }
            inference.submit(work, ::show)
        } else {
            val name = uri.lastPathSegment.orEmpty().substringAfterLast('/').substringAfterLast(':')
            val add = {
                val zip = contentResolver.openInputStream(uri)
                    ?: throw BundleException("'$name' cannot be read.")
                zip.use { store.add(name, it) }
            }
            inference.submit(add) { listBundles(it.name) }
        }
    }

    private fun withPermission(permission: String, then: () -> Unit) {
        if (checkSelfPermission(permission) == PackageManager.PERMISSION_GRANTED) return then()
        afterPermission = then
        requestPermissions(arrayOf(permission), 0)
    }

    override fun onRequestPermissionsResult(
        request: Int,
        permissions: Array<String>,
        results: IntArray,
    ) {
        if (results.firstOrNull() == PackageManager.PERMISSION_GRANTED) afterPermission()
        else screen.answer.setText(R.string.not_permitted)
    }

    private companion object {
        const val PICK_PHOTO = 1
        const val PICK_BUNDLE = 2
    }
}
