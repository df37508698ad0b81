// Finds people in what a PoseNet says: heat maps, offsets, and ways from joint to joint.
//
// Places are x and y in cells, until they are told in pixels of the network's picture.

/** Returns people, the surest first, as {joints: [[x, y, confidence]], score}, in pixels. */
export function peopleIn(outputs, decoder) {
  const maps = mapsOf(outputs);
  const people = [];
  for (const {joint, cell} of peaksOf(maps, decoder.least_peak)) {
    const start = refined(maps, joint, middleOfCell(cell));
    if (people.some((person) => isTaken(person.joints[joint], start, decoder))) continue;
    const grown = grownFrom(maps, joint, start, decoder);
    const own = grown.filter(
      (place, k) => !people.some((person) => isTaken(person.joints[k], place, decoder)),
    );
    const score = own.reduce((sum, [, , sure]) => sum + sure, 0) / maps.joints;
    if (score < decoder.least_score) continue;
    const {stride} = decoder;
    people.push({score, joints: grown.map(([x, y, sure]) => [x * stride, y * stride, sure])});
  }
  return people.sort((a, b) => b.score - a.score).slice(0, decoder.most);
}

function mapsOf({heatmaps, offsets, forward, backward}) {
  const [, rows, columns, joints] = heatmaps.shape;
  const at = (output, row, column, place) => {
    const depth = output.shape[3];
    return output.values[(row * columns + column) * depth + place];
  };
  const way = (output) => (cell, number) =>
    [0, 1].map((axis) => at(output, cell[0], cell[1], 2 * number + axis));
  return {
    rows,
    columns,
    joints,
    heat: ([row, column], joint) => at(heatmaps, row, column, joint),
    offset: way(offsets),
    forward: way(forward),
    backward: way(backward),
  };
}

/** Returns joint and cell of each peak, the surest first; none of its 8 neighbours is surer. */
function peaksOf(maps, least) {
  const peaks = [];
  for (let row = 0; row < maps.rows; row += 1) {
    for (let column = 0; column < maps.columns; column += 1) {
      for (let joint = 0; joint < maps.joints; joint += 1) {
        const sure = maps.heat([row, column], joint);
        if (sure >= least && isPeak(maps, row, column, joint, sure)) {
          peaks.push({joint, cell: [row, column], sure});
        }
      }
    }
  }
  return peaks.sort((a, b) => b.sure - a.sure);
}

function isPeak(maps, row, column, joint, sure) {
  for (let y = Math.max(0, row - 1); y <= Math.min(maps.rows - 1, row + 1); y += 1) {
    for (let x = Math.max(0, column - 1); x <= Math.min(maps.columns - 1, column + 1); x += 1) {
      if (maps.heat([y, x], joint) > sure) return false;
    }
  }
  return true;
}

function middleOfCell([row, column]) {
  return [column + 0.5, row + 0.5];
}

/** Returns the cell that a place is in, or the nearest one. */
function cellAt(maps, [x, y]) {
  const inside = (value, length) => Math.min(length - 1, Math.max(0, Math.floor(value)));
  return [inside(y, maps.rows), inside(x, maps.columns)];
}

/** Returns x, y and confidence of a joint that is near a place. */
function refined(maps, joint, place) {
  const cell = cellAt(maps, place);
  const [x, y] = added(middleOfCell(cell), maps.offset(cell, joint));
  return [x, y, maps.heat(cell, joint)];
}

/** Returns all joints of a person, from one of them outwards along the tree. */
function grownFrom(maps, joint, start, decoder) {
  const person = new Array(maps.joints).fill(null);
  person[joint] = start;
  for (let before = -1, known = 1; known > before && known < person.length; ) {
    before = known;
    decoder.tree.forEach(([first, second], number) => {
      [[first, second, maps.forward], [second, first, maps.backward]].forEach(([near, far, ways]) => {
        if (!person[near] || person[far]) return;
        const cell = cellAt(maps, person[near]);
        const reached = added(middleOfCell(cell), ways(cell, number));
        // Twice: the first step may start beside the disk where offsets are learned.
        person[far] = refined(maps, far, refined(maps, far, reached));
        known += 1;
      });
    });
  }
  return person;
}

function added(a, b) {
  return [a[0] + b[0], a[1] + b[1]];
}

/** Tells whether a joint, in cells, is that of somebody found, in pixels. */
function isTaken(found, place, {stride, radius}) {
  return Math.hypot(found[0] - place[0] * stride, found[1] - place[1] * stride) < radius;
}
