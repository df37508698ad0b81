// Reads what a detector says that lays a grid over the picture: YOLO, from the first to the third.

import {clippedBox, suppressed} from "./boxes.mjs";
import {sigmoid, softmax, surestFirst} from "./arrays.mjs";

const LARGEST_POWER = 6; // a box is at most e^6 times as large as its anchor

/** Returns what a picture shows, the surest first, as {box, label, score}. */
export function gridCells(outputs, decoder, {height, width}) {
  const sure = predictorsOf(outputs, decoder)
    .map((predictor) => {
      const likely = probabilities(predictor, decoder);
      return {...predictor, likely, best: likely.reduce((a, b) => Math.max(a, b))};
    })
    .filter(({best}) => best >= decoder.least_score);
  const order = surestFirst(sure.map(({best}) => best)).slice(0, decoder.candidates);
  const candidates = order
    .sort((a, b) => a - b)
    .flatMap((place) => candidatesOf(sure[place], decoder, height, width));
  return suppressed(candidates, decoder);
}

/** Returns the predictors of all grids, row by row, cell by cell, and what each is told. */
export function predictorsOf(outputs, {grids}) {
  return grids.flatMap(({stride, anchors}) => {
    const boxes = outputs[`boxes_${stride}`];
    const told = outputs[`scores_${stride}`];
    const [, rows, columns, depth] = told.shape;
    return Array.from({length: rows * columns * anchors.length}, (_, place) => {
      const cell = Math.floor(place / anchors.length);
      return {
        raw: boxes.values.subarray(4 * place, 4 * place + 4),
        told: told.values.subarray(cell * depth, (cell + 1) * depth),
        number: place % anchors.length,
        count: anchors.length,
        row: Math.floor(cell / columns),
        column: cell % columns,
        stride,
        anchor: anchors[place % anchors.length],
      };
    });
  });
}

/** Returns how sure a predictor is, and the scores of its labels, as the network says them. */
export function toldOf({told, number}, {num_classes: labels}) {
  const start = number * (1 + labels);
  return {sure: told[start], scores: told.subarray(start + 1, start + 1 + labels)};
}

/** Returns how likely each label is in a predictor's box. */
function probabilities(predictor, decoder) {
  const {told, number, count} = predictor;
  if (decoder.classes === "cell") {
    const own = told.subarray(count, count + decoder.num_classes);
    return Array.from(own, (score) => clamp(told[number]) * clamp(score));
  }
  const {sure, scores} = toldOf(predictor, decoder);
  const shares = decoder.classes === "any" ? Array.from(scores, sigmoid) : [...softmax(scores)];
  return shares.map((share) => sigmoid(sure) * share);
}

function candidatesOf(predictor, decoder, height, width) {
  const box = clippedBox(boxOf(predictor, decoder), width, height);
  return predictor.likely.flatMap((score, label) =>
    score >= decoder.least_score ? [{box, label, score}] : [],
  );
}

/** Returns the box that a predictor's four numbers mean. */
export function boxOf({raw, row, column, stride, anchor}, {reach, size}) {
  const x = (column + 0.5 + reach * (sigmoid(raw[0]) - 0.5)) * stride;
  const y = (row + 0.5 + reach * (sigmoid(raw[1]) - 0.5)) * stride;
  const grow = size === "square" ? (t) => t * t : (t) => Math.exp(Math.min(t, LARGEST_POWER));
  const [halfWidth, halfHeight] = [0, 1].map((k) => (anchor[k] * grow(raw[2 + k])) / 2);
  return [x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight];
}

function clamp(value) {
  return Math.min(1, Math.max(0, value));
}
