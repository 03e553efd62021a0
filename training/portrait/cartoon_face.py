"""Eyes, brows, noses and mouths of flat cartoons, drawn by chance with the named points on them.

Places are pixels of a `Canvas` of twice the picture's size; y points down, "left" is the person's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
SIZE: Final = 320
FINE: Final = 2 * SIZE
"""Side of the canvas, which is halved at the end against aliasing."""
SKIN, CLOTHES, HAIR_FRONT, HAIR_BACK = 1, 2, 3, 4
"""Labels of a canvas, in the order of `face_layers.MASKS`."""
Points = dict[str, Any]


@dataclass(slots=True)
class Canvas:
    """What is drawn so far: `rgb` (s, s, 3) of 0..255, `part` (s, s) labels, 0 nothing. `ink` is
    the colour of lines and `line` their width, 0: none round shapes."""

    rgb: Any
    part: Any
    ink: Any
    line: int

    def fill(self, shape_N2: Any, colour: Any, part: int = 0, outlined: bool = True) -> None:
        """A polygon; `part` 0 keeps the labels."""
        at = [np.rint(shape_N2).astype(np.int32)]
        cv.fillPoly(self.rgb, at, _tone(colour))
        if part:
            cv.fillPoly(self.part, at, part)
        if outlined and self.line:
            cv.polylines(self.rgb, at, True, _tone(self.ink), self.line)
            if part:
                cv.polylines(self.part, at, True, part, self.line)

    def paint(self, mask_HW: Any, colour: Any, part: int = 0) -> None:
        """Every pixel of a mask."""
        self.rgb[mask_HW] = np.asarray(colour)
        if part:
            self.part[mask_HW] = part
        if self.line:
            edges, _ = cv.findContours(
                mask_HW.astype(np.uint8), cv.RETR_EXTERNAL, cv.CHAIN_APPROX_NONE
            )
            cv.drawContours(self.rgb, edges, -1, _tone(self.ink), self.line)

    def stroke(self, path_N2: Any, colour: Any, width: float) -> None:
        """A line."""
        at = [np.rint(path_N2).astype(np.int32)]
        cv.polylines(self.rgb, at, False, _tone(colour), max(round(width), 1))

    def mask(self, shape_N2: Any) -> Any:
        """Which pixels are in a polygon."""
        out = np.zeros(self.part.shape, np.uint8)
        cv.fillPoly(out, [np.rint(shape_N2).astype(np.int32)], 1)
        return out > 0


def _tone(colour: Any) -> tuple[int, int, int]:
    r, g, b = (int(v) for v in np.clip(colour, 0, 255))
    return r, g, b


def oval(x: float, y: float, a: float, b: float, power: float = 2.0, count: int = 64) -> Any:
    """A superellipse (count, 2)."""
    t = np.linspace(0, 2 * np.pi, count, endpoint=False)
    c, s = np.cos(t), np.sin(t)
    flat = 2 / power
    return np.stack(
        [x + a * np.sign(c) * np.abs(c) ** flat, y + b * np.sign(s) * np.abs(s) ** flat], 1
    )


@dataclass(slots=True)
class Plan:
    """Where features go: `x`, `y` between the eyes, `tilt` radians; `half` and `tall`, half the
    head's width and height; `chin` the face's lower end; `shares` of points along lids and lips."""

    x: float
    y: float
    tilt: float
    half: float
    tall: float
    chin: float
    skin: Any
    shares: dict[str, float]
    points: Points = field(default_factory=dict)

    def at(self, x: Any, y: Any) -> Any:
        """Places (..., 2) of the canvas, from offsets along and across the eyes' line."""
        c, s = np.cos(self.tilt), np.sin(self.tilt)
        return np.stack([self.x + c * x - s * y, self.y + s * x + c * y], -1)

    def mark(self, name: str, x: float, y: float) -> None:
        """Note a point."""
        self.points[name] = self.at(np.float64(x), np.float64(y))


def shares_of(names: tuple[str, ...], template_L2: Float32Array) -> dict[str, float]:
    """How far (-1..1) points of lids lie from the inner to the outer corner, of lips from the
    mouth's middle to a corner, in the mean shape."""
    at = {name: template_L2[k] for k, name in enumerate(names)}
    out: dict[str, float] = {}
    for name, place in at.items():
        kind, *rest = name.split("_")
        if kind == "eye" and rest[1] in ("upper", "lower"):
            inner, outer = at[f"eye_{rest[0]}_inner"], at[f"eye_{rest[0]}_outer"]
            out[name] = float(2 * (place[0] - inner[0]) / (outer[0] - inner[0]) - 1)
        elif kind == "lip":
            left, right = at["mouth_left"][0], at["mouth_right"][0]
            out[name] = float(2 * (place[0] - right) / (left - right) - 1)
    return out


# --- eyes ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class Eyes:
    """Of both eyes: `kind` dot, white, ring, closed or lash; half sizes; how far from the middle;
    pupil's share; where it looks (-1..1); how much the lid covers; the iris's colour."""

    kind: str
    rx: float
    ry: float
    apart: float
    pupil: float
    look: tuple[float, float]
    lid: float
    iris: Any


def draw_eyes(rng: np.random.Generator, plan: Plan) -> Eyes:
    """By chance."""
    kind = str(
        rng.choice(["dot", "white", "ring", "lash", "closed"], p=[0.3, 0.4, 0.06, 0.17, 0.07])
    )
    small = kind == "dot"
    ry = plan.tall * float(rng.uniform(0.03, 0.12) if small else rng.uniform(0.07, 0.24))
    rx = ry * float(rng.uniform(0.55, 1.25))
    apart = plan.half * float(rng.uniform(0.22, 0.62))
    apart = float(np.clip(apart, rx * (1.0 if rng.random() < 0.3 else 1.2), plan.half * 0.8))
    rx = min(rx, plan.half * 0.95 - apart) if plan.half * 0.95 > apart + 3 else 3.0
    wild = rng.random() < 0.4
    look = rng.uniform(-0.9, 0.9, 2) * (1.0 if wild else 0.25)
    lid = float(rng.uniform(0.1, 0.42)) if kind == "white" and rng.random() < 0.3 else 0.0
    iris = rng.uniform(20, 230, 3) if rng.random() < 0.5 else rng.uniform(0, 60, 3)
    return Eyes(kind, rx, ry, apart, float(rng.uniform(0.25, 0.75)), (look[0], look[1]), lid, iris)


def eye(canvas: Canvas, plan: Plan, eyes: Eyes, side: str, rng: np.random.Generator) -> None:
    """Draw one eye, and its points."""
    sign = 1.0 if side == "left" else -1.0
    cx, rx, ry = sign * eyes.apart, eyes.rx, eyes.ry
    u = np.linspace(-1, 1, 25)
    bow = np.sqrt(np.maximum(1 - u**2, 0))
    upper, lower = np.maximum(-ry * bow, -ry + 2 * ry * eyes.lid), ry * bow
    upper = np.minimum(upper, lower)
    if eyes.kind == "closed":
        upper = lower = ry * 0.6 * (1 - u**2) * (1 if eyes.pupil > 0.5 else -1)
    ring = plan.at(
        np.concatenate([cx + sign * u * rx, cx + sign * u[::-1] * rx]),
        np.concatenate([upper, lower[::-1]]),
    )
    room = 1 - eyes.pupil
    px = cx + eyes.look[0] * rx * room * 0.8
    py = eyes.look[1] * ry * room * 0.8 + ry * eyes.lid
    _paint_eye(canvas, plan, eyes, ring, (px, py), rng)
    wide = 1.1 if eyes.kind == "dot" else 1.0
    for name, share in plan.shares.items():
        if name.startswith(f"eye_{side}_"):
            edge = upper if "upper" in name else lower
            plan.mark(name, cx + sign * share * rx * wide, wide * float(np.interp(share, u, edge)))
    level = float(upper[0])
    plan.mark(f"eye_{side}_inner", cx - sign * rx * wide, level)
    plan.mark(f"eye_{side}_outer", cx + sign * rx * wide, level)
    seen = eyes.kind in ("white", "ring", "lash")
    plan.mark(
        f"pupil_{side}", px if seen else cx, py if seen else float(np.mean(upper + lower)) / 2
    )


def _paint_eye(
    canvas: Canvas, plan: Plan, eyes: Eyes, ring: Any, pupil: tuple[float, float],
    rng: np.random.Generator,
) -> None:  # fmt: skip
    rx, ry = eyes.rx, eyes.ry
    if eyes.kind == "closed":
        return canvas.stroke(ring[:25], canvas.ink, max(canvas.line, 3) * 1.3)
    dark = eyes.iris if eyes.kind == "dot" else (250, 250, 250)
    if eyes.kind == "ring":
        middle = ring.mean(0)
        canvas.fill(middle + (ring - middle) * 1.35, eyes.iris, outlined=False)
    canvas.fill(ring, dark, outlined=eyes.kind == "white")
    if eyes.kind == "dot":
        return None
    inner = canvas.mask(ring)
    size = eyes.pupil
    tall = rng.uniform(1.0, 1.3) if eyes.kind == "lash" else 1.0
    round_ = min(rx, ry) if eyes.kind != "lash" else rx
    iris = oval(0, 0, round_ * size * 1.1, round_ * size * 1.1 * tall)
    at = plan.at(iris[:, 0] + pupil[0], iris[:, 1] + pupil[1])
    canvas.rgb[inner & canvas.mask(at)] = np.asarray(eyes.iris)
    middle = at.mean(0)
    canvas.rgb[inner & canvas.mask(middle + (at - middle) * 0.55)] = np.asarray(eyes.iris) * 0.25
    if rng.random() < 0.5:
        spot = middle - 0.3 * size * rx
        canvas.fill(oval(spot[0], spot[1], 0.18 * rx, 0.18 * rx), (255, 255, 255),
                    outlined=False)  # fmt: skip
    if eyes.kind == "lash" or eyes.lid > 0:
        canvas.stroke(ring[:25], canvas.ink, max(canvas.line, 2) * float(rng.uniform(1, 2.2)))
    return None


def brows(canvas: Canvas, plan: Plan, eyes: Eyes, colour: Any, rng: np.random.Generator) -> None:
    """Strokes over the eyes, or their places where none are drawn."""
    high = eyes.ry + plan.tall * float(rng.uniform(0.03, 0.15))
    long, slant = eyes.rx * float(rng.uniform(0.8, 1.5)), float(rng.normal(0, 0.25))
    long = max(long, plan.tall * 0.06)
    arch, drawn = float(rng.uniform(-0.1, 0.4)), rng.random() < 0.65
    width = plan.tall * float(rng.uniform(0.012, 0.06))
    for side, sign in (("left", 1.0), ("right", -1.0)):
        u = np.linspace(-1, 1, 5)
        x = sign * (eyes.apart + u * long)
        y = -high - slant * u * long - arch * long * (1 - u**2)
        for k in range(5):
            plan.mark(f"brow_{side}_{k + 1}", float(x[k]), float(y[k]))
        if drawn:
            canvas.stroke(plan.at(x, y), colour, width)


# --- nose and mouth ------------------------------------------------------------------------------


def nose(canvas: Canvas, plan: Plan, mouth_y: float, rng: np.random.Generator) -> None:
    """One of several marks between eyes and mouth, or none."""
    y = mouth_y * float(rng.uniform(0.4, 0.72))
    size = min(plan.tall * float(rng.uniform(0.03, 0.14)), 0.45 * (mouth_y - y))
    aside = float(rng.normal(0, 0.02)) * plan.half
    kind = str(
        rng.choice(["none", "oval", "line", "nostrils", "wedge"], p=[0.3, 0.25, 0.2, 0.1, 0.15])
    )
    shade = np.clip(
        np.asarray(plan.skin) * rng.uniform(0.6, 0.95) + (rng.uniform(0, 40), 0, 0), 0, 255
    )
    wide = size * float(rng.uniform(0.6, 1.6))
    if kind == "oval":
        shape = oval(aside, y, wide, size)
        canvas.fill(plan.at(shape[:, 0], shape[:, 1]), shade)
    elif kind == "line":
        u, turn = np.linspace(-1, 1, 9), float(rng.choice([-1, 1]))
        path = plan.at(aside + turn * wide * (1 - u**2) * 0.7, y + size * u)
        canvas.stroke(path, canvas.ink * 0.6 + np.asarray(plan.skin) * 0.4, max(canvas.line, 2))
    elif kind == "nostrils":
        for sign in (-1, 1):
            shape = oval(aside + sign * wide * 0.5, y + size * 0.5, size * 0.22, size * 0.22)
            canvas.fill(plan.at(shape[:, 0], shape[:, 1]), canvas.ink, outlined=False)
    elif kind == "wedge":
        canvas.fill(plan.at(aside + wide * np.array([-0.7, 0.1, 0.7]),
                            y + size * np.array([0.8, -1.0, 0.8])), shade)  # fmt: skip
    for k, share in enumerate((-0.25, 0.15, 0.6)):
        plan.mark(f"nose_bridge_{k + 1}", aside * max(share, 0), share * (y - size * 0.4))
    plan.mark("nose_tip", aside, y)
    plan.mark("nose_base", aside, y + size * 0.9)
    for side, sign in (("left", 1), ("right", -1)):
        plan.mark(f"nose_wing_{side}", aside + sign * wide * 0.95, y + size * 0.35)


def mouth(canvas: Canvas, plan: Plan, y: float, room: float, rng: np.random.Generator) -> None:
    """A line, lips, or open; no lower than `room` under its middle."""
    kind = str(rng.choice(["line", "lips", "open", "both"], p=[0.27, 0.28, 0.3, 0.15]))
    half = plan.half * float(rng.uniform(0.10, 0.55))
    tall, ink = plan.tall, max(canvas.line, 2)
    bow = float(rng.normal(0.12, 0.25)) * half * (0.5 if kind == "lips" else 1.0)
    bow = float(np.clip(bow, -0.4 * room, 0.6 * room))
    above = below = max(0.02 * tall, ink * 0.6)
    if kind in ("lips", "both"):
        above, below = (max(tall * float(rng.uniform(0.025, 0.11)), 3.0) for _ in range(2))
    up = down = 0.0
    if kind in ("open", "both"):
        down = tall * float(rng.uniform(0.04, 0.30))
        up = float(rng.choice([0.0, 0.4, 1.0])) * down * 0.7
    scale = min(1.0, room / max(down + below + max(bow, 0), 1e-6))
    down, up, bow = down * scale, up * scale, bow * scale
    above, below = above * scale, below * scale
    power = float(rng.choice([2.0, 2.0, 3.0, 6.0]))
    u = np.linspace(-1, 1, 33)
    profile = np.maximum(1 - np.abs(u) ** power, 0) ** (1 / 2)
    middle = y + bow * (1 - u**2)
    inside = half - (min(0.5 * half, (above + below) / 2) if kind == "both" else 0.0)
    curves = {
        "in_upper": middle - up * profile, "in_lower": middle + down * profile,
        "upper": middle - (up + above) * profile, "lower": middle + (down + below) * profile,
    }  # fmt: skip
    _paint_mouth(canvas, plan, kind, (u, half, inside), curves, rng)
    for name, share in plan.shares.items():
        if name.startswith("lip_"):
            inner = "_in_" in name
            edge = curves[("in_" if inner else "") + ("upper" if "upper" in name else "lower")]
            plan.mark(name, share * (inside if inner else half), float(np.interp(share, u, edge)))
    plan.mark("mouth_left", half, float(middle[-1]))
    plan.mark("mouth_right", -half, float(middle[0]))


def _paint_mouth(
    canvas: Canvas, plan: Plan, kind: str, sizes: tuple[Any, float, float],
    curves: dict[str, Any], rng: np.random.Generator,
) -> None:  # fmt: skip
    u, half, inside = sizes

    def band(upper: str, lower: str, wide: float) -> Any:
        return plan.at(np.concatenate([u, u[::-1]]) * wide,
                       np.concatenate([curves[upper], curves[lower][::-1]]))  # fmt: skip

    ink = max(canvas.line, 2) * float(rng.uniform(0.8, 1.8))
    red = rng.uniform((150, 20, 30), (255, 150, 150)) if rng.random() < 0.8 else (
        np.asarray(plan.skin) * rng.uniform(0.5, 0.85))  # fmt: skip
    seam = plan.at(u * half, curves["in_upper"])
    if kind in ("lips", "both"):
        canvas.fill(band("upper", "lower", half), red, outlined=rng.random() < 0.5)
    if kind == "line":
        canvas.stroke(seam, canvas.ink if rng.random() < 0.7 else red, ink)
    elif kind == "lips":
        if rng.random() < 0.6:
            canvas.stroke(seam, np.asarray(red) * 0.55, ink * 0.7)
        elif rng.random() < 0.5:
            canvas.stroke(seam[8:26], np.minimum(np.asarray(red) * 1.25 + 20, 255), ink * 1.5)
    if kind not in ("open", "both"):
        return
    hole = band("in_upper", "in_lower", inside)
    dark = rng.uniform((30, 0, 0), (140, 50, 50)) if rng.random() < 0.85 else (250, 250, 250)
    canvas.fill(hole, dark, outlined=kind == "open" and rng.random() < 0.7)
    inner, depth = canvas.mask(hole), curves["in_lower"].max() - curves["in_upper"].min()
    top = float(curves["in_upper"].min())
    rows, columns = np.nonzero(inner)
    level = (rows - plan.y) * np.cos(plan.tilt) - (columns - plan.x) * np.sin(plan.tilt)
    if rng.random() < 0.55:  # teeth
        some = level < top + depth * rng.uniform(0.2, 0.45)
        canvas.rgb[rows[some], columns[some]] = (252, 250, 245)
    if rng.random() < 0.5:  # tongue
        tongue = oval(0, top + depth, inside * 0.55, depth * rng.uniform(0.25, 0.5))
        some_HW = inner & canvas.mask(plan.at(tongue[:, 0], tongue[:, 1]))
        canvas.rgb[some_HW] = rng.uniform((190, 60, 70), (250, 140, 140))
