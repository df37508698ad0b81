"""How many people of a whole picture does a PoseNet find that sees a small part at a time?

A recipe's score is of windows around people. Here the program's own search looks for everyone in
whole frames of the film of pedestrians, 768x576, of the test split: the whole frame made small,
and tiles of it at two sizes. It prints PCK@0.2 of all people whom the teacher saw whole, the share
of them who were found (half of their joints or more), how many were found in places where nothing
moves, and the seconds of a frame.

    python benchmarks/whole_frames.py FILE.tflite [--runtime litert] [--every 8]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from edgekit.core.types import Array
from edgekit.domains.pose.pedestrians import FRAMES, SHAPE, film
from edgekit.domains.pose.scores import correct_joints, torsos
from edgekit.domains.pose.teacher import labels
from edgekit.on_device.programs.pose import people_in
from edgekit.on_device.vision.key_points import NETWORK, drive
from edgekit.recipes.pose_posenet import DECODER
from edgekit.running.session import open_session


def main() -> None:
    """Print the figures of one file on one runtime."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--runtime", default="litert")
    parser.add_argument("--every", type=int, default=8, help="frames from one to the next")
    chosen = parser.parse_args()
    everyone, numbers = labels(), range(*FRAMES["test"], chosen.every)
    right: list[Array] = []
    seconds: list[float] = []
    astray = total = 0
    with open_session(chosen.file, runtime=chosen.runtime) as session:
        run = drive(DECODER)({NETWORK: session})
        for number, frame in film(set(numbers)):
            start = time.perf_counter()
            found, _ = people_in(frame.astype(np.float32) / 255, run, SHAPE)
            seconds.append(time.perf_counter() - start)
            there = everyone.frames == number
            people = everyone.people[there & everyone.people[..., 2].any(axis=1)]
            correct = correct_joints(found, people, torsos(people))
            right += [own[person[:, 2] > 0] for own, person in zip(correct, people, strict=True)]
            astray += _outside(found, everyone.boxes[there])
            total += len(found)
    whole = np.mean([own.mean() >= 0.5 for own in right])
    print(
        f"{len(seconds)} frames, {len(right)} people: PCK@0.2 "
        f"{100 * np.concatenate(right).mean():.1f} %, {100 * whole:.0f} % of them found; {astray} "
        f"of {total} found where nothing moves; {np.median(seconds):.2f} s a frame."
    )


def _outside(found: Array, boxes: Array) -> int:
    """Return how many people have their middle in no box."""
    middles = found[..., :2].mean(axis=1)[:, None]
    inside = ((middles >= boxes[:, :2]) & (middles <= boxes[:, 2:])).all(axis=2).any(axis=1)
    return int((~inside).sum())


if __name__ == "__main__":
    main()
