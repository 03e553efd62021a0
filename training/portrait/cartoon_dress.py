"""Hair, beards, hats and bodies of flat cartoons, by chance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from training.portrait.cartoon_face import (
    CLOTHES,
    FINE,
    HAIR_BACK,
    HAIR_FRONT,
    SKIN,
    Canvas,
    Plan,
    oval,
)

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""


@dataclass(slots=True)
class Head:
    """Middle, half sizes, and the outline (n, 2) clockwise from the right, that ends at `cut`."""

    x: float
    y: float
    half: float
    tall: float
    outline: Any
    cut: float
    whole: Any


def edge_at(head: Head, y: float, sign: int) -> float:
    """Where the outline is at a height, right (+1) or left."""
    half = head.outline[(head.outline[:, 0] - head.x) * sign > 0]
    return float(half[np.abs(half[:, 1] - y).argmin(), 0])


def beard(
    canvas: Canvas, plan: Plan, head: Head, hair: Any, mouth_y: float, rng: np.random.Generator
) -> None:
    """Round mouth and chin, some way below; it is skin, and the chin stays where it is."""
    top, low = plan.y + mouth_y * float(rng.uniform(0.75, 1.0)), head.cut
    long = head.tall * float(rng.uniform(0.05, 1.3))
    inside = canvas.mask(head.outline)
    rows = np.arange(FINE)[:, None]
    canvas.rgb[inside & (rows > top)] = hair
    side = head.outline[np.abs(head.outline[:, 1] - (top + low) / 2).argmin(), 0]
    half = abs(float(side) - head.x) * float(rng.uniform(0.8, 1.02))
    u = np.linspace(-1, 1, 21)
    sharp = float(rng.uniform(0.7, 3.0))
    edge = low + long * (1 - np.abs(u) ** sharp) + rng.normal(0, 0.03 * head.tall, 21)
    start = np.full(2, (top + low) / 2)
    shape = np.stack([head.x + half * np.append(u, [1, -1]), np.append(edge, start)], 1)
    canvas.fill(shape, hair, SKIN)


def hair(
    canvas: Canvas, plan: Plan, head: Head, colour: Any, style: str, rng: np.random.Generator
) -> None:
    """A cap over the head with any fringe; spikes stand over it."""
    top = float(head.outline[:, 1].min())
    grow = 1 + float(rng.uniform(0.0, 0.18))
    middle = np.array([head.x, head.y])
    cap = middle + (head.whole - middle) * grow
    rows, columns = np.mgrid[:FINE, :FINE]
    u = (columns - head.x) / head.half
    level = top + (plan.y - top) * float(rng.uniform(0.1, 0.75))
    kind = str(rng.choice(["flat", "arc", "swept", "zigzag", "parted"]))
    deep = (plan.y - top) * float(rng.uniform(0.05, 0.5))
    line = {
        "flat": np.zeros_like(u), "arc": deep * (2 * u**2 - 0.6), "swept": deep * u,
        "zigzag": deep * 0.5 * np.abs((u * float(rng.integers(3, 9))) % 2 - 1),
        "parted": deep * (np.minimum(np.abs(u - rng.uniform(-0.5, 0.5)) * 2, 1.0) - 0.4),
    }[kind]  # fmt: skip
    over = canvas.mask(cap) & (rows < level + line)
    if rng.random() < 0.5:  # it goes down at the sides
        end = plan.y + (head.cut - plan.y) * float(rng.uniform(-0.3, 1.0))
        over |= canvas.mask(cap) & (np.abs(u) > rng.uniform(0.8, 0.97)) & (rows < end)
    if style == "spikes":
        count = int(rng.integers(4, 14))
        t = np.linspace(-np.pi, 0, 2 * count + 1)
        reach = np.where(np.arange(len(t)) % 2 == 1, 1 + rng.uniform(0.15, 0.6), 1.0)
        over |= canvas.mask(
            middle + np.stack([np.cos(t) * head.half * reach, np.sin(t) * head.tall * reach], 1)
        ) & ((rows < level + line) | ~canvas.mask(head.outline))
    canvas.paint(over, colour, HAIR_FRONT)
    if rng.random() < 0.15:  # bunches or buns
        size = head.tall * float(rng.uniform(0.15, 0.4))
        y = head.y - head.tall * float(rng.uniform(0.0, 0.9))
        for sign in (-1, 1):
            x = edge_at(head, y, sign) + sign * size * 0.8
            canvas.fill(oval(x, y, size, size * 1.2), colour, HAIR_FRONT)


def bumps(canvas: Canvas, head: Head, colour: Any, rng: np.random.Generator) -> None:
    """Curls round the head, behind it."""
    size = head.tall * float(rng.uniform(0.2, 0.4))
    count = int(np.clip(5 * head.half / size, 6, 22))
    for angle in np.linspace(-np.pi - 0.4, 0.4, count):
        x, y = head.x + np.cos(angle) * head.half, head.y + np.sin(angle) * head.tall
        canvas.fill(oval(x, y, size, size), colour, HAIR_FRONT)


def hair_behind(canvas: Canvas, head: Head, colour: Any, rng: np.random.Generator) -> None:
    """Long hair behind head, neck and shoulders; above the chin it counts as in front."""
    low = head.cut + head.tall * float(rng.uniform(-0.2, 1.4))
    top = float(head.outline[:, 1].min())
    wide = head.half * float(rng.uniform(1.0, 1.35))
    shape = oval(head.x, (top + low) / 2, wide, (low - top) / 2 + 4, float(rng.uniform(2.2, 8)))
    canvas.fill(shape, colour, HAIR_BACK)
    upper = canvas.part == HAIR_BACK
    upper[int(head.y + head.tall * 0.3) :] = False
    canvas.part[upper] = HAIR_FRONT


def hat(canvas: Canvas, plan: Plan, head: Head, rng: np.random.Generator) -> None:
    """A cap, tower, cone or crown over the forehead, with or without a brim; or a hood."""
    colour = rng.uniform(0, 255, 3)
    top = float(head.outline[:, 1].min())
    level = top + (plan.y - top) * float(rng.uniform(0.1, 0.7))
    half = abs(edge_at(head, level, 1) - head.x) * float(rng.uniform(1.0, 1.25))
    tall = head.tall * float(rng.uniform(0.25, 0.9)) + level - top
    kind = str(rng.choice(["dome", "tower", "cone", "crown", "hood"]))
    if kind == "hood":
        ring = oval(head.x, head.y, head.half * rng.uniform(1.1, 1.3), head.tall * 1.25)
        hole = oval(plan.x, (plan.y + head.cut) / 2, plan.half * rng.uniform(0.75, 0.98),
                    (head.cut - plan.y) * rng.uniform(0.62, 0.95))  # fmt: skip
        fall = np.arange(FINE)[:, None] < head.cut + head.tall * rng.uniform(-0.3, 0.2)
        canvas.paint(canvas.mask(ring) & ~canvas.mask(hole) & fall, colour, HAIR_FRONT)
        return
    u = np.linspace(-1, 1, 33)
    if kind == "crown":
        points = int(rng.integers(2, 7))
        edge = tall * (0.6 + 0.4 * np.abs(((u + 1) * points) % 2 - 1))
    else:
        edge = tall * {"dome": np.sqrt(1 - u**2), "cone": 1 - np.abs(u),
                       "tower": np.full(33, 1.0)}[kind]  # fmt: skip
    flare = 1 + (float(rng.normal(0, 0.15)) if kind in ("tower", "crown") else 0.0)
    upper = np.stack([head.x + u * half * flare, level - edge], 1)
    low = np.stack([head.x + u[::-1] * half, level + 0.12 * half * (1 - u**2)], 1)
    canvas.fill(np.concatenate([upper, low]), colour, HAIR_FRONT)
    if rng.random() < 0.6 and kind != "crown":
        wide = half * float(rng.uniform(1.05, 1.9))
        thick = head.tall * float(rng.uniform(0.03, 0.12))
        canvas.fill(oval(head.x, level, wide, thick, float(rng.uniform(2, 8))), colour * 0.85,
                    HAIR_FRONT)  # fmt: skip


def body(canvas: Canvas, plan: Plan, head: Head, rng: np.random.Generator) -> None:
    """A neck and shoulders, or the head goes on as the body; shoulders' and neck's points."""
    colour, low = rng.uniform(0, 255, 3), float(head.whole[:, 1].max())
    if rng.random() < 0.2:  # of nearly the skin's colour
        colour = np.clip(np.asarray(plan.skin) * rng.uniform(0.6, 1.1, 3), 0, 255)
    fused = head.cut < low - 1
    neck = 0.0 if fused else head.tall * max(0.0, float(rng.uniform(-0.15, 0.3)))
    neck_half = head.half * float(rng.uniform(0.18, 0.5))
    wide = head.half * float(rng.uniform(0.5, 1.9))
    start = head.cut if fused else head.cut + neck - 0.06 * head.tall
    end = min(start + head.tall * float(rng.uniform(0.5, 4.0)), FINE + 60.0)
    flare = float(rng.uniform(0.7, 1.5))
    if fused:
        canvas.fill(head.whole, colour, CLOTHES)
        wide = abs(edge_at(head, head.cut, 1) - head.x)
        start = head.cut
    else:
        middle = np.array([head.x, 0.0])
        round_ = head.tall * float(rng.uniform(0.05, 0.5))
        t = np.linspace(0, np.pi / 2, 9)
        arm = np.stack(
            [wide - round_ * 0.8 + round_ * 0.8 * np.sin(t), start + round_ * (1 - np.cos(t))], 1
        )
        right = np.concatenate([[(0, start)], arm, [(wide * flare, end)]])
        left = right[::-1] * (-1, 1)
        canvas.fill(np.concatenate([right, left]) + middle, colour, CLOTHES)
        half, low = neck_half, start + 6
        box = [(-half, head.y), (half, head.y), (half, low), (0, low + neck), (-half, low)]
        canvas.fill(np.array(box) + middle, plan.skin, SKIN)
    _trim(canvas, head, colour, (start, wide), plan.skin, rng)
    for side, sign in (("left", 1), ("right", -1)):
        plan.points[f"shoulder_{side}"] = np.array(
            [head.x + sign * wide * 0.95, start + 0.2 * head.tall]
        )
        plan.points[f"neck_{side}"] = np.array([head.x + sign * neck_half, head.cut])
    plan.points["throat"] = np.array([head.x, head.cut + 0.6 * max(start - head.cut, 0) + 3])
    plan.points["collar"] = np.array([head.x, start + 0.1 * head.tall])


def _trim(
    canvas: Canvas, head: Head, colour: Any, body: tuple[float, float], skin: Any,
    rng: np.random.Generator,
) -> None:  # fmt: skip
    """Stripes, collars, a bow, arms with hands."""
    start, wide = body
    rows = np.arange(FINE)[:, None]
    on = canvas.part == CLOTHES
    second = rng.uniform(0, 255, 3)
    if rng.random() < 0.3:
        period = head.tall * float(rng.uniform(0.1, 0.5))
        canvas.rgb[on & ((rows - start) % (2 * period) < period)] = second
    if rng.random() < 0.3:
        size = head.tall * float(rng.uniform(0.08, 0.25))
        bow = np.array([(-1, -0.6), (0, -0.15), (1, -0.6), (1, 0.6), (0, 0.15), (-1, 0.6)]) * size
        canvas.fill(bow * (1.3, 1) + (head.x, start + size * 0.8), second, CLOTHES)
    elif rng.random() < 0.25:
        deep = head.tall * float(rng.uniform(0.1, 0.3))
        canvas.fill(oval(head.x, start + deep * 0.3, wide * rng.uniform(0.5, 1.1), deep), second,
                    CLOTHES)  # fmt: skip
    if rng.random() < 0.6:
        for sign in (-1, 1):
            begin = np.array([head.x + sign * wide * 0.9, start + 0.15 * head.tall])
            hand = begin + head.tall * np.array(
                [sign * rng.uniform(0.1, 0.7), rng.uniform(-0.2, 1.2)]
            )
            thick = int(head.tall * rng.uniform(0.06, 0.25)) + 1
            a, b = (tuple(int(v) for v in p) for p in (begin, hand))
            cv.line(canvas.rgb, a, b, tuple(int(v) for v in colour), thick)
            cv.line(canvas.part, a, b, CLOTHES, thick)
            canvas.fill(oval(hand[0], hand[1], 0.7 * thick, 0.7 * thick), skin, SKIN)
