"""Finds the named landmarks on the model's mesh, from how the rig moves and masks it.

Each is a vertex or a place on an edge, so that it is the same place on everybody. Left is the
person's own; the right side mirrors it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from inference.contract import Float32Array

_JAW_ANGLES: Final = np.radians([12.0, 24.0, 36.0, 48.0, 60.0, 71.0, 81.0, 90.0])
"""Directions from the chin (0) to below the ear (90), seen from the middle of the face."""


@dataclass(frozen=True, slots=True)
class MeshFacts:
    """What landmarks are found from; per vertex of the mean face in dm."""

    points_N3: Float32Array
    normals_N3: Float32Array
    jaw_N3: Float32Array
    """Displacement under jawOpen."""
    head_weight_N: Float32Array
    regions: dict[str, Float32Array]
    eyes_23: Float32Array
    brows_M3: Float32Array
    """Points of a brow's mesh, laid on the skin."""


Place = dict[int, float]
"""Shares of up to three vertices."""


def find(facts: MeshFacts) -> dict[str, Place]:
    """The place of every landmark by name; see `docs/portrait-import.md` for the words."""
    found: dict[str, Place] = {}
    for part in (_eye, _brow, _ear, _lips, _nose, _jaw, _skull_and_body):
        found |= part(facts)
    mirror = _mirror(facts.points_N3)
    for name, place in list(found.items()):
        if "left" in name:
            other = name.replace("left", "right")
            found[other] = {int(mirror[index]): share for index, share in place.items()}
    return found


def _mirror(points_N3: Float32Array) -> NDArray[np.int64]:
    """The vertex on the other side of each; the mesh is symmetric, its points nearly so."""
    _, near = cKDTree(points_N3).query(points_N3 * np.array([-1.0, 1.0, 1.0]))
    return np.asarray(near, np.int64)


def _one(index: Any) -> Place:
    return {int(index): 1.0}


def _on_line(line: Any, along: Any, at: float) -> Place:
    """Where a chain of vertices, in rising order of `along`, reaches a value."""
    values = along[line]
    step = int(np.clip(np.searchsorted(values, at), 1, len(line) - 1))
    share = float(np.clip((at - values[step - 1]) / (values[step] - values[step - 1]), 0, 1))
    return {int(line[step - 1]): 1 - share, int(line[step]): share}


def _on_front(facts: MeshFacts, x: float, y: float) -> Place:
    """The vertex nearest to a place seen from the front, on the foremost surface."""
    apart = np.hypot(facts.points_N3[:, 0] - x, facts.points_N3[:, 1] - y)
    depth = facts.points_N3[:, 2]
    seen = (facts.normals_N3[:, 2] > 0.05) & (depth > depth[apart < 0.12].max() - 0.15)
    return _one(np.argmin(np.where(seen, apart, np.inf)))


def _eye(facts: MeshFacts) -> dict[str, Place]:
    """The left lids' margin: nearest to the middle of the opening in every direction."""
    offset = facts.points_N3 - facts.eyes_23[0]
    outwards, up = offset[:, 0], offset[:, 1]
    near = (np.hypot(outwards, up) < 0.34) & (offset[:, 2] > 0.02)
    angle, radius = np.arctan2(2.2 * up, outwards), np.hypot(outwards, 2.2 * up)
    ring: list[int] = []
    for middle in np.radians(np.arange(0, 360, 6)):
        apart = np.abs((angle - middle + np.pi) % (2 * np.pi) - np.pi)
        inside = np.flatnonzero(near & (apart < np.radians(7)))
        if len(inside):
            ring.append(int(inside[np.argmin(radius[inside])]))
    margin = np.unique(ring)
    inner, outer = margin[np.argmin(outwards[margin])], margin[np.argmax(outwards[margin])]
    tear = facts.points_N3[inner] + np.array([-0.028, -0.006, 0.0])
    corner = int(np.argmin(np.linalg.norm(facts.points_N3 - tear, axis=1)))
    found = {"eye_left_inner": _one(corner), "eye_left_outer": _one(outer)}
    share = (outwards - outwards[inner]) / (outwards[outer] - outwards[inner])
    line = up[inner] + share * (up[outer] - up[inner])
    for lid, direction in (("upper", 1.0), ("lower", -1.0)):
        on_lid = margin[direction * (up - line)[margin] > 0.004]
        on_lid = on_lid[np.argsort(share[on_lid])]
        for step in range(1, 5):
            found[f"eye_left_{lid}_{step}"] = _on_line(on_lid, share, step / 5)
    return found


def _brow(facts: MeshFacts) -> dict[str, Place]:
    brow = facts.brows_M3[facts.brows_M3[:, 0] > 0.02]
    low, high = brow[:, 0].min(), brow[:, 0].max()
    found = {}
    for step in range(5):
        at = float(low + (0.06 + 0.88 * step / 4) * (high - low))
        near = brow[np.abs(brow[:, 0] - at) < 0.12 * (high - low)]
        found[f"brow_left_{step + 1}"] = _on_front(
            facts, at, float(near[:, 1].min() + near[:, 1].max()) / 2
        )
    return found


def _ear(facts: MeshFacts) -> dict[str, Place]:
    points = facts.points_N3
    ear = np.flatnonzero((facts.regions["ears"] > 0.5) & (points[:, 0] > 0.3))
    x, y, z = points[ear].T
    low = ear[y < y.min() + 0.12 * np.ptp(y)]
    return {
        "ear_left_top": _one(ear[np.argmax(y)]),
        "ear_left_lobe": _one(low[np.argmin(points[low, 1] - 0.3 * points[low, 2])]),
        "ear_left_back": _one(ear[np.argmax(x - 0.5 * z)]),
    }


def _lips(facts: MeshFacts) -> dict[str, Place]:
    """Outer border of the red of the lips; inner border where the jaw's movement jumps."""
    x, y, z = facts.points_N3.T
    red = facts.regions["lips"] > 0.5
    mouth = red | (facts.regions["inside-mouth"] > 0.5)
    shown = red & (facts.normals_N3[:, 2] > -0.2) & (z > z[red].max() - 0.5)
    corner = int(np.flatnonzero(shown)[np.argmax(x[shown])])
    half = float(x[corner])
    outer_low, outer_high, inner_low, inner_high = [], [], [], []
    for at in np.linspace(0, 0.93, 12) * half:
        column = np.flatnonzero(shown & (np.abs(x - at) < (0.035 if at else 0.012)))
        outer_high.append(column[np.argmax(y[column])])
        outer_low.append(column[np.argmin(y[column])])
        column = np.flatnonzero(mouth & (np.abs(x - at) < 0.035))
        low, high = _lips_of(facts, column)
        inner_high.append(high)
        inner_low.append(low)
    found = {"mouth_left": _one(corner)}
    for name, chain, steps in (
        ("lip_upper", outer_high, 4),
        ("lip_lower", outer_low, 4),
        ("lip_upper_in", inner_high, 3),
        ("lip_lower_in", inner_low, 3),
    ):
        line = np.unique(chain)
        line = line[np.argsort(x[line])]
        line = line[np.diff(x[line], prepend=-1.0) > 1e-4]
        found[f"{name}_mid"] = _one(line[np.argmin(np.abs(x[line]))])
        for step in range(1, steps):
            found[f"{name}_left_{step}"] = _on_line(line, x, half * step / steps)
    return found


def _lips_of(facts: MeshFacts, column: NDArray[np.int64]) -> tuple[int, int]:
    """In a column of the mouth, where the lower lip and the upper lip end towards each other."""
    y, z = facts.points_N3[:, 1], facts.points_N3[:, 2]
    drop = -facts.jaw_N3[:, 1]
    column = column[z[column] > z[column].max() - 0.13]
    half_drop = (drop[column].min() + drop[column].max()) / 2
    low, high = column[drop[column] > half_drop], column[drop[column] <= half_drop]
    lower = int(low[np.argmax(y[low])])
    high = high[z[high] > z[lower] - 0.05]
    return lower, int(high[np.argmin(y[high])])


def _nose(facts: MeshFacts) -> dict[str, Place]:
    x, y, z = facts.points_N3.T
    apart = float(facts.eyes_23[0, 0] - facts.eyes_23[1, 0])
    eye_y = float(facts.eyes_23[:, 1].mean())
    lips_y = float(y[(facts.regions["lips"] > 0.5)].max())
    nose = (facts.regions["face"] > 0.5) & (np.abs(x) < 0.3) & (y < eye_y) & (y > lips_y)
    tip = int(np.flatnonzero(nose)[np.argmax(z[nose])])
    found = {
        "nose_tip": _one(tip),
        "nose_wing_left": _on_front(facts, 0.275 * apart, eye_y - 0.6 * apart),
    }
    for step in range(3):
        at = eye_y + 0.06 + (y[tip] - eye_y) * step / 3.4
        found[f"nose_bridge_{step + 1}"] = _on_front(facts, 0.0, float(at))
    column = np.flatnonzero(nose & (np.abs(x) < 0.02) & (y < y[tip]))
    found["nose_base"] = _one(column[np.argmin(z[column] + 0.6 * (y[column] - lips_y))])
    return found


def _jaw(facts: MeshFacts) -> dict[str, Place]:
    """The jaw's edge from below one ear round the chin to the other."""
    points = facts.points_N3
    bone = (facts.head_weight_N > 0.97) & (facts.regions["ears"] < 0.5)
    bone &= (facts.regions["inside-mouth"] < 0.5) & (facts.normals_N3[:, 2] > 0.1)
    middle = np.array([0.0, float(facts.eyes_23[0, 1]) - 0.45])
    offset = points[:, :2] - middle
    angle, radius = np.arctan2(offset[:, 0], -offset[:, 1]), np.hypot(*offset.T)

    def edge(at: float) -> Place:
        near = np.flatnonzero(bone & (np.abs(angle - at) < 0.06))
        return _one(near[np.argmax(radius[near])])

    steps = {f"jaw_left_{step}": edge(float(at)) for step, at in enumerate(_JAW_ANGLES, 1)}
    return {"chin": edge(0.0)} | steps


def _skull_and_body(facts: MeshFacts) -> dict[str, Place]:
    points, weight = facts.points_N3, facts.head_weight_N
    y = float(facts.eyes_23[:, 1].mean())
    apart = float(facts.eyes_23[0, 0] - facts.eyes_23[1, 0])
    middle = np.flatnonzero(np.abs(points[:, 0]) < 0.03)
    neck = (np.abs(weight - 0.5) < 0.12) & (facts.regions["inside-mouth"] < 0.5)

    def at(across: float, up: float) -> Place:
        return _on_front(facts, across * apart, y + up * apart)

    return {
        "crown": _one(middle[np.argmax(points[middle, 1])]),
        "forehead": at(0, 1.0),
        "forehead_left": at(0.62, 0.9),
        "temple_left": at(1.05, 0.25),
        "cheek_left_1": at(0.72, -0.5),
        "cheek_left_2": at(0.62, -1.05),
        "throat": at(0, -2.6),
        "collar": at(0, -3.35),
        "neck_left": _one(np.flatnonzero(neck)[np.argmax(points[neck, 0])]),
        "shoulder_left": at(2.9, -3.3),
    }
