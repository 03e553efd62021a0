"""The tongue: how it lies in an open mouth, and how it comes out between teeth and lips.

A displacement times the value cannot bend a tongue over the lower lip, and nothing but the rig
needs it to be linear: teeth and tongue are painted, never warped. So its shape is made here, from
where teeth and lips stand at the moment.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from inference.contract import Float32Array
from training.rig.layers import smoothstep

REACH: Final = 0.50
"""How far (dm) the tip can come forward; nine tenths of it at tongueOut 1."""
SOON: Final = 0.40
"""tongueOut at which two thirds of the way are done: a spoken "th" uses little of the range."""
ROUND: Final = 2.4
"""How much (1/dm) the sides of the tip stay behind its middle."""
LOWERED: Final = 0.42
"""How far the back of the tongue sinks, as a share of the gap between the lips."""
THINNEST: Final = 0.028
"""Thickness (dm) that a tongue keeps in the narrowest gap."""
DROOP: Final = 2.1
"""Curvature (1/dm) of the part that hangs over the lower lip."""
BOWL: Final = 1.1
"""Curvature (1/dm) across: the sides stand higher than the middle."""


class Tongue:
    """The tongue's points, and the teeth and lips they must pass."""

    def __init__(
        self,
        tongue_N3: Float32Array,
        teeth_M3: Float32Array,
        jaw_open_M3: Float32Array,
        lips: tuple[int, int],
    ) -> None:
        """Points at rest; `jaw_open_M3` moves the teeth; `lips` are skin points, upper, lower."""
        z = tongue_N3[:, 2]
        root, tip = float(z.min()), float(z.max())
        self._along_N = ((z - root) / (tip - root)).astype(np.float32)
        self._height_N = tongue_N3[:, 1] - self._middle(tongue_N3)
        front = (np.abs(teeth_M3[:, 0]) < 0.07) & (teeth_M3[:, 2] > teeth_M3[:, 2].max() - 0.10)
        below = -jaw_open_M3[:, 1] > 0.6 * float(-jaw_open_M3[:, 1].min())
        if not (front & below).any():  # a snout's lower teeth stand far behind the upper ones
            last = float(teeth_M3[below, 2].max())
            front |= below & (np.abs(teeth_M3[:, 0]) < 0.07) & (teeth_M3[:, 2] > last - 0.10)
        lower, upper = np.flatnonzero(front & below), np.flatnonzero(front & ~below)
        self._lower_tooth = int(lower[np.argmax(teeth_M3[lower, 1])])
        self._upper_tooth = int(upper[np.argmin(teeth_M3[upper, 1])])
        self._lips = lips

    def _middle(self, points_N3: Float32Array) -> Float32Array:
        """Height of the middle line at every point's place along the tongue."""
        bins = np.clip((self._along_N * 10).astype(int), 0, 9)
        inner = np.abs(points_N3[:, 0]) < 0.08
        found = [
            points_N3[inner & (bins == k), 1] for k in range(10) if (inner & (bins == k)).any()
        ]
        where = [(k + 0.5) / 10 for k in range(10) if (inner & (bins == k)).any()]
        heights = [(part.min() + part.max()) / 2 for part in found]
        line: Float32Array = np.interp(self._along_N, where, heights).astype(np.float32)
        return line

    def place(
        self,
        tongue_N3: Float32Array,
        teeth_M3: Float32Array,
        skin_K3: Float32Array,
        out: float,
    ) -> Float32Array:
        """Points (n, 3) for `out` (tongueOut), from those that merely went with the jaw."""
        upper_lip, lower_lip = skin_K3[self._lips[0]], skin_K3[self._lips[1]]
        gap = max(float(upper_lip[1] - lower_lip[1]), 0.0)
        points = tongue_N3.copy()
        back = smoothstep(0.0, 0.25, self._along_N) * smoothstep(1.0, 0.55, self._along_N)
        points[:, 1] -= LOWERED * gap * back
        if out <= 0:
            return points
        return self._put_out(points, teeth_M3, lower_lip, gap, out)

    def _put_out(
        self,
        points: Float32Array,
        teeth_M3: Float32Array,
        lower_lip: Float32Array,
        gap: float,
        out: float,
    ) -> Float32Array:
        top, bottom = teeth_M3[self._upper_tooth], teeth_M3[self._lower_tooth]
        teeth_gap = float(top[1] - bottom[1])
        thick = float(np.ptp(self._height_N[self._along_N > 0.8]))
        room = min(max(teeth_gap, 0.0), gap) * 0.95
        thin = np.clip(room, THINNEST, thick) / thick
        # a shut mouth keeps its tongue
        reach = REACH * (1 - np.exp(-out / SOON)) * float(np.clip(gap / 0.02, 0.0, 1.0))
        root, tip = float(points[:, 2].min()), float(points[:, 2].max())
        z = points[:, 2] + reach * self._along_N**1.4
        z -= min(out / 0.3, 1.0) * ROUND * points[:, 0] ** 2 * smoothstep(0.45, 1.0, self._along_N)
        gate = float(bottom[2]) - 0.02
        inside = smoothstep(root + 0.25, gate, z)
        height = self._height_N * (1 + (thin - 1) * inside)
        # over the teeth, then over the lip, whichever is higher, then down in front of it
        rest = points[:, 1] - self._height_N
        half = thin * thick / 2
        over = max(float(bottom[1]), float(lower_lip[1])) + half
        low = float(bottom[1]) + half + 0.01
        line = low + (over - low) * smoothstep(gate, float(lower_lip[2]), z)
        edge = float(lower_lip[2]) + 0.03
        beyond = np.clip(z - edge, 0, None)
        fall = DROOP * beyond**2
        slope = 2 * DROOP * beyond
        tilt = 1 / np.sqrt(1 + slope**2)
        share = inside * float(np.clip(out / 0.12, 0, 1))
        centre = rest + (line - rest) * share - fall
        width = 1 - 0.18 * out * inside
        points[:, 0] *= width
        bowl = BOWL * points[:, 0] ** 2 * inside * np.clip(1 - 3 * beyond, 0, 1)
        points[:, 1] = centre + height * tilt + bowl
        points[:, 2] = z + height * slope * tilt - 0.35 * np.clip(z - tip, 0, None) * slope * tilt
        return points
