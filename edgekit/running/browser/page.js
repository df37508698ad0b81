// Runs in the page that edgekit drives: one model, loaded and invoked as an app would do it.
//
// What goes in is fetched from /content, as raw little-endian bytes; what comes out is returned as
// base64. Nothing is used but what LiteRT.js gives to every app, and two more types of tensors.

import {loadAndCompile, loadLiteRt, Tensor} from "/litert/core/index.js";

const TYPES = {
  float32: Float32Array,
  int32: Int32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  int16: Int16Array,
};

/** Models by signature, "" for the only one. */
const models = new Map();

let litert;

/** Errors that LiteRT logged: it does not throw where an operator cannot run, and answers what
 * happens to lie in memory. */
const logged = [];

for (const level of ["log", "info", "warn", "error"]) {
  const write = console[level].bind(console);
  console[level] = (...words) => {
    if (String(words[0]).startsWith("ERROR: ")) logged.push(String(words[0]));
    write(...words);
  };
}

/** Returns what a promise gives, unless LiteRT logged an error meanwhile: that says more. */
async function checked(promise) {
  const [settled] = await Promise.allSettled([promise]);
  const errors = logged.splice(0);
  if (settled.reason instanceof WebAssembly.RuntimeError) throw settled.reason;
  if (errors.length) throw new Error(errors[0].replace("ERROR: ", ""));
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

/** Starts LiteRT.js; threads need the build that shares memory. */
async function start(threads) {
  litert = await loadLiteRt("/litert/wasm/", {threads: threads > 1});
}

/** Loads a model; tells what it takes and gives, and where it really runs. */
async function load(key, accelerator, threads) {
  const bytes = new Uint8Array(await content());
  const options = {accelerator, cpuOptions: {numThreads: threads}};
  const model = await checked(loadAndCompile(bytes, options));
  const runner = key ? model.signatures[key] : Object.values(model.signatures)[0];
  models.get(key)?.model.delete();
  models.set(key, {model, runner});
  const info = litert.getWebGpuDevice()?.adapterInfo;
  return {
    inputs: runner.getInputDetails().map(plain),
    outputs: runner.getOutputDetails().map(plain),
    accelerator: model.options.accelerator,
    fully: model.isFullyAccelerated,
    adapter: info ? [info.vendor, info.architecture, info.description].filter(Boolean).join(" ") : "",
  };
}

function plain({name, dtype, shape}) {
  return {name, dtype, shape: fixed(shape)};
}

/** A length that is not fixed becomes 1, as in other interpreters. */
function fixed(shape) {
  return [...shape].map((length) => Math.max(1, length));
}

/** Runs `count` examples; returns the outputs, each with all its examples, as base64. */
async function invoke(key, count) {
  const {runner} = models.get(key);
  const inputs = await arrived(runner, count);
  const answers = [];
  for (let example = 0; example < count; example += 1) {
    const given = inputs.map((each) => each(example));
    const found = await checked(runner.run(given));
    for (const [place, tensor] of found.entries()) {
      const values = await tensor.data();
      (answers[place] ??= []).push(values);
    }
    [...given, ...found].forEach((tensor) => tensor.delete());
  }
  return {outputs: await Promise.all(answers.map((parts) => toBase64(new Blob(parts))))};
}

/** Times single invocations on the first example, in milliseconds, until the answer is there. */
async function time(key, runs) {
  const {runner, model} = models.get(key);
  const given = (await arrived(runner, 1)).map((each) => each(0));
  const onGpu = model.options.accelerator !== "wasm";
  const latencies_ms = [];
  for (let run = 0; run < runs; run += 1) {
    const start = performance.now();
    const found = await runner.run(given);
    if (onGpu) await Promise.all(found.map((tensor) => tensor.data()));
    latencies_ms.push(performance.now() - start);
    found.forEach((tensor) => tensor.delete());
  }
  given.forEach((tensor) => tensor.delete());
  return {latencies_ms};
}

function memory() {
  return {bytes: litert.liteRtWasm.HEAPU8.length};
}

async function content() {
  return (await fetch("/content")).arrayBuffer();
}

/** Returns, for each input, a function that makes the tensor of an example. */
async function arrived(runner, count) {
  const bytes = await content();
  let start = 0;
  return runner.getInputDetails().map(({dtype, shape}) => {
    const size = fixed(shape).reduce((product, length) => product * length, 1);
    const values = new TYPES[dtype](bytes, start, size * count);
    start += values.byteLength;
    return (example) => new Tensor(values.slice(example * size, (example + 1) * size), fixed(shape));
  });
}

function toBase64(blob) {
  return new Promise((done, failed) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => failed(reader.error);
    reader.readAsDataURL(blob);
  });
}

globalThis.edgekit = {start, load, invoke, time, memory};
