"""Openings of the face through which light falls: lips for the mouth, lids for the eyeballs.

Both are found once from how the motion bases move the skin, then followed in every frame.
"""

from __future__ import annotations

import numpy as np

from inference.contract import Float32Array


class MouthOpening:
    """The gap between the lips at the middle, and the light that falls through it."""

    def __init__(
        self, skin_N3: Float32Array, jaw_open_N3: Float32Array, inside_N: Float32Array
    ) -> None:
        x, y, z = skin_N3.T
        drop = -jaw_open_N3[:, 1]
        lip = np.abs(x) < 0.06
        lower = lip & (drop > 0.6 * drop.max())
        front = z[lower].max() - 0.12
        lower &= z > front
        self.lower = int(np.nonzero(lower)[0][np.argmax(y[lower])])
        upper = lip & (drop < 0.25 * drop.max()) & (z > z[self.lower] - 0.06)
        upper &= np.abs(y - y[self.lower]) < 0.25
        self.upper = int(np.nonzero(upper)[0][np.argmin(y[upper])])
        self._inside = np.nonzero(inside_N > 0.5)[0]

    def gap(self, skin_N3: Float32Array) -> float:
        """Height (dm) of the gap; negative when the lips overlap."""
        return float(skin_N3[self.upper, 1] - skin_N3[self.lower, 1])

    def light(self, points_N3: Float32Array, skin_N3: Float32Array) -> Float32Array:
        """Share of light (n,): the angle under which each unposed point sees the opening."""
        top, bottom = skin_N3[self.upper], skin_N3[self.lower]
        plane = max(top[2], bottom[2])
        depth = np.maximum(plane - points_N3[:, 2], 0.02)
        above = np.arctan((top[1] - points_N3[:, 1] + 0.02) / depth)
        below = np.arctan((bottom[1] - points_N3[:, 1] - 0.02) / depth)
        # The opening narrows towards the corners, about 0.3 dm from the middle.
        narrow = 1 - 0.75 * np.clip(np.abs(points_N3[:, 0]) / 0.30, 0, 1) ** 2
        throat = np.exp(-np.clip(depth - 0.40, 0, None) / 0.30)
        seen = np.clip((above - below) / np.pi * narrow * throat, 0, 1)
        return np.where(points_N3[:, 2] > plane, 1.0, seen).astype(np.float32)

    def skin_light(self, skin_N3: Float32Array) -> Float32Array:
        """Light on the skin: 1 outside, less on the mouth's inner wall the deeper it lies."""
        light = np.ones(len(skin_N3), np.float32)
        inner = self._inside
        seen = self.light(skin_N3[inner], skin_N3)
        depth = skin_N3[self.lower, 2] - skin_N3[inner, 2]
        deep = np.clip((depth - 0.03) / 0.12, 0, 1)
        # Hardly any of the light that enters comes back from the throat.
        throat = np.exp(-np.clip(depth - 0.25, 0, None) / 0.22)
        light[inner] = 1 - deep * (1 - np.minimum(1.6 * seen, 1) * throat)
        return light


class EyeOpening:
    """The upper lid's margin of one eye and the shade under it."""

    def __init__(self, skin_N3: Float32Array, blink_N3: Float32Array) -> None:
        drop = -blink_N3[:, 1]
        lid = np.nonzero(drop > 0.35 * drop.max())[0]
        x, y = skin_N3[lid, 0], skin_N3[lid, 1]
        self._left = float(x.mean()) > 0
        column = np.clip(((x - x.min()) / np.ptp(x) * 12).astype(int), 0, 11)
        lowest = [lid[column == k][np.argmin(y[column == k])] for k in np.unique(column)]
        self._margin = np.array(sorted(lowest, key=lambda k: skin_N3[k, 0]))

    def light(
        self, eyes_N3: Float32Array, skin_N3: Float32Array, centres_23: Float32Array
    ) -> Float32Array:
        """Share of light (n,) on the eyeball points of this side; 1 on the other side."""
        edge = skin_N3[self._margin]
        lid = np.interp(eyes_N3[:, 0], edge[:, 0], edge[:, 1])
        below = np.clip((lid - eyes_N3[:, 1]) / 0.11, 0, 1)
        centre = centres_23[0 if self._left else 1]
        aside = np.clip((np.abs(eyes_N3[:, 0] - centre[0]) - 0.07) / 0.10, 0, 1)
        light = (0.45 + 0.55 * below) * (1 - 0.35 * aside)
        mine = (eyes_N3[:, 0] > 0) == self._left
        return np.where(mine, light, 1.0).astype(np.float32)
