// What is done before and after a model, as the bundle says it: from what a user gives to answers.

import {argmax, surestFirst} from "./arrays.mjs";
import {covered, letterboxed, toPicture} from "./pictures.mjs";
import {cutTile, enlarged, joinTile, seenBy, tilesOf} from "./tiles.mjs";
import {everyone} from "./people.mjs";
import {gridCells} from "./grid_cells.mjs";
import {logMel} from "./sound.mjs";
import {oneBox} from "./one_box.mjs";
import {peopleIn} from "./key_points.mjs";
import {tokensOf} from "./texts.mjs";
import {wordTree} from "./word_tree.mjs";

const DETECTORS = {grid_cells: gridCells, word_tree: wordTree};

/** Returns why a bundle can only be tested here, as a sentence; "" if it can be tried too. */
export function onlyTested({before, after}) {
  if (before.kind === "numbers" || after.kind === "numbers") {
    return "This model takes arrays of numbers, so this page only replays its golden vectors.";
  }
  if (after.kind === "boxes" && !(after.decoder.kind in DETECTORS)) {
    return `A detector of the kind '${after.decoder.kind}' takes a loop that this page does not have: it only replays the golden vectors.`;
  }
  return "";
}

/** Returns the model that takes what the bundle makes of what a user gives. */
export function firstModel({before}, models) {
  return Object.values(models).find(({facts}) =>
    facts.inputs.length === 1 && facts.inputs[0].name === before.input,
  );
}

/** Answers a picture: {labels, boxes, mask, people}, all in pixels of the picture. */
export async function answerPicture(bundle, model, picture) {
  const {before, after} = bundle;
  if (before.fit === "tiles") return {mask: await maskOf(bundle, model, picture)};
  if (before.fit === "cover") {
    return understood(bundle, await asked(model, before, covered(picture, before)), (box) => box);
  }
  if (after.kind === "key_points") {
    return {people: await everyone(bundle, picture, (fitted) => asked(model, before, fitted))};
  }
  const fitted = letterboxed(picture, before);
  const found = await asked(model, before, fitted.picture);
  const back = (places) => toPicture(places, fitted.placement);
  return understood(bundle, found, back);
}

/** Answers a sound, floats in -1..1 at the bundle's rate. */
export async function answerSound(bundle, model, samples) {
  const features = {values: logMel(samples, bundle.before)};
  return understood(bundle, await model.run({[bundle.before.input]: features}));
}

/** Answers a text. */
export async function answerText(bundle, model, text, merges) {
  const tokens = tokensOf(text, bundle.before, merges);
  if (!tokens) throw new Error("There is no word in this text; type an English one.");
  return understood(bundle, await model.run({[bundle.before.input]: {values: tokens}}));
}

/** Answers what a network takes, such as a golden example; pictures are those of the network. */
export async function answerInput(bundle, model, arrays) {
  const found = await model.run(arrays);
  if (bundle.after.kind !== "mask") return understood(bundle, found, (box) => box);
  const {height, width} = bundle.before;
  return {mask: {height, width, values: classesOf(found[bundle.after.output])}};
}

/** Returns the network's picture of a golden example, without its normalization. */
export function pictureOfInput({before}, arrays) {
  const values = arrays[before.input].values.map((value) => value * before.std + before.mean);
  return {height: before.height, width: before.width, channels: before.channels, values};
}

function asked(model, before, picture) {
  return model.run({[before.input]: picture});
}

/** Reads a model's outputs; `back` brings boxes to the pixels of what the user gave. */
export function understood({before, after, labels}, outputs, back) {
  const named = (label) => labels[label] ?? `class ${label}`;
  if (after.kind === "labels") {
    return {labels: best(outputs[after.output].values, after.top, named)};
  }
  if (after.kind === "boxes") {
    const found = DETECTORS[after.decoder.kind](outputs, after.decoder, before);
    return {
      boxes: found
        .filter(({score}) => score >= after.least_score)
        .map(({box, label, score}) => ({box: back(box), label, score, name: named(label)})),
    };
  }
  if (after.kind === "one_box") {
    const {box, scores} = oneBox(outputs, before);
    const label = argmax(scores);
    const found = {box: back(box), label, score: scores[label], name: named(label)};
    return {boxes: [found], labels: best(scores, 3, named)};
  }
  return {people: peopleIn(outputs, after.decoder)};
}

function best(scores, top, named) {
  return surestFirst(scores)
    .slice(0, Math.max(top, 3))
    .map((label) => ({name: named(label), score: scores[label]}));
}

async function maskOf({before, after}, model, picture) {
  const seen = seenBy(picture, before);
  const mask = {height: seen.height, width: seen.width, values: new Uint8Array(seen.height * seen.width)};
  for (const tile of tilesOf(seen, before)) {
    const found = await asked(model, before, cutTile(seen, tile, before));
    joinTile(mask, tile, classesOf(found[after.output]), before.width);
  }
  return enlarged(mask, picture.height, picture.width);
}

/** Returns the class of each pixel: that of its highest score. */
export function classesOf({values, shape}) {
  const classes = shape.at(-1);
  return Uint8Array.from({length: values.length / classes}, (_, pixel) =>
    argmax(values.subarray(pixel * classes, (pixel + 1) * classes)),
  );
}
