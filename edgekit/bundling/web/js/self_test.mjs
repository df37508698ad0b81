// Replays the golden vectors of the bundle, and says how far the answers are from them.

import {assetBytes} from "./assets.mjs";
import {numbersOf, sizeOf} from "./arrays.mjs";

/** Returns the golden tensors of a part: those of the whole where the model is one file. */
export async function goldenOf(bundle, part) {
  const golden = bundle.golden.parts[part] ?? bundle.golden;
  const tensors = {input: {}, output: {}};
  for (const {role, name, file, dtype, shape} of golden.tensors) {
    tensors[role][name] = {values: numbersOf(await assetBytes(file), dtype), shape};
  }
  return tensors;
}

/** Returns an example of golden tensors, in the shape that a model takes it. */
export function exampleOf(tensors, number) {
  const entries = Object.entries(tensors).map(([name, {values, shape}]) => {
    const size = sizeOf(shape.slice(1));
    const part = values.subarray(number * size, (number + 1) * size);
    return [name, {values: part, shape: [1, ...shape.slice(1)]}];
  });
  return Object.fromEntries(entries);
}

/** Runs every golden example through a part; returns a row for each of its outputs. */
export async function replayed(model, golden, limits) {
  const count = Math.min(...Object.values(golden.input).map(({shape}) => shape[0]));
  const answers = {};
  for (let number = 0; number < count; number += 1) {
    const found = await model.run(exampleOf(golden.input, number));
    Object.entries(found).forEach(([name, {values}]) => (answers[name] ??= []).push(values));
  }
  return model.facts.outputs
    .filter(({name}) => name in golden.output)
    .map((port) => comparedWith(golden.output[port.name], joined(answers[port.name]), port, limits));
}

function joined(parts) {
  const values = new Float64Array(parts.reduce((sum, {length}) => sum + length, 0));
  parts.forEach((part, place) => values.set(part, place * part.length));
  return values;
}

// Values that vary by less than this share of the largest do not vary: sums are rounded. An error
// is seen against the values then.
const STILL = 1e-6;

/** Returns how far values are from the golden ones, and how far they may be. */
export function comparedWith(golden, values, {name, quantization}, limits) {
  const channels = golden.shape.at(-1);
  const channel = (place) => (golden.shape.length > 1 ? place % channels : 0);
  const means = new Float64Array(golden.shape.length > 1 ? channels : 1);
  golden.values.forEach((value, place) => {
    means[channel(place)] += (value * means.length) / golden.values.length;
  });
  const from = golden.values;
  const error = rootMeanSquare(from, (value, place) => values[place] - value);
  const spread = rootMeanSquare(from, (value, place) => value - means[channel(place)]);
  const largest = (array, of) => array.reduce((most, ...at) => Math.max(most, Math.abs(of(...at))), 0);
  const magnitude = largest(from, (value) => value);
  const tolerance = Math.max(
    limits.error * (spread > STILL * magnitude ? spread : magnitude),
    limits.resolution * magnitude,
    quantization?.scale ?? 0,
  );
  const largestError = largest(from, (value, place) => values[place] - value);
  const complete = values.length === from.length;
  return {name, error, tolerance, largestError, ok: complete && error <= tolerance};
}

function rootMeanSquare(values, of) {
  const sum = values.reduce((total, value, place) => total + of(value, place) ** 2, 0);
  return Math.sqrt(sum / values.length);
}
