"""The background of a character: what the picture shows behind the person, on a 16:9 canvas.

The frame is a square that stands in the canvas' middle, as high as the canvas
(`inference.compositor`). What the user's picture shows beside the person is kept where it is, so
that a character at rest looks like the picture, cut-out and all. Behind the person the picture is
continued from what surrounds it; beyond the picture's border it is mirrored and ever more blurred.
At the square's sides the picture stays whole, person included: there the moving body fades into
the still one (`EDGE`).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.compositor import EDGE, fading
from inference.contract import Float32Array, UInt8Array
from inference.face_grids import MARGIN, fill, smoothstep
from inference.face_shown import as_shown, shown_matrix
from inference.frame_generator_layers import SIZE, WHOLE, Shown

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
FILE: Final = "background.jpg"
WIDTH: Final = 910
"""Columns for SIZE rows: 16:9, and even on both sides of the frame."""
LEFT: Final = (WIDTH - SIZE) // 2
MOST_BYTES: Final = 150_000
_WHOLE, _HALVED = cv.IMWRITE_JPEG_SAMPLING_FACTOR_444, cv.IMWRITE_JPEG_SAMPLING_FACTOR_420
_QUALITIES: Final = (
    (96, _WHOLE), (93, _WHOLE), (89, _WHOLE), (86, _HALVED), (80, _HALVED), (70, _HALVED),
    (55, _HALVED), (40, _HALVED), (25, _HALVED),
)  # fmt: skip
"""Qualities of a JPEG and how finely it keeps colour, the best first."""
LEAST: Final = 0.015
"""Share of the canvas that the picture must show beside the person to have a background."""
CUT_OUT: Final = 0.5
"""Share of clear pixels beside the person from which a picture is cut out already: what it shows
there besides (a hand, a staff, a lock that was missed) is no background."""
_BESIDE: Final = 24
"""Pixels beyond those near the person that are asked for that."""
_NEAR: Final = 9
"""Pixels around the person that tell nothing of the background: light of the edge, missed hair."""
_ANSWERS: Final = (0.01, 0.06)
"""Shares of a pixel between which the background begins to answer for what the picture shows."""
_PERSON_GOES: Final = (0.0, 12.0)
"""Pixels beyond the picture's border between which a person who is cut there fades away, within the
frame's columns. Beside the frame nobody moves: there the blurred picture goes on with the person,
so that shoulders end nowhere."""
_BLURS: Final = ((0, 0, 1), (5, 4, 1), (16, 14, 4), (50, 30, 8), (160, 50, 16))
"""Distances beyond the border, how far the mirrored picture is blurred there (sigma), and how many
times smaller it may be for that."""


def background_files(
    picture: UInt8Array, matrix_23: Float32Array, portrait_png: bytes, shown: Shown = WHOLE
) -> dict[str, bytes]:
    """`FILE` of a character by name; nothing for a picture that shows only the person.

    `picture` is the user's, RGBA; `matrix_23` leads from its pixels to the frame's;
    `portrait_png` is the character's portrait (SIZE, SIZE, 4), the person at rest; `shown` is the
    part of the frame that is drawn.
    """
    bgra = cv.imdecode(np.frombuffer(portrait_png, np.uint8), cv.IMREAD_UNCHANGED)
    portrait = as_shown(cv.cvtColor(bgra, cv.COLOR_BGRA2RGBA), shown)
    if shown != WHOLE:
        onto = np.vstack([shown_matrix(shown), [0, 0, 1]])
        matrix_23 = (onto @ np.vstack([matrix_23, [0, 0, 1]]))[:2].astype(np.float32)
    made = own_background(picture, matrix_23, portrait)
    return {} if made is None else {FILE: jpeg(made)}


def background_again(
    framed: UInt8Array, portrait_png: bytes, shown: Shown = WHOLE
) -> dict[str, bytes]:
    """The same from the framed picture (RGBA, with MARGIN around) alone."""
    matrix = np.array([[1, 0, -MARGIN], [0, 1, -MARGIN]], np.float32)
    return background_files(framed, matrix, portrait_png, shown)


def own_background(
    picture: UInt8Array, matrix_23: Float32Array, portrait: UInt8Array
) -> UInt8Array | None:
    """RGB (SIZE, WIDTH, 3), or None where the picture shows too little beside the person.

    Laid over it, the portrait (straight alpha) gives the picture again.
    """
    wide, opaque, outside, back_2HW = _wide(picture, matrix_23)
    alpha = np.zeros((SIZE, WIDTH), np.float32)
    frame = (slice(None), slice(LEFT, LEFT + SIZE))
    alpha[frame] = portrait[..., 3].astype(np.float32) / 255
    around = alpha.copy()  # the person goes on beyond the frame as it leaves it
    around[:, :LEFT] = around[:, LEFT : LEFT + 1]
    around[:, LEFT + SIZE :] = around[:, LEFT + SIZE - 1 : LEFT + SIZE]
    hidden = cv.dilate((around > 0.02).astype(np.uint8), _disc(_NEAR))
    known = ((hidden == 0) & (outside <= 0) & opaque).astype(np.float32)
    beside = cv.dilate(hidden, _disc(_BESIDE))[(hidden == 0) & (outside <= 0)] > 0
    clear = ~opaque[(hidden == 0) & (outside <= 0)][beside]
    if float(known.mean()) < LEAST or (len(clear) and float(clear.mean()) > CUT_OUT):
        return None
    clean = _continued(wide, known)
    wide = np.where(opaque[..., None], wide, clean).astype(np.float32)
    share = alpha[..., None] * _shown()
    inside = _inside_the_sides()
    base = clean * inside + wide * (1 - inside)
    person = np.zeros_like(wide)
    person[frame] = portrait[..., :3]
    missing = wide - share * person - (1 - share) * base
    still = base + missing * smoothstep(*_ANSWERS, 1 - share) / np.maximum(1 - share, 0.01)
    still = still.clip(0, 255).astype(np.float32)
    out = _beyond(still, clean, outside, back_2HW)
    return np.asarray(np.rint(out).clip(0, 255), np.uint8)


def jpeg(rgb: UInt8Array) -> bytes:
    """A JPEG file of at most MOST_BYTES, as good as fits."""
    bgr = cv.cvtColor(rgb, cv.COLOR_RGB2BGR)
    data = b""
    for quality, colour in _QUALITIES:
        how = [cv.IMWRITE_JPEG_QUALITY, quality, cv.IMWRITE_JPEG_SAMPLING_FACTOR, colour]
        done, packed = cv.imencode(".jpg", bgr, how)
        if not done:
            raise ValueError("a background could not be encoded")
        data = bytes(packed.tobytes())
        if len(data) <= MOST_BYTES:
            break
    return data


def _wide(
    picture: UInt8Array, matrix_23: Float32Array
) -> tuple[Float32Array, NDArray[np.bool_], Float32Array, Float32Array]:
    """The picture over the canvas, where it is opaque, how far each pixel lies beyond its border
    (in pixels, 0 on the picture), and the place on the canvas (2, H, W) of which each pixel is the
    mirror image."""
    matrix = matrix_23.astype(np.float64).copy()
    matrix[:, 2] += (LEFT, 0)
    picture, matrix = _reduced(picture, matrix)
    height, width = picture.shape[:2]
    rgba = cv.warpAffine(
        picture, matrix, (WIDTH, SIZE), flags=cv.INTER_CUBIC, borderMode=cv.BORDER_REFLECT_101
    )
    inverse = cv.invertAffineTransform(matrix)
    x, y = np.arange(WIDTH, dtype=np.float32)[None], np.arange(SIZE, dtype=np.float32)[:, None]
    inverse, matrix = inverse.astype(np.float32), matrix.astype(np.float32)
    u = inverse[0, 0] * x + inverse[0, 1] * y + inverse[0, 2]
    v = inverse[1, 0] * x + inverse[1, 1] * y + inverse[1, 2]
    u_in, v_in = _mirrored(u, width - 1), _mirrored(v, height - 1)
    scale = float(np.linalg.norm(matrix[0, :2]))
    away = np.maximum(np.abs(u - u.clip(0, width - 1)), np.abs(v - v.clip(0, height - 1))) * scale
    back = np.stack(
        [
            matrix[0, 0] * u_in + matrix[0, 1] * v_in + matrix[0, 2],
            matrix[1, 0] * u_in + matrix[1, 1] * v_in + matrix[1, 2],
        ]
    )
    rgb = rgba[..., :3].astype(np.float32)
    return rgb, rgba[..., 3] > 250, away.astype(np.float32), back.astype(np.float32)


def _reduced(picture: UInt8Array, matrix: Any) -> tuple[UInt8Array, Any]:
    """A picture much finer than the canvas is made smaller first, against aliasing."""
    scale = float(np.linalg.norm(matrix[0, :2]))
    if scale >= 0.7:
        return picture, matrix
    height, width = picture.shape[:2]
    size = (max(round(width * scale * 1.3), 1), max(round(height * scale * 1.3), 1))
    ratio = np.array([width / size[0], height / size[1]])
    out = matrix.copy()
    out[:, 2] += matrix[:, :2] @ (ratio / 2 - 0.5)
    out[:, :2] *= ratio
    return cv.resize(picture, size, interpolation=cv.INTER_AREA), out


def _mirrored(at: Any, last: int) -> Any:
    """Coordinates folded into 0 .. last."""
    last = max(last, 1)
    return np.abs((at - last) % (2 * last) - last)


def _continued(wide: Float32Array, known: Float32Array) -> Float32Array:
    """The background where it is known, and a calm continuation elsewhere."""
    half = (WIDTH // 2, SIZE // 2)
    light = cv.resize(wide * known[..., None], half, interpolation=cv.INTER_AREA)
    share = cv.resize(known, half, interpolation=cv.INTER_AREA)
    smooth = fill(light / np.maximum(share, 1e-3)[..., None], share)
    smooth = cv.resize(smooth, (WIDTH, SIZE), interpolation=cv.INTER_LINEAR)
    soft = cv.GaussianBlur(known, (0, 0), 2.0)[..., None] * known[..., None]
    return np.asarray(wide * soft + smooth * (1 - soft), np.float32)


def _shown() -> Float32Array:
    """How much of the frame is shown: it fades at its sides (1, WIDTH, 1)."""
    first = fading(SIZE)[0, :, 0].astype(np.float32) / 255
    shown = np.zeros((1, WIDTH, 1), np.float32)
    shown[0, LEFT : LEFT + SIZE] = 1
    shown[0, LEFT : LEFT + len(first), 0] = first
    shown[0, LEFT + SIZE - len(first) : LEFT + SIZE, 0] = first[::-1]
    return shown


def _inside_the_sides() -> Float32Array:
    """1 where the person is taken out of the background, 0 at the square's sides and beyond."""
    x = np.arange(WIDTH, dtype=np.float32) - LEFT
    from_side = np.minimum(x, SIZE - 1 - x) / SIZE
    return smoothstep(EDGE, 2 * EDGE, from_side)[None, :, None]


def _in_the_frame() -> Float32Array:
    """1 over the frame's columns, 0 away from them (1, WIDTH, 1)."""
    x = np.arange(WIDTH, dtype=np.float32) - LEFT
    beside = np.maximum(-x, x - (SIZE - 1))
    return smoothstep(*_PERSON_GOES[::-1], beside)[None, :, None]


def _beyond(
    still: Float32Array, clean: Float32Array, outside: Float32Array, back_2HW: Float32Array
) -> Float32Array:
    """The same with what lies beyond the picture's border made of its mirror image."""
    if float(outside.max()) <= 0:
        return still
    image, calm = (
        cv.remap(each, back_2HW[0], back_2HW[1], cv.INTER_LINEAR, borderMode=cv.BORDER_REPLICATE)
        for each in (still, clean)
    )
    gone = smoothstep(*_PERSON_GOES, outside)[..., None] * _in_the_frame()
    made = image * (1 - gone) + calm * gone
    made = np.where(outside[..., None] > 0, made, still).astype(np.float32)
    out = made
    farthest = float(outside.max())
    for (low, *_), (high, sigma, times) in pairwise(_BLURS):
        if farthest <= low:
            break
        part = smoothstep(low, high, outside)[..., None]
        out = out * (1 - part) + _blurred(made, sigma, times) * part
    return np.asarray(out, np.float32)


def _blurred(picture: Float32Array, sigma: float, times: int) -> Float32Array:
    if times > 1:
        size = (WIDTH // times, SIZE // times)
        picture = cv.resize(picture, size, interpolation=cv.INTER_AREA)
    soft = cv.GaussianBlur(picture, (0, 0), sigma / times, borderType=cv.BORDER_REFLECT)
    return np.asarray(cv.resize(soft, (WIDTH, SIZE), interpolation=cv.INTER_CUBIC), np.float32)


def _disc(radius: int) -> Any:
    return cv.getStructuringElement(cv.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
