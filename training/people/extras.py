"""Generated meshes that people wear: spectacles, beards of shells, cat's ears, horns."""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy import sparse

from inference.contract import Float32Array
from training.people.locks import Shape
from training.people.pictures import beard_shape
from training.people.skull import Skull, towards
from training.people.spec import BeardSpec, GlassesSpec
from training.rig.layers import smoothstep
from training.rig.mesh import Mesh, build_mesh, subset
from training.rig.person import Person

SHELLS: Final = 6
ROUND: Final = 28
"""Corners of a spectacle's rim."""


def tube(shape: Shape, path_S3: Float32Array, radius: float, closed: bool = False) -> None:
    """A square tube along a path."""
    along = np.gradient(path_S3, axis=0)
    if closed:
        along = np.roll(path_S3, -1, 0) - np.roll(path_S3, 1, 0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    side = np.cross(along, np.array([0.2, 0.35, 1.0]))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-6)
    up = np.cross(side, along)
    turn = np.linspace(0, 2 * np.pi, 7)
    ring = np.cos(turn)[None, :, None] * side[:, None] + np.sin(turn)[None, :, None] * up[:, None]
    grid = path_S3[:, None] + radius * ring
    if closed:
        grid = np.concatenate([grid, grid[:1]])
    shape.add(grid.astype(np.float32), np.zeros((*grid.shape[:2], 2), np.float32))


def spectacles(person: Person, spec: GlassesSpec, skull: Skull) -> tuple[Shape, Shape]:
    """Frame and lenses, in front of everything that the face has there."""
    frame, lenses = Shape(), Shape()
    skin = person.parts["skin"]
    points = skin.mesh.points(person.base_B3)[skin.head_weight_N > 0.9]
    lashes = person.parts["eyes"].mesh.points(person.base_B3)
    eye, scale = person.eyes_23, person.pupil_distance
    half_w, half_h = spec.width * scale / 2, spec.height * scale / 2
    t = np.linspace(0, 2 * np.pi, ROUND, endpoint=False)
    power = 2 / spec.squareness
    x = np.sign(np.cos(t)) * np.abs(np.cos(t)) ** power * half_w
    y = np.sign(np.sin(t)) * np.abs(np.sin(t)) ** power * half_h
    y = np.where(y < 0, y * (1 + 0.12 * np.cos(t) ** 2), y)
    front = 0.0
    for centre in eye:
        near = np.abs(points[:, 0] - centre[0]) < half_w * 0.9
        near &= np.abs(points[:, 1] - centre[1]) < half_h * 0.9
        near &= np.abs(points[:, 0]) > 0.3 * scale
        front = max(front, float(points[near][:, 2].max()), float(lashes[:, 2].max()) + 0.02)
    front += 0.045
    rims = []
    for centre, sign in zip(eye, (1.0, -1.0), strict=True):
        away = x * sign + centre[0] * 1.02
        curve = front - 0.16 * (np.abs(away) / (scale * 0.9)) ** 2
        rim = np.stack([away, y + centre[1] - spec.drop * scale, curve], 1).astype(np.float32)
        rims.append(rim)
        tube(frame, rim, spec.thickness, closed=True)
        middle = rim.mean(0)
        grid = np.stack([np.broadcast_to(middle, rim.shape), rim], 0)
        grid = np.concatenate([grid, grid[:, :1]], 1)
        uv = (grid[..., :2] - rim[:, :2].min(0)) / np.ptp(rim[:, :2], axis=0)
        lenses.add(grid.astype(np.float32), uv.astype(np.float32))
        _temple(frame, person, spec, skull, rim, sign)
    _bridge(frame, spec, rims)
    return frame, lenses


def _temple(
    frame: Shape, person: Person, spec: GlassesSpec, skull: Skull, rim: Float32Array, sign: float
) -> None:
    """The arm from the rim's outer edge to behind the ear."""
    outer = rim[np.argmax(rim[:, 0] * sign + rim[:, 1] * 0.25)]
    skin = person.parts["skin"].mesh.points(person.base_B3)
    ear = skin[(person.regions["ears"] > 0.5) & (skin[:, 0] * sign > 0)]
    top = ear[np.argmax(ear[:, 1])]
    root_x = float(np.abs(ear[:, 0]).min()) + 0.02
    s = np.linspace(0, 1, 9)[:, None]
    goal = np.array([sign * root_x, top[1] - 0.04, top[2] - 0.02])
    line = outer + s * (goal - outer)
    line[:, 0] += sign * 0.05 * np.sin(np.pi * s[:, 0])
    offset = line - skull.middle  # never inside the head
    length = np.linalg.norm(offset, axis=1, keepdims=True)
    need = skull.radius((offset / length).astype(np.float32))[:, None] + 0.025
    line = skull.middle + offset / length * np.maximum(length, np.minimum(need, length + 0.12))
    tube(frame, line.astype(np.float32), spec.thickness * 0.9)


def _bridge(frame: Shape, spec: GlassesSpec, rims: list[Float32Array]) -> None:
    inner = [rim[np.argmin(np.abs(rim[:, 0]) - 0.3 * rim[:, 1])] for rim in rims]
    s = np.linspace(0, 1, 7)[:, None]
    line = inner[0] + s * (inner[1] - inner[0])
    line[:, 1] += 0.03 * np.sin(np.pi * s[:, 0])
    line[:, 2] += 0.03 * np.sin(np.pi * s[:, 0])
    tube(frame, line.astype(np.float32), spec.thickness)


def beard(person: Person, spec: BeardSpec) -> tuple[Mesh, Float32Array] | None:
    """Shells over the skin where a beard grows, and the height (n,) in 0..1 of each point."""
    skin = person.parts["skin"].mesh
    place = skin.points(person.assets.base.obj.vertices_N3)
    area = beard_shape(place, spec.shape)
    keep = (area > 0.03) & (person.regions["inside-mouth"] < 0.3)
    touched = skin.point_triangles_F3[keep[skin.point_triangles_F3].any(1)]
    keep = np.zeros(skin.size, bool)
    keep[touched] = person.regions["inside-mouth"][touched] < 0.3
    if keep.sum() < 12:
        return None
    piece = subset(skin, keep)
    index = np.searchsorted(skin.source_N, piece.source_N)
    rest = piece.points(person.base_B3)
    normals = piece.normals(rest)
    grow = (0.25 + 0.75 * smoothstep(0.05, 0.6, area[index]))[:, None]
    down = np.array([0.0, -1.0, 0.25], np.float32) * (
        smoothstep(0.08, 0.5, np.asarray(spec.length, np.float32))
    )
    count, corners = piece.size, len(piece.uv_V2)
    weights, offsets, faces, uv_faces, uvs, heights = [], [], [], [], [], []
    tri = np.concatenate([piece.point_triangles_F3, piece.point_triangles_F3[:, 2:]], 1)
    uv_tri = np.concatenate([piece.triangles_F3, piece.triangles_F3[:, 2:]], 1)
    for k in range(SHELLS):
        height = (k + 0.6) / SHELLS
        move = (normals + down * height) * grow * spec.length * height
        weights.append(piece.weights)
        offsets.append(move)
        faces.append(tri + count * k)
        uv_faces.append(uv_tri + corners * k)
        uv = piece.uv_V2.copy()
        uv[:, 1] = 1 - uv[:, 1]
        uvs.append(uv)
        heights.append(np.full(count, 0.12 + 0.8 * height, np.float32))
    mesh = build_mesh(
        sparse.vstack(weights).tocsr(),
        np.concatenate(offsets).astype(np.float32),
        np.concatenate(faces),
        np.concatenate(uv_faces),
        np.concatenate(uvs).astype(np.float32),
    )
    return mesh, np.concatenate(heights)[mesh.source_N]


def ears(skull: Skull, kind: str) -> tuple[Shape, Shape]:
    """Cat's ears (outside, inside) or horns (all in the first), on the skull."""
    outer, inner = Shape(), Shape()
    for sign in (-1.0, 1.0):
        theta, phi = np.radians(38.0), np.radians(sign * 78.0)
        if kind == "horns":
            _horn(outer, skull, sign)
            continue
        base = skull.at(np.array(theta), np.array(phi), -0.02)
        up = towards(np.array(theta * 0.65), np.array(phi)).astype(np.float64)
        side = np.array([np.cos(theta), -np.sin(theta) * sign, 0]) * 1.0
        back = np.array([0, 0, -1.0])
        s = np.linspace(0, 1, 7)[:, None]
        for shape, size, ahead in ((outer, 1.0, 0.0), (inner, 0.68, 0.035)):
            wide = 0.30 * size * (1 - s**1.4) + 0.004
            line = base + up * s * 0.62 * size + back * (0.04 * s**2) - back * ahead
            left, right = line - side * wide, line + side * wide
            ridge = line + back * wide * (0.55 if shape is outer else 0.3)
            shape.add(
                np.stack([left, ridge, right], 1).astype(np.float32),
                np.stack(np.broadcast_arrays(s * 0 + np.array([0.1, 0.2, 0.3]), 1 - s), -1).astype(
                    np.float32
                ),
            )
            if shape is outer:  # its front, round the inner one
                shape.add(
                    np.stack([left, line + back * 0.02, right], 1).astype(np.float32),
                    np.zeros((7, 3, 2), np.float32),
                )
    return outer, inner


def _horn(shape: Shape, skull: Skull, sign: float) -> None:
    base = skull.at(np.radians(40.0), np.radians(sign * 48.0), -0.03)
    s = np.linspace(0, 1, 10)
    line = base + np.stack([sign * 0.30 * s, 0.55 * s - 0.12 * s**2, 0.12 * s - 0.25 * s**2], 1)
    turn = np.linspace(0, 2 * np.pi, 9)
    radius = 0.11 * (1 - s**1.5) + 0.004
    ring = np.stack([np.cos(turn), np.zeros(9), np.sin(turn)], 1)
    grid = line[:, None] + radius[:, None, None] * ring[None]
    shape.add(grid.astype(np.float32), np.zeros((10, 9, 2), np.float32))
