"""A recording for the keyword recipes' bundles to be tried with."""

from __future__ import annotations

import io
import wave

import numpy as np

from edgekit.core.types import Array, Size
from edgekit.domains.speech.spoken_digits import of_split
from edgekit.on_device.log_mel import SAMPLE_RATE

EXAMPLE = "example.wav"


def example_recording(_size: Size) -> dict[str, bytes]:
    """Return the asset `example.wav`: a second in which a "3" is said, from the test split."""
    recordings = of_split("test", "tiny")
    return {EXAMPLE: as_wav(recordings.samples[recordings.digits == 3][0])}


def as_wav(samples: Array) -> bytes:
    """Return samples at 8 kHz, floats in -1..1, as the content of a WAV file."""
    content = io.BytesIO()
    with wave.open(content, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(SAMPLE_RATE)
        sound.writeframes(np.round(samples * 32768).clip(-32768, 32767).astype("<i2").tobytes())
    return content.getvalue()
