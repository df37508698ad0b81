// Merges the votes of all cells of a grid into one box and one label.

import {clippedBox} from "./boxes.mjs";
import {softmax} from "./arrays.mjs";

/** Returns the box, in pixels of the network's picture, and the probability of each label. */
export function oneBox({where, box, scores}, {height, width}) {
  const [, rows, columns, labels] = scores.shape;
  const stride = height / rows;
  const weights = softmax(where.values);
  const edges = [0, 0, 0, 0];
  const logits = new Float64Array(labels);
  weights.forEach((weight, cell) => {
    const x = ((cell % columns) + 0.5) * stride;
    const y = (Math.floor(cell / columns) + 0.5) * stride;
    const [left, up, right, down] = box.values.subarray(4 * cell, 4 * cell + 4);
    [x - left * stride, y - up * stride, x + right * stride, y + down * stride].forEach(
      (edge, place) => {
        edges[place] += weight * edge;
      },
    );
    for (let label = 0; label < labels; label += 1) {
      logits[label] += weight * scores.values[cell * labels + label];
    }
  });
  return {box: clippedBox(edges, width, height), scores: softmax(logits)};
}
