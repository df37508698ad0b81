// Brings a picture to the size and colours that a network takes: the same numbers as in Python.
//
// A picture is {height, width, channels, values}: 1 or 3 numbers in 0..1 a pixel, row by row.

/** Returns what a canvas holds as a picture; what is transparent becomes white. */
export function pictureOf({data, width, height}) {
  const values = new Float32Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const alpha = data[4 * pixel + 3] / 255;
    for (let channel = 0; channel < 3; channel += 1) {
      values[3 * pixel + channel] = (data[4 * pixel + channel] / 255) * alpha + 1 - alpha;
    }
  }
  return {height, width, channels: 3, values};
}

/** Returns the middle of a picture that has the network's proportions. */
export function covered(picture, before) {
  const scale = Math.min(picture.height / before.height, picture.width / before.width);
  return colours(averaged(picture, before.height, before.width, scale, scale), before);
}

/** Returns where a whole picture lies in the network's: pixels of that for one of its own. */
export function placementOf(picture, before) {
  const scale = Math.min(before.height / picture.height, before.width / picture.width);
  return {
    scale,
    left: Math.max(0, (before.width - picture.width * scale) / 2),
    top: Math.max(0, (before.height - picture.height * scale) / 2),
    width: picture.width,
    height: picture.height,
  };
}

/** Returns a whole picture in the middle of the network's, and where it lies there. */
export function letterboxed(picture, before) {
  const placement = placementOf(picture, before);
  const step = 1 / placement.scale;
  const shifted = {...picture, values: picture.values.map((value) => value - before.fill)};
  const fitted = averaged(shifted, before.height, before.width, step, step);
  fitted.values.forEach((value, place) => {
    fitted.values[place] = value + before.fill;
  });
  return {picture: colours(fitted, before), placement};
}

/** Returns a box, or any x and y in turn, of the network's picture where it lies in the picture. */
export function toPicture(box, {scale, left, top, width, height}) {
  return box.map((edge, place) => {
    const limit = place % 2 ? height : width;
    return Math.min(limit, Math.max(0, (edge - (place % 2 ? top : left)) / scale));
  });
}

/** Returns a picture in another size, each pixel the mean over its area. */
export function resized(picture, height, width) {
  return averaged(picture, height, width, picture.height / height, picture.width / width);
}

/** Returns a picture grey or in colours, and normalized, as the network wants it. */
export function colours(picture, {channels, grey, mean, std}) {
  const pixels = picture.height * picture.width;
  const values = new Float32Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel += 1) {
    for (let channel = 0; channel < channels; channel += 1) {
      const value =
        picture.channels === channels
          ? picture.values[pixel * channels + channel]
          : channels === 1
            ? [0, 1, 2].reduce((sum, k) => sum + grey[k] * picture.values[3 * pixel + k], 0)
            : picture.values[pixel];
      values[pixel * channels + channel] = (value - mean) / std;
    }
  }
  return {height: picture.height, width: picture.width, channels, values};
}

/** Returns the means over areas of `down` x `across` old pixels, around the middle; outside is 0. */
export function averaged(picture, height, width, down, across) {
  const {channels} = picture;
  const row = picture.width * channels;
  const lower = new Float64Array(height * row);
  areas(picture.height, height, down).forEach(({first, weights}, y) => {
    weights.forEach((weight, k) => {
      const from = (first + k) * row;
      for (let x = 0; x < row; x += 1) lower[y * row + x] += weight * picture.values[from + x];
    });
  });
  const values = new Float32Array(height * width * channels);
  const columns = areas(picture.width, width, across);
  for (let y = 0; y < height; y += 1) {
    columns.forEach(({first, weights}, x) => {
      for (let channel = 0; channel < channels; channel += 1) {
        let sum = 0;
        weights.forEach((weight, k) => {
          sum += weight * lower[y * row + (first + k) * channels + channel];
        });
        values[(y * width + x) * channels + channel] = sum;
      }
    });
  }
  return {height, width, channels, values};
}

/** Returns, for each new row, the first old one that it covers and how much of each. */
function areas(length, wanted, scale) {
  return Array.from({length: wanted}, (_, place) => {
    const start = length / 2 + (place - wanted / 2) * scale;
    const first = Math.max(0, Math.floor(start));
    const weights = [];
    for (let old = first; old < Math.min(length, start + scale); old += 1) {
      weights.push(Math.max(0, Math.min(start + scale, old + 1) - Math.max(start, old)) / scale);
    }
    return {first, weights};
  });
}
