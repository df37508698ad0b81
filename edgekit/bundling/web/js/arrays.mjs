// Arrays of numbers with a shape, as the models take and give them.

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int8: Int8Array,
  uint8: Uint8Array,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  bool: Uint8Array,
};

export function sizeOf(shape) {
  return shape.reduce((product, length) => product * length, 1);
}

/** Reads raw little-endian numbers as floats or plain integers. */
export function numbersOf(bytes, dtype) {
  const copy = bytes.slice().buffer;
  if (dtype === "int64") return Float64Array.from(new BigInt64Array(copy), Number);
  if (!(dtype in ARRAYS)) throw new Error(`Numbers of the type ${dtype} are not known here.`);
  return new ARRAYS[dtype](copy);
}

/** Returns values as a model takes them: quantized where its input is, in its type. */
export function quantized(values, {dtype, quantization}) {
  const array = new ARRAYS[dtype](values.length);
  if (!quantization) {
    array.set(values);
    return array;
  }
  const bits = 8 * array.BYTES_PER_ELEMENT;
  const lowest = dtype.startsWith("u") ? 0 : -(2 ** (bits - 1));
  const highest = lowest + 2 ** bits - 1;
  values.forEach((value, place) => {
    const whole = roundedToEven(value / quantization.scale) + quantization.zero_point;
    array[place] = Math.min(highest, Math.max(lowest, whole));
  });
  return array;
}

/** Returns what a model's output means. */
export function dequantized(values, {quantization}) {
  if (!quantization) return values;
  const {scale, zero_point: zero} = quantization;
  return Float32Array.from(values, (value) => scale * (value - zero));
}

/** Rounds halves to the even number, as NumPy does. */
export function roundedToEven(value) {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

export function argmax(values) {
  let best = 0;
  for (let place = 1; place < values.length; place += 1) {
    if (values[place] > values[best]) best = place;
  }
  return best;
}

/** Returns places in the order of falling scores; of equal scores the first comes first. */
export function surestFirst(scores) {
  return Array.from(scores, (_, place) => place).sort((a, b) => scores[b] - scores[a] || a - b);
}

export function sigmoid(logit) {
  return 0.5 + 0.5 * Math.tanh(0.5 * logit);
}

export function softmax(logits) {
  const largest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const powers = Float64Array.from(logits, (logit) => Math.exp(logit - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / total);
}

export function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
