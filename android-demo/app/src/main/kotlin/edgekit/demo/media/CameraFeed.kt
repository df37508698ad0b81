package edgekit.demo.media

import android.annotation.SuppressLint
import android.content.Context
import android.graphics.ImageFormat
import android.hardware.camera2.CameraAccessException
import android.hardware.camera2.CameraCaptureSession
import android.hardware.camera2.CameraCharacteristics
import android.hardware.camera2.CameraDevice
import android.hardware.camera2.CameraManager
import android.media.ImageReader
import android.os.Handler
import android.os.HandlerThread
import android.util.Size
import android.view.WindowManager
import kotlin.math.abs

/**
 * Frames of the camera on the back of the phone, upright.
 *
 * @param frame is given each frame on the camera's own thread; it must not keep it.
 * @param failed is told, as a sentence, why there are no frames.
 */
class CameraFeed(
    private val context: Context,
    private val frame: (Frame) -> Unit,
    private val failed: (String) -> Unit,
) : AutoCloseable {
    private val thread = HandlerThread("camera").apply { start() }
    private val handler = Handler(thread.looper)
    private var camera: CameraDevice? = null
    private var reader: ImageReader? = null

    @Volatile
    private var isClosed = false

    /** Starts the camera; the permission for it must have been given. */
    @SuppressLint("MissingPermission")
    fun start() {
        val manager = context.getSystemService(Context.CAMERA_SERVICE) as CameraManager
        try {
            val id = manager.cameraIdList.firstOrNull { manager.facing(it) == BACK }
                ?: manager.cameraIdList.firstOrNull()
                ?: return failed("This phone has no camera.")
            val facts = manager.getCameraCharacteristics(id)
            reader = reader(sizeOf(facts), facts)
            manager.openCamera(id, opened, handler)
        } catch (error: CameraAccessException) {
            failed("The camera cannot be opened: ${error.message}.")
        }
    }

    override fun close() {
        isClosed = true
        handler.post {
            reader?.close()
            camera?.let(::end)
        }
    }

    private fun reader(size: Size, facts: CameraCharacteristics): ImageReader {
        val format = ImageFormat.YUV_420_888
        val reader = ImageReader.newInstance(size.width, size.height, format, 2)
        reader.setOnImageAvailableListener(
            { source ->
                if (!isClosed) source.acquireLatestImage()?.use { frame(Frame(it, turn(facts))) }
            },
            handler,
        )
        return reader
    }

    /** Returns by how many degrees a frame is turned clockwise to be upright on the screen. */
    private fun turn(facts: CameraCharacteristics): Int {
        val windows = context.getSystemService(Context.WINDOW_SERVICE) as WindowManager
        @Suppress("DEPRECATION") // its successor came with Android 11
        val screen = 90 * windows.defaultDisplay.rotation
        val sensor = facts.get(CameraCharacteristics.SENSOR_ORIENTATION) ?: 0
        val isBehind = facts.get(CameraCharacteristics.LENS_FACING) == BACK
        return (if (isBehind) sensor - screen + 360 else sensor + screen) % 360
    }

    private val opened = object : CameraDevice.StateCallback() {
        override fun onOpened(device: CameraDevice) {
            if (isClosed) return end(device)
            camera = device
            val target = reader?.surface ?: return
            val request = device.createCaptureRequest(CameraDevice.TEMPLATE_PREVIEW)
            request.addTarget(target)
            @Suppress("DEPRECATION") // its successor came with Android 9
            device.createCaptureSession(
                listOf(target),
                object : CameraCaptureSession.StateCallback() {
                    override fun onConfigured(session: CameraCaptureSession) {
                        try {
                            session.setRepeatingRequest(request.build(), null, handler)
                        } catch (error: CameraAccessException) {
                            failed("The camera stopped: ${error.message}.")
                        } catch (error: IllegalStateException) { // closed in the meantime
                            failed("The camera stopped: ${error.message}.")
                        }
                    }

                    override fun onConfigureFailed(session: CameraCaptureSession) =
                        failed("The camera gives no frames of this size.")
                },
                handler,
            )
        }

        override fun onDisconnected(device: CameraDevice) = device.close()

        override fun onError(device: CameraDevice, error: Int) {
            device.close()
            failed("The camera stopped with error $error.")
        }
    }

    private fun end(device: CameraDevice) {
        device.close()
        thread.quitSafely()
    }

    private fun sizeOf(facts: CameraCharacteristics): Size {
        val map = facts.get(CameraCharacteristics.SCALER_STREAM_CONFIGURATION_MAP)
        val sizes = map?.getOutputSizes(ImageFormat.YUV_420_888).orEmpty()
        return sizes.minByOrNull { abs(it.width * it.height - WANTED_PIXELS) } ?: Size(640, 480)
    }

    private fun CameraManager.facing(id: String): Int? =
        getCameraCharacteristics(id).get(CameraCharacteristics.LENS_FACING)

    private companion object {
        const val BACK = CameraCharacteristics.LENS_FACING_BACK
        const val WANTED_PIXELS = 640 * 480
    }
}
