// Loads LiteRT.js, which lies in this page, and runs models by it; tells where they really run.

import {assetBytes, assetText} from "./assets.mjs";
import {dequantized, quantized, sizeOf} from "./arrays.mjs";

/** Errors that LiteRT logged: it does not throw where an operator cannot run, and answers what
 * happens to lie in memory. */
const loggedErrors = [];

function listen() {
  for (const level of ["log", "info", "warn", "error"]) {
    const write = console[level].bind(console);
    console[level] = (...words) => {
      if (String(words[0]).startsWith("ERROR: ")) loggedErrors.push(String(words[0]));
      write(...words);
    };
  }
}

/** Returns what a promise gives, unless LiteRT logged an error meanwhile: that says more. */
async function unlessLogged(promise) {
  const [settled] = await Promise.allSettled([promise]);
  const errors = loggedErrors.splice(0);
  if (errors.length) throw new Error(errors[0].replace("ERROR: ", ""));
  if (settled.status === "rejected") throw settled.reason;
  return settled.value;
}

/** Starts LiteRT.js, with the build that this browser can run. */
export async function startRuntime(litert) {
  listen();
  const build = (await litert.supportsFeature("relaxedSimd")) ? "relaxed" : "compatible";
  const loader = new Blob([await assetBytes(`litert-${build}.js`)], {type: "text/javascript"});
  globalThis.Module = {wasmBinary: await assetBytes(`litert-${build}.wasm`)};
  await litert.loadLiteRt(`${URL.createObjectURL(loader)}#.js`);
  return {...litert, build};
}

/** Loads the parts of a variant; returns models by part, each {facts, run, latencies}. */
export async function loadModels(litert, bundle) {
  const models = {};
  for (const facts of bundle.models) {
    const bytes = await assetBytes(facts.file);
    const compiled = await unlessLogged(litert.loadAndCompile(bytes, {accelerator: "wasm"}));
    const latencies = [];
    const model = {facts, latencies, accelerator: compiled.options.accelerator};
    model.run = (arrays) => runModel(litert, compiled, model, arrays);
    models[facts.part] = model;
  }
  return models;
}

async function runModel(litert, compiled, {facts, latencies}, arrays) {
  const given = facts.inputs.map((port) => {
    const array = arrays[port.name];
    if (!array) throw new Error(`The model takes '${port.name}', which was not made.`);
    if (array.values.length !== sizeOf(port.shape)) {
      throw new Error(`'${port.name}' has ${array.values.length} numbers; ${port.shape} are taken.`);
    }
    return [port.name, new litert.Tensor(quantized(array.values, port), port.shape)];
  });
  const start = performance.now();
  const found = await unlessLogged(compiled.run(Object.fromEntries(given)));
  latencies.push(performance.now() - start);
  const outputs = {};
  for (const port of facts.outputs) {
    const values = dequantized(await found[port.name].data(), port);
    outputs[port.name] = {values, shape: port.shape};
  }
  [...given.map(([, tensor]) => tensor), ...Object.values(found)].forEach((each) => each.delete());
  return outputs;
}
