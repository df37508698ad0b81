// The page: starts LiteRT.js, runs the self-test, then answers whatever it is given.

import {answerInput, answerPicture, answerSound, answerText} from "./tasks.mjs";
import {firstModel, onlyTested, pictureOfInput} from "./tasks.mjs";
import {byId, element, setState, showAnswer, showLatency, showProblem, showSelfTest} from "./showing.mjs";
import {assetText} from "./assets.mjs";
import {drawAnswer} from "./drawing.mjs";
import {exampleOf, goldenOf, replayed} from "./self_test.mjs";
import {loadModels, startRuntime} from "./runtime.mjs";
import {pixelsOf, readPicture, readSound, recorded, startCamera} from "./giving.mjs";

const page = {bundle: null, models: {}, golden: {}, busy: false, stopCamera: null};

/** Starts everything; what goes wrong is told in the page. */
export async function openPage(litert) {
  try {
    page.bundle = JSON.parse(await assetText("bundle.json"));
    const runtime = await startRuntime(litert);
    page.models = await loadModels(runtime, page.bundle);
    showPlace(runtime);
    await selfTest();
    prepareInputs();
  } catch (error) {
    setState("bad", "Does not run here");
    showProblem(error);
  }
}

function showPlace({build}) {
  const places = Object.values(page.models).map(({accelerator}) => accelerator.toUpperCase());
  byId("place").textContent = [...new Set(places)].join(", ");
  byId("place-detail").textContent = `${build} SIMD, one thread, in this browser`;
}

async function selfTest() {
  const rows = [];
  for (const [part, model] of Object.entries(page.models)) {
    page.golden[part] = await goldenOf(page.bundle, part);
    const limits = page.bundle.limits[model.facts.precision];
    const compared = await replayed(model, page.golden[part], limits);
    rows.push(...compared.map((row) => ({...row, part})));
  }
  showSelfTest(rows);
  showTimes();
}

function showTimes() {
  showLatency(Object.values(page.models).flatMap(({latencies}) => latencies.slice(1)));
}

/** Shows the controls of what the bundle takes. */
function prepareInputs() {
  const reason = onlyTested(page.bundle);
  byId("note").textContent = reason;
  byId("note").hidden = !reason;
  byId("try").hidden = Boolean(reason);
  if (reason) return;
  const {kind} = page.bundle.before;
  document.querySelectorAll("[data-takes]").forEach((part) => {
    part.hidden = !part.dataset.takes.split(" ").includes(kind);
  });
  ({picture: preparePicture, sound: prepareSound, text: prepareText})[kind]();
  prepareExamples();
}

function preparePicture() {
  const take = (file) => file && answering(async () => show(await readPicture(file)));
  takeFiles("picture-file", take);
  byId("camera").onclick = () => answering(toggleCamera);
}

function takeFiles(id, take) {
  byId(id).onchange = ({target}) => take(target.files[0]);
  const zone = byId(id).closest(".drop");
  zone.ondragover = (event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.ondragleave = () => zone.classList.remove("over");
  zone.ondrop = (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take(event.dataTransfer.files[0]);
  };
}

async function show(picture) {
  const answer = await answerPicture(page.bundle, firstModel(page.bundle, page.models), picture);
  present(answer, picture);
}

/** Answers what the camera sees, picture after picture, until it is stopped. */
async function toggleCamera() {
  if (page.stopCamera) {
    page.stopCamera();
    page.stopCamera = null;
    byId("camera").textContent = "Use the camera";
    return;
  }
  const video = byId("video");
  page.stopCamera = await startCamera(video);
  byId("camera").textContent = "Stop the camera";
  const look = async () => {
    if (!page.stopCamera) return;
    await answering(() => show(pixelsOf(video, video.videoWidth, video.videoHeight)));
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
}

function prepareSound() {
  const {rate, samples} = page.bundle.before;
  const hear = async (sound) => {
    const model = firstModel(page.bundle, page.models);
    present(await answerSound(page.bundle, model, sound));
  };
  takeFiles("sound-file", (file) => file && answering(async () => hear(await readSound(file, rate))));
  byId("microphone").onclick = () =>
    answering(async () => {
      byId("microphone").textContent = "Listening…";
      try {
        await hear(await recorded(samples / rate + 0.3, rate));
      } finally {
        byId("microphone").textContent = "Record from the microphone";
      }
    });
}

function prepareText() {
  byId("text-form").onsubmit = (event) => {
    event.preventDefault();
    answering(async () => {
      page.merges ??= await assetText(page.bundle.before.subwords);
      const model = firstModel(page.bundle, page.models);
      present(await answerText(page.bundle, model, byId("text").value, page.merges));
    });
  };
}

/** Shows a button for each golden example: what the network itself is given. */
function prepareExamples() {
  const model = firstModel(page.bundle, page.models);
  const {input} = page.golden[model.facts.part];
  const count = input[page.bundle.before.input].shape[0];
  const buttons = Array.from({length: count}, (_, number) =>
    element("button", {
      type: "button",
      textContent: number + 1,
      ariaLabel: `Test example ${number + 1}`,
      onclick: () => answering(() => showExample(model, exampleOf(input, number))),
    }),
  );
  byId("examples").replaceChildren(...buttons);
}

async function showExample(model, arrays) {
  const isPicture = page.bundle.before.kind === "picture";
  const picture = isPicture ? pictureOfInput(page.bundle, arrays) : null;
  present(await answerInput(page.bundle, model, arrays), picture);
}

function present(answer, picture = null) {
  byId("result").hidden = false;
  byId("no-answer").hidden = true;
  byId("drawing").hidden = !picture;
  if (picture) drawAnswer(byId("drawing"), picture, answer, page.bundle.after);
  showAnswer(answer, page.bundle);
  showTimes();
}

/** Does one thing at a time; what goes wrong is told in the page. */
async function answering(action) {
  if (page.busy) return;
  page.busy = true;
  showProblem(null);
  try {
    await action();
  } catch (error) {
    showProblem(error);
  } finally {
    page.busy = false;
  }
}
