"""Portraits with pictures from the side of the same figures: where their points lie.

    python -m training.face_model.sides --assets ASSETS --out FOLDER --people 60
    python -m training.face_model.sides --assets ASSETS --out FOLDER --first 20 --people 8 \\
        --split test-people

Like `training.face_model.views draw`, and drawn like its figures, but each portrait comes with one
picture from either side, by another camera; no picture is drawn. Kept are also the points in the
camera's space, so that it can be told what true depth would bring.
"""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array
from inference.face_points import Landmarks
from training.face_model.views import HEAD, PER_SHARD, Sample, marks_of, sample
from training.people.draw import draw_figure
from training.people.figure import Figure
from training.people.motions import portrait_motion
from training.people.points import Landmarker
from training.people.scenes import draw_scene
from training.people.split import LOOKS, SPLITS, Look, Split
from training.people.studio import chance
from training.portrait.data import points_of
from training.rig.assets import RigAssets
from training.rig.scene import FRAME, Scene
from training.rig.surface import places

POSES: Final = 2
"""Portraits of each figure."""
TURNS: Final = (
    (10, 0, 0), (-10, 0, 0), (20, 0, 0), (-20, 0, 0), (0, 10, 0), (0, -10, 0), (0, 15, 0),
    (0, -15, 0), (0, 0, 12),
)  # fmt: skip
"""Yaw, pitch and roll in degrees, counted from the portrait's."""
SIDEWAYS: Final = (16.0, 34.0)
"""Degrees of yaw of the pictures from the side."""
STANDS: Final = 0.5
"""Share of the pictures from the side in which the trunk faces the camera; in the others it turns
along, by any part of the way."""


@dataclass(frozen=True, slots=True)
class TwoSides:
    """A portrait, and its figure from both sides. Pixels are of pictures of FRAME."""

    portrait: Sample
    spots: Float32Array
    """The portrait's points in its camera's space (L, 3), dm."""
    sides: Float32Array
    """The points of the pictures from the person's left and right (2, L, 2)."""
    focal: float
    """Focal length of the portrait over the size of the frame."""


def two_sides(figure: Figure, marks: Landmarker, pose: int) -> TwoSides:
    """A portrait before one camera, and the sides before two others."""
    portrait = sample(figure, marks, pose, TURNS)
    rng = chance(figure.figure, 70 + pose)  # as `sample` draws them
    scene = draw_scene(figure, figure.figure, rng)
    points = points_of(figure, marks, portrait_motion(rng))
    spots = points @ scene.view_44[:3, :3].T + scene.view_44[:3, 3]
    rng = chance(figure.figure, 170 + pose)
    sides = np.stack([_side(figure, marks, way, rng) for way in (1.0, -1.0)])
    focal = float(scene.projection_44[1, 1]) / 2
    return TwoSides(portrait, spots.astype(np.float32), sides, focal)


def _side(figure: Figure, marks: Landmarker, way: float, rng: np.random.Generator) -> Any:
    scene = draw_scene(figure, figure.figure, rng)
    motion_D = portrait_motion(rng)
    motion_D = np.asarray(motion_D, np.float32).reshape(MOTION_SIZE)
    yaw = way * float(rng.uniform(*SIDEWAYS))
    trunk = 0.0 if rng.random() < STANDS else yaw * float(rng.random())
    motion_D[HEAD] = np.radians(rng.normal(0, (0, 3.5, 3.5)))
    motion_D[MOTION_INDEX["headYaw"]] = np.radians(yaw - trunk)
    return places(points_of(figure, marks, motion_D), _about(figure, scene, trunk), FRAME)


def _about(figure: Figure, scene: Scene, degrees: float) -> Scene:
    """The scene with the whole figure turned about its neck's vertical."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    view = scene.view_44.copy()
    middle = figure.pivot_3 - turn @ figure.pivot_3
    view[:3, 3] += view[:3, :3] @ middle
    view[:3, :3] = view[:3, :3] @ turn
    return replace(scene, view_44=view.astype(np.float32))


def draw(
    assets: RigAssets, folder: Path, split: Split, look: Look, first: int, people: int
) -> None:
    """Write a shard of figures, unless it is there."""
    path = folder / f"sides-{split}-{look}-{first:05d}.npz"
    if path.exists():
        return
    marks = Landmarker(assets)
    found: list[TwoSides] = []
    for index in range(first, first + people):
        try:
            figure = Figure(draw_figure(split, look, index, texels=512), assets, marks)
        except ValueError as error:  # a head too strange to be bent
            print(f"left out {split} {look} {index}: {error}", flush=True)
            continue
        found += [two_sides(figure, marks, pose) for pose in range(POSES)]
    arrays: dict[str, Any] = {"names": np.array(marks.names)}
    for field in dataclasses.fields(TwoSides)[1:]:
        arrays[field.name] = np.stack([getattr(one, field.name) for one in found])
    for field in dataclasses.fields(Sample):
        arrays[f"portrait_{field.name}"] = np.stack(
            [getattr(one.portrait, field.name) for one in found]
        )
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(file, **arrays)
    part.replace(path)
    print(path.name, flush=True)


def read(path: Path) -> Iterator[tuple[Landmarks, tuple[Landmarks, Landmarks], TwoSides]]:
    """A shard's portraits: their points by name, those of both sides, and all that is known."""
    with np.load(path, allow_pickle=False) as data:
        names = [str(name) for name in data["names"]]
        held = {key: data[key] for key in data.files}
    of_sample = [field.name for field in dataclasses.fields(Sample)]
    for k in range(len(held["spots"])):
        portrait = Sample(*(held[f"portrait_{name}"][k] for name in of_sample))
        sides = held["sides"][k]
        one = TwoSides(portrait, held["spots"][k], sides, float(held["focal"][k]))
        yield marks_of(names, portrait.points), (
            marks_of(names, sides[0]), marks_of(names, sides[1]),
        ), one  # fmt: skip


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--assets", type=Path, required=True, help="the rig's asset folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", choices=SPLITS, default="train")
    parser.add_argument("--looks", choices=LOOKS, nargs="+", default=LOOKS)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--people", type=int, default=60, help="figures of each look")
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    assets = RigAssets(given.assets)
    for first in range(given.first, given.first + given.people, PER_SHARD):
        for look in given.looks:
            people = min(PER_SHARD, given.first + given.people - first)
            draw(assets, given.out, given.split, look, first, people)


if __name__ == "__main__":
    main()
