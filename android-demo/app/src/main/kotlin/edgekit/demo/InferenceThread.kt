package edgekit.demo

import android.os.Handler
import android.os.Looper
import java.util.concurrent.Executors
import java.util.concurrent.atomic.AtomicBoolean

/**
 * The one thread on which models are loaded, asked and closed: LiteRT's objects belong to one.
 *
 * @param failed is told on the main thread what went wrong.
 */
class InferenceThread(private val failed: (Throwable) -> Unit) : AutoCloseable {
    private val executor = Executors.newSingleThreadExecutor { work -> Thread(work, "inference") }
    private val main = Handler(Looper.getMainLooper())
    private val busyWithFrame = AtomicBoolean()

    /** Whether a frame is being answered, so that another would be dropped. */
    val isBusyWithFrame: Boolean get() = busyWithFrame.get()

    /** Does [work] on the thread, and then [shown] with what it gave on the main thread. */
    fun <T> submit(work: () -> T, shown: (T) -> Unit = {}) {
        if (executor.isShutdown) return
        executor.execute {
            try {
                val result = work()
                main.post { shown(result) }
            } catch (error: Exception) {
                main.post { failed(error) }
            } catch (error: LinkageError) { // a native library that is not there
                main.post { failed(error) }
            } catch (error: OutOfMemoryError) { // a picture or bundle that is too large
                main.post { failed(error) }
            }
        }
    }

    /** The same for a camera's frame, which is dropped while the one before is being answered. */
    fun <T> submitFrame(work: () -> T, shown: (T) -> Unit) {
        if (!busyWithFrame.compareAndSet(false, true)) return
        submit(
            work = {
                try {
                    work()
                } finally {
                    busyWithFrame.set(false)
                }
            },
            shown = shown,
        )
    }

    /** Lets what was submitted end, and takes no more. */
    override fun close() = executor.shutdown()
}
