"""Renders the bank of eyes that `inference.frame_generator_eyes` blends.

How much the lids cover each pixel is found from two pictures with eyes of different colours, so
lashes and soft edges come out exactly.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference.contract import Float32Array, UInt8Array
from inference.face_grids import fill
from inference.frame_generator_eyes import LOOKS, SIDES
from training.frames.tight import encode_tightly
from training.people.figure import Figure
from training.people.pictures import Plain
from training.people.points import pupils
from training.rig.motions import motion
from training.rig.people import Painted
from training.rig.person import Deformed
from training.rig.render import Crop, Renderer
from training.rig.scene import Scene

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LEVELS: Final = (*(k / 10 for k in range(-10, 0)), *(k / 18 for k in range(19)))
"""Closings of the lids: of a drawn eye, about two pixels from one to the next."""
SIZE: Final = (92, 96)
"""Width and height of a window."""
RISE: Final = 12
"""Pixels over which a window's use rises from its border."""


def eye_arrays(renderer: Renderer, figure: Figure, scene: Scene) -> dict[str, Any]:
    """The bank's part of `geometry.npz`."""
    places = scene.project(figure.eyes_23.astype(np.float32))
    corners = [(round(x - SIZE[0] / 2), round(y - SIZE[1] / 2)) for x, y in places.tolist()]
    crops: list[Crop] = [(x, y, *SIZE) for x, y in corners]
    own, rest = figure.parts["eyes"].texture, figure.deform(_lids(0.0))
    whole: dict[str, list[list[UInt8Array]]] = {"white": [], "black": []}
    alone: dict[str, list[list[UInt8Array]]] = {"white": [], "black": []}
    for name, picture in (("white", Plain()), ("black", Plain((0.0, 0.0, 0.0)))):
        _change_eyes(renderer, figure, picture)
        for level in LEVELS:
            deformed = figure.deform(_lids(level))
            whole[name].append(_draw(renderer, figure, deformed, scene, crops))
            alone[name].append(_draw_balls(renderer, figure, deformed, scene, crops))
    _change_eyes(renderer, figure, own)  # type: ignore[arg-type]
    balls = _draw_balls(renderer, figure, rest, scene, crops)
    out: dict[str, Any] = {
        "eye_level": np.array(LEVELS, np.float32),
        "eye_follow": _follow(figure),
    }
    for k, side in enumerate(SIDES):
        rows = zip(*whole.values(), *alone.values(), strict=True)
        lids = [_matte(*(pictures[k] for pictures in row)) for row in rows]
        lids[-1][..., 3] = 255  # what little the shut lids leave open is a dark line
        tall = np.concatenate(lids)
        name = f"eye_bank_{side.lower()}"
        head = min((row[k][..., 3] for row in whole["black"]), key=lambda a: int(a.sum()))
        out |= {
            f"{name}_corner": np.array(corners[k], np.int32),
            f"{name}_colour": encode_tightly(cv.cvtColor(tall[..., :3], cv.COLOR_RGB2BGR)),
            f"{name}_alpha": encode_tightly(tall[..., 3]),
            f"{name}_ball": encode_tightly(cv.cvtColor(_filled(balls[k]), cv.COLOR_RGB2BGR)),
            f"{name}_mask": encode_tightly(_mask(head)),
            f"{name}_gaze": _gaze(figure, scene, k),
        }
    return out


def _lids(level: float) -> Float32Array:
    return motion(eyeBlinkBoth=level) if level >= 0 else motion(eyeWideBoth=-level)


def _change_eyes(renderer: Renderer, figure: Figure, picture: Painted) -> None:
    """Give the eyes another picture; the card's copy of the figure is made again."""
    figure.parts["eyes"].texture = picture
    renderer._gpu._people.pop(id(figure), None)
    renderer._current = None


class _Only:
    """While it lasts, the whole figure is its eyes alone."""

    def __init__(self, figure: Figure) -> None:
        self._parts = {n: p for n, p in figure.parts.items() if n != "eyes" and p.in_full}

    def __enter__(self) -> None:
        for part in self._parts.values():
            part.in_full = False

    def __exit__(self, *_: object) -> None:
        for part in self._parts.values():
            part.in_full = True


def _around(crops: list[Crop]) -> Crop:
    x0, y0 = (min(crop[i] for crop in crops) for i in (0, 1))
    x1, y1 = (max(crop[i] + crop[i + 2] for crop in crops) for i in (0, 1))
    return x0, y0, x1 - x0, y1 - y0


def _draw(
    renderer: Renderer, figure: Figure, deformed: Deformed, scene: Scene, crops: list[Crop]
) -> list[UInt8Array]:
    """Both windows (H, W, RGBA) of the head's layer, premultiplied."""
    return _cut(renderer.render(figure, deformed, scene, {"head"}, _around(crops)), crops)


def _draw_balls(
    renderer: Renderer, figure: Figure, deformed: Deformed, scene: Scene, crops: list[Crop]
) -> list[UInt8Array]:
    """The same of the eyeballs alone."""
    with _Only(figure):
        drawn = Renderer.render(renderer, figure, deformed, scene, None, _around(crops))
    return _cut(drawn, crops)


def _cut(drawn: UInt8Array, crops: list[Crop]) -> list[UInt8Array]:
    x0, y0, _, _ = _around(crops)
    out = []
    for x, y, w, h in crops:
        window = drawn[y - y0 : y - y0 + h, x - x0 : x - x0 + w]
        alpha = window[..., 3:].astype(np.float32) / 255
        rgb = np.rint(window[..., :3] * alpha).astype(np.uint8)
        out.append(np.dstack([rgb, window[..., 3]]))
    return out


def _matte(
    white: UInt8Array, black: UInt8Array, ball_1: UInt8Array, ball_0: UInt8Array
) -> UInt8Array:
    """The lids (H, W, RGBA), premultiplied: what the picture owes to the eyes, taken away."""
    seen = (white[..., :3].astype(np.float32) - black[..., :3]).mean(-1)
    full = (ball_1[..., :3].astype(np.float32) - ball_0[..., :3]).mean(-1)
    bare = np.clip(seen / np.maximum(full, 1.0), 0, 1) * (full > 12)
    bare[bare < 0.03] = 0
    lids = black[..., :3] - bare[..., None] * ball_0[..., :3]
    cover = 255 * (1 - bare)[..., None]
    return np.rint(np.clip(np.dstack([lids, cover]), 0, 255)).astype(np.uint8)


def _filled(ball: UInt8Array) -> UInt8Array:
    """The eyeball's colours, continued to the whole window."""
    known = (ball[..., 3] > 250).astype(np.float32)
    known = cv.erode(known, np.ones((3, 3), np.uint8))
    side = 128
    square = np.zeros((side, side, 3), np.float32)
    sure = np.zeros((side, side), np.float32)
    height, width = known.shape
    square[:height, :width], sure[:height, :width] = ball[..., :3], known
    out = fill(square, sure)[:height, :width]
    return np.rint(np.clip(out, 0, 255)).astype(np.uint8)


def _mask(alpha: UInt8Array) -> UInt8Array:
    """How much of a window to use: all in the middle, none at its border or beyond the head."""
    height, width = alpha.shape
    inside = np.zeros((height + 2, width + 2), np.uint8)
    inside[1:-1, 1:-1] = alpha > 250
    away = cv.distanceTransform(inside, cv.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.sin(np.clip(away / RISE, 0, 1) * np.pi / 2) ** 2
    return np.rint(255 * ramp).astype(np.uint8)


def _gaze(figure: Figure, scene: Scene, side: int) -> Float32Array:
    """Pixels that the pupil moves under each of LOOKS at 1.0 (4, 2)."""
    rest = scene.project(pupils(figure, figure.deform(motion())))[side]
    out = []
    for look in LOOKS:
        seen = figure.deform(motion(**{f"eyeLook{look}{SIDES[side]}": 1.0}))
        out.append(scene.project(pupils(figure, seen))[side] - rest)
    return np.stack(out).astype(np.float32)


def _follow(figure: Figure) -> Float32Array:
    """How far upper lids go with a gaze down and up: shares of a blink and of wide eyes."""

    def height(**values: float) -> float:
        base = figure.base_under(motion(**values))
        names = [f"eye_{side.lower()}_upper_{k}" for side in SIDES for k in (2, 3)]
        return float((figure.marks.rows(figure, names) @ base)[:, 1].mean())

    rest = height()
    blink, wide = height(eyeBlinkBoth=1.0) - rest, height(eyeWideBoth=1.0) - rest
    down, up = height(eyeLookDownBoth=1.0) - rest, height(eyeLookUpBoth=1.0) - rest
    shares = [down / min(blink, -1e-4), up / max(wide, 1e-4)]
    return np.clip(np.array(shares, np.float32), 0, 0.8)
