"""Drawn lines that are geometry: the lashes' line along a lid, a brow, the line of a lower lid.

Each is a ribbon whose middle is a spline through landmarks of the skin, so it follows every motion.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.interpolate import CubicSpline

from inference.contract import Float32Array
from training.people.points import Landmarker
from training.rig.mesh import Mesh, build_mesh
from training.rig.person import Person

STEPS = 13


def ribbon(rows: list[sparse.csr_matrix], across_ST3: tuple[Float32Array, Float32Array]) -> Mesh:
    """A mesh from splines (each STEPS rows of weights on base vertices) and the offsets of their
    two edges (splines, STEPS, 3)."""
    low, high = across_ST3
    weights, offsets, faces, uvs = [], [], [], []
    for k, row in enumerate(rows):
        weights += [row, row]
        offsets += [low[k], high[k]]
        first = 2 * STEPS * k + np.arange(STEPS - 1)
        faces.append(np.stack([first, first + 1, first + 1 + STEPS, first + STEPS], 1))
        t = np.linspace(0, 1, STEPS)
        uvs += [np.stack([t, np.zeros(STEPS)], 1), np.stack([t, np.ones(STEPS)], 1)]
    quads = np.concatenate(faces).astype(np.int64)
    return build_mesh(
        sparse.vstack(weights).tocsr(),
        np.concatenate(offsets).astype(np.float32),
        quads,
        quads,
        np.concatenate(uvs).astype(np.float32),
    )


def _spline(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """From rows at landmarks to STEPS rows along a smooth curve through them."""
    count = rows.shape[0]
    shares = CubicSpline(np.arange(count), np.eye(count))(np.linspace(0, count - 1, STEPS))
    return sparse.csr_matrix(shares) @ rows


def _parabola(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same along the parabola that comes nearest to the landmarks."""
    count = rows.shape[0]
    at, along = np.linspace(0, 1, count), np.linspace(0, 1, STEPS)
    fit = np.linalg.pinv(np.stack([np.ones(count), at, at**2], 1))
    return sparse.csr_matrix(np.stack([np.ones(STEPS), along, along**2], 1) @ fit) @ rows


def lash_lines(
    person: Person, marks: Landmarker, width: float, wing: float, upper: bool = True
) -> Mesh:
    """The line along both upper (or lower) lids; `width` (dm) at its widest, `wing` beyond the
    outer corner."""
    part = "upper" if upper else "lower"
    rows, low, high = [], [], []
    t = np.linspace(0, 1, STEPS)
    for side, sign in (("left", 1.0), ("right", -1.0)):
        names = [f"eye_{side}_inner", *(f"eye_{side}_{part}_{k}" for k in range(1, 5)),
                 f"eye_{side}_outer"]  # fmt: skip
        rows.append(_spline(marks.rows(person, names)))
        thick = width * np.sin(np.pi * np.clip(t * 0.62 + 0.06, 0, 1)) * (1 if upper else 0.45)
        last = wing * np.clip((t - 0.72) / 0.28, 0, 1) ** 1.5 if upper else np.zeros(STEPS)
        zero = np.zeros(STEPS)
        up = 1.0 if upper else -1.0
        low.append(np.stack([sign * last, -up * 0.15 * thick + 0.4 * last, zero + 0.030], 1))
        high.append(
            np.stack(
                [
                    sign * last * 1.2,
                    up * thick * (1 - 0.5 * last / max(wing, 1e-6) if upper else 1) + 0.6 * last,
                    zero + 0.045,
                ],
                1,
            )
        )
    return ribbon(rows, (np.stack(low), np.stack(high)))


def mouth_line(person: Person, marks: Landmarker, width: float, lift: float = 0.022) -> Mesh:
    """The seam between the lips, from corner to corner along the upper one; `width` and how far
    it lies before them in dm."""
    names = ["mouth_right", "lip_upper_in_right_2", "lip_upper_in_right_1", "lip_upper_in_mid",
             "lip_upper_in_left_1", "lip_upper_in_left_2", "mouth_left"]  # fmt: skip
    t = np.linspace(0, 1, STEPS)
    half = width / 2 * (0.35 + 0.65 * np.sin(np.pi * t))
    zero = np.zeros(STEPS)
    low = np.stack([zero, -half - 0.004, zero + lift], 1)
    high = np.stack([zero, half - 0.004, zero + lift], 1)
    return ribbon([_spline(marks.rows(person, names))], (low[None], high[None]))


def brow_lines(
    person: Person,
    marks: Landmarker,
    width: float,
    taper: float,
    arch: float,
    raised: float,
    plain: bool = False,
) -> Mesh:
    """Both brows; `width` and `raised` in dm, `taper` 0..1 how pointed the outer end is, `arch`
    lifts the middle (dm); `plain` ones are parabolas, as bent faces give a spline hooks."""
    rows, low, high = [], [], []
    t = np.linspace(0, 1, STEPS)
    for side in ("left", "right"):
        names = [f"brow_{side}_{k}" for k in range(1, 6)]
        rows.append((_parabola if plain else _spline)(marks.rows(person, names)))
        half = width / 2 * (1 - taper * t**1.5) * np.minimum(1, 0.45 + 4 * t)
        middle = raised + arch * np.sin(np.pi * t)
        zero = np.zeros(STEPS)
        off = 0.06 if plain else 0.03
        low.append(np.stack([zero, middle - half, zero + off], 1))
        high.append(np.stack([zero, middle + half, zero + off - 0.008], 1))
    return ribbon(rows, (np.stack(low), np.stack(high)))
