"""Figures who are no humans: fox, cat, panda and robot, on the same head as everybody.

A mascot is a `Figure` with a bent head, a coat painted by `training.people.pelts`, and what
grows or is mounted on it: ears, tufts, whiskers, an antenna. All of that is rigid with the head.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from inference.contract import Float32Array
from training.people.extras import tube
from training.people.figure import Figure
from training.people.locks import Shape
from training.people.pelts import Pelt
from training.people.pictures import PaintedEyes, Plain, Strands
from training.people.skull import Skull, towards
from training.rig.people import Colour, Painted

D: Final = np.pi / 180


@dataclass(frozen=True, slots=True)
class EarShape:
    """Animal ears: where on the skull (degrees from the crown and from the front), height and half
    width (dm), how far they lean outwards (degrees), and how round the tip is (0 pointed, 1)."""

    theta: float = 40.0
    phi: float = 72.0
    tall: float = 0.75
    wide: float = 0.36
    lean: float = 14.0
    round: float = 0.0


EARS: Final = {
    "fox": EarShape(46, 84, 1.12, 0.46, 20.0, 0.08),
    "cat": EarShape(46, 84, 0.90, 0.48, 22.0, 0.16),
    "panda": EarShape(48, 84, 0.62, 0.36, 38.0, 1.0),
}


def ear_pair(skull: Skull, spec: EarShape) -> tuple[Shape, Shape]:
    """Both ears: the shell with its rounded back, and the lining before it."""
    shell, lining = Shape(), Shape()
    s = np.linspace(0, 1, 13)[:, None]
    t = np.linspace(-1, 1, 11)[None, :]
    for sign in (-1.0, 1.0):
        base = skull.at(np.array(spec.theta * D), np.array(sign * spec.phi * D), -0.22)
        lean = spec.lean * D
        up = np.array([sign * np.sin(lean), np.cos(lean), -0.10])
        side = np.array([np.cos(lean), -sign * np.sin(lean), 0.0])
        ahead = np.array([sign * 0.25, 0.0, 1.0])
        for shape, size, front in ((shell, 1.0, 0.0), (lining, 0.72, 0.02)):
            pointed = 1 - s**1.35
            rounded = np.sqrt(np.clip(1 - s**2.2, 0, 1))
            half = spec.wide * size * (pointed * (1 - spec.round) + rounded * spec.round)
            half = np.maximum(half, 0.006)
            bow = 0.05 * np.sin(np.pi * s) * sign  # the outer edge swings out
            cup = (0.16 if shape is shell else 0.10) * (t * t) * (1 - s) ** 0.5
            place = (
                base
                + (s * spec.tall * size)[..., None] * up
                + (half * t + bow * spec.round * 0)[..., None] * side
                + (cup + front)[..., None] * ahead
            )
            uv = np.stack(np.broadcast_arrays(0.5 + 0.5 * t * np.ones_like(s), 1 - s + 0 * t), -1)
            shape.add(place.astype(np.float32), uv.astype(np.float32))
            if shape is shell:  # its back, rounded
                back = place - (0.16 * (1 - t * t) * (1 - s) ** 0.6 + 0.02)[..., None] * ahead
                shape.add(back.astype(np.float32), uv.astype(np.float32))
    return shell, lining


def spikes(shape: Shape, roots: Float32Array, ways: Any, wide: float, bend: Any) -> None:
    """Pointed tufts: flat blades from `roots` (n, 3) along `ways` (n, 3), bent towards `bend`."""
    s = np.linspace(0, 1, 9)[:, None]
    for root, way in zip(roots, ways, strict=True):
        line = root + s * way + s**2 * bend * np.linalg.norm(way)
        across = np.cross(way, [0.0, 0.0, 1.0])
        across /= max(float(np.linalg.norm(across)), 1e-6)
        half = wide * (1 - s**1.6) * np.minimum(1, 0.7 + 1.2 * s) + 0.003
        ridge = line + np.array([0, 0, 1.0]) * half * 0.35
        grid = np.stack([line - across * half, ridge, line + across * half], 1)
        uv = np.stack(np.broadcast_arrays(np.array([0.1, 0.2, 0.3])[None], 1 - s), -1)
        shape.add(grid.astype(np.float32), uv.astype(np.float32))


def cheek_tufts(skull: Skull, count: int, length: float, wide: float) -> Shape:
    """Fur that stands off both cheeks, from under the ears to the jaw."""
    shape = Shape()
    for sign in (-1.0, 1.0):
        theta = np.linspace(96, 128, count) * D
        roots = skull.at(theta, np.full(count, sign * 82 * D), -0.12)
        grow = length * (0.75 + 0.25 * np.sin(np.linspace(0.6, 2.6, count)))
        drop = np.linspace(0.05, -0.75, count)
        ways = np.stack([sign * np.ones(count), drop, -0.15 * np.ones(count)], 1)
        ways *= (grow / np.linalg.norm(ways, axis=1))[:, None]
        spikes(shape, roots, ways, wide, np.array([0.0, -0.25, 0.0]))
    return shape


def crest(skull: Skull, count: int, length: float, wide: float) -> Shape:
    """A tuft on the forehead, swept up and to one side."""
    shape = Shape()
    phi = np.linspace(-30, 26, count) * D
    roots = skull.at(np.full(count, 24 * D), phi, -0.03)
    fan = np.linspace(-0.45, 0.60, count)
    ways = np.stack([fan, np.full(count, 1.0), np.full(count, 0.35)], 1)
    ways *= (length * (1 - 0.25 * np.abs(np.linspace(-1, 1, count))))[:, None]
    spikes(shape, roots, ways, wide, np.array([0.35, -0.35, 0.10]))
    return shape


def whiskers(figure: Figure, length: float) -> Shape:
    """Three on each side of the upper lip."""
    shape = Shape()
    skin = figure.parts["skin"].mesh.points(figure.base_B3)
    lip = skin[figure.mouth.upper]
    for sign in (-1.0, 1.0):
        for k, (rise, lift) in enumerate(((0.14, 0.10), (0.02, 0.045), (-0.10, -0.005))):
            x, y = sign * (0.27 + 0.02 * k), lip[1] + 0.10 + lift
            near = np.argsort(np.hypot(skin[:, 0] - x, skin[:, 1] - y) - 0.2 * skin[:, 2])[:1]
            root = np.array([x, y, skin[near[0], 2] + 0.01])
            s = np.linspace(0, 1, 9)[:, None]
            way = np.array([sign, rise, 0.05]) * length
            line = root + s * way + s**2 * np.array([0, -0.10 * length, -0.30 * length])
            tube(shape, line.astype(np.float32), 0.0065)
    return shape


def _disc(shape: Shape, centre: Float32Array, sign: float, radius: float, depth: float) -> None:
    """A stepped round housing on the side of a head, facing along x."""
    turn = np.linspace(0, 2 * np.pi, 29)
    ring = np.stack([np.zeros(29), np.sin(turn), np.cos(turn)], 1)
    profile = ((0.0, 1.0), (0.55, 1.0), (0.62, 0.92), (0.62, 0.66), (1.0, 0.58), (1.0, 0.0))
    rows = [
        centre + np.array([sign * depth * d, 0, 0]) + ring * radius * max(r, 1e-3)
        for d, r in profile
    ]
    grid = np.stack(rows)
    shape.add(grid.astype(np.float32), np.zeros((*grid.shape[:2], 2), np.float32))


def _globe(shape: Shape, centre: Float32Array, radius: float) -> None:
    theta = np.linspace(0.02, np.pi - 0.02, 13)[:, None]
    phi = np.linspace(0, 2 * np.pi, 21)[None]
    ball = np.stack(
        np.broadcast_arrays(
            np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)
        ),
        -1,
    )
    shape.add((centre + radius * ball).astype(np.float32), np.zeros((13, 21, 2), np.float32))


def machinery(skull: Skull) -> tuple[Shape, Shape]:
    """A robot's housings and rod in metal, and its lamps."""
    metal, lamps = Shape(), Shape()
    for sign in (-1.0, 1.0):
        out = skull.at(np.array(86 * D), np.array(sign * 92 * D), 0.0)
        centre = np.array([out[0], skull.eye_y - 0.02, out[2]])
        _disc(metal, centre.astype(np.float32), sign, 0.34, 0.26)
        beyond = centre + np.array([sign * 0.20, 0.0, 0.0])
        _disc(lamps, beyond.astype(np.float32), sign, 0.17, 0.10)
    top = skull.at(np.array(0.0), np.array(0.0), -0.02).astype(np.float64)
    s = np.linspace(0, 1, 7)[:, None]
    tube(metal, (top + s * np.array([0, 0.42, 0])).astype(np.float32), 0.030)
    turn = towards(np.array(0.0), np.array(0.0)).astype(np.float64)
    _globe(metal, (top + 0.01 * turn).astype(np.float32), 0.10)
    _globe(lamps, (top + np.array([0, 0.50, 0])).astype(np.float32), 0.105)
    return metal, lamps


class Mascot(Figure):
    """A figure with `spec.mascot`; its coat is `COATS`'s."""

    def _put(
        self, name: str, shape: Shape, picture: Painted, layer: str, gloss: Colour | None = None
    ) -> None:
        """A rigid piece in a layer: matt in its picture's colours, or of gloss in one colour."""
        mesh, _ = shape.mesh(self.base_B3, self._anchor)
        one = np.ones(mesh.size, np.float32)
        material = "toon" if gloss is None else "gloss"
        self._add(name, mesh, material, picture, alpha={layer: one})
        part = self.parts[name]
        part.head_weight_N[:] = 1.0
        if gloss is not None:
            part.colour = gloss

    def _wear_extras(self) -> None:
        super()._wear_extras()
        kind, coat = self.figure.mascot, COATS[self.figure.mascot]
        linear = [tuple(c**2.2 for c in colour) for colour in (coat.base, coat.light, coat.dark)]
        base, light, dark = linear
        if kind in EARS:
            shell, lining = ear_pair(self.skull, EARS[kind])
            outer = {"fox": (base, dark), "cat": (base, base), "panda": (dark, dark)}[kind]
            self._put("ear_shells", shell, Strands(outer[0], outer[1], 0.05), "head")
            inner = {"fox": light, "cat": (0.85, 0.42, 0.42), "panda": (0.06, 0.05, 0.06)}[kind]
            self._put("ear_linings", lining, Strands(inner, None, 0.08), "head")
        if kind == "fox":
            tufts = cheek_tufts(self.skull, 4, 0.90, 0.27)
            self._put("tufts", tufts, Strands(light, None, 0.05), "head")
            self._put("crest", crest(self.skull, 5, 0.40, 0.12), Strands(base, None, 0.06),
                      "head")  # fmt: skip
        if kind == "cat":
            tufts = cheek_tufts(self.skull, 3, 0.70, 0.24)
            self._put("tufts", tufts, Strands(base, None, 0.03), "head")
            self._put("whiskers", whiskers(self, 0.62), Plain((0.30, 0.22, 0.24)), "hair_front")
        if kind == "robot":
            metal, lamps = machinery(self.skull)
            self._put("metal", metal, Plain(), "head", (0.30, 0.33, 0.38))
            self._put("lamps", lamps, Plain((0.35, 0.95, 1.0)), "head")
            self.parts["metal"].uniforms = {"finish": (0.30, 0.25, 0.0, 0.0)}

    def _dress(self) -> None:
        super()._dress()
        coat = COATS[self.figure.mascot]
        for name in ("skin", "neck"):
            self.parts[name].texture = coat
        if self.figure.mascot == "robot":
            self._plate()

    def _plate(self) -> None:
        """Shutters and lamps for eyes; no lashes; teeth of enamel, tongue of rubber."""
        self.parts.pop("lashes", None)
        ink = self.figure.ink
        self.parts["eyes"].texture = PaintedEyes(
            self.figure.eye_colour, white=(0.035, 0.06, 0.10), size=ink["iris"], pupil=ink["pupil"],
            ring=ink["ring"], gradient=ink["gradient"], sparkle=ink["sparkle"],
            kind=int(ink["lights"]), fibres=0.0,
        )  # fmt: skip
        self.parts["tongue"].texture = Plain((0.30, 0.55, 0.62))


COATS: Final = {
    "fox": Pelt("fox", (0.93, 0.48, 0.16), (1.0, 0.95, 0.88), (0.25, 0.12, 0.09),
                (0.13, 0.09, 0.10), (0.36, 0.16, 0.15)),
    "cat": Pelt("cat", (0.97, 0.74, 0.48), (1.0, 0.97, 0.92), (0.82, 0.50, 0.25),
                (0.93, 0.50, 0.50), (0.62, 0.30, 0.30), (0.52, 0.15, 0.17), 0.12, strokes=0.0),
    "panda": Pelt("panda", (0.97, 0.96, 0.94), (1.0, 1.0, 1.0), (0.13, 0.12, 0.14),
                  (0.12, 0.11, 0.12), (0.42, 0.30, 0.31)),
    "robot": Pelt("robot", (0.88, 0.91, 0.94), (0.42, 0.47, 0.54), (0.05, 0.08, 0.14),
                  (0.5, 0.5, 0.5), (0.52, 0.58, 0.66), (0.07, 0.12, 0.18), 0.9, 0.5, strokes=0.0),
}  # fmt: skip
