"""What keeps the turns of an imported head from the rig's: depth, camera or pivot.

    python -m training.face_model.limits --data FOLDER --face assets/face/face-model.npz

FOLDER holds shards of `training.face_model.sides`; the first portrait of each held-out figure is
judged, by true points. Features are turned with the head as fitted to the portrait, to one picture
from the side too, or to two; and with the truth of the rig in place of what is known of depth, of
the camera's tilt and the head's yaw, or of the pivot. Points only: no picture is drawn.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference import face_camera as camera
from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.face_fit import FaceFit, fit_face
from inference.face_frame import Framed, framed
from inference.face_model import FaceModel, load_face_model
from inference.face_points import Landmarks
from inference.face_sides import fit_head
from inference.face_view import INNER, View, view_of
from training.face_model.sides import TURNS, TwoSides, read
from training.face_model.turns import turned
from training.people.split import LOOKS
from training.rig.scene import FRAME

COLUMNS: Final = ("yaw 10", "yaw 20", "pitch 10", "pitch 15", "depth")
_ROWS: Final = (slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 8))
"""Of TURNS, those of each column."""


class Judge:
    """One portrait and what the rig knows of it."""

    def __init__(self, model: FaceModel, marks: Landmarks, wanted: TwoSides) -> None:
        empty: UInt8Array = np.zeros((FRAME, FRAME, 4), np.uint8)
        self._model, self._wanted = model, wanted
        self.placed: Framed = framed(model, empty, marks)
        names = [n for n in marks.marks if n in model.landmarks]
        self._rows = [model.landmarks.index(name) for name in names]
        self._known = [list(marks.marks).index(name) for name in names]
        self._inner = np.array([name.startswith(INNER) for name in names])
        self._weight = model.at_landmarks(model.head_weight_N[:, None])[self._rows, 0]
        self._size = float(np.hypot(*self.placed.matrix_23[:, 0]))

    def points(self, fit: FaceFit) -> Any:
        """The fit's points (L, 3)."""
        return self._model.at_landmarks(fit.points_N3)[self._rows]

    def true_points(self, fit: FaceFit) -> Float32Array:
        """The rig's points with their relief, as far away as the fit's."""
        matrix, wanted = self.placed.matrix_23, self._wanted
        place = wanted.portrait.points[self._known] @ matrix[:, :2].T + matrix[:, 2]
        depth = -wanted.spots[self._known, 2]
        middle = float(depth[self._inner].mean())
        ours = float(-self.points(fit)[self._inner, 2].mean())
        scale = wanted.focal * FRAME * self._size / middle * ours / camera.FOCAL
        found = camera.unproject(place.astype(np.float64), ours + (depth - middle) * scale)
        return np.asarray(found, np.float32)

    def view(self, fit: FaceFit, axes: bool, pivot: bool) -> View:
        """The law's view, the rig's axes or pivot in place of its own."""
        roll, told = self.placed.landmarks.roll, self._wanted.portrait
        law = view_of(self._model, fit, roll)
        axes_33, pivot_3 = law.axes_33, law.pivot_3
        if axes:
            tilt, yaw = (float(v) for v in told.angles)
            axes_33 = np.asarray(
                camera.rotation([0.0, 0.0, -roll]) @ camera.rotation([tilt, 0.0, 0.0])
                @ camera.rotation([0.0, yaw, 0.0]), np.float32)  # fmt: skip
        if pivot:
            matrix = self.placed.matrix_23
            place = matrix[:, :2] @ told.pivot[:2] + matrix[:, 2]
            depth = float(-self.points(fit)[self._inner, 2].mean())
            behind = float(told.pivot[2]) * self._size * depth / camera.FOCAL
            found = camera.unproject(place[None].astype(np.float64), np.array([depth + behind]))
            pivot_3 = np.asarray(found[0], np.float32)
        return View(axes_33, pivot_3)

    def misses(self, points_L3: Any, view: View, fit: FaceFit) -> list[float]:
        """By COLUMNS: mean miss of the inner features, and of their depth, in pixels."""
        linear, portrait = self.placed.matrix_23[:, :2], self._wanted.portrait
        out = []
        for turn, there in zip(TURNS, portrait.turned, strict=True):
            true = (there - portrait.points)[self._known] @ linear.T
            ours = turned(points_L3, self._weight, view, turn) - camera.project(points_L3)
            off = (ours - true)[self._inner]
            out.append(float(np.sqrt((off**2).sum(1).mean())))
        away = (points_L3 - self.true_points(fit))[self._inner, 2]
        deep = float(np.abs(away - away.mean()).mean()) * camera.FOCAL
        deep /= float(-points_L3[self._inner, 2].mean())
        return [*(float(np.mean(out[rows])) for rows in _ROWS), deep]


def judged(
    model: FaceModel, marks: Landmarks, sides: tuple[Landmarks, Landmarks], wanted: TwoSides
) -> Iterator[tuple[str, list[float]]]:
    """Every way of turning a portrait, and its misses.

    Raises:
        PersonareError: some points are refused.
    """
    judge = Judge(model, marks, wanted)
    empty: UInt8Array = np.zeros((FRAME, FRAME, 4), np.uint8)
    portrait = judge.placed.landmarks
    others = [framed(model, empty, side).landmarks for side in sides]
    alone = fit_face(model, portrait, ())
    law = judge.view(alone, axes=False, pivot=False)
    yield "the portrait alone", judge.misses(judge.points(alone), law, alone)
    for name, some in (("with a side", others[:1]), ("with both sides", others)):
        fit = fit_head(model, portrait, some, ())
        view = judge.view(fit, axes=False, pivot=False)
        yield name, judge.misses(judge.points(fit), view, fit)
    true = judge.true_points(alone)
    yield "alone, true depth", judge.misses(true, law, alone)
    for name, axes, pivot in (
        ("alone, true tilt and yaw", True, False), ("alone, true pivot", False, True),
        ("alone, true tilt, yaw and pivot", True, True),
    ):  # fmt: skip
        yield name, judge.misses(judge.points(alone), judge.view(alone, axes, pivot), alone)
    yield "all true but the focal length", judge.misses(true, judge.view(alone, True, True), alone)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--face", type=Path, required=True)
    given = parser.parse_args()
    model = load_face_model(given.face)
    print("| look | known | " + " | ".join(COLUMNS) + " |\n| --- | --- |" + " --- |" * len(COLUMNS))
    for look in LOOKS:
        found: dict[str, list[list[float]]] = {}
        for path in sorted(given.data.glob(f"sides-test-*-{look}-*.npz")):
            for number, (marks, sides, wanted) in enumerate(read(path)):
                if number % 2:
                    continue
                try:
                    rows = dict(judged(model, marks, sides, wanted))
                except PersonareError:
                    continue
                for name, row in rows.items():
                    found.setdefault(name, []).append(row)
        for name, values in found.items():
            mean = " | ".join(f"{value:.2f}" for value in np.mean(values, 0))
            print(f"| {look} ({len(values)}) | {name} | {mean} |", flush=True)


if __name__ == "__main__":
    main()
