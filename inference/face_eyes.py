"""Makes an imported portrait's bank of eyes (`inference.frame_generator_eyes`) from its picture.

Lids are the picture's own skin, drawn with the fitted head's mesh at rising closings, so that at a
blink they really meet; the eyeball is what the opening shows, its iris completed by its mirror
image and the white continued beneath the lids. Windows are as large as the eyes: a drawn face's
reach far out of a person's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np

from inference import face_camera as camera
from inference.contract import MOTION_INDEX, Float32Array, UInt8Array
from inference.face_fit import FaceFit
from inference.face_grids import MARGIN, encode, fill, smoothstep
from inference.face_lashes import Lid, like_skin
from inference.face_layers import LayerPicture
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
LASH: Final = 11.0
"""Pixels: dark strokes narrower than this are no part of a lid's skin once it unfolds."""
STROKE: Final = (0.20, 0.06)
"""Shares of the brightness around missing from which a pixel is a stroke, and none."""
TONE: Final = 3.0
"""Pixels (sigma) over which a lid's tone is the mean of its skin."""
UNFOLDS: Final = (0.2, 0.45)
"""Shares of the longest travel between which skin is an unfolding lid."""
LINE: Final = 2.0
LINE_SHARE: Final = 0.10
"""Pixels along a lid's edge that stay as they are, and the least share of the eye's height."""
STROKES: Final = (0.45, 0.95)
"""Closings between which an upper lid gets the strokes that another picture shows of it shut."""
MEETING: Final = (0.75, 1.0)
"""The same of the skin that does not move."""
RIM_AT_IRIS: Final = 0.3
"""The same where the iris meets the lids: it must not stay behind when the eye turns."""
RISE: Final = 10
"""Pixels over which a window's use rises."""
LARGE: Final = 0.30
"""Height of an eye's opening over the distance of the pupils from which it is no person's."""
BALL: Final = 0.44
"""Radius of an eyeball over the width of its opening."""
TURNS: Final = {"In": 30.0, "Out": 30.0, "Up": 25.0, "Down": 30.0}
"""Degrees of a gaze at 1.0."""
IRIS: Final = 0.21
"""Radius of a person's iris over the width of the opening."""
_IRIS_RANGE: Final = (0.13, 0.48)


@dataclass(frozen=True, slots=True)
class _Window:
    """One eye of the picture: places are the frame's unless said."""

    corner: tuple[int, int]
    size: tuple[int, int]
    """Width and height."""
    outline_K2: Float32Array
    """The opening's landmarks, in pixels of the window."""
    pupil_2: Float32Array
    """In pixels of the window."""

    @property
    def width(self) -> float:
        """Of the opening."""
        return float(np.ptp(self.outline_K2[:, 0]))

    @property
    def height(self) -> float:
        """Of the opening."""
        return float(np.ptp(self.outline_K2[:, 1]))

    def from_pupil(self, fine: int = 1) -> Float32Array:
        """Pixels of the window from the pupil's middle; drawn finer, still in these pixels."""
        width, height = self.size
        rows, columns = np.mgrid[: height * fine, : width * fine].astype(np.float32)
        x, y = ((v / fine + (0.5 / fine - 0.5)) for v in (columns, rows))
        return np.asarray(np.hypot(x - self.pupil_2[0], y - self.pupil_2[1]), np.float32)

    def near(self, grown: float) -> Any:
        """Where the opening is (H, W), with some pixels round it."""
        hull = cv.convexHull(np.rint(self.outline_K2 * 16).astype(np.int32))
        out = np.zeros(self.size[::-1], np.uint8)
        cv.fillConvexPoly(out, hull, 1, cv.LINE_8, 4)
        side = 2 * round(grown) + 1
        disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (side, side))
        return cv.dilate(out, disc) > 0


def eye_arrays(
    model: FaceModel,
    fit: FaceFit,
    head: LayerPicture,
    shut: ShutEyes | None = None,
    flat: bool = False,
) -> dict[str, Any]:
    """The bank's part of `geometry.npz`; `shut` is what another picture tells of the lids;
    a `flat` drawing has its own inside of the mouth, which no network repaints."""
    windows = [_window(model, fit, side) for side in SIDES]
    left, right = (fit.places_N2[index] for index in model.eyes)
    apart = max(float(np.linalg.norm(left - right)), 1.0)
    tall = max(window.height for window in windows) / apart
    out: dict[str, Any] = {
        "eye_level": np.array(LEVELS, np.float32),
        "eye_follow": _follow(model, fit),
        "eye_painted": np.array(not flat),
        "eye_lit": np.array(not flat and tall < LARGE),
    }
    for side, window in zip(SIDES, windows, strict=True):
        name = f"eye_bank_{side.lower()}"
        rgb, alpha = _cut(head, window)
        radius = _iris_radius(rgb, 255 - _lids(model, fit, head, window, side, 0.0)[..., 3], window)
        lid = Lid(model, fit, side, window.corner, rgb, FINE, tall, _cheek(head, window))
        lids = [_lids(model, fit, head, window, side, level, radius, shut, lid) for level in LEVELS]
        bare = 255 - lids[LEVELS.index(0.0)][..., 3]
        tall_picture = np.concatenate(lids)
        out |= {
            f"{name}_corner": np.array(window.corner, np.int32),
            f"{name}_colour": encode(
                cv.cvtColor(np.ascontiguousarray(tall_picture[..., :3]), cv.COLOR_RGB2BGR)
            ),
            f"{name}_alpha": encode(np.ascontiguousarray(tall_picture[..., 3])),
            f"{name}_ball": encode(cv.cvtColor(_ball(rgb, bare, window, radius), cv.COLOR_RGB2BGR)),
            f"{name}_mask": encode(_mask(alpha)),
            f"{name}_gaze": _gaze(window, side),
        }
    return out


def _window(model: FaceModel, fit: FaceFit, side: str) -> _Window:
    marks = dict(zip(model.landmarks, model.at_landmarks(fit.places_N2), strict=True))
    outline = np.array([m for n, m in marks.items() if n.startswith(f"eye_{side.lower()}_")])
    low, high = outline.min(0), outline.max(0)
    wide, tall = high - low
    size = tuple(4 * round(float(v) / 4) for v in (1.4 * wide + 32, 1.3 * tall + 44))
    middle = (low + high) / 2
    corner = (round(float(middle[0])) - size[0] // 2, round(float(middle[1])) - size[1] // 2)
    pupil = marks[f"pupil_{side.lower()}"]
    return _Window(
        corner, (size[0], size[1]), (outline - corner).astype(np.float32),
        (pupil - np.array(corner)).astype(np.float32),
    )  # fmt: skip


def _cut(head: LayerPicture, window: _Window) -> tuple[UInt8Array, UInt8Array]:
    """The window of the head's layer: straight RGB and alpha."""
    x, y = (v + MARGIN for v in window.corner)
    width, height = window.size
    padded = cv.copyMakeBorder(head.rgba, *[128] * 4, cv.BORDER_CONSTANT, value=(0, 0, 0, 0))
    part = padded[y + 128 : y + 128 + height, x + 128 : x + 128 + width]
    alpha = part[..., 3]
    rgb = part[..., :3].astype(np.float32) / np.maximum(alpha[..., None] / 255, 1 / 255)
    return np.rint(rgb.clip(0, 255)).astype(np.uint8), np.ascontiguousarray(alpha)


def _row(model: FaceModel, name: str) -> int:
    return int(np.flatnonzero(model.base_index_L == MOTION_INDEX[name])[0])


def _lids(
    model: FaceModel,
    fit: FaceFit,
    head: LayerPicture,
    window: _Window,
    side: str,
    level: float,
    iris: float = 0.0,
    shut: ShutEyes | None = None,
    lid: Lid | None = None,
) -> UInt8Array:
    """The lids at one closing (H, W, RGBA), premultiplied."""
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
    moved = _continued(np.asarray(shown, np.float32), known)
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
    if level > 0:
        away = np.linalg.norm(moved, axis=2)[: len(cover), : cover.shape[1]]
        unfolds = smoothstep(*UNFOLDS, away / max(float(away[cover > 0].max()), 1.0))
        line = max(LINE, LINE_SHARE * window.height)
        straight = _without_lashes(straight, unfolds, known, level, line, _cheek(head, window))
        if shut is not None:
            ends = camera.project(fit.points_N3 + base).astype(np.float32) - window.corner
            travel = np.linalg.norm(base, axis=1, keepdims=True)
            values = np.concatenate([ends, travel / max(float(travel.max()), 1e-6)], 1)
            there = _continued(seen.read(values.astype(np.float32)), known)
            there = there[: FINE * height, : FINE * width]
            straight = _with_strokes(straight, shut, there, shift, level)
        elif lid is not None:
            straight, cover = lid.laid(level, straight, cover)
    drawn = np.dstack([straight.clip(0, 255) * cover[..., None], 255 * cover])
    small = cv.resize(drawn, (width, height), interpolation=cv.INTER_AREA)
    if level == 0:  # to the last pixel the picture's
        small[..., :3] = _cut(head, window)[0] * (small[..., 3:] / 255)
    return np.asarray(np.rint(small.clip(0, 255)), np.uint8)


def _with_strokes(
    straight: Float32Array, shut: ShutEyes, there: Float32Array, shift: Any, level: float
) -> Float32Array:
    """Lids with the lashes and folds that they show when shut. `there` (H, W, 3) tells where each
    place lies then (window's pixels, `shift` more in the picture) and its share of the longest
    way: what does not move gets its strokes only when the lids meet."""
    x, y = (np.ascontiguousarray(there[..., k] + shift[k], np.float32) for k in (0, 1))
    moves = smoothstep(0.35, 0.65, there[..., 2])
    amount = moves * smoothstep(*STROKES, level) + (1 - moves) * smoothstep(*MEETING, level)
    kept = cv.remap(shut.share, x, y, cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
    return np.asarray(straight * (1 - amount[..., None] * (1 - kept)), np.float32)


def _without_lashes(
    straight: Float32Array, lid: Float32Array, known: Float32Array, level: float, line: float,
    cheek_3: Float32Array,
) -> Float32Array:  # fmt: skip
    """A lid that unfolds (fine pixels): the lashes that lie over it in the picture are not drawn
    out with it, but stay as a line along its edge. It gets the skin's own tone there; where that is
    no skin's (a fringe, paint) the cheek's."""
    skin = known[: lid.shape[0], : lid.shape[1]]
    edge = cv.distanceTransform((skin > 0.5).astype(np.uint8), cv.DIST_L2, 5) / FINE
    size = 2 * round(LASH * FINE) + 1
    disc = cv.getStructuringElement(cv.MORPH_ELLIPSE, (size, size))
    grey = straight.clip(0, 255).mean(2).astype(np.float32)
    bright = cv.morphologyEx(grey, cv.MORPH_CLOSE, disc)
    plain = smoothstep(*STROKE, 1 - grey / np.maximum(bright, 1.0)) + np.float32(1e-3)
    weight = cv.GaussianBlur(plain, (0, 0), TONE * FINE)
    tone = cv.GaussianBlur(straight.clip(0, 255) * plain[..., None], (0, 0), TONE * FINE)
    tone /= weight[..., None]
    tone = like_skin(tone, cheek_3)
    share = smoothstep(line, line + 2, edge) * cv.GaussianBlur(lid, (0, 0), 2.0 * FINE)
    share = (share * smoothstep(0.0, 0.4, level))[..., None]
    return np.asarray(straight * (1 - share) + tone * share, np.float32)


def _cheek(head: LayerPicture, window: _Window) -> Float32Array:
    """The usual colour (3,) of the skin right under an eye."""
    rgb, alpha = _cut(head, window)
    x, y = window.outline_K2.T
    rows, columns = np.mgrid[: alpha.shape[0], : alpha.shape[1]]
    under = (rows > y.max() + 3) & (columns > x.min()) & (columns < x.max()) & (alpha > 250)
    skin = rgb[under] if under.any() else rgb.reshape(-1, 3)
    return np.asarray(np.median(skin, axis=0), np.float32)


def _cover(known: Any, opened: Any, rim: Any) -> Float32Array:
    """Which pixels of the fine drawing are lids: skin, a rim round the opening, and all that lies
    beyond it."""
    hole = (~known & opened).astype(np.uint8)
    inside = cv.distanceTransform(np.pad(hole, 1), cv.DIST_L2, 5)[1:-1, 1:-1]
    return np.asarray(inside <= rim, np.float32)


def _continued(values: Float32Array, known: Float32Array) -> Float32Array:
    """A square map continued where it is unknown; `fill` wants a power of two."""
    side = len(known)
    full = 1 << (side - 1).bit_length()
    grown = [
        np.pad(each, [(0, full - side)] * 2 + [(0, 0)] * (each.ndim - 2))
        for each in (values, known)
    ]
    return fill(grown[0].astype(np.float32), grown[1].astype(np.float32))[:side, :side]


def _ball(rgb: UInt8Array, bare: UInt8Array, window: _Window, radius: float) -> UInt8Array:
    """The eyeball (H, W, RGB) as if no lid lay over it."""
    seen = bare > 8
    sure = (bare > 250).astype(np.float32)
    if sure.sum() < 12:
        return rgb
    picture = rgb.astype(np.float32)
    away = window.from_pupil()
    white = _square_fill(picture, sure * (away > 1.15 * radius))
    out = _square_fill(picture, sure) if not (sure * (away > 1.15 * radius)).any() else white
    iris = _iris(picture, sure, window.pupil_2, away, radius)
    share = np.clip(radius + 0.5 - away, 0, 1)[..., None]
    out = out * (1 - share) + iris * share
    out[seen] = picture[seen]
    return np.asarray(np.rint(out.clip(0, 255)), np.uint8)


def _square_fill(picture: Float32Array, sure: Float32Array) -> Float32Array:
    height, width = sure.shape
    pad = [(0, max(width - height, 0)), (0, max(height - width, 0))]
    out = _continued(np.pad(picture, [*pad, (0, 0)]), np.pad(sure, pad))
    return out[:height, :width]


def _iris_radius(rgb: UInt8Array, bare: UInt8Array, window: _Window) -> float:
    """Where a ring round the pupil is lightest outside against inside (J. Daugman, 1993), looked
    for left and right of it, where no lid lies."""
    picture, sure, away = rgb.astype(np.float32), bare > 250, window.from_pupil()
    rows, columns = np.mgrid[: away.shape[0], : away.shape[1]]
    aside = np.abs(rows - window.pupil_2[1]) < np.abs(columns - window.pupil_2[0])
    grey = picture.mean(2)
    low, high = (share * window.width for share in _IRIS_RANGE)
    best, found = 12.0, IRIS * window.width
    for radius in np.arange(low, high, 0.5):
        rings = [
            grey[sure & aside & (away >= radius + a) & (away < radius + b)]
            for a, b in ((-2.0, -0.3), (0.3, 2.0))
        ]
        if min(len(ring) for ring in rings) < 3:
            continue
        jump = float(rings[1].mean() - rings[0].mean())
        if jump > best:
            best, found = jump, float(radius)
    return found


def _iris(
    picture: Float32Array, sure: Float32Array, pupil_2: Float32Array, away: Any, radius: float
) -> Float32Array:
    """The iris where it is seen, else its mirror image, else its colour at that distance."""
    height, width = sure.shape
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    inside = sure * (away < radius)
    out = _square_fill(picture, inside) if inside.any() else picture
    ring = np.rint(away).astype(int)
    for k in range(int(radius) + 2):
        here, known = ring == k, (ring == k) & (inside > 0)
        if known.sum() >= 3:
            out[here] = picture[known].mean(0)
    for flip_x, flip_y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):  # the last wins
        x = pupil_2[0] + flip_x * (columns - pupil_2[0])
        y = pupil_2[1] + flip_y * (rows - pupil_2[1])
        there = cv.remap(inside, x, y, cv.INTER_LINEAR)
        colour = cv.remap(picture, x, y, cv.INTER_LINEAR)
        share = np.clip(there * 4 - 3, 0, 1)[..., None]
        out = out * (1 - share) + colour * share
    return np.asarray(out, np.float32)


def _mask(alpha: UInt8Array) -> UInt8Array:
    """How much of a window to use: all in the middle, none at its border or beyond the head."""
    inside = np.pad((alpha > 250).astype(np.uint8), 1)
    away = cv.distanceTransform(inside, cv.DIST_L2, 5)[1:-1, 1:-1]
    ramp = np.sin(np.clip(away / RISE, 0, 1) * np.pi / 2) ** 2
    return np.asarray(np.rint(255 * ramp), np.uint8)


def _gaze(window: _Window, side: str) -> Float32Array:
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
