// Turns a text into the numbers of its subwords: byte-pair encoding, the same as in Python.

const FIRST_BYTE = 4; // smaller numbers stand for no text
const FIRST_MERGE = FIRST_BYTE + 256;
const SPACE = "\\t-\\r\\x1c- \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const PIECE = new RegExp(` ?[\\p{L}\\p{N}]+| ?[^\\p{L}\\p{N}${SPACE}]+|[${SPACE}]`, "gu");

/** Returns the numbers of a text, as many as the network takes; null if it has no word.
 *
 * `merges` is the file of the bundle: the two numbers of each line become the next number. */
export function tokensOf(text, before, merges) {
  const known = before.normalize === "words" ? plainWords(text) : text;
  const ids = encoded(known, ranksOf(merges));
  return ids.length ? fittedIds(ids, before) : null;
}

/** Returns pair -> number, those learned first being lowest. */
function ranksOf(lines) {
  const ranks = new Map();
  lines.split("\n").filter(Boolean).forEach((line, number) => {
    ranks.set(line.trim().split(/\s+/).join(" "), FIRST_MERGE + number);
  });
  return ranks;
}

/** Returns lower-case words, exclamation and question marks; apostrophes are dropped. */
function plainWords(text) {
  const plain = text.toLowerCase().replace(/[\u2018\u2019]/g, "'");
  const words = plain.match(/[a-z0-9]+(?:'[a-z]+)*|[!?]/g) ?? [];
  return words.join(" ").replaceAll("'", "");
}

function encoded(text, ranks) {
  const words = text ? ` ${text}`.match(PIECE) ?? [] : [];
  return words.flatMap((word) => mergedIds([...new TextEncoder().encode(word)], ranks));
}

/** Merges the pieces of a word, always by the merge that was learned first. */
function mergedIds(bytes, known) {
  let ids = bytes.map((byte) => FIRST_BYTE + byte);
  for (;;) {
    const pairs = ids.slice(1).map((right, place) => `${ids[place]} ${right}`);
    const ranks = pairs.map((pair) => known.get(pair) ?? Infinity);
    const best = Math.min(...ranks, Infinity);
    if (best === Infinity) return ids;
    ids = replacedPair(ids, pairs[ranks.indexOf(best)], best);
  }
}

function replacedPair(ids, pair, merged) {
  const result = [];
  for (let place = 0; place < ids.length; place += 1) {
    const here = `${ids[place]} ${ids[place + 1]}` === pair;
    result.push(here ? merged : ids[place]);
    if (here) place += 1;
  }
  return result;
}

/** Returns so many numbers: filled at the end, or the first and last half of a longer text. */
function fittedIds(ids, {length, padding}) {
  const half = length >> 1;
  const kept = ids.length > length ? [...ids.slice(0, half), ...ids.slice(half - length)] : ids;
  return [...kept, ...new Array(length - kept.length).fill(padding)];
}
