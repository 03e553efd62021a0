"""Further pictures of held-out people, as a user would bring them beside the portrait.

Drawn like the portrait of a case, in other light, before another background, with the head held
otherwise: laughing with teeth showing, with the eyes shut, from the side, from both sides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import MOTION_INDEX, MOTION_SIZE, Float32Array, UInt8Array
from inference.face_points import Landmarks, Mark
from training.frames.motions import put, shape
from training.imported.cases import SIZE
from training.people.backgrounds import background
from training.people.camera import draw_grade
from training.people.figure import Figure
from training.people.sample import graded, over_picture
from training.people.scenes import draw_scene
from training.people.split import Look, Split
from training.people.studio import Studio
from training.portrait.data import points_of
from training.rig.surface import places

KINDS: Final = ("mouth", "eyes", "side")
SIDES: Final = ("left", "right")
"""Pictures from either side: the face looks to the person's own left, or right."""
YAW: Final = 26.0
"""Degrees of the picture from the side."""
_POSE: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headRoll"] + 1)


@dataclass(frozen=True, slots=True)
class ReferencePicture:
    """RGB (SIZE, SIZE, 3), and the true points in its pixels."""

    picture: UInt8Array
    landmarks: Landmarks


def reference_motion(kind: str, rng: np.random.Generator) -> Float32Array:
    """What somebody does who shows teeth, shuts the eyes, or turns aside (MOTION_SIZE,)."""
    out = np.zeros(MOTION_SIZE, np.float32)
    if kind == "mouth":
        out += shape("grin", float(rng.uniform(0.5, 0.8)))
        put(out, jawOpen=rng.uniform(0.22, 0.4), mouthLowerDown=rng.uniform(0.2, 0.4))
    elif kind == "eyes":
        put(out, eyeBlink=1.0, mouthSmile=rng.uniform(0.0, 0.2))
    out[_POSE] = np.radians(rng.normal(0, (4, 3, 3)))
    ways = {"side": 1 if rng.random() < 0.5 else -1, "left": 1, "right": -1}
    if kind in ways:
        out[_POSE][0] = np.radians(YAW * ways[kind])
    return out


def draw_references(
    studio: Studio, split: Split, look: Look, index: int, kinds: Sequence[str] = KINDS
) -> dict[str, ReferencePicture]:
    """The pictures of one figure by kind, of KINDS or SIDES; each has a light and a camera of its
    own."""
    figure = studio.figure(split, look, index)
    seed = 77 if kinds == KINDS else 78
    return {
        kind: _drawn(studio, figure, kind, np.random.default_rng([index, number, seed]))
        for number, kind in enumerate(kinds)
    }


def _drawn(studio: Studio, figure: Figure, kind: str, rng: np.random.Generator) -> ReferencePicture:
    spec = figure.figure
    scene, grade = draw_scene(figure, spec, rng), draw_grade(spec, rng)
    motion_D = reference_motion(kind, rng)
    drawn = studio.draw(figure, figure.deform(motion_D), scene)
    behind = np.rint(grade.apply(background(spec, rng, studio.size)) * 255).astype(np.uint8)
    points = places(points_of(figure, studio.marks, motion_D), scene, studio.size)
    marks = {
        name: Mark(float(x), float(y))
        for name, (x, y) in zip(studio.marks.names, points, strict=True)
    }
    picture = over_picture(graded(drawn.rgba, grade), behind)
    return ReferencePicture(picture, Landmarks(marks, (SIZE, SIZE)))


def write_references(path: Path, found: Mapping[str, ReferencePicture]) -> None:
    """Keep them in a file: drawing takes the time."""
    arrays: dict[str, np.ndarray] = {}
    for kind, reference in found.items():
        marks = reference.landmarks.marks
        arrays[f"{kind}_picture"] = reference.picture
        arrays[f"{kind}_points"] = np.array([[m.x, m.y] for m in marks.values()], np.float32)
        arrays["names"] = np.array(list(marks))
    with path.open("wb") as stream:
        np.savez_compressed(stream, **arrays)  # type: ignore[arg-type]


def read_references(path: Path, kinds: Sequence[str] = KINDS) -> dict[str, ReferencePicture]:
    """Read such a file."""
    out = {}
    with np.load(path, allow_pickle=False) as archive:
        names = [str(name) for name in archive["names"]]
        for kind in kinds:
            points = archive[f"{kind}_points"]
            marks = {n: Mark(float(x), float(y)) for n, (x, y) in zip(names, points, strict=True)}
            out[kind] = ReferencePicture(archive[f"{kind}_picture"], Landmarks(marks, (SIZE, SIZE)))
    return out
