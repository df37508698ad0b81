// Boxes around things: how far two overlap, and which of many that overlap is kept.
//
// A box is left, top, right and bottom, in pixels of the picture that the network is given.

/** Returns the area of a box; 0 where right and bottom are not beyond. */
function areaOf([left, top, right, bottom]) {
  return Math.max(right - left, 0) * Math.max(bottom - top, 0);
}

function sharedArea(a, b) {
  return areaOf([
    Math.max(a[0], b[0]),
    Math.max(a[1], b[1]),
    Math.min(a[2], b[2]),
    Math.min(a[3], b[3]),
  ]);
}

/** Returns the surest of {box, label, score}, each that overlaps no surer one of its label. */
export function suppressed(candidates, {threshold, most}) {
  const left = [...candidates].sort((a, b) => b.score - a.score);
  const kept = [];
  for (const found of left) {
    if (kept.length === most) break;
    const isCovered = kept.some((surer) => {
      if (surer.label !== found.label) return false;
      const shared = sharedArea(surer.box, found.box);
      return shared > threshold * (areaOf(surer.box) + areaOf(found.box) - shared);
    });
    if (!isCovered) kept.push(found);
  }
  return kept;
}

/** Returns a box without what lies outside a picture. */
export function clippedBox(box, width, height) {
  return box.map((edge, place) => Math.min(place % 2 ? height : width, Math.max(0, edge)));
}
