// How a user gives something: a picture from a file or the camera, a recording, a text.

import {pictureOf} from "./pictures.mjs";

const MOST_PIXELS = 4096 * 4096;

/** Reads a picture file, upright; throws a sentence if it is none. */
export async function readPicture(file) {
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    throw new Error(`'${file.name}' is no picture that this browser reads; choose a JPEG or PNG.`);
  }
  if (image.width * image.height > MOST_PIXELS) {
    throw new Error(`'${file.name}' has ${image.width} x ${image.height} pixels; choose a smaller one.`);
  }
  return pixelsOf(image, image.width, image.height);
}

/** Returns what a picture or a video shows now. */
export function pixelsOf(source, width, height) {
  const canvas = new OffscreenCanvas(width, height);
  const pen = canvas.getContext("2d", {willReadFrequently: true});
  pen.drawImage(source, 0, 0, width, height);
  return pictureOf(pen.getImageData(0, 0, width, height));
}

/** Starts the camera in a video element; returns what stops it. */
export async function startCamera(video) {
  const stream = await navigator.mediaDevices.getUserMedia({video: {facingMode: "environment"}});
  video.srcObject = stream;
  await video.play();
  return () => {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  };
}

/** Reads a sound file: samples in -1..1 of one channel, at a rate. */
export async function readSound(file, rate) {
  const context = new OfflineAudioContext(1, 1, rate);
  let sound;
  try {
    sound = await context.decodeAudioData(await file.arrayBuffer());
  } catch {
    throw new Error("This is no sound that this browser reads; choose a WAV, MP3 or OGG file.");
  }
  const samples = new Float32Array(sound.length);
  for (let channel = 0; channel < sound.numberOfChannels; channel += 1) {
    sound.getChannelData(channel).forEach((value, place) => {
      samples[place] += value / sound.numberOfChannels;
    });
  }
  return samples;
}

/** Records from the microphone for some seconds. */
export async function recorded(seconds, rate) {
  const stream = await navigator.mediaDevices.getUserMedia({audio: true});
  const recorder = new MediaRecorder(stream);
  const parts = [];
  recorder.ondataavailable = ({data}) => parts.push(data);
  const stopped = new Promise((done) => {
    recorder.onstop = done;
  });
  recorder.start();
  setTimeout(() => recorder.stop(), 1000 * seconds);
  await stopped;
  stream.getTracks().forEach((track) => track.stop());
  return readSound(new Blob(parts), rate);
}
