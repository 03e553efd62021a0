"""What only a rig knows: true flow, visibility and region masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.rig.person import Deformed, Person
from training.rig.render import Renderer
from training.rig.scene import FRAME, Scene

MASKS: Final = ("mouth", "lips", "eyes", "skin", "hair", "body")
"""Regions of `masks`: inside of the mouth; lips; lids and eyeballs; all skin; hair; clothes."""
_HIDDEN_BY: Final = 0.03
"""A point is hidden when something lies this much (dm) nearer to the camera."""


@dataclass(frozen=True, slots=True)
class Flow:
    """Where what is seen under one motion lies under another.

    `flow_HW2`: displacement (x, y) in pixels of the map's own size; `coverage_HW`: 1 where a
    person is; `visible_HW`: 1 where the point is also seen under the other motion.
    """

    flow_HW2: Float32Array
    coverage_HW: Float32Array
    visible_HW: Float32Array


def flow(
    renderer: Renderer,
    person: Person,
    source: Deformed,
    target: Deformed,
    scene: Scene,
    layer: str | None = None,
    size: int = FRAME,
) -> Flow:
    """True flow from what `source` shows to where `target` has it."""
    layers = None if layer is None else {layer}
    places, coverage = renderer.attributes(
        person, source, target.points, scene, layers=layers, size=size
    )
    depths = {name: _depth(points, scene) for name, points in target.points.items()}
    seen, _ = renderer.attributes(person, target, depths, scene, layers=layers, size=size)
    scale = size / FRAME
    flat = places.reshape(-1, 3)
    at = (scene.project(flat) + 0.5) * scale - 0.5
    row, column = np.mgrid[0:size, 0:size].astype(np.float32)
    moved = at.reshape(size, size, 2) - np.stack([column, row], -1)
    covered = coverage > 0.5
    moved[~covered] = 0.0
    pixel = np.rint(at).astype(np.int64)
    inside = ((pixel >= 0) & (pixel < size)).all(1)
    pixel = np.clip(pixel, 0, size - 1)
    nearest = seen[..., 0][pixel[:, 1], pixel[:, 0]]
    visible = inside & ((nearest == 0) | (_depth(flat, scene)[:, 0] <= nearest + _HIDDEN_BY))
    shown = visible.reshape(size, size) & covered
    return Flow(moved.astype(np.float32), coverage, shown.astype(np.float32))


def _depth(points_N3: Float32Array, scene: Scene) -> Float32Array:
    """Distance (n, 1) in dm from the camera's plane."""
    depth = -(points_N3 @ scene.view_44[2, :3] + scene.view_44[2, 3])
    return depth[:, None].astype(np.float32)


def masks(
    renderer: Renderer, person: Person, deformed: Deformed, scene: Scene, size: int = FRAME
) -> dict[str, Float32Array]:
    """Soft masks (size, size) in 0..1 of the regions in MASKS, antialiased by 2 x 2 samples."""
    regions = person.regions
    inside, lips, lids = (regions[name] for name in ("inside-mouth", "lips", "eyelids"))
    one = {name: np.ones(part.mesh.size, np.float32) for name, part in person.parts.items()}
    nothing = {name: np.zeros_like(values) for name, values in one.items()}
    first = {name: np.stack([v] * 4, 1) for name, v in nothing.items()}
    first["skin"] = np.stack([inside, lips * (1 - inside), lids, 1 - inside], 1)
    first["teeth"][:, 0] = first["tongue"][:, 0] = 1.0
    first["eyes"][:, 2] = 1.0
    second = {name: np.stack([v] * 2, 1) for name, v in nothing.items()}
    second["clothes"][:, 1] = 1.0
    if "hair" in second:
        second["hair"][:, 0] = 1.0
    drawn = [
        renderer.attributes(person, deformed, values, scene, size=2 * size)[0]
        for values in (first, second)
    ]
    both = np.concatenate(drawn, -1).reshape(size, 2, size, 2, 6).mean((1, 3))
    return {name: both[..., k] for k, name in enumerate(MASKS)}
