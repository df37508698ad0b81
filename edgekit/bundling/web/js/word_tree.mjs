// Reads what a detector says that names things by a tree: the group of a thing, then what exactly.

import {boxOf, predictorsOf, toldOf} from "./grid_cells.mjs";
import {clippedBox, suppressed} from "./boxes.mjs";
import {sigmoid, softmax, surestFirst} from "./arrays.mjs";

/** Returns what a picture shows, the surest first, as {box, label, score}; labels number names. */
export function wordTree(outputs, decoder, {height, width}) {
  const predictors = predictorsOf(outputs, decoder).map((predictor) => {
    const {sure, scores} = toldOf(predictor, decoder);
    return {...predictor, sure: sigmoid(sure), scores};
  });
  const candidates = surestFirst(predictors.map(({sure}) => sure))
    .slice(0, decoder.candidates)
    .map((place) => predictors[place])
    .filter(({sure}) => sure >= decoder.least_score)
    .map((predictor) => candidateOf(predictor, decoder, height, width));
  return suppressed(candidates, decoder).map(({box, score, probable}) => ({
    box,
    score,
    label: deepest(decoder.parents, probable, decoder.least_sure),
  }));
}

/** Returns a predictor's box, with the group of its name: right below the root, or the root. */
function candidateOf(predictor, decoder, height, width) {
  const {parents} = decoder;
  const probable = absolute(parents, predictor.scores);
  let group = deepest(parents, probable, 0);
  while (parents[group] > 0) group = parents[group];
  return {
    box: clippedBox(boxOf(predictor, decoder), width, height),
    label: group,
    score: predictor.sure * probable[group],
    probable,
  };
}

/** Returns how probable each name is: it among its siblings, times the one above. */
function absolute(parents, scores) {
  const probable = new Float64Array(parents.length).fill(1);
  for (const names of siblingsOf(parents)) {
    softmax(names.map((name) => scores[name - 1])).forEach((share, place) => {
      probable[names[place]] = share * probable[parents[names[place]]];
    });
  }
  return probable;
}

/** Returns the deepest name that is sure enough, going down by the most probable. */
function deepest(parents, probable, least) {
  let said = 0;
  for (const names of siblingsOf(parents)) {
    const best = names.reduce((a, b) => (probable[b] > probable[a] ? b : a));
    if (parents[names[0]] === said && probable[best] >= least) said = best;
  }
  return said;
}

/** Returns the names under each name that has any; a parent comes before its children. */
function siblingsOf(parents) {
  const under = new Map();
  parents.forEach((parent, name) => {
    if (parent >= 0) under.set(parent, [...(under.get(parent) ?? []), name]);
  });
  return [...under].sort(([a], [b]) => a - b).map(([, names]) => names);
}
