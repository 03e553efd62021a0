"""Generated meshes of what covers heads, necks and chests: hats, hoods, collars, hanging beards.

Lengths in dm, angles in degrees from the crown unless said; everything is about a `Skull`.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from inference.contract import Float32Array
from training.people.locks import Shape
from training.people.pictures import beard_shape
from training.people.skull import Skull
from training.people.spec import CollarSpec, HatSpec
from training.rig.layers import smoothstep
from training.rig.person import Person

ROUND: Final = 49
"""Points round a hat or collar."""
STEPS: Final = 12
"""Points down a lock of a beard."""


def _around() -> Float32Array:
    return np.linspace(-np.pi, np.pi, ROUND).astype(np.float32)


def rim_of(spec: HatSpec, phi: Any) -> Any:
    """Angle from the crown (radians) where a hat ends, by azimuth; hoods end nowhere behind."""
    ahead = 0.5 + 0.5 * np.cos(phi)
    return np.radians(spec.back + (spec.front - spec.back) * ahead**1.5)


def hat(skull: Skull, spec: HatSpec) -> Shape:
    """A hat: a crown over the rim, which is a dome, a tower or open; and a brim."""
    shape, phi = Shape(), _around()
    if spec.kind == "hood":
        _hood(shape, skull, spec)
        return shape
    rim = rim_of(spec, phi)
    ring = skull.at(rim, phi, spec.lift)
    s = np.linspace(0, 1, 11)[:, None]
    if spec.kind == "dome":
        theta = np.maximum(s, 0.02) * rim
        top = skull.at(theta, np.broadcast_to(phi, theta.shape), spec.lift)
        top[..., 1] += spec.rise * np.cos(s * np.pi / 2)
        bulge = spec.flare * np.sin(np.pi * s) ** 0.8
        top[..., [0, 2]] += (top[..., [0, 2]] - skull.middle[[0, 2]]) * bulge[..., None]
    else:
        top = _tower(ring, skull, spec, s)
    shape.add(top.astype(np.float32), _uv(top.shape))
    if spec.brim > 0:
        _brim(shape, ring, skull, spec, phi)
    return shape


def _uv(shape: tuple[int, ...]) -> Float32Array:
    u, v = np.linspace(0, 3, shape[1]), np.linspace(0, 1, shape[0])
    return np.stack(np.meshgrid(u, v), -1).astype(np.float32)


def _tower(ring: Float32Array, skull: Skull, spec: HatSpec, s: Any) -> Float32Array:
    """Walls straight up from the rim, closed by a lid; a crown's are open and have points."""
    phi, middle = _around(), skull.middle[[0, 2]]
    wall = np.repeat(ring[None], len(s), 0)
    tall: Any = np.full(ROUND, spec.rise, np.float32)
    if spec.kind == "crown":
        tall = tall * (0.55 + 0.45 * np.abs(np.cos(spec.corners * phi / 2)))
    else:  # one height all round
        tall = np.float32(ring[:, 1].mean()) + tall - ring[:, 1]
    wall[..., 1] += s * tall
    wall[..., [0, 2]] += (wall[..., [0, 2]] - middle) * (spec.flare * s)[..., None]
    if spec.kind == "crown":
        return wall
    lid = wall[-1:] + 0.0
    lid[..., [0, 2]] = middle
    return np.concatenate([wall, lid])


def _brim(shape: Shape, ring: Any, skull: Skull, spec: HatSpec, phi: Any) -> None:
    """Outwards from the rim; turned up at `corners` places, or a peak in front alone."""
    away = ring - skull.middle
    away[:, 1] = 0
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    wide = np.full(len(phi), spec.brim, np.float32)
    if spec.corners == 0:
        wide = wide * smoothstep(0.25, 0.75, np.cos(phi)) + 0.02
    t = np.linspace(0, 1, 6)[:, None, None]
    up = spec.turned * (1 - np.cos(max(spec.corners, 1) * phi + spec.twist)) / 2
    line = ring + t * wide[:, None] * away
    line[..., 1] += t[..., 0] ** 2 * (up - spec.droop)[None] * wide
    shape.add(line.astype(np.float32), _uv(line.shape))


def _hood(shape: Shape, skull: Skull, spec: HatSpec) -> None:
    """Cloth or mail over head, cheeks and neck that leaves the face open; `brim` is how far it
    stands before the face, `turned` over 0.5 closes it below the chin."""
    rows = 22
    theta = np.radians(np.linspace(1, 108, rows - 8))
    open_at = spec.front + 22 * smoothstep(0, 1, np.degrees(theta) / 60 - spec.front / 60)
    wide = np.where(np.degrees(theta) < spec.front, 0.0, np.minimum(open_at, spec.back))
    wide *= smoothstep(spec.front - 1, spec.front + 14, np.degrees(theta))
    u = np.linspace(-1, 1, ROUND)
    phi = np.pi + u[None] * (np.pi - np.radians(wide)[:, None])
    edge = (
        np.abs(u)[None] ** 6 * smoothstep(spec.front - 20, spec.front, np.degrees(theta))[:, None]
    )
    over = skull.at(np.broadcast_to(theta[:, None], phi.shape), phi, spec.lift)
    over[..., 2] += edge * spec.brim
    low = over[-1]
    fall = np.linspace(0, 1, 9)[1:, None, None]
    hang = np.repeat(low[None], 8, 0)
    hang[..., 1] -= fall[..., 0] * (low[:, 1] - skull.chin_y + spec.rise)
    out = (low - skull.middle) * np.array([1, 0, 1], np.float32)
    hang += fall**2 * spec.flare * out
    if spec.turned > 0.5:  # drawn together under the chin
        close = smoothstep(0.35, 0.8, fall) * (np.abs(u) ** 3)[None, :, None]
        hang[..., :1] *= 1 - 0.95 * close
        hang[..., 2:] += 0.1 * close
    grid = np.concatenate([over, hang])
    shape.add(grid.astype(np.float32), _uv(grid.shape))


def tucked(points_N3: Float32Array, skull: Skull, spec: HatSpec) -> Float32Array:
    """Hair points (n, 3) with those under a hat pressed to the skull."""
    offset = points_N3 - skull.middle
    length = np.maximum(np.linalg.norm(offset, axis=1, keepdims=True), 1e-6)
    way = offset / length
    theta, phi = np.arccos(np.clip(way[:, 1], -1, 1)), np.arctan2(way[:, 0], way[:, 2])
    least = np.radians(150.0) if spec.kind == "hood" else rim_of(spec, phi)
    most = skull.radius(way)[:, None] + spec.lift * 0.6
    low = spec.kind == "crown"
    under = smoothstep(0.10, -0.06, (theta - least).astype(np.float32))
    share = (under * (0.0 if low else 1.0))[:, None]
    out = points_N3 + share * (skull.middle + way * np.minimum(length, most) - points_N3)
    return np.asarray(out, np.float32)


def collar(ring_73: Float32Array, skull: Skull, spec: CollarSpec) -> Shape:
    """A stand-up collar, ruff or scarf. `ring_73`: middle of the neck's base, then its radius
    aside, before and behind in the first column of rows 1 to 3; the rest is unused."""
    shape, phi = Shape(), _around()
    middle, (aside, before, behind) = ring_73[0], ring_73[1:4, 0]
    deep = np.where(np.cos(phi) > 0, before, behind)
    ring = np.stack([aside * np.sin(phi), np.zeros(ROUND), deep * np.cos(phi)], 1)
    top = skull.chin_y - spec.gap
    s = np.linspace(0, 1, 9)[:, None]
    if spec.kind == "ruff":
        fold = np.sin(spec.folds * phi) * 0.09 * np.minimum(1, 3 * s)
        grow = 1.0 + s * spec.width / aside
        level = top + fold - s**2 * spec.dip + 0.10 * s * (1 - np.cos(phi))
    elif spec.kind == "scarf":
        turn = (s - 0.5) * 2 * np.pi
        wave = 1 + 0.08 * np.sin(3 * phi + spec.folds)
        grow = 1.12 + spec.width * 0.6 / aside * (1 + np.cos(turn)) * wave
        level = (top + middle[1]) / 2 + np.sin(turn) * spec.width * 0.8 * wave
    else:
        dip = spec.dip * np.maximum(np.cos(phi), 0) ** 4
        level = middle[1] - 0.15 + s * (top - dip - middle[1] + 0.15)
        grow = 1.05 + s * spec.width / aside * 0.5
    grid = middle + ring[None] * np.broadcast_to(grow, (len(s), ROUND))[..., None]
    grid[..., 1] = level
    shape.add(grid.astype(np.float32), _uv(grid.shape))
    return shape


def hanging_beard(
    person: Person, skull: Skull, length: float, wide: float, seed: int
) -> Shape | None:
    """Locks from chin and jaw that hang `length` below the chin, over the chest; `wide` 0..1 is
    how little they draw together."""
    rng, shape = np.random.default_rng(seed), Shape()
    skin = person.parts["skin"].mesh
    area = beard_shape(skin.points(person.assets.base.obj.vertices_N3), "full")
    points = skin.points(person.base_B3)
    mouth_y = float((2 * skull.chin_y + skull.eye_y) / 3)
    grows = (area > 0.3) & (person.regions["inside-mouth"] < 0.2) & (points[:, 1] < mouth_y)
    roots = np.flatnonzero(grows)
    if len(roots) < 12:
        return None
    normal = skin.normals(points)
    chest = np.concatenate(
        [person.parts[n].mesh.points(person.base_B3) for n in ("skin", "clothes")]
    )
    half = float(np.abs(points[roots, 0]).max())
    for root in rng.choice(roots, 90):
        at, out = points[root], normal[root]
        x = at[0] / half
        tip = skull.chin_y - length * (1 - 0.75 * x**2) * float(rng.uniform(0.75, 1.08))
        t = np.linspace(0, 1, STEPS)[:, None]
        swell = out * np.sin(np.pi * np.minimum(1.2 * t, 1)) * (0.10 + 0.12 * min(length, 0.8))
        goal = np.array([at[0] * (wide + (1 - wide) * 0.3), min(tip, at[1] - 0.1), at[2] + 0.06])
        path = at + (goal - at) * np.concatenate([t**1.5, t, t], 1) + swell
        path[:, 2] = np.maximum(path[:, 2], _front(chest, path) + 0.03)
        path[0] = at - 0.02 * out
        _lock(shape, path, float(rng.uniform(0.12, 0.22)), rng)
    return shape


def _front(chest_N3: Float32Array, path_S3: Any) -> Any:
    """How far forward a body is at each point of a path."""
    near = np.abs(chest_N3[None, :, :2] - path_S3[:, None, :2]).max(2) < 0.12
    return np.where(near, chest_N3[None, :, 2], -9.0).max(1)


def _lock(shape: Shape, path_S3: Any, width: float, rng: np.random.Generator) -> None:
    """A strip of three columns that faces forward, its middle raised, pointed at the end."""
    t = np.linspace(0, 1, len(path_S3))
    half = (width * np.sqrt(np.maximum(1 - t**3, 0.01)) * (0.6 + 0.4 * np.minimum(1, 3 * t)))[
        :, None
    ]
    across = np.array([1.0, 0.0, -0.6 * np.sign(path_S3[0, 0]) * min(1, abs(path_S3[0, 0]) * 2)])
    path = path_S3 + np.cumsum(rng.normal(0, 0.012, path_S3.shape), 0)
    ridge = path + np.array([0, 0, 0.35]) * half
    grid = np.stack([path - across * half, ridge, path + across * half], 1)
    u = float(rng.random()) + np.array([0.0, 0.11, 0.22])
    uv = np.stack(np.broadcast_arrays(u[None], (1 - t)[:, None]), -1)
    shape.add(grid.astype(np.float32), uv.astype(np.float32))
