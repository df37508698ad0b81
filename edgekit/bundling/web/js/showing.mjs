// Writes answers and figures into the page. Texts are set as texts, never as HTML.

import {colourOf} from "./drawing.mjs";
import {medianOf} from "./arrays.mjs";

export function byId(id) {
  return document.getElementById(id);
}

export function element(tag, properties = {}, ...children) {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Lists labels with bars, boxes with scores, shares of a mask, or people. */
export function showAnswer(answer, bundle) {
  const rows = [
    ...(answer.boxes ?? []).map(({name, score, label}) => ({name, share: score, label})),
    ...(answer.boxes ? [] : (answer.labels ?? []).map(({name, score}) => ({name, share: score}))),
    ...(answer.mask ? sharesOf(answer.mask, bundle.labels) : []),
    ...(answer.people ?? []).map(({score}, number) => ({
      name: `person ${number + 1}`,
      share: score,
      label: number,
    })),
  ];
  byId("answers").replaceChildren(...rows.map(answerRow));
  if (!rows.length) byId("answers").append(element("li", {}, "Nothing found."));
}

function answerRow({name, share, label}) {
  const bar = element("span", {className: "bar"});
  bar.style.setProperty("--share", `${100 * Math.min(1, Math.max(0, share))}%`);
  if (label !== undefined) bar.style.setProperty("--colour", `rgb(${colourOf(label).join(" ")})`);
  const figure = element("span", {className: "figure"}, `${(100 * share).toFixed(1)} %`);
  return element("li", {}, element("span", {className: "name"}, name), figure, bar);
}

/** Returns how much of a mask is of each class that is there, the most first. */
function sharesOf({values}, labels) {
  const counts = new Map();
  values.forEach((kind) => counts.set(kind, (counts.get(kind) ?? 0) + 1));
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([label, count]) => ({
      name: labels[label] ?? `class ${label}`,
      share: count / values.length,
      label,
    }));
}

/** Shows the median of all invocations so far. */
export function showLatency(latencies) {
  const sorted = [...latencies].sort((a, b) => a - b);
  byId("latency").textContent = sorted.length ? milliseconds(medianOf(sorted)) : "–";
  byId("latency-detail").textContent = sorted.length
    ? `median of ${sorted.length} runs, 90 % within ${milliseconds(sorted[Math.ceil(0.9 * sorted.length) - 1])}`
    : "not run";
}

/** Shows the self-test: a row for each output of each part. */
export function showSelfTest(rows) {
  const ok = rows.length > 0 && rows.every((row) => row.ok);
  const worst = rows.reduce((a, b) => (b.error / b.tolerance > a.error / a.tolerance ? b : a), rows[0]);
  setState(ok ? "good" : "bad", ok ? "Self-test passed" : "Self-test failed");
  byId("test-summary").textContent = rows.length
    ? `Error ${figure(worst.error)}, tolerance ${figure(worst.tolerance)}; largest error ${figure(worst.largestError)}.`
    : "The bundle holds no golden vectors for these models.";
  byId("test-rows").replaceChildren(
    ...rows.map((row) =>
      element(
        "tr",
        {},
        element("th", {scope: "row"}, row.part === "model" ? row.name : `${row.part}: ${row.name}`),
        element("td", {className: row.ok ? "good" : "bad"}, row.ok ? "✓ right" : "✕ wrong"),
        element("td", {}, figure(row.error)),
        element("td", {}, figure(row.tolerance)),
        element("td", {}, figure(row.largestError)),
      ),
    ),
  );
}

function milliseconds(value) {
  return `${value >= 1000 ? Math.round(value).toLocaleString("en") : value.toPrecision(3)} ms`;
}

export function figure(value) {
  if (!Number.isFinite(value)) return "not a number";
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value && value < 1e-3 ? value.toExponential(1) : value.toPrecision(2);
}

export function setState(state, words) {
  const pill = byId("state");
  pill.className = `state ${state}`;
  pill.textContent = words;
  document.documentElement.dataset.selfTest = state;
}

export function showProblem(error) {
  byId("problem").textContent = error ? error.message ?? String(error) : "";
  byId("problem").hidden = !error;
}
