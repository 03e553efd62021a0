"""Flat cartoons by chance: a round, square or bean-shaped head, features, hair, hat, body.

The rig's drawn figures keep human proportions; pictures that people make of simple shapes do not.
A cartoon gives what a rendered figure gives (picture, masks, named points), in about 20 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from scipy.interpolate import RBFInterpolator

from inference.contract import Float32Array, UInt8Array
from training.portrait import cartoon_dress as dress
from training.portrait import cartoon_face as face
from training.portrait.cartoon_dress import Head
from training.portrait.cartoon_face import (
    CLOTHES,
    FINE,
    HAIR_BACK,
    HAIR_FRONT,
    SIZE,
    SKIN,
    Canvas,
    Plan,
    oval,
)  # fmt: skip

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""


@dataclass(frozen=True, slots=True)
class Cartoon:
    """`rgba` (SIZE, SIZE, 4), `masks` (SIZE, SIZE, 4) shares of 255, `points` (L, 2) pixels: as
    `training.portrait.data.Picture`."""

    rgba: UInt8Array
    masks: UInt8Array
    points: Float32Array


def draw_cartoon(
    rng: np.random.Generator, names: tuple[str, ...], template_L2: Float32Array
) -> Cartoon:
    """One cartoon with points in the order of `names`; `template_L2` is the mean shape of heads."""
    skin, ink = _skin(rng), rng.uniform(0, 60, 3)
    line = int(rng.choice([0, 2, 3, 5, 7], p=[0.4, 0.15, 0.2, 0.15, 0.1]))
    size = (FINE, FINE)
    canvas = Canvas(np.full((*size, 3), 128, np.uint8), np.zeros(size, np.uint8), ink, line)
    head = _head(rng)
    hair = (
        rng.uniform(0, 255, 3)
        if rng.random() < 0.5
        else rng.uniform(0, 90) * np.array([1, 0.8, 0.6])
    )
    plan = _plan(rng, head, skin, names, template_L2)
    style = str(rng.choice(["none", "cap", "bumps", "spikes"], p=[0.17, 0.5, 0.16, 0.17]))
    long_hair = rng.random() < 0.3
    if long_hair:
        dress.hair_behind(canvas, head, hair, rng)
    dress.body(canvas, plan, head, rng)
    if style == "bumps":
        dress.bumps(canvas, head, hair, rng)
    _ears(canvas, plan, head, rng)
    canvas.fill(head.outline, skin, SKIN)
    _features(canvas, plan, head, hair, rng)
    if style != "none":
        dress.hair(canvas, plan, head, hair, style, rng)
    if rng.random() < 0.3:
        dress.hat(canvas, plan, head, rng)
    _contour(plan, head, names, template_L2)
    return _finished(canvas, _all_points(plan, names, template_L2))


def _skin(rng: np.random.Generator) -> Any:
    kind = rng.random()
    if kind < 0.6:  # people
        depth = rng.beta(1.0, 1.6)
        return np.array([255, 222, 196]) * (1 - depth) + np.array([95, 60, 42]) * depth
    if kind < 0.75:
        return rng.uniform((235, 205, 40), (255, 255, 170))
    return rng.uniform(90, 255, 3)


def _head(rng: np.random.Generator) -> Head:
    tall = float(rng.uniform(85, 185))
    half = tall * float(np.exp(rng.normal(0.0, 0.22)))
    half = min(half, 240.0)
    x, y = 320 + float(rng.normal(0, 18)), float(rng.uniform(tall + 70, max(tall + 71, 330)))
    power = float(rng.choice([2.0, 2.6, 4.0, 12.0], p=[0.45, 0.25, 0.17, 0.13]))
    whole = oval(0, 0, half, tall, power, 128)
    taper, lean = float(rng.normal(0, 0.12)), float(rng.normal(0, 0.03))
    if rng.random() < 0.3:  # a pointed or a broad jaw
        taper = float(rng.uniform(-0.5, 0.3))
    low = whole[:, 1] / tall
    whole[:, 0] = whole[:, 0] * (1 + taper * np.clip(low, -0.4, 1)) + lean * half * low**2
    whole += (x, y)
    cut = float(whole[:, 1].max())
    outline = whole
    if rng.random() < 0.2:  # the head goes on as the body
        cut = y + tall * float(rng.uniform(0.25, 0.75))
        outline = whole.copy()
        outline[:, 1] = np.minimum(outline[:, 1], cut)
    return Head(x, y, half, tall, outline, cut, whole)


def _plan(
    rng: np.random.Generator, head: Head, skin: Any, names: tuple[str, ...], template: Any
) -> Plan:
    high = head.y + head.tall * float(rng.uniform(-0.45, 0.2))
    high = min(high, head.cut - 0.5 * head.tall)
    shift = float(np.clip(rng.normal(0, 0.1), -0.25, 0.25)) if rng.random() < 0.5 else 0.0
    tilt = float(rng.normal(0, 0.06)) if rng.random() < 0.4 else 0.0
    shares = face.shares_of(names, template)
    return Plan(
        head.x + shift * head.half, high, tilt, head.half * (1 - abs(shift)), head.tall, head.cut,
        skin, shares,
    )  # fmt: skip


def _features(canvas: Canvas, plan: Plan, head: Head, hair: Any, rng: np.random.Generator) -> None:
    room = plan.chin - plan.y
    mouth_y = room * float(rng.uniform(0.42, 0.82))
    if rng.random() < 0.4:  # red cheeks
        blush = np.clip(np.asarray(plan.skin) * 0.8 + (60, 10, 20), 0, 255)
        inside = canvas.mask(head.outline)
        for sign in (-1, 1):
            at = plan.at(np.float64(sign * plan.half * 0.62), np.float64(mouth_y * 0.75))
            size = plan.tall * float(rng.uniform(0.06, 0.15))
            canvas.rgb[inside & canvas.mask(oval(at[0], at[1], size, size))] = blush
    if rng.random() < 0.14:
        dress.beard(canvas, plan, head, hair, mouth_y, rng)
    face.nose(canvas, plan, mouth_y, rng)
    face.mouth(canvas, plan, mouth_y, (room - mouth_y) * 0.85, rng)
    eyes = face.draw_eyes(rng, plan)
    for side in ("left", "right"):
        face.eye(canvas, plan, eyes, side, rng)
    face.brows(canvas, plan, eyes, hair * 0.7, rng)
    if rng.random() < 0.12:  # spectacles
        size = min(max(eyes.rx, eyes.ry) * 1.3 + 6, eyes.apart * 0.95)
        for sign in (-1, 1):
            rim = oval(sign * eyes.apart, 0, size, size, float(rng.uniform(2, 5)))
            rim = np.concatenate([rim, rim[:1]])
            canvas.stroke(plan.at(rim[:, 0], rim[:, 1]), canvas.ink, 4)
        canvas.stroke(plan.at(np.array([-1, 1]) * (eyes.apart - size), np.zeros(2)), canvas.ink, 4)


def _ears(canvas: Canvas, plan: Plan, head: Head, rng: np.random.Generator) -> None:
    size = head.tall * float(rng.uniform(0.08, 0.22))
    y = min(plan.y + head.tall * float(rng.uniform(-0.05, 0.3)), head.cut - size)
    drawn = rng.random() < 0.6
    for side, sign in (("left", 1), ("right", -1)):
        edge = dress.edge_at(head, y, sign)
        if drawn:
            canvas.fill(oval(edge, y, size * 0.8, size), plan.skin, SKIN)
        out = edge + sign * (size * 0.7 if drawn else 0.0)
        plan.points[f"ear_{side}_top"] = np.array([(edge + out) / 2, y - size * 0.8])
        plan.points[f"ear_{side}_back"] = np.array([out, y])
        plan.points[f"ear_{side}_lobe"] = np.array([edge, y + size * 0.85])


def _contour(plan: Plan, head: Head, names: tuple[str, ...], template: Any) -> None:
    """Jaw, temples, forehead and crown on the outline, spaced as on the mean shape."""
    at = {name: template[k] for k, name in enumerate(names)}
    top, low = float(head.outline[:, 1].min()), head.cut
    middle = float(np.mean(head.outline[head.outline[:, 1] > low - 2, 0]))
    plan.points["chin"] = np.array([middle, low])
    plan.points["crown"] = np.array([head.x, top])
    brow = min(plan.y - 0.3 * head.tall, (plan.y + top) / 2)
    plan.points["forehead"] = np.array([plan.x, (brow + top) / 2])
    for side, sign in (("left", 1), ("right", -1)):
        path = [f"temple_{side}", *(f"jaw_{side}_{k}" for k in range(8, 0, -1)), "chin"]
        mean = np.stack([at[name] for name in path])
        share = np.append(0, np.cumsum(np.hypot(*np.diff(mean, axis=0).T)))
        start = min(plan.y - 0.1 * head.tall, low - 10)
        line = head.outline[(head.outline[:, 0] - middle) * sign >= 0]
        line = line[line[:, 1] >= start]
        line = line[np.lexsort((-sign * line[:, 0], line[:, 1]))]
        line = np.concatenate([[(dress.edge_at(head, start, sign), start)], line, [(middle, low)]])
        along = np.append(0, np.cumsum(np.hypot(*np.diff(line, axis=0).T)))
        goal = share / share[-1] * along[-1]
        for name, k in zip(path[:-1], goal[:-1], strict=True):
            plan.points[name] = np.array(
                [np.interp(k, along, line[:, 0]), np.interp(k, along, line[:, 1])]
            )
        wide = (dress.edge_at(head, (brow + top) / 2, sign) - plan.x) * 0.65
        plan.points[f"forehead_{side}"] = np.array([plan.x + wide, (brow + top) / 2])


# --- the whole -----------------------------------------------------------------------------------


def _all_points(plan: Plan, names: tuple[str, ...], template: Any) -> Float32Array:
    """Every point: what was not drawn is carried along by the others (thin plates)."""
    known = [k for k, name in enumerate(names) if name in plan.points]
    placed = np.stack([plan.points[names[k]] for k in known])
    out = np.zeros((len(names), 2))
    out[known] = placed
    rest = [k for k in range(len(names)) if k not in known]
    if rest:
        carry = RBFInterpolator(template[known], placed, kernel="thin_plate_spline", smoothing=1e-3)
        out[rest] = carry(template[rest])
    return np.asarray((out + 0.5) / 2 - 0.5, np.float32)


def _finished(canvas: Canvas, points: Float32Array) -> Cartoon:
    seen = (canvas.part > 0).astype(np.float32)
    small = (SIZE, SIZE)
    alpha = cv.resize(seen, small, interpolation=cv.INTER_AREA)
    colour = cv.resize(canvas.rgb * seen[..., None], small, interpolation=cv.INTER_AREA)
    colour = colour / np.maximum(alpha[..., None], 1e-3)
    rgba = np.concatenate([colour, alpha[..., None] * 255], 2)
    masks = [
        cv.resize((canvas.part == k).astype(np.float32), small, interpolation=cv.INTER_AREA)
        for k in (SKIN, CLOTHES, HAIR_FRONT, HAIR_BACK)
    ]
    return Cartoon(
        np.rint(np.clip(rgba, 0, 255)).astype(np.uint8),
        np.rint(np.stack(masks, 2) * 255).astype(np.uint8),
        points,
    )
