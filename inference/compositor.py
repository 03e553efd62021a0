"""Places the character on the camera's canvas, in front of the picture's own background, a colour,
another picture or green.

The frame is a square with head and shoulders that ends at the bottom edge of the picture, so it
stands on the canvas' bottom edge, centred, as high as the canvas. Only the rows and columns the
character covers are blended. I420 is made once, here, since that is what virtual cameras take:
BT.601, limited range, which pyvirtualcam itself uses and which readers of a webcam assume when, as
with v4l2loopback, nothing else is stated.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from inference.contract import Float32Array, PersonareError, UInt8Array
from inference.quiet import quiet

GREEN: Final[tuple[int, int, int]] = (0, 255, 0)
"""The key colour that chroma keyers (OBS among them) expect unless told otherwise."""
EDGE: Final[float] = 0.06
"""Share of the frame's width at both sides over which the character fades into its own background:
there it shows the picture with the person, so a body that is cut by the frame ends nowhere."""
SOFT_EDGE: Final[float] = 0.1
"""The same before a colour or another picture: cut sharply, shoulders would hang in the air. A key
colour would show through, so there they are cut."""
OUTERMOST: Final = 3
"""Into how many parts these columns are divided; the outer one tells whether a body is cut."""
_VIGNETTE: Final[float] = 0.16
"""How much darker the corners of a plain background are than its middle."""


class BackgroundLike(Protocol):
    """What stands behind the character; `app.session_contract.Background` is one."""

    @property
    def kind(self) -> str:
        """`own` (the character's; the colour where it has none), `color`, `picture` or `green`."""

    @property
    def color(self) -> tuple[int, int, int]:
        """Sets sRGB, 0..255."""

    @property
    def picture(self) -> str:
        """Path of a picture file, for kind `picture`."""


class CanvasBackground(Protocol):
    """A character's own background on one canvas (`inference.own_background`)."""

    def draw(self, motion_D: Float32Array | None) -> UInt8Array:
        """A new RGB picture (height, width, 3): how a motion (None: rest) leaves it."""


class OwnBackgroundLike(Protocol):
    """A character's own background."""

    def on(self, width: int, height: int) -> CanvasBackground:
        """The background on a canvas of this size."""


@dataclass(frozen=True, slots=True)
class Backdrop:
    """A plain `BackgroundLike`, for whoever does not have the app's."""

    kind: str = "color"
    color: tuple[int, int, int] = (38, 42, 51)
    picture: str = ""


def rgb_to_i420(rgb_HWC: UInt8Array) -> UInt8Array:
    """Convert to I420: uint8 (H*3/2, W), planes Y, U, V; BT.601 limited range. H and W even."""
    return np.asarray(cv2.cvtColor(rgb_HWC, cv2.COLOR_RGB2YUV_I420), np.uint8)


def read_picture(path: str | Path) -> UInt8Array:
    """Read a picture file as RGB uint8 (H, W, 3); any alpha is dropped.

    Raises:
        PersonareError: it is missing, unreadable or no picture.
    """
    remedy = "Choose another PNG or JPEG picture."
    try:
        data = np.frombuffer(Path(path).read_bytes(), np.uint8)
    except OSError as error:
        raise PersonareError(
            f"The picture {path} cannot be read: {error.strerror}.", remedy
        ) from error
    with quiet():
        picture = cv2.imdecode(data, cv2.IMREAD_COLOR) if len(data) else None
    if picture is None:
        raise PersonareError(f"{path} is not a picture that can be read.", remedy)
    return np.asarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), np.uint8)


def cover(picture_HWC: UInt8Array, width: int, height: int) -> UInt8Array:
    """Scale a picture until it covers width x height, and cut what sticks out evenly."""
    rows, columns = picture_HWC.shape[:2]
    scale = max(width / columns, height / rows)
    size = (max(width, round(columns * scale)), max(height, round(rows * scale)))
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(picture_HWC, size, interpolation=way)
    left, top = (size[0] - width) // 2, (size[1] - height) // 2
    return np.ascontiguousarray(scaled[top : top + height, left : left + width])


def registered(picture_HWC: UInt8Array, width: int, height: int) -> UInt8Array:
    """A character's own background on a canvas: its middle square lies where the frame lies.

    Where the canvas is wider or higher than the background, it goes on mirrored.
    """
    rows, columns = picture_HWC.shape[:2]
    side = min(width, height)
    scale = side / rows
    size = (round(columns * scale), side)
    if scale < 1:
        smaller = cv2.resize(picture_HWC, size, interpolation=cv2.INTER_AREA)
        picture_HWC = np.asarray(smaller, np.uint8)
        scale = 1.0
    # centres of pixels: the frame is resized the same way
    matrix = np.array(
        [
            [scale, 0, (width - 1) / 2 - scale * (picture_HWC.shape[1] - 1) / 2],
            [0, scale, height - side + (scale - 1) / 2],
        ]
    )
    return np.asarray(
        cv2.warpAffine(
            picture_HWC, matrix, (width, height), flags=cv2.INTER_CUBIC,
            borderMode=cv2.BORDER_REFLECT_101,
        ),
        np.uint8,
    )  # fmt: skip


def plain(color: tuple[int, int, int], width: int, height: int) -> UInt8Array:
    """A colour with a soft vignette, dithered so that it shows no bands."""
    x_W = np.linspace(-1, 1, width, dtype=np.float32) * (width / height)
    y_H = np.linspace(-1, 1, height, dtype=np.float32)
    far = (width / height) ** 2 + 1
    # Brightest a little above the middle, where the face is.
    distance_HW = (x_W[None, :] ** 2 + (y_H[:, None] + 0.2) ** 2) / far
    light_HW = 1.0 + _VIGNETTE * (0.35 - np.minimum(distance_HW, 1.0))
    noise_HW = np.random.default_rng(0).random((height, width), dtype=np.float32)
    rgb_HWC = light_HW[..., None] * np.asarray(color, np.float32) + noise_HW[..., None]
    return np.clip(rgb_HWC, 0, 255).astype(np.uint8)


def make_background(background: BackgroundLike, width: int, height: int) -> UInt8Array:
    """The background picture, uint8 RGB (height, width, 3).

    Of kind `own` it is the colour: what stands behind a character that has no background.

    Raises:
        PersonareError: the kind is unknown or the picture cannot be read.
    """
    if background.kind == "green":
        return np.full((height, width, 3), GREEN, np.uint8)
    if background.kind in ("own", "color"):
        return plain(background.color, width, height)
    if background.kind == "picture":
        return cover(read_picture(background.picture), width, height)
    raise PersonareError(
        f"There is no background kind '{background.kind}'.",
        "Choose own, color, picture or green.",
    )


def fading(side: int, edge: float = EDGE) -> UInt8Array:
    """Share (0..255) of a frame in its first columns, `edge` of its width: (side, W, 4)."""
    width = round(edge * side)
    share_W = np.arange(1, width + 1) / (width + 1)
    share_W = np.rint(255 * share_W * share_W * (3 - 2 * share_W)).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(share_W[None, :, None], (side, width, 4)))


def _fade(
    cover_HWC: UInt8Array, first_HWC: UInt8Array, last_HWC: UInt8Array, cut: bool = False
) -> None:
    """Let a premultiplied frame fade out at both sides, in place; with `cut` only in the rows where
    a side of the frame cuts it."""
    width = first_HWC.shape[1]
    for columns, share in ((slice(0, width), first_HWC), (slice(-width, None), last_HWC)):
        strip = np.ascontiguousarray(cover_HWC[:, columns])
        if not strip[..., 3].any():
            continue
        if cut:
            share = _where_cut(strip[..., 3], share, columns.start == 0)
        cover_HWC[:, columns] = cv2.multiply(strip, share, scale=1 / 255)


def _where_cut(alpha_HW: UInt8Array, share_HWC: UInt8Array, first: bool) -> UInt8Array:
    """A share with which rows fade the more, the more of their outermost pixels are covered."""
    reach = alpha_HW.shape[1] // OUTERMOST
    outer = alpha_HW[:, :reach] if first else alpha_HW[:, -reach:]
    cut_H1 = cv2.blur(outer.mean(1, dtype=np.float32)[:, None], (1, 2 * reach + 1)) / 255
    kept = 255 - cut_H1 * (255 - share_HWC[..., 0].astype(np.float32))
    return np.asarray(cv2.merge([np.rint(kept).astype(np.uint8)] * 4), np.uint8)


class Compositor:
    """One canvas with its background. `compose` is for one thread; setters for any."""

    def __init__(
        self,
        width: int = 1280,
        height: int = 720,
        background: BackgroundLike | None = None,
        own: OwnBackgroundLike | None = None,
    ) -> None:
        """`own` is shown behind the character if the background is of kind `own`.

        Raises:
            PersonareError: the size is odd, the kind is unknown or the picture cannot be read.
        """
        if width < 16 or height < 16 or width % 2 or height % 2:
            raise PersonareError(
                f"A picture of {width}x{height} cannot be made.", "Use even sizes of 16 or more."
            )
        self.width = width
        self.height = height
        self._side = min(height, width)
        self._fades = {
            edge: (first, np.ascontiguousarray(first[:, ::-1]))
            for edge in (EDGE, SOFT_EDGE)
            for first in (fading(self._side, edge),)
        }
        self._wish = background or Backdrop()
        self._own = own
        self._scene = self._made(self._wish, own)

    def _made(
        self, background: BackgroundLike, own: OwnBackgroundLike | None
    ) -> UInt8Array | CanvasBackground:
        if background.kind == "own" and own is not None:
            return own.on(self.width, self.height)
        return make_background(background, self.width, self.height)

    def set_background(self, background: BackgroundLike) -> None:
        """Change the background; the old one stays when the new one cannot be read.

        Raises:
            PersonareError: the kind is unknown or the picture cannot be read.
        """
        self._scene = self._made(background, self._own)
        self._wish = background

    def behind(self, own: OwnBackgroundLike | None) -> Compositor:
        """The same canvas for another character, whose own background is `own`."""
        other = copy(self)
        other._own = own
        if self._wish.kind == "own":
            other._scene = other._made(self._wish, own)
        return other

    def compose(self, frame_HWC: UInt8Array, motion_D: Float32Array | None = None) -> UInt8Array:
        """Blend a square RGBA frame (straight alpha) onto the canvas.

        `motion_D` is what the frame was drawn with: a character's own background gives way to it.
        Returns a new uint8 RGB array (height, width, 3); the frame is not kept.
        """
        scene = self._scene
        own = not isinstance(scene, np.ndarray)
        canvas = scene.copy() if isinstance(scene, np.ndarray) else scene.draw(motion_D)
        left, top, columns, rows = cv2.boundingRect(np.ascontiguousarray(frame_HWC[..., 3]))
        if columns == 0:
            return canvas
        size = frame_HWC.shape[0]
        side = self._side
        # Blend whole source pixels: grow the box by the reach of the resampling.
        top, bottom = max(0, top - 2), min(size, top + rows + 2)
        left, right = max(0, left - 2), min(size, left + columns + 2)
        y0, y1 = top * side // size, -(-bottom * side // size)
        x0, x1 = left * side // size, -(-right * side // size)
        # Straight alpha must be multiplied in before it is resampled, or hidden colours leak in.
        cover_HWC = cv2.cvtColor(frame_HWC, cv2.COLOR_RGBA2mRGBA)
        if side != size:
            way = cv2.INTER_CUBIC if side > size else cv2.INTER_AREA
            cover_HWC = cv2.resize(cover_HWC, (side, side), interpolation=way)
        if own or self._wish.kind != "green":
            edge = EDGE if own else SOFT_EDGE
            _fade(np.asarray(cover_HWC, np.uint8), *self._fades[edge], cut=not own)
        cover_HWC = cover_HWC[y0:y1, x0:x1]
        x_offset, y_offset = (self.width - side) // 2, self.height - side
        place = canvas[y_offset + y0 : y_offset + y1, x_offset + x0 : x_offset + x1]
        alpha = cv2.extractChannel(cover_HWC, 3)
        rest = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
        mixed = cv2.multiply(place, rest, scale=1 / 255)
        cv2.add(mixed, cv2.cvtColor(cover_HWC, cv2.COLOR_RGBA2RGB), dst=mixed)
        place[...] = mixed
        return canvas
