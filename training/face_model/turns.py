"""How far features stand beside the rig's when an imported head turns, with and without the law.

    python -m training.face_model.turns --data FOLDER --face assets/face/face-model.npz

FOLDER holds shards of `training.face_model.views`; those of the held-out splits are judged. Points
only: no picture is drawn.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from inference import face_camera as camera
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_fit import fit_face
from inference.face_frame import framed
from inference.face_model import FaceModel, load_face_model
from inference.face_points import Landmarks
from inference.face_view import INNER, View, view_of
from training.face_model.views import TURNS, Sample, read
from training.people.split import LOOKS
from training.rig.pose import turn_head
from training.rig.scene import FRAME


def turned(
    points_L3: Float32Array, weight_L: Float32Array, view: View, turn: tuple[int, int, int]
) -> Any:
    """Pixels (L, 2) of points of the camera's world after a turn in degrees."""
    motion_D = np.zeros(61, np.float32)
    motion_D[52:55] = np.radians(turn)
    room = view.room(points_L3)
    moved = turn_head(room, weight_L, motion_D, view.room(view.pivot_3), 1.0)
    return camera.project(moved @ view.axes_33.T)


def misses(model: FaceModel, marks: Landmarks, wanted: Sample) -> list[list[float]]:
    """For each of TURNS, mean miss of the inner face in pixels of the frame, before and with the
    law.

    Raises:
        PersonareError: the points are refused.
    """
    empty: UInt8Array = np.zeros((FRAME, FRAME, 4), np.uint8)
    placed = framed(model, empty, marks)
    fit = fit_face(model, placed.landmarks, moves=())
    known = [k for k, n in enumerate(marks.marks) if n in model.landmarks and n.startswith(INNER)]
    rows = [model.landmarks.index(list(marks.marks)[k]) for k in known]
    points = model.at_landmarks(fit.points_N3)[rows]
    weight = model.at_landmarks(model.head_weight_N[:, None])[rows, 0]
    plain = View(np.eye(3, dtype=np.float32), fit.points_N3[model.pivot])
    rest = camera.project(points)
    out = []
    for turn, there_L2 in zip(TURNS, wanted.turned, strict=True):
        true = (there_L2 - wanted.points)[known] @ placed.matrix_23[:, :2].T
        row = []
        for view in (plain, view_of(model, fit, placed.landmarks.roll)):
            off = turned(points, weight, view, turn) - rest - true
            row.append(float(np.sqrt((off**2).sum(1).mean())))
        out.append(row)
    return out


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--face", type=Path, required=True)
    given = parser.parse_args()
    model = load_face_model(given.face)
    for look in LOOKS:
        found = []
        for path in sorted(given.data.glob(f"views-test-*-{look}-*.npz")):
            for marks, wanted in read(path):
                try:
                    found.append(misses(model, marks, wanted))
                except PersonareError:
                    continue
        if found:
            mean = np.mean(found, 0)
            told = ", ".join(
                f"{turn}: {a:.2f} -> {b:.2f}" for turn, (a, b) in zip(TURNS, mean, strict=True)
            )
            print(f"{look} ({len(found)} pictures): {told}")


if __name__ == "__main__":
    main()
