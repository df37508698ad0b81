// Log-mel features of a recording: the same numbers as in Python.

/** Returns the middle of a recording; silence around a shorter one. */
export function middleOf(samples, length) {
  const heard = new Float32Array(length);
  if (samples.length >= length) {
    const start = (samples.length - length) >> 1;
    heard.set(samples.subarray(start, start + length));
  } else {
    heard.set(samples, (length - samples.length) >> 1);
  }
  return heard;
}

/** Returns the features of a recording, hop after hop, `bands` numbers each. */
export function logMel(samples, before) {
  const {window, hop, bands, quietest, decibels} = before;
  const heard = new Float64Array(window - hop + before.samples);
  heard.set(middleOf(samples, before.samples), window - hop); // silence comes before it
  const hops = before.samples / hop;
  const weights = bandWeights(before);
  const features = new Float32Array(hops * bands);
  for (let number = 0; number < hops; number += 1) {
    const power = powerOf(heard.subarray(number * hop, number * hop + window));
    weights.forEach((band, place) => {
      const sum = band.reduce((total, weight, k) => total + weight * power[k], 0);
      features[number * bands + place] = (10 * Math.log10(1 + sum / quietest)) / decibels;
    });
  }
  return features;
}

/** Returns the power of each frequency of a frame under Hann's window, scaled by 2 / length. */
function powerOf(frame) {
  const {length} = frame;
  const tapered = frame.map(
    (sample, n) => ((sample * 2) / length) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / length)),
  );
  return Float64Array.from({length: length / 2 + 1}, (_, k) => {
    let real = 0;
    let imaginary = 0;
    for (let n = 0; n < length; n += 1) {
      const angle = (2 * Math.PI * ((k * n) % length)) / length;
      real += tapered[n] * Math.cos(angle);
      imaginary += tapered[n] * Math.sin(angle);
    }
    return real * real + imaginary * imaginary;
  });
}

/** Returns how much of each frequency goes into each band: triangles, even on the mel scale. */
function bandWeights({rate, window, bands, lowest_hz: lowest, highest_hz: highest}) {
  const from = mel(lowest);
  const step = (mel(highest) - from) / (bands + 1);
  return Array.from({length: bands}, (_, band) =>
    Float64Array.from({length: window / 2 + 1}, (__, k) => {
      const pitch = (mel((k * rate) / window) - from) / step - band;
      return Math.max(0, Math.min(pitch, 2 - pitch));
    }),
  );
}

function mel(hertz) {
  return 1127 * Math.log(1 + hertz / 700);
}
