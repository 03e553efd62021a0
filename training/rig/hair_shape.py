"""Dressing the hair meshes: strands combed off the face, soft hairlines, a shade on the scalp."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from inference.contract import Float32Array
from training.rig.layers import smoothstep
from training.rig.mesh import Mesh

COMBED = {"braid01": 1.0, "short03": 1.0}
"""Styles whose fringe covers an eye, and how far it is combed to the side."""

SWEPT = {
    "bob02": (
        (-0.45, -0.28, -0.70),
        (-0.25, 0.02, -0.68),
        (0.0, 0.18, -0.56),
        (0.33, 0.32, -0.22),
        (0.66, 0.40, 0.34),
    )
}
"""Styles parted at one side whose fringe hangs over the other eye: its edge as (height above the
eyes, sideways, sideways wanted), in dm."""

SOFT_HAIRLINE = ("short04",)
"""Styles whose front edge fades into the scalp; the others have cut or overhanging edges."""


def comb_aside(points_N3: Float32Array, eyes_23: Float32Array, strength: float) -> Float32Array:
    """Hair points (n, 3) with what hangs before the face moved beside it.

    Strands below the middle of the forehead are pressed into a curtain outside the eye.
    """
    out = points_N3.copy()
    eye = eyes_23.mean(0)
    x, y, z = points_N3.T
    front = smoothstep(eye[2] - 0.55, eye[2] - 0.15, z)
    low = smoothstep(eye[1] + 0.75, eye[1] + 0.12, y)
    wall = 0.66
    inside = np.clip((wall + 0.25 - np.abs(x)) / (wall + 0.25), 0, 1)
    side = np.where(x < 0.28, -1.0, 1.0)
    target = side * (wall + 0.25 - 0.25 * inside)
    share = strength * front * low * (np.abs(x) < wall + 0.25)
    out[:, 0] += share * (target - x)
    out[:, 2] -= share * low * 0.24 * inside
    return out.astype(np.float32)


def sweep_aside(
    points_N3: Float32Array, eyes_23: Float32Array, edge: tuple[tuple[float, float, float], ...]
) -> Float32Array:
    """Hair points (n, 3) with the fringe drawn to the side of its parting, as a smooth curtain.

    At every height what lies between temple and edge is squeezed towards the temple, and goes back
    with the round of the head.
    """
    out = points_N3.copy()
    eye = eyes_23.mean(0)
    x, z = points_N3[:, 0], points_N3[:, 2]
    up = points_N3[:, 1] - eye[1]
    heights, given, wanted = np.array(edge).T
    has, wants = np.interp(up, heights, given), np.interp(up, heights, wanted)
    temple = np.float32(-0.80)
    squeezed = temple + (x - temple) * (wants - temple) / (has - temple)
    front = smoothstep(eye[2] - 0.70, eye[2] - 0.35, z)
    mine = front * smoothstep(0.14, 0.06, (x - has).astype(np.float32)) * (x > temple)
    moved = mine * (squeezed - x)
    out[:, 0] += moved
    back = np.sqrt(np.clip(1 - (x / 0.95) ** 2, 0.05, 1))
    out[:, 2] -= 0.62 * (back - np.sqrt(np.clip(1 - (out[:, 0] / 0.95) ** 2, 0.05, 1)))
    return out.astype(np.float32)


def root_distance(
    mesh: Mesh, hair_N3: Float32Array, skin_M3: Float32Array, eyes_23: Float32Array
) -> Float32Array:
    """0 at the hairline of the forehead and temples, rising to 1 within 0.11 dm of it."""
    tri = mesh.point_triangles_F3
    edges = np.sort(np.concatenate([tri[:, [0, 1]], tri[:, [1, 2]], tri[:, [2, 0]]]), 1)
    found, count = np.unique(edges, axis=0, return_counts=True)
    border = np.unique(found[count == 1])
    eye = eyes_23.mean(0)
    forehead = skin_M3[(skin_M3[:, 1] > eye[1] + 0.15) & (skin_M3[:, 2] > eye[2] - 0.9)]
    covered, _ = cKDTree(hair_N3).query(forehead)
    bare = forehead[covered > 0.16]
    to_skin, _ = cKDTree(forehead).query(hair_N3[border])
    to_bare, _ = cKDTree(bare).query(hair_N3[border])
    line = border[(to_skin < 0.18) & (to_bare < 0.30)]
    if not len(line):
        return np.ones(mesh.size, np.float32)
    away, _ = cKDTree(hair_N3[line]).query(hair_N3)
    return np.clip(away / 0.11, 0, 1).astype(np.float32)


def scalp_shade(
    skin_N3: Float32Array, hair: Mesh, hair_M3: Float32Array, eyes_23: Float32Array
) -> Float32Array:
    """How far the skin (n,) takes the hair's colour: under the hair and a little before it."""
    corners = hair_M3[hair.point_triangles_F3]
    surface = np.concatenate([hair_M3, corners.mean(1)])
    distance, _ = cKDTree(surface).query(skin_N3)
    eye = eyes_23.mean(0)
    above = smoothstep(eye[1] + 0.35, eye[1] + 0.60, skin_N3[:, 1])
    behind = smoothstep(eye[2] - 0.75, eye[2] - 1.0, skin_N3[:, 2]) * (skin_N3[:, 1] > eye[1] - 0.5)
    return (0.8 * smoothstep(0.15, 0.02, distance) * np.maximum(above, behind)).astype(np.float32)


def buzz_shade(base_N3: Float32Array, ears_N: Float32Array) -> Float32Array:
    """Where very short hair grows (n,), by place on the base mesh before any identity.

    The hairline runs from the forehead (y 8.05, z 1.35) over the ears (7.35, 0.45) to the nape.
    """
    y, z = base_N3[:, 1], base_N3[:, 2]
    line = np.maximum(7.04 + 0.75 * z, 6.85)
    return smoothstep(-0.06, 0.10, (y - line).astype(np.float32)) * (1 - ears_N)
