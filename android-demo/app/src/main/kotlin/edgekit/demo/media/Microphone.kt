package edgekit.demo.media

import android.annotation.SuppressLint
import android.media.AudioFormat
import android.media.AudioRecord
import android.media.MediaRecorder
import edgekit.core.BundleException
import edgekit.core.sound.toFloats

/**
 * Records [samples] samples at [rate] hertz, floats in -1..1; the permission must have been given.
 *
 * It waits until they were heard, so not on the main thread.
 *
 * @throws BundleException if the microphone does not give this rate.
 */
@SuppressLint("MissingPermission")
fun record(rate: Int, samples: Int): FloatArray {
    val channel = AudioFormat.CHANNEL_IN_MONO
    val encoding = AudioFormat.ENCODING_PCM_16BIT
    val least = AudioRecord.getMinBufferSize(rate, channel, encoding)
    if (least <= 0) throw BundleException("The microphone does not give $rate samples a second.")
    val source = MediaRecorder.AudioSource.VOICE_RECOGNITION
    val microphone = AudioRecord(source, rate, channel, encoding, maxOf(least, 2 * samples))
    try {
        if (microphone.state != AudioRecord.STATE_INITIALIZED) {
            throw BundleException("The microphone cannot be opened; another app may have it.")
        }
        microphone.startRecording()
        return toFloats(read(microphone, samples))
    } finally {
        microphone.release()
    }
}

private fun read(microphone: AudioRecord, samples: Int): ShortArray {
    val heard = ShortArray(samples)
    var count = 0
    while (count < samples) {
        val more = microphone.read(heard, count, samples - count)
        if (more <= 0) throw BundleException("The microphone stopped with error $more.")
        count += more
    }
    microphone.stop()
    return heard
}
