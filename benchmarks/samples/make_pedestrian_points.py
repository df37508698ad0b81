"""Write `pedestrian_points.npz`: key points of the people in the film of pedestrians, by a teacher.

The teacher is BlazePose (Bazarevsky et al. 2020, https://arxiv.org/abs/2006.10204) in MediaPipe
0.10.21, which wants NumPy below 2 and so an environment of its own; this script needs neither
edgekit nor its environment:

    python3.11 -m venv teacher
    teacher/bin/pip install mediapipe==0.10.21 "numpy<2" "opencv-contrib-python-headless<4.12"
    teacher/bin/python benchmarks/samples/make_pedestrian_points.py pedestrians-vtest.avi \
        edgekit/datasets/pedestrian_points.npz

It takes two minutes of one core. People are what moves: the film's camera stands still, so whatever
differs from the median of every 15th frame is one person, or several who overlap. The teacher sees
each of them alone, enlarged; those whom it does not find, or finds somewhere else, are kept as
boxes without points, so that nobody is taught that there is no one.
"""

from __future__ import annotations

import sys

import cv2
import mediapipe
import numpy as np

COCO = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""Numbers among BlazePose's 33 points of the 17 that COCO has, in its order."""

DIFFERENCE = 35
"""Of 255, in any colour, between what moves and what stands behind it."""

LEAST_HEIGHT = 60
"""Pixels of a person; of smaller ones the teacher sees too little."""

MARGIN = 1.3
"""Side of the square that the teacher sees, in heights of the person."""

TEACHER_SIDE = 384

ALL_UNTIL = 520
"""Frame up to which every one is labelled, to learn from; from then on every second one."""


def moving(frame: np.ndarray, background: np.ndarray) -> np.ndarray:
    """Return the boxes of what moves, `(n, 4)`: left, top, width, height in pixels."""
    difference = np.abs(frame.astype(int) - background).max(axis=2) > DIFFERENCE
    joined = cv2.morphologyEx(difference.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5)))
    boxes = cv2.connectedComponentsWithStats(joined)[2][1:, :4]
    return np.asarray(boxes[boxes[:, 3] >= LEAST_HEIGHT])


def seen_by_teacher(frame: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the square around a person, enlarged; and its left, top and side in the frame."""
    left, top, width, height = map(float, box)
    side = MARGIN * height
    corner = np.array([left + width / 2 - side / 2, top + height / 2 - side / 2])
    scale = TEACHER_SIDE / side
    matrix = np.array([[scale, 0, -scale * corner[0]], [0, scale, -scale * corner[1]]])
    square = cv2.warpAffine(
        frame, matrix, (TEACHER_SIDE, TEACHER_SIDE), flags=cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    return square, np.array([*corner, side])


def plausible(points: np.ndarray, box: np.ndarray) -> bool:
    """Whether points `(17, 2)` in the frame's pixels are those of the one person in a box."""
    left, top, width, height = map(float, box)
    if width > 0.6 * height:  # people side by side
        return False
    head, feet = points[:5, 1].mean(), points[15:, 1].mean()
    middle = points[[5, 6, 11, 12], 0].mean()
    return bool(
        feet - head > 0.65 * height
        and abs(head - top) < 0.2 * height
        and abs(feet - top - height) < 0.25 * height
        and left <= middle <= left + width
    )


def main(film: str, out: str) -> None:
    """Ask the teacher about everyone; write what it says."""
    capture = cv2.VideoCapture(film)
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    background = np.median(np.stack(frames[::15]), axis=0)
    teacher = mediapipe.solutions.pose.Pose(static_image_mode=True, model_complexity=1)
    rows: list[tuple[list[float], np.ndarray, np.ndarray, np.ndarray]] = []
    for number, frame in enumerate(frames):
        if number >= ALL_UNTIL and number % 2:
            continue
        for box in moving(frame, background):
            square, place = seen_by_teacher(frame, box)
            found = teacher.process(cv2.cvtColor(square, cv2.COLOR_BGR2RGB)).pose_landmarks
            shares, visible = np.zeros((17, 2)), np.zeros(17)
            if found:
                marks = [found.landmark[index] for index in COCO]
                shares = np.array([[mark.x, mark.y] for mark in marks])
                if plausible(place[:2] + shares * place[2], box):
                    visible = np.array([mark.visibility for mark in marks])
            visible[((shares < 0) | (shares > 1)).any(axis=1)] = 0
            rows.append(([number, *box], place, shares, visible))
    boxes = np.array([row[0] for row in rows])
    np.savez_compressed(
        out,
        boxes=boxes.astype(np.int16),
        points=np.rint(255 * np.clip(np.stack([row[2] for row in rows]), 0, 1)).astype(np.uint8),
        visible=np.rint(15 * np.stack([row[3] for row in rows])).astype(np.uint8),
    )
    whole = np.mean([row[3].any() for row in rows])
    print(f"{len(rows):,} people, {100 * whole:.0f} % of them with points.")


if __name__ == "__main__":
    main(*sys.argv[1:])
