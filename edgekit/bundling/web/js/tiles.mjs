// Cuts a picture of any size into overlapping tiles of the network's, and joins what it answers.

import {colours, resized} from "./pictures.mjs";
import {roundedToEven} from "./arrays.mjs";

/** Returns a picture as the network is shown it: made smaller where it is larger than allowed. */
export function seenBy(picture, before) {
  const longest = before.longest ?? Math.max(picture.height, picture.width);
  const scale = Math.min(1, longest / Math.max(picture.height, picture.width));
  const height = Math.max(1, roundedToEven(picture.height * scale));
  const width = Math.max(1, roundedToEven(picture.width * scale));
  return colours(resized(picture, height, width), before);
}

/** Returns tiles that cover a picture; each of its pixels counts in exactly one of them. */
export function tilesOf({height, width}, before) {
  const rows = spansOf(height, before.height, before.margin);
  const columns = spansOf(width, before.width, before.margin);
  return rows.flatMap((row) =>
    columns.map((column) => ({
      top: row.start,
      left: column.start,
      rows: [row.first, row.end],
      columns: [column.first, column.end],
    })),
  );
}

/** Returns the pixels of a tile; where the picture is smaller, its reflection goes on. */
export function cutTile(picture, tile, {height, width}) {
  const {channels} = picture;
  const values = new Float32Array(height * width * channels);
  for (let y = 0; y < height; y += 1) {
    const row = reflected(tile.top + y, picture.height);
    for (let x = 0; x < width; x += 1) {
      const from = (row * picture.width + reflected(tile.left + x, picture.width)) * channels;
      for (let channel = 0; channel < channels; channel += 1) {
        values[(y * width + x) * channels + channel] = picture.values[from + channel];
      }
    }
  }
  return {height, width, channels, values};
}

/** Writes the part of a tile's mask that counts into the mask of the picture. */
export function joinTile(mask, tile, answer, width) {
  for (let y = tile.rows[0]; y < tile.rows[1]; y += 1) {
    for (let x = tile.columns[0]; x < tile.columns[1]; x += 1) {
      mask.values[y * mask.width + x] = answer[(y - tile.top) * width + x - tile.left];
    }
  }
}

/** Returns a mask in another size, each pixel as the nearest one is. */
export function enlarged(mask, height, width) {
  const values = new Uint8Array(height * width);
  for (let y = 0; y < height; y += 1) {
    const row = Math.floor(((2 * y + 1) * mask.height) / (2 * height)) * mask.width;
    for (let x = 0; x < width; x += 1) {
      values[y * width + x] = mask.values[row + Math.floor(((2 * x + 1) * mask.width) / (2 * width))];
    }
  }
  return {height, width, values};
}

function spansOf(length, side, margin) {
  const count = 1 + Math.max(0, Math.ceil((length - side) / (side - 2 * margin)));
  const last = Math.max(0, length - side);
  const starts = Array.from({length: count}, (_, k) =>
    count === 1 ? 0 : roundedToEven((k * last) / (count - 1)),
  );
  const between = starts.slice(1).map((start, k) => Math.floor((starts[k] + side + start) / 2));
  return starts.map((start, k) => ({start, first: [0, ...between][k], end: [...between, length][k]}));
}

/** Returns the place of a mirror image: 0 1 2 2 1 0 0 1 2 ... */
function reflected(place, length) {
  const turn = place % (2 * length);
  return turn < length ? turn : 2 * length - 1 - turn;
}
