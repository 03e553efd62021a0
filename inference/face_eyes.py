"""Makes an imported portrait's bank of eyes (`inference.frame_generator_eyes`) from its picture.

Where lids lie at rising closings is told by the fitted head's mesh, so that at a blink they really
meet; they are skin as the picture has it round the eye (`face_lid_drawing`). The eyeball is what
the opening shows, its iris completed by its mirror image and the white continued beneath the lids.
Windows are as large as the eyes: a drawn face's reach far out of a person's.
"""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_eye_window import EyeWindow, cheek_of, cut, window_of_eye
from inference.face_eyeball import ball_of, continued, iris_radius
from inference.face_eyes_drawn import DrawnLids, drawn_plainly
from inference.face_fit import FaceFit
from inference.face_grids import MARGIN, encode, smoothstep
from inference.face_layers import LayerPicture
from inference.face_lid_drawing import Lid
from inference.face_model import FaceModel
from inference.face_raster import look
from inference.face_reference_eyes import ShutEyes
from inference.frame_generator_eyes import LOOKS, SIDES

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
LEVELS: Final = (-1.0, -0.5, *(k / 10 for k in range(11)))
"""Closings of the lids that are drawn."""
FINE: Final = 2
"""Pixels of the drawing across one of the window's."""
RIM: Final = 1.2
"""Pixels inside the opening that belong to the lids: lashes and their shade go with them."""
STROKES: Final = (0.45, 0.95)
"""Closings between which an upper lid gets the strokes that another picture shows of it shut."""
MEETING: Final = (0.75, 1.0)
"""The same of the skin that does not move."""
RIM_AT_IRIS: Final = 0.3
"""The same where the iris meets the lids: it must not stay behind when the eye turns."""
RISE: Final = 10
"""Pixels over which a window's use rises."""
BALL: Final = 0.44
"""Radius of an eyeball over the width of its opening."""
TURNS: Final = {"In": 30.0, "Out": 30.0, "Up": 25.0, "Down": 30.0}
"""Degrees of a gaze at 1.0."""


def eye_arrays(
    model: FaceModel,
    fit: FaceFit,
    head: LayerPicture,
    shut: ShutEyes | None = None,
    flat: bool = False,
    portrait: UInt8Array | None = None,
) -> dict[str, Any]:
    """The bank's part of `geometry.npz`; `shut` is what another picture tells of the lids;
    a `flat` drawing has its own inside of the mouth, which no network repaints; eyes that the
    `portrait` (512, 512, 4) shows in plain colours get drawn lids."""
    windows = [window_of_eye(model, fit, side) for side in SIDES]
    left, right = (fit.places_N2[index] for index in model.eyes)
    apart = max(float(np.linalg.norm(left - right)), 1.0)
    tall = max(window.height for window in windows) / apart
    drawn = portrait is not None and shut is None and drawn_plainly(portrait, windows)
    out: dict[str, Any] = {
        "eye_level": np.array(LEVELS, np.float32),
        "eye_follow": _follow(model, fit),
        "eye_painted": np.array(not flat),
    }
    for side, window in zip(SIDES, windows, strict=True):
        name = f"eye_bank_{side.lower()}"
        rgb, alpha = cut(head, window)
        rest = _small(head, window, 0.0, *_lids(model, fit, head, window, side, 0.0))[..., 3]
        rest = np.ascontiguousarray(rest)
        radius = iris_radius(rgb, 255 - rest, window)
        if drawn:
            end_2 = _shut_end(model, fit, side) - np.array(window.corner, np.float32)
            cheek = cheek_of(head, window)
            plain = DrawnLids(rgb, window.outline_K2, cheek, side, FINE, end_2, rest)
            pictures = [plain.at(level) for level in LEVELS]
        else:
            _, opened = _lids(model, fit, head, window, side, 0.0, radius)
            lid = Lid(model, fit, side, window, rgb, alpha, opened, FINE, tall)
            pictures = [
                _lids(model, fit, head, window, side, level, radius, shut, lid) for level in LEVELS
            ]
        lids = [
            _small(head, window, level, *picture)
            for level, picture in zip(LEVELS, pictures, strict=True)
        ]
        bare = 255 - lids[LEVELS.index(0.0)][..., 3]
        tall_picture = np.concatenate(lids)
        out |= {
            f"{name}_corner": np.array(window.corner, np.int32),
            f"{name}_colour": encode(
                cv.cvtColor(np.ascontiguousarray(tall_picture[..., :3]), cv.COLOR_RGB2BGR)
            ),
            f"{name}_alpha": encode(np.ascontiguousarray(tall_picture[..., 3])),
            f"{name}_ball": encode(
                cv.cvtColor(ball_of(rgb, bare, window, radius), cv.COLOR_RGB2BGR)
            ),
            f"{name}_mask": encode(_mask(alpha)),
            f"{name}_gaze": _gaze(window, side),
        }
    return out


def _row(model: FaceModel, name: str) -> int:
    return int(np.flatnonzero(model.base_index_L == MOTION_INDEX[name])[0])


def _lids(
    model: FaceModel,
    fit: FaceFit,
    head: LayerPicture,
    window: EyeWindow,
    side: str,
    level: float,
    iris: float = 0.0,
    shut: ShutEyes | None = None,
    lid: Lid | None = None,
) -> tuple[Float32Array, Float32Array]:
    """The lids at one closing: colour (H, W, 3) and cover (H, W), fine pixels."""
    base = fit.bases_LN3[_row(model, f"eye{'Blink' if level > 0 else 'Wide'}{side}")]
    points = fit.points_N3 + abs(level) * base
    width, height = window.size
    side_px = FINE * max(width, height)
    places = camera.project(points).astype(np.float32) - np.array(window.corner, np.float32)
    skin = model.region("face", "lids")
    near = ((places > -8) & (places < np.array(window.size) + 8)).all(1)
    chosen = model.triangles_F3[(skin & near)[model.triangles_F3].all(1)]
    seen = look(places, -points[:, 2], chosen, side_px, FINE)
    rows, columns = np.mgrid[:side_px, :side_px].astype(np.float32)
    own = np.stack([columns, rows], 2) / FINE + (0.5 / FINE - 0.5)
    known = seen.known_HW.astype(np.float32)
    still = fit.places_N2 - np.array(window.corner, np.float32)
    shown = (seen.read(still.astype(np.float32)) - own) * known[..., None]
    moved = continued(np.asarray(shown, np.float32), known)
    opened = cv.resize(
        window.near(4).astype(np.uint8),
        (FINE * width, FINE * height),
        interpolation=cv.INTER_NEAREST,
    )
    rim = np.where(window.from_pupil(FINE) < iris, RIM_AT_IRIS, RIM) * FINE
    cover = _cover(known[: FINE * height, : FINE * width] > 0.5, opened > 0, rim)
    x, y = (own + moved)[: FINE * height, : FINE * width].transpose(2, 0, 1)
    shift = MARGIN + np.array(window.corner, np.float32)
    picture = cv.remap(
        head.rgba, np.ascontiguousarray(x + shift[0]), np.ascontiguousarray(y + shift[1]),
        cv.INTER_LINEAR,
    ).astype(np.float32)  # fmt: skip
    straight = picture[..., :3] / np.maximum(picture[..., 3:] / 255, 1 / 255)
    if level > 0 and lid is not None:
        strokes = None
        if shut is not None:
            ends = camera.project(fit.points_N3 + base).astype(np.float32) - window.corner
            travel = np.linalg.norm(base, axis=1, keepdims=True)
            values = np.concatenate([ends, travel / max(float(travel.max()), 1e-6)], 1)
            there = continued(seen.read(values.astype(np.float32)), known)
            there = there[: FINE * height, : FINE * width]
            strokes = _strokes(shut, there, shift, level)
        straight, cover = lid.at(level, cover, straight, lid.below_brow(x, y), strokes)
    return straight, cover


def _shut_end(model: FaceModel, fit: FaceFit, side: str) -> Float32Array:
    """Where (2,) in the frame a person's upper lid, at its inner third, comes to lie when shut."""
    shut = fit.points_N3 + fit.bases_LN3[_row(model, f"eyeBlink{side}")]
    row = model.landmarks.index(f"eye_{side.lower()}_upper_2")
    return np.asarray(model.at_landmarks(camera.project(shut).astype(np.float32))[row], np.float32)


def _small(
    head: LayerPicture, window: EyeWindow, level: float, straight: Float32Array, cover: Float32Array
) -> UInt8Array:
    """Lids drawn finer (colour and cover), in the window's pixels (H, W, RGBA), premultiplied."""
    drawn = np.dstack([straight.clip(0, 255) * cover[..., None], 255 * cover])
    small = cv.resize(drawn, window.size, interpolation=cv.INTER_AREA)
    if level == 0:  # to the last pixel the picture's
        small[..., :3] = cut(head, window)[0] * (small[..., 3:] / 255)
    return np.asarray(np.rint(small.clip(0, 255)), np.uint8)


def _strokes(shut: ShutEyes, there: Float32Array, shift: Any, level: float) -> Float32Array:
    """What lashes and folds leave of the skin's light (H, W, 3), as they are shown shut. `there`
    (H, W, 3) tells where each place lies then (window's pixels, `shift` more in the picture) and
    its share of the longest way: what does not move gets its strokes only when the lids meet."""
    x, y = (np.ascontiguousarray(there[..., k] + shift[k], np.float32) for k in (0, 1))
    moves = smoothstep(0.35, 0.65, there[..., 2])
    amount = moves * smoothstep(*STROKES, level) + (1 - moves) * smoothstep(*MEETING, level)
    kept = cv.remap(shut.share, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
    return np.asarray(1 - amount[..., None] * (1 - kept), np.float32)


def _cover(known: Any, opened: Any, rim: Any) -> Float32Array:
    """Which pixels of the fine drawing are lids: skin, a rim round the opening, and all that lies
    beyond it."""
    hole = (~known & opened).astype(np.uint8)
    inside = cv.distanceTransform(np.pad(hole, 1), cv.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(inside <= rim, np.float32)


def _mask(alpha: UInt8Array) -> UInt8Array:
    """How much of a window to use: all in the middle, none at its border or beyond the head."""
    inside = np.pad((alpha > 250).astype(np.uint8), 1)
    away = cv.distanceTransform(inside, cv.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.sin(np.clip(away / RISE, 0, 1) * np.pi / 2) ** 2
    return np.asarray(np.rint(255 * ramp), np.uint8)


def _gaze(window: EyeWindow, side: str) -> Float32Array:
    """Pixels that the iris moves under each of LOOKS at 1.0 (4, 2)."""
    outwards = 1.0 if side == "Left" else -1.0
    ways = {"In": (-outwards, 0), "Out": (outwards, 0), "Up": (0, -1), "Down": (0, 1)}
    radius = BALL * window.width
    out = [np.array(ways[name]) * radius * np.sin(np.radians(TURNS[name])) for name in LOOKS]
    return np.stack(out).astype(np.float32)


def _follow(model: FaceModel, fit: FaceFit) -> Float32Array:
    """How far upper lids go with a gaze down and up: shares of a blink and of wide eyes."""

    def height(name: str) -> float:
        rows = [
            model.landmarks.index(f"eye_{s}_upper_{k}") for s in ("left", "right") for k in (2, 3)
        ]
        bases = [fit.bases_LN3[_row(model, f"{name}{side}")] for side in SIDES]
        return float(np.mean([model.at_landmarks(base)[rows, 1] for base in bases]))

    down = height("eyeLookDown") / min(height("eyeBlink"), -1e-4)
    up = height("eyeLookUp") / max(height("eyeWide"), 1e-4)
    return np.clip(np.array([down, up], np.float32), 0, 0.8)
