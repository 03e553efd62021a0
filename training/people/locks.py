"""Hair made of locks: pointed strips laid over the skull, which then hang.

A style is a list of bunches; a bunch a fan of locks from the parting over the skull, each ending at
a height. One closed cap lies beneath, so that no skin shows between them. Everything is rigid with
the head. Locks suit drawn and toon figures; with a picture of strands on them, photographs too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, cast

import numpy as np
from scipy import sparse

from inference.contract import Float32Array
from training.people.skull import Skull, hairline
from training.people.spec import HairSpec
from training.rig.base_mesh import VERTEX_COUNT
from training.rig.mesh import Mesh, build_mesh
from training.rig.mesh_files import IntArray

STEPS: Final = 11
"""Places along a lock; three across."""
D: Final = np.pi / 180


@dataclass(slots=True)
class Shape:
    """Points, quads, UVs and the number of the lock each point belongs to, as they are gathered."""

    points: list[Float32Array] = field(default_factory=list)
    uvs: list[Float32Array] = field(default_factory=list)
    faces: list[IntArray] = field(default_factory=list)
    pieces: list[IntArray] = field(default_factory=list)
    count: int = 0
    locks: int = 0

    def add(self, grid_RC3: Float32Array, uv_RC2: Float32Array) -> None:
        """A grid of points (rows, columns, 3)."""
        rows, columns = grid_RC3.shape[:2]
        index = self.count + np.arange(rows * columns).reshape(rows, columns)
        quads = np.stack([index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]], -1)
        self.points.append(grid_RC3.reshape(-1, 3))
        self.uvs.append(uv_RC2.reshape(-1, 2))
        self.faces.append(quads.reshape(-1, 4))
        self.pieces.append(np.full(rows * columns, self.locks))
        self.count += rows * columns
        self.locks += 1

    def mesh(self, base_B3: Float32Array, anchor: int) -> tuple[Mesh, IntArray]:
        """A mesh rigid with one base vertex, and the lock (n,) of each of its points."""
        points = np.concatenate(self.points)
        ones = np.ones(len(points), np.float32)
        weights = sparse.csr_matrix(
            (ones, (np.arange(len(points)), np.full(len(points), anchor))),
            (len(points), VERTEX_COUNT),
        )
        faces = np.concatenate(self.faces).astype(np.int64)
        mesh = build_mesh(weights, points - base_B3[anchor], faces, faces, np.concatenate(self.uvs))
        return mesh, np.concatenate(self.pieces)[mesh.source_N]


@dataclass(slots=True)
class Fan:
    """Locks from azimuth `start` to `end` (degrees; 0 the front, + the person's left).

    `root` is the angle from the crown where they begin, `to` where they leave the skull (share of
    the hairline), `tip` the height of the tips in units of eyes (0) to chin (-1) or crown (+1),
    `spread` turns them away from the parting on the way, `flare` pushes tips outwards (dm).
    """

    start: float
    end: float
    count: int
    width: float
    tip: float
    root: float = 18.0
    to: float = 1.0
    lift: float = 0.07
    spread: float = 0.0
    parting: float = 0.0
    flare: float = 0.0
    ragged: float = 0.12
    point: float = 1.0
    """How sharply locks end: 0 blunt, 1 pointed."""


def fans(spec: HairSpec, rng: np.random.Generator) -> list[Fan]:
    """The bunches of a style."""
    n = spec.density
    long = spec.length
    style = spec.back or spec.style or "crop"
    back = {
        "crop": Fan(50, 310, round(30 * n), 0.24, -0.25 * long, lift=0.07, ragged=0.10),
        "spiky": Fan(45, 315, round(26 * n), 0.24, -0.15 * long, flare=0.22, lift=0.10, ragged=0.3),
        "slick": Fan(46, 314, round(24 * n), 0.28, -0.30, lift=0.045, ragged=0.05, point=0.5),
        "bob": Fan(55, 305, round(30 * n), 0.30, -1.0 * long, flare=0.08, ragged=0.06, point=0.5),
        "curtains": Fan(55, 305, round(28 * n), 0.27, -0.7 * long, flare=0.04, ragged=0.15),
        "long": Fan(60, 300, round(36 * n), 0.40, -2.6 * long, flare=0.22, ragged=0.2),
        "hime": Fan(62, 298, round(36 * n), 0.40, -2.7 * long, flare=0.12, ragged=0.02, point=0.15),
        "waves": Fan(58, 302, round(32 * n), 0.42, -1.9 * long, flare=0.28, ragged=0.2),
        "mohawk": Fan(60, 300, round(30 * n), 0.20, -0.2, lift=0.02, ragged=0.05),
    }.get(style, Fan(50, 310, round(34 * n), 0.24, -0.30, lift=0.05, ragged=0.06, point=0.4))
    made = [back]
    if back.tip < -0.6:  # a second, longer row inside, so that the mass has depth
        made.append(Fan(back.start + 12, back.end - 12, back.count // 2, back.width * 1.2,
                        back.tip - 0.15, lift=back.lift * 0.4, ragged=back.ragged,
                        point=back.point))  # fmt: skip
    return made + _front(spec, rng)


def _front(spec: HairSpec, rng: np.random.Generator) -> list[Fan]:
    n, side = spec.density, float(rng.choice([-1.0, 1.0]))
    fringe = spec.fringe
    if spec.style in ("hime", "slick", "mohawk"):
        fringe = "straight" if spec.style == "hime" else "none"
    if fringe == "straight":
        made = [
            Fan(-56, 56, round(15 * n), 0.20, 0.20, root=24, lift=0.09, ragged=0.03, point=0.35)
        ]
    elif fringe == "swept":
        made = [Fan(-58, 58, round(15 * n), 0.24, 0.12, root=20, lift=0.10, ragged=0.12,
                    spread=side * 30, parting=-side * 30)]  # fmt: skip
    elif fringe == "parted":
        at = side * float(rng.uniform(0, 18))
        made = [
            Fan(at + 3, 64, round(9 * n), 0.24, -0.35, root=10, lift=0.10, spread=46, parting=at),
            Fan(-64, at - 3, round(9 * n), 0.24, -0.35, root=10, lift=0.10, spread=46, parting=at),
        ]
    elif fringe == "spikes":
        made = [
            Fan(-58, 58, round(11 * n), 0.24, 0.10, root=20, lift=0.11, ragged=0.22, flare=0.10)
        ]
    else:  # combed back from the forehead
        made = [Fan(-62, 62, round(18 * n), 0.20, 9.0, root=0, lift=0.06, ragged=0.05, point=0.3)]
    if spec.style in ("long", "hime", "bob", "curtains", "waves", "twintails") and fringe != "none":
        tip = {"bob": -0.8, "hime": -0.85}.get(str(spec.style), -1.1 * spec.length)
        blunt = 0.2 if spec.style == "hime" else 1.0
        for sign in (-1, 1):
            made.append(Fan(sign * 60, sign * 84, round(4 * n), 0.20, tip, root=30, lift=0.11,
                            ragged=0.08, point=blunt))  # fmt: skip
    return made


def build(spec: HairSpec, skull: Skull) -> Shape:
    """All locks of a style, mirrored if wanted."""
    rng = np.random.default_rng(spec.seed)
    shape = Shape()
    _cap(shape, skull, 0.028 * spec.volume)
    for fan in fans(spec, rng):
        _fan(shape, fan, skull, spec, rng)
    if spec.style in ("tail", "twintails", "buns"):
        _tails(shape, skull, spec, rng)
    if spec.style == "mohawk":
        _crest(shape, skull, spec, rng)
    if spec.mirror:
        for grid in shape.points:
            grid[:, 0] *= -1
    return shape


def _cap(shape: Shape, skull: Skull, lift: float) -> None:
    rows, columns = 9, 37
    phi = cast("Float32Array", np.linspace(-np.pi, np.pi, columns))
    share = cast("Float32Array", np.linspace(0.02, 1, rows)[:, None])
    theta = share * (hairline(phi) - 2 * D)[None]
    ease = lift * np.minimum(1, (1 - share) * 8 + 0.15)
    grid = skull.at(theta, np.broadcast_to(phi, theta.shape), ease)
    uv = np.stack(np.broadcast_arrays(phi[None] * 4 / np.pi, 1 - share * 0.6), -1)
    shape.add(grid, uv.astype(np.float32))


def _fan(shape: Shape, fan: Fan, skull: Skull, spec: HairSpec, rng: np.random.Generator) -> None:
    for k in range(fan.count):
        azimuth = fan.start + (fan.end - fan.start) * (k + 0.5) / fan.count
        azimuth += float(rng.normal(0, 0.12)) * (fan.end - fan.start) / fan.count
        path = _path(fan, azimuth * D, skull, spec, rng)
        lift = 1 + 0.25 * float(rng.random())
        _strip(
            shape, path, skull, fan.width * lift * (0.5 + 0.5 * skull.height / 0.85), fan, spec, rng
        )


def _path(
    fan: Fan, phi: float, skull: Skull, spec: HairSpec, rng: np.random.Generator
) -> Float32Array:
    """The middle line (STEPS, 3) of one lock."""
    away = np.sign(phi - fan.parting * D) * fan.spread * D
    s = cast("Float32Array", np.linspace(0, 1, STEPS * 2))
    if fan.tip > 5:  # combed back: from the hairline over the crown
        theta = (hairline(np.array([phi]))[0] + 2 * D) * (1 - s) - 25 * D * s
        lift = fan.lift * spec.volume * (0.25 + 1.0 * np.sin(np.pi * np.clip(s, 0.0, 1)) ** 0.6)
        line = skull.at(theta, np.full_like(s, phi), lift)
        return line[::2][:STEPS]
    leave = float(hairline(np.array([phi + away * 0.7]))[0]) * fan.to
    theta = fan.root * D + (leave + 0.75 - fan.root * D) * s
    turn = phi + away * np.minimum(1, 1.7 * s) ** 1.2
    rough = float(rng.uniform(0.85, 1.2))
    lift = fan.lift * spec.volume * rough * np.minimum(1, 0.35 + 2.2 * s)
    line = skull.at(np.minimum(theta, 105 * D), turn, lift)
    # once the skull would go back under itself, hair hangs straight down
    unit = skull.height if fan.tip > 0 else skull.eye_y - skull.chin_y
    tip_y = skull.eye_y + (fan.tip + float(rng.normal(0, fan.ragged))) * unit
    hang = int(np.argmax(theta > 92 * D)) or len(line) - 1
    start = line[hang]
    top = line[0, 1]
    if tip_y > start[1] - 0.05:
        keep = line[line[:, 1] > tip_y]
        line = keep if len(keep) > 4 else line[:5]
    else:
        drop = np.linspace(0, 1, STEPS)[1:, None]
        out = start - skull.middle
        out[1] = 0
        out /= max(float(np.linalg.norm(out)), 1e-6)
        fall = np.array([0, tip_y - start[1], 0]) * drop
        tuck = np.array([-0.10 * out[0], 0, -0.05 * out[2]]) * drop**2 * max(start[1] - tip_y, 0)
        line = np.concatenate([line[: hang + 1], start + fall + tuck])
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    even = np.linspace(0, length[-1], STEPS)
    line = np.stack([np.interp(even, length, line[:, k]) for k in range(3)], 1)
    t = np.linspace(0, 1, STEPS)[:, None]
    out = line - skull.middle
    out[:, 1] *= 0.2
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    line = cast("Float32Array", line + out * fan.flare * t**2 * float(rng.uniform(0.5, 1.5)))
    wave = spec.curl * 0.06 * np.sin(t * (top - tip_y) * 7 + rng.uniform(0, 6)) * t
    noise = spec.noise * np.cumsum(rng.normal(0, 0.35, (STEPS, 3)), 0) * t
    return (line + out * wave + noise).astype(np.float32)


def _strip(
    shape: Shape,
    path: Float32Array,
    skull: Skull,
    width: float,
    fan: Fan,
    spec: HairSpec,
    rng: np.random.Generator,
) -> None:
    """A strip of three columns along a path, its middle raised, pointed at the end."""
    t = np.linspace(0, 1, len(path))
    along = np.gradient(path, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    out = path - skull.middle
    out[:, 1] = np.maximum(out[:, 1], 0)
    out /= np.maximum(np.linalg.norm(out, axis=1, keepdims=True), 1e-6)
    across = np.cross(along, out)
    across /= np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-6)
    raised = np.cross(across, along)
    taper = (1 - t**2.2) ** (0.35 + 0.65 * fan.point) * fan.point + (1 - fan.point) * (t < 0.999)
    half = (width * np.minimum(1, 0.45 + 1.6 * t) * np.maximum(taper, 0.02) / 2)[:, None]
    half = half * (0.9 + 0.2 * float(rng.random()))
    ridge = path + raised * half * 0.38
    grid = np.stack([path - across * half, ridge, path + across * half], 1)
    u0 = float(rng.random())
    u = np.broadcast_to(u0 + np.array([0.0, 0.11, 0.22]), (len(path), 3))
    v = np.broadcast_to(1 - t[:, None], (len(path), 3))
    shape.add(grid.astype(np.float32), np.stack([u, v], -1).astype(np.float32))


def _tails(shape: Shape, skull: Skull, spec: HairSpec, rng: np.random.Generator) -> None:
    """Bunches tied at the back or at both sides, or rolled to buns."""
    if spec.style == "tail":
        knots = [(float(rng.uniform(65, 100)), 180.0)]
    else:
        at = float(rng.uniform(38, 70)) if spec.style == "buns" else float(rng.uniform(55, 85))
        knots = [(at, side * float(rng.uniform(95, 125))) for side in (-1, 1)]
    for theta, phi in knots:
        way = skull.at(np.array(theta * D), np.array(phi * D), 0.05)
        out = (way - skull.middle) / np.linalg.norm(way - skull.middle)
        if spec.style == "buns":
            _ball(shape, cast("Float32Array", way + out * 0.16), 0.26 * spec.volume)
            continue
        length = (1.3 + 1.2 * spec.length) * (skull.eye_y - skull.chin_y) + 0.5
        for k in range(12):
            turn = 2 * np.pi * k / 12
            side = np.cross(out, [0, 1, 0])
            side /= max(float(np.linalg.norm(side)), 1e-6)
            aim = side * np.cos(turn) * 0.16 + np.array([0, 0.12, 0]) * np.sin(turn)
            s = np.linspace(0, 1, STEPS)[:, None]
            rise = out * (0.55 * np.sin(np.pi * np.minimum(s * 1.1, 1)) + 0.12 * s)
            fall = np.array([0, -1, 0]) * length * s**1.6
            line = way + aim * np.sin(np.pi * s**0.7) * 1.3 + rise * 0.7 + fall
            line += rng.normal(0, 0.02, 3) * s
            _strip(shape, line.astype(np.float32), skull, 0.26, Fan(0, 0, 1, 0.26, 0), spec, rng)


def _ball(shape: Shape, centre: Float32Array, radius: float) -> None:
    theta = np.linspace(0.05, np.pi - 0.05, 9)[:, None]
    phi = np.linspace(0, 2 * np.pi, 15)[None]
    grid = np.stack(
        np.broadcast_arrays(
            np.sin(theta) * np.cos(phi), np.cos(theta), np.sin(theta) * np.sin(phi)
        ),
        -1,
    )
    uv = np.stack(np.broadcast_arrays(phi / 6 * 2, 0.9 - theta / np.pi * 0.5), -1)
    shape.add((centre + radius * grid).astype(np.float32), uv.astype(np.float32))


def _crest(shape: Shape, skull: Skull, spec: HairSpec, rng: np.random.Generator) -> None:
    for k in range(16):
        angle = -58 + 180 * k / 15
        theta, phi = abs(angle) * D, 0.0 if angle < 0 else np.pi
        for aside in (-0.07, 0.0, 0.07):
            root = skull.at(np.array(theta), np.array(phi), 0.0) + np.array([aside, 0, 0])
            way = (root - skull.middle) / np.linalg.norm(root - skull.middle)
            s = np.linspace(0, 1, STEPS)[:, None]
            tall = (
                (0.42 + 0.25 * np.sin(k / 15 * np.pi)) * spec.volume * float(rng.uniform(0.85, 1.1))
            )
            line = root + way * tall * s + np.array([aside * 0.6, 0, -0.18]) * s**2
            _strip(shape, line.astype(np.float32), skull, 0.20, Fan(0, 0, 1, 0.2, 0), spec, rng)
