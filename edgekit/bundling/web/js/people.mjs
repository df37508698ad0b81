// Looks for people in a picture: whole, and then in tiles, where it is larger than the network's.

import {colours, letterboxed, resized} from "./pictures.mjs";
import {cutTile, tilesOf} from "./tiles.mjs";
import {medianOf, roundedToEven, surestFirst} from "./arrays.mjs";
import {peopleIn} from "./key_points.mjs";

const CLOSE = 0.2; // two are one person whose joints are apart by less than this share of a size

/** Returns people, the surest first, as {joints: [[x, y, confidence]], score}, in pixels. */
export async function everyone({before, after}, picture, ask) {
  const {picture: fitted, placement} = letterboxed(picture, before);
  const seen = peopleIn(await ask(fitted), after.decoder);
  const found = seen.map((person) => moved(person, -placement.left, -placement.top, 1 / placement.scale));
  for (const scale of before.tiles?.scales ?? []) {
    const longest = Math.max(picture.height, picture.width);
    const size = (scale * Math.max(before.height, before.width)) / longest;
    // No picture is enlarged: that would show the network nothing new.
    if (size <= 1) found.push(...(await inTiles({before, after}, picture, ask, size)));
  }
  return distinct(found);
}

async function inTiles({before, after}, picture, ask, size) {
  const sides = [picture.height, picture.width].map((side) =>
    Math.max(1, roundedToEven(side * size)),
  );
  const smaller = colours(resized(picture, ...sides), before);
  const found = [];
  for (const tile of tilesOf(smaller, {...before, margin: before.tiles.margin})) {
    const people = peopleIn(await ask(cutTile(smaller, tile, before)), after.decoder);
    found.push(...countedIn(tile, people, size));
  }
  return found;
}

/** Returns those whose middle lies in the part of a tile that counts, in pixels of the picture. */
export function countedIn(tile, people, size) {
  return people
    .map((person) => moved(person, tile.left, tile.top, 1))
    .filter(({joints}) => {
      const [x, y] = [0, 1].map((axis) => {
        const [lowest, highest] = limitsOf(joints, axis);
        return (lowest + highest) / 2;
      });
      const [first, end] = tile.columns;
      return x >= first && x < end && y >= tile.rows[0] && y < tile.rows[1];
    })
    .map((person) => moved(person, 0, 0, 1 / size));
}

/** Returns people without those that are another answer about a surer one. */
export function distinct(people) {
  const kept = [];
  for (const place of surestFirst(people.map(({score}) => score))) {
    const person = people[place];
    const isKnown = kept.some((surer) => {
      const apart = surer.joints.map(([x, y], joint) =>
        Math.hypot(x - person.joints[joint][0], y - person.joints[joint][1]),
      );
      const size = Math.max(...[0, 1].map((axis) => spanOf(surer.joints, axis)));
      return medianOf(apart) < CLOSE * size;
    });
    if (!isKnown) kept.push(person);
  }
  return kept;
}

function moved({joints, score}, right, down, scale) {
  return {
    score,
    joints: joints.map(([x, y, sure]) => [(x + right) * scale, (y + down) * scale, sure]),
  };
}

function limitsOf(joints, axis) {
  const along = joints.map((joint) => joint[axis]);
  return [Math.min(...along), Math.max(...along)];
}

function spanOf(joints, axis) {
  const [lowest, highest] = limitsOf(joints, axis);
  return highest - lowest;
}
