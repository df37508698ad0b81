// Draws an answer over its picture: boxes, painted areas, skeletons.
//
// Source of the colours: Okabe and Ito, Color Universal Design, 2008, https://jfly.uni-koeln.de/color/

export const COLOURS = [
  [230, 159, 0],
  [86, 180, 233],
  [0, 158, 115],
  [240, 228, 66],
  [0, 114, 178],
  [213, 94, 0],
  [204, 121, 167],
  [150, 150, 150],
];
const PAINTED = 0.45;
const SMALLEST = 480;

export function colourOf(kind) {
  return COLOURS[kind % COLOURS.length];
}

/** Draws a picture and its answer; small pictures are enlarged by a whole number. */
export function drawAnswer(canvas, picture, answer, after) {
  const scale = Math.ceil(SMALLEST / Math.max(picture.width, picture.height));
  canvas.width = picture.width * scale;
  canvas.height = picture.height * scale;
  const pen = canvas.getContext("2d");
  pen.imageSmoothingEnabled = false;
  pen.drawImage(painted(picture, answer.mask), 0, 0, canvas.width, canvas.height);
  const line = Math.max(2, Math.max(canvas.width, canvas.height) / 250);
  (answer.boxes ?? []).forEach((found) => drawBox(pen, found, scale, line));
  (answer.people ?? []).forEach((person, number) =>
    drawPerson(pen, person, after, {colour: css(colourOf(number)), scale, line}),
  );
}

/** Returns a canvas with the picture's pixels, and the colours of the classes of a mask. */
function painted({width, height, channels, values}, mask) {
  const canvas = new OffscreenCanvas(width, height);
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    const kind = mask ? mask.values[pixel] : 0;
    for (let channel = 0; channel < 3; channel += 1) {
      const value = 255 * values[channels === 1 ? pixel : 3 * pixel + channel];
      image.data[4 * pixel + channel] = kind
        ? (1 - PAINTED) * value + PAINTED * colourOf(kind)[channel]
        : value;
    }
    image.data[4 * pixel + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function drawBox(pen, {box, label, score, name}, scale, line) {
  const [left, top, right, bottom] = box.map((edge) => edge * scale);
  const colour = colourOf(label);
  pen.strokeStyle = css(colour);
  pen.lineWidth = line;
  pen.strokeRect(left, top, right - left, bottom - top);
  const size = Math.max(12, pen.canvas.width / 40);
  pen.font = `600 ${size}px system-ui, sans-serif`;
  const caption = `${name} ${score.toFixed(2)}`;
  const width = pen.measureText(caption).width + 8;
  const x = Math.max(0, Math.min(left, pen.canvas.width - width));
  const y = top >= size + 6 ? top - size - 6 : top;
  pen.fillStyle = css(colour);
  pen.fillRect(x, y, width, size + 6);
  pen.fillStyle = inkOn(colour);
  pen.textBaseline = "top";
  pen.fillText(caption, x + 4, y + 3);
}

function drawPerson(pen, {joints}, {bones, least}, {colour, scale, line}) {
  const isSeen = ([, , sure]) => sure >= least;
  pen.strokeStyle = colour;
  pen.fillStyle = colour;
  pen.lineWidth = line;
  bones
    .filter((bone) => bone.every((joint) => isSeen(joints[joint])))
    .forEach(([first, second]) => {
      pen.beginPath();
      pen.moveTo(joints[first][0] * scale, joints[first][1] * scale);
      pen.lineTo(joints[second][0] * scale, joints[second][1] * scale);
      pen.stroke();
    });
  joints.filter(isSeen).forEach(([x, y]) => {
    pen.beginPath();
    pen.arc(x * scale, y * scale, 1.6 * line, 0, 2 * Math.PI);
    pen.fill();
  });
}

/** Returns which colour is read better on another. */
function inkOn([red, green, blue]) {
  return 0.299 * red + 0.587 * green + 0.114 * blue > 128 ? "#000" : "#fff";
}

function css(colour) {
  return `rgb(${colour.join(" ")})`;
}
