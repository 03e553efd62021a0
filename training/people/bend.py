"""Bending the space of a head: shapes beyond the human range that every motion follows.

A bend is a smooth map of space, applied to the base vertices after the motion's displacements and
before anything is fitted to them; so lids still meet, lips still close, and hair still fits.
"""

from __future__ import annotations

import numpy as np

from inference.contract import Float32Array
from training.people.spec import Bend
from training.rig.base_mesh import EYEBALLS, VERTEX_COUNT, BaseMesh
from training.rig.layers import smoothstep
from training.rig.mesh_files import IntArray

EYE_INNER, EYE_OUTER = 0.16, 0.74
"""Radii (dm) within which an eye is scaled evenly, and beyond which nothing moves."""


class Bender:
    """The map of one head, set up from its base vertices at rest."""

    def __init__(self, bend: Bend, base: BaseMesh, rest_B3: Float32Array) -> None:
        self.bend = bend
        self._eyes = np.stack([base.joint(rest_B3, f"{s}-eye") for s in "lr"])
        self._eye_y = float(self._eyes[:, 1].mean())
        body = rest_B3[base.obj.groups["body"]]
        middle = body[np.abs(body[:, 0]) < 0.04]
        eye_z = float(self._eyes[:, 2].mean())
        front = middle[(middle[:, 1] < self._eye_y) & (middle[:, 2] > eye_z - 0.1)]
        nose = front[(front[:, 1] > self._eye_y - 0.45)]
        self._nose = nose[np.argmax(nose[:, 2])] - np.array([0, 0, 0.22])
        head = base.head_weight_B[base.obj.groups["body"]] > 0.95
        chin = body[head & (body[:, 2] > eye_z - 0.2)]
        self._chin_y = float(chin[:, 1].min())
        self._top_y = float(body[:, 1].max())
        lips_y = self._chin_y + 0.42 * (float(self._nose[1]) - self._chin_y)
        lips = front[np.abs(front[:, 1] - lips_y) < 0.06]
        self._mouth = np.array([0.0, lips_y, float(lips[:, 2].max()) - 0.15])
        neck = base.joint(rest_B3, "neck")
        self._neck = np.array([0.0, self._chin_y - 0.35, float(neck[2])])
        self._skull_z = float(body[head][:, 2].mean())
        balls = rest_B3[EYEBALLS]
        self._balls = [balls[(balls[:, 0] > 0) == left] for left in (True, False)]
        self._eye_z = eye_z
        self._ears = [_ear(base, side) for side in "lr"] if bend.ears != 1 else []

    def __call__(self, points_N3: Float32Array) -> Float32Array:
        """Points after bending; also any other points in the base's space."""
        bend, out = self.bend, points_N3.astype(np.float32).copy()
        self._scale_eyes(out)
        if bend.nose != 1:
            _swell(out, self._nose, np.array([bend.nose] * 3) ** [0.8, 0.6, 1.3], 0.10, 0.36)
        if bend.mouth != 1:
            _swell(out, self._mouth, np.array([bend.mouth, bend.mouth**0.5, 1.0]), 0.22, 0.60)
        if bend.curl:
            self._curl_lips(out)
        if bend.muzzle or bend.bridge:
            self._shape_muzzle(out)
        if len(out) == VERTEX_COUNT:
            self._shrink_ears(out)
        self._shape_skull(out)
        return out

    def _curl_lips(self, out: Float32Array) -> None:
        """Bend the mouth upwards towards its corners, teeth and all, by a parabola."""
        offset = out - self._mouth.astype(np.float32)
        near = smoothstep(0.62, 0.28, np.hypot(offset[:, 0], 1.3 * offset[:, 1]))
        near *= smoothstep(self._eye_z - 0.45, self._eye_z - 0.10, out[:, 2])
        across = np.clip(np.abs(offset[:, 0]) / (0.30 * self.bend.mouth), 0, 1.3)
        out[:, 1] += self.bend.curl * (across**2 - 0.3) * near

    def _shape_muzzle(self, out: Float32Array) -> None:
        """Nose, lips, teeth and tongue stand out as a snout; the eyes stay where they are."""
        bend, (nose_y, lips_y) = self.bend, (float(self._nose[1]), float(self._mouth[1]))
        x, y = out[:, 0], out[:, 1]
        front = smoothstep(self._eye_z - 0.45, self._eye_z + 0.05, out[:, 2])
        if bend.bridge:  # the narrow root of a human nose goes
            ridge = smoothstep(0.26, 0.02, np.abs(x)) * smoothstep(nose_y - 0.02, nose_y + 0.12, y)
            ridge *= smoothstep(self._eye_y + 0.30, self._eye_y + 0.02, y)
            level = self._eye_z + 0.20 - 0.35 * x * x
            out[:, 2] -= bend.bridge * ridge * np.clip(out[:, 2] - level, 0, None)
        middle = lips_y + 0.35 * (nose_y - lips_y)
        tall = np.where(y > middle, nose_y + 0.24 - middle, middle - lips_y + 0.30)
        away = np.hypot(x / 0.50, (y - middle) / tall)
        share = smoothstep(1.0, 0.40, away) * front
        puff = np.exp(-(((np.abs(x) - 0.15) / 0.13) ** 2) - ((y - lips_y - 0.10) / 0.12) ** 2)
        out[:, 2] += bend.muzzle * share + bend.puff * puff * front
        out[:, 0] *= 1 - bend.taper * share

    def _shrink_ears(self, out: Float32Array) -> None:
        for index, near in self._ears:
            ear = out[index]
            root = ear.mean(0)
            root[0] = np.sign(root[0]) * (float(np.abs(ear[:, 0]).min()) - 0.06)
            out[index] += (1 - self.bend.ears) * near[:, None] * (root - ear)

    def _scale_eyes(self, out: Float32Array) -> None:
        bend, moves = self.bend, np.zeros_like(out)
        scale = np.array(bend.eyes, np.float32) - 1
        for eye, side in zip(self._eyes, (1.0, -1.0), strict=True):
            offset = out - eye.astype(np.float32)
            near = smoothstep(EYE_OUTER, EYE_INNER, np.linalg.norm(offset, axis=1))[:, None]
            shift = np.array([side * bend.apart, bend.raised, 0.0], np.float32)
            moves += near * (offset * scale + shift)
        out += moves

    def _shape_skull(self, out: Float32Array) -> None:
        bend = self.bend
        y = out[:, 1]
        if bend.jaw or bend.face != 1:
            low = smoothstep(self._eye_y - 0.20, self._chin_y, y)
            neck = smoothstep(self._chin_y - 0.45, self._chin_y - 0.05, y)
            out[:, 0] *= 1 - bend.jaw * low**0.8 * neck
            below = np.clip(self._eye_y - 0.1 - y, 0, self._eye_y - 0.1 - self._chin_y)
            out[:, 1] += (1 - bend.face) * below
        if bend.skull != 1 or bend.wide != 1:
            up = np.clip(y - self._eye_y - 0.05, 0, None)
            ease = up * up / (up + 0.25)
            out[:, 1] += (bend.skull - 1) * ease
            share = smoothstep(self._chin_y, self._eye_y + 0.3, y)
            out[:, 0] *= 1 + (bend.wide - 1) * share
            out[:, 2] += (bend.skull - 1) * 0.5 * share * (out[:, 2] - self._skull_z)
        if bend.neck != 1:
            at = self._chin_y + (1 - bend.face) * (self._eye_y - 0.1 - self._chin_y)
            there = smoothstep(at + 0.15, at - 0.25, y) * smoothstep(at - 1.05, at - 0.45, y)
            slim = 1 + (bend.neck - 1) * there
            out[:, 0] *= slim
            out[:, 2] = self._neck[2] + (out[:, 2] - self._neck[2]) * slim
        if bend.head != 1:
            grow = (bend.head - 1) * smoothstep(self._chin_y - 0.75, self._chin_y - 0.05, y)
            out += grow[:, None] * (out - self._neck.astype(np.float32))

    def eyeball(self) -> Float32Array:
        """The linear part (3, 3) of the bend at the left eyeball (the right's but for skew)."""
        balls = self._balls[0]
        plain, bent = balls - balls.mean(0), self(balls)
        fit, *_ = np.linalg.lstsq(plain, bent - bent.mean(0), rcond=None)
        linear = fit.T.astype(np.float32)
        return np.diag(np.diag(linear)).astype(np.float32)


def _swell(
    out: Float32Array, centre: Float32Array, scale: Float32Array, inner: float, outer: float
) -> None:
    """Scale space about a centre, in place: wholly within `inner`, not at all beyond `outer`."""
    offset = out - centre.astype(np.float32)
    near = smoothstep(outer, inner, np.linalg.norm(offset, axis=1))[:, None]
    out += near * offset * (scale - 1).astype(np.float32)


def _ear(base: BaseMesh, side: str) -> tuple[IntArray, Float32Array]:
    """Vertices of a human ear, and how wholly each belongs to it."""
    index, offset = base.target(f"ears/{side}-ear-scale-decr")
    size = np.linalg.norm(offset, axis=1)
    return index, smoothstep(0.0, 0.25 * float(size.max()), size)
