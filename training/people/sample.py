"""One figure's portrait and several targets with all that is known about them.

Pictures are straight-alpha sRGB, graded; pixels are counted from the first one's middle. Maps of
flow and points are half as large as the pictures, labels twice as large.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.contract import MOTION_SIZE, Float32Array, UInt8Array
from training.people.backgrounds import background
from training.people.camera import Grade, draw_grade, draw_wear
from training.people.figure import Figure
from training.people.identity import identity_vector
from training.people.labels import labels
from training.people.motions import Performances, portrait_motion, target_motion
from training.people.scenes import draw_scene
from training.people.studio import Drawn, Studio, chance, label_values
from training.rig.layers import LAYERS
from training.rig.person import Deformed
from training.rig.scene import Scene
from training.rig.surface import FAR, Footing, Surface, footing, places, see

HIDDEN_BY: Final = 0.03
"""A point is hidden when something lies this much (dm) nearer to the camera."""
Arrays = dict[str, np.ndarray]


@dataclass(slots=True)
class View:
    """A figure under one motion, drawn."""

    deformed: Deformed
    drawn: Drawn
    stand: Footing
    """At the maps' size."""


@dataclass(slots=True)
class Sample:
    """`pictures` (uint8) and `arrays` by name (see `training/people/README.md`), and `facts`."""

    pictures: dict[str, UInt8Array]
    arrays: Arrays
    facts: dict[str, object]


def make_sample(
    studio: Studio, figure: Figure, targets: int, natural: Performances, layers: bool = True
) -> Sample:
    """Portrait, `targets` further motions in the same light, and the truth between them."""
    spec = figure.figure
    rng = chance(spec, 1)
    scene = draw_scene(figure, spec, rng)
    grade, wear = draw_grade(spec, rng), draw_wear(spec, rng)
    moves = chance(spec, 3)
    source_D = portrait_motion(moves)
    source = _view(studio, figure, source_D, scene)
    behind = grade.apply(background(spec, chance(spec, 2), studio.size))
    rest = np.rint(behind * 255).astype(np.uint8)
    clean = graded(source.drawn.rgba, grade)
    pictures = {
        "behind": rest,
        "clean": clean,
        "source": wear.apply(over_picture(clean, rest)),
        "labels": labels(figure, source.drawn.seen),
    }
    arrays = _known(figure, scene) | _portrait_arrays(studio, figure, source, scene)
    arrays["motion_D"] = source_D
    if layers:
        made = _layers(studio, figure, source, scene, grade)
        pictures |= made[0]
        arrays |= made[1]
    kinds, rows = [], []
    for k in range(targets):
        motion_D, kind = target_motion(source_D, moves, natural)
        view = _view(studio, figure, motion_D, scene)
        pictures[f"target_{k}"] = graded(view.drawn.rgba, grade)
        pictures[f"target_{k}_labels"] = labels(figure, view.drawn.seen)
        rows.append(_pair(studio, figure, source, view, scene) | {"motion": motion_D})
        kinds.append(kind)
    for key in rows[0] if rows else ():
        arrays[f"targets_{key}"] = np.stack([row[key] for row in rows])
    facts = {
        "id": spec.person.id, "look": spec.look, "variant": spec.variant, "split": spec.split,
        "index": spec.index, "hair": spec.hair.style or "bald", "glasses": spec.glasses is not None,
        "beard": spec.beard is not None, "kinds": kinds,
    }  # fmt: skip
    return Sample(pictures, arrays, facts)


def graded(rgba: UInt8Array, grade: Grade) -> UInt8Array:
    """A straight-alpha picture with its colours graded."""
    out = rgba.copy()
    out[..., :3] = np.rint(
        grade.apply(np.asarray(rgba[..., :3] / np.float32(255), np.float32)) * 255
    )
    return out


def over_picture(rgba: UInt8Array, behind: UInt8Array) -> UInt8Array:
    """A straight-alpha picture over an opaque one (h, w, 3)."""
    alpha = rgba[..., 3:] / np.float32(255)
    out: UInt8Array = np.rint(rgba[..., :3] * alpha + behind * (1 - alpha)).astype(np.uint8)
    return out


def _view(studio: Studio, figure: Figure, motion_D: Float32Array, scene: Scene) -> View:
    deformed = figure.deform(motion_D)
    drawn = studio.draw(figure, deformed, scene)
    return View(deformed, drawn, footing(drawn.seen.every(4), deformed, figure, scene))


def _known(figure: Figure, scene: Scene) -> Arrays:
    """The camera and the figure's own constants."""
    return {
        "camera_44": (scene.projection_44 @ scene.view_44).astype(np.float32),
        "pivot_3": figure.pivot_3,
        "pupil_distance": np.asarray(figure.pupil_distance, np.float32),
        "eyes_23": figure.eyes_23.astype(np.float32),
        "identity": identity_vector(figure.figure),
    }


def _points_of(figure: Figure, deformed: Deformed | None) -> dict[str, Float32Array]:
    """Points of every part under a motion; at rest without the head's pose if None."""
    if deformed is not None:
        return deformed.points
    return figure.unposed(np.zeros(MOTION_SIZE, np.float32))


def _weights(figure: Figure) -> dict[str, Float32Array]:
    return {name: part.head_weight_N[:, None] for name, part in figure.parts.items()}


def _portrait_arrays(studio: Studio, figure: Figure, source: View, scene: Scene) -> Arrays:
    """Per pixel of the portrait: the rest point (dm, from the pivot), head weight, cover."""
    rest = {n: p - figure.pivot_3 for n, p in _points_of(figure, None).items()}
    marks, seen = landmarks(studio, figure, source, scene)
    stand = source.stand
    return {
        "rest_HW3": stand.carry(rest).astype(np.float16),
        "weight_HW": np.rint(stand.carry(_weights(figure))[..., 0] * 255).astype(np.uint8),
        "cover_HW": stand.covered_HW,
        "landmarks_L5": marks,
        "landmarks_seen_L": seen,
    }


def landmarks(
    studio: Studio, figure: Figure, view: View, scene: Scene
) -> tuple[Float32Array, np.ndarray]:
    """x, y (pixels of the picture) and the point in dm of each landmark (L, 5), and which are
    seen; names: `studio.marks.names`. NaN where a landmark does not exist on this figure."""
    points = studio.marks.places(figure, view.deformed)
    at = places(np.nan_to_num(points), scene, studio.size)
    at[np.isnan(points).any(1)] = np.nan
    seen = _shown(np.nan_to_num(points), scene, view.drawn.seen, 0.06) & ~np.isnan(at).any(1)
    return np.concatenate([at, points], 1).astype(np.float32), seen


def _shown(
    points_N3: Float32Array, scene: Scene, surface: Surface, tolerance: float = HIDDEN_BY
) -> np.ndarray:
    """Whether points are in the picture with nothing nearer than `tolerance` before them."""
    at = places(points_N3, scene, surface.size)
    pixel = np.rint(at).astype(np.int64)
    inside = ((pixel >= 0) & (pixel < surface.size)).all(1)
    pixel = np.clip(pixel, 0, surface.size - 1)
    nearest = surface.depth_HW[pixel[:, 1], pixel[:, 0]]
    depth = -(points_N3 @ scene.view_44[2, :3] + scene.view_44[2, 3])
    shown: np.ndarray = inside & ((nearest >= FAR * 0.99) | (depth <= nearest + tolerance))
    return shown


def true_flow(
    first: View, second: View, scene: Scene, size: int
) -> tuple[Float32Array, np.ndarray]:
    """Where what `first` shows lies in `second`: displacement (h, w, 2) in pixels of a picture
    of `size`, on the map's grid, and whether it is seen there (h, w)."""
    stand = first.stand
    points = stand.carry(second.deformed.points)
    flat = points.reshape(-1, 3)
    at = places(flat, scene, size).reshape(*points.shape[:2], 2)
    here = (np.arange(stand.size, dtype=np.float32) + 0.5) * (size / stand.size) - 0.5
    column, row = np.meshgrid(here, here)
    moved = at - np.stack([column, row], -1)
    moved[~stand.covered_HW] = 0
    shown = _shown(flat, scene, second.drawn.seen).reshape(points.shape[:2]) & stand.covered_HW
    return moved.astype(np.float32), shown


def _pair(studio: Studio, figure: Figure, source: View, view: View, scene: Scene) -> Arrays:
    forward, there = true_flow(source, view, scene, studio.size)
    backward, back = true_flow(view, source, scene, studio.size)
    marks, seen = landmarks(studio, figure, view, scene)
    return {
        "flow_HW2": forward.astype(np.float16),
        "visible_HW": there,
        "inverse_HW2": backward.astype(np.float16),
        "inverse_visible_HW": back,
        "landmarks_L5": marks,
        "landmarks_seen_L": seen,
    }


def _layers(
    studio: Studio, figure: Figure, source: View, scene: Scene, grade: Grade
) -> tuple[dict[str, UInt8Array], Arrays]:
    """Every layer of the portrait by itself, hidden parts included; its rest points and weights
    at a quarter of the picture's size."""
    rest = {n: p - figure.pivot_3 for n, p in _points_of(figure, None).items()}
    pictures, points, weights = {}, [], []
    for layer in LAYERS:
        drawn = studio.draw(figure, source.deformed, scene, layer)
        pictures[f"layer_{layer}"] = graded(drawn.rgba, grade)
        stand = footing(drawn.seen.every(8), source.deformed, figure, scene)
        if not stand.parts:
            points.append(np.zeros((stand.size, stand.size, 3), np.float16))
            weights.append(np.zeros((stand.size, stand.size), np.uint8))
            continue
        points.append(stand.carry(rest).astype(np.float16))
        weights.append(np.rint(stand.carry(_weights(figure))[..., 0] * 255).astype(np.uint8))
    return pictures, {"layers_rest_RHW3": np.stack(points), "layers_weight_RHW": np.stack(weights)}


__all__ = ["Sample", "View", "label_values", "landmarks", "make_sample", "see", "true_flow"]
