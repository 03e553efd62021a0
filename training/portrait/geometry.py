"""The crops and bends that training looks through at a rendered picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from inference.contract import Float32Array


def template_of(points_NL2: Float32Array, head_L: np.ndarray) -> Float32Array:
    """The mean shape (L, 2) of many heads: head points have middle 0 and root mean square 1."""
    middle = points_NL2[:, head_L].mean(1, keepdims=True)
    offset = points_NL2 - middle
    size = np.sqrt((offset[:, head_L] ** 2).sum(2).mean(1))[:, None, None]
    mean: Float32Array = (offset / size).mean(0)
    mean -= mean[head_L].mean(0)
    return (mean / np.sqrt((mean[head_L] ** 2).sum(1).mean())).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Bump:
    """A part of the crop that is drawn larger or moved: middle, radius, scale - 1, shift."""

    x: float
    y: float
    radius: float
    grow_x: float
    grow_y: float


@dataclass(frozen=True, slots=True)
class Look:
    """From a crop's pixels to the rendered picture's: bend, then an affine map (2, 3)."""

    matrix_23: Float32Array
    bumps: tuple[Bump, ...] = ()
    waves: tuple[tuple[float, float, float, float, float], ...] = ()
    """Of a slow bend: wave vector, phase, amplitude x and y in pixels of the crop."""

    def bend(self, x: Any, y: Any) -> tuple[Any, Any]:
        """How far from a crop's pixel the straight map is to look."""
        dx, dy = np.zeros_like(x), np.zeros_like(y)
        for bump in self.bumps:
            ox, oy = x - bump.x, y - bump.y
            near = np.exp((ox * ox + oy * oy) * (-0.5 / bump.radius**2))
            dx -= near * ox * bump.grow_x
            dy -= near * oy * bump.grow_y
        for kx, ky, phase, ax, ay in self.waves:
            wave = np.sin(kx * x + ky * y + phase)
            dx += ax * wave
            dy += ay * wave
        return dx, dy

    def maps(self, side: int) -> tuple[Float32Array, Float32Array]:
        """Where in the picture every pixel of the crop looks (two maps, side x side)."""
        at = np.arange(side, dtype=np.float32)
        x, y = np.meshgrid(at, at)
        dx, dy = self.bend(x, y)
        x, y = x + dx, y + dy
        m = self.matrix_23
        out_x = m[0, 0] * x + m[0, 1] * y + m[0, 2]
        out_y = m[1, 0] * x + m[1, 1] * y + m[1, 2]
        return out_x.astype(np.float32), out_y.astype(np.float32)

    def points(self, points_L2: Float32Array) -> Float32Array:
        """Points of the picture in the crop: the inverse of `maps`, by fixed point."""
        straight = np.vstack([self.matrix_23, [0, 0, 1]]).astype(np.float64)
        back = np.linalg.inv(straight)[:2]
        goal_x, goal_y = back[:, :2] @ points_L2.T.astype(np.float64) + back[:, 2:]
        x, y = goal_x.copy(), goal_y.copy()
        for _ in range(12 if self.bumps or self.waves else 0):
            dx, dy = self.bend(x, y)
            x, y = goal_x - dx, goal_y - dy
        return np.stack([x, y], 1).astype(np.float32)


def draw_look(
    rng: np.random.Generator, points_L2: Float32Array, names: tuple[str, ...], matrix: Float32Array,
    side: int, exaggerate: float,
) -> Look:  # fmt: skip
    """A random bend for a crop: exaggerated eyes, mouth, jaw, and a slow wave."""
    straight = Look(matrix).points(points_L2)
    at = {name: straight[k] for k, name in enumerate(names)}
    unit = float(np.linalg.norm(at["crown"] - at["chin"])) + 1e-3
    bumps: list[Bump] = []
    if rng.random() < exaggerate:
        tall = float(rng.uniform(-0.15, 0.45))
        wide = tall * float(rng.uniform(0.3, 1.0))
        for side_name in ("left", "right"):
            corners = at[f"eye_{side_name}_inner"], at[f"eye_{side_name}_outer"]
            x, y = (corners[0] + corners[1]) / 2
            bumps.append(Bump(float(x), float(y), 0.11 * unit, wide, tall))
    if rng.random() < exaggerate:
        x, y = (at["mouth_left"] + at["mouth_right"]) / 2
        grow = rng.uniform(-0.35, 0.35, 2)
        bumps.append(Bump(float(x), float(y), 0.11 * unit, float(grow[0]), float(grow[1])))
    if rng.random() < exaggerate:
        x, y = at["chin"]
        grow = rng.uniform(-0.3, 0.3, 2)
        bumps.append(Bump(float(x), float(y), 0.22 * unit, float(grow[0]), float(grow[1]) * 0.6))
    if rng.random() < exaggerate * 0.6:
        x, y = at["nose_tip"]
        grow = rng.uniform(-0.4, 0.4, 2)
        bumps.append(Bump(float(x), float(y), 0.08 * unit, float(grow[0]), float(grow[1])))
    waves: list[tuple[float, float, float, float, float]] = []
    for _ in range(int(rng.integers(0, 4))):
        k = rng.normal(0, 2.2 / unit, 2)
        size = 0.012 * unit * rng.normal(0, 1, 2)
        phase = float(rng.uniform(0, 6.3))
        waves.append((float(k[0]), float(k[1]), phase, float(size[0]), float(size[1])))
    return Look(matrix, tuple(bumps), tuple(waves))
