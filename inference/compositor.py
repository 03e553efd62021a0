"""Places the character on the camera's canvas, in front of a colour, a picture or green.

The frame is a square with head and shoulders that ends at the bottom edge of the picture, so it
stands on the canvas' bottom edge, centred, as high as the canvas. Only the rows and columns the
character covers are blended. I420 is made once, here, since that is what virtual cameras take:
BT.601, limited range, which pyvirtualcam itself uses and which readers of a webcam assume when, as
with v4l2loopback, nothing else is stated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import cv2
import numpy as np

from inference.contract import PersonareError, UInt8Array
from inference.quiet import quiet

GREEN: Final[tuple[int, int, int]] = (0, 255, 0)
"""The key colour that chroma keyers (OBS among them) expect unless told otherwise."""
_VIGNETTE: Final[float] = 0.16
"""How much darker the corners of a plain background are than its middle."""


class BackgroundLike(Protocol):
    """What stands behind the character; `app.session_contract.Background` is one."""

    @property
    def kind(self) -> str:
        """`color`, `picture` or `green`."""

    @property
    def color(self) -> tuple[int, int, int]:
        """Sets sRGB, 0..255."""

    @property
    def picture(self) -> str:
        """Path of a picture file, for kind `picture`."""


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

    Raises:
        PersonareError: the kind is unknown or the picture cannot be read.
    """
    if background.kind == "green":
        return np.full((height, width, 3), GREEN, np.uint8)
    if background.kind == "color":
        return plain(background.color, width, height)
    if background.kind == "picture":
        return cover(read_picture(background.picture), width, height)
    raise PersonareError(
        f"There is no background kind '{background.kind}'.", "Choose color, picture or green."
    )


class Compositor:
    """One canvas with its background. `compose` is for one thread; set_background for any."""

    def __init__(
        self, width: int = 1280, height: int = 720, background: BackgroundLike | None = None
    ) -> None:
        if width < 16 or height < 16 or width % 2 or height % 2:
            raise PersonareError(
                f"A picture of {width}x{height} cannot be made.", "Use even sizes of 16 or more."
            )
        self.width = width
        self.height = height
        self._background = make_background(background or Backdrop(), width, height)

    def set_background(self, background: BackgroundLike) -> None:
        """Change the background; the old one stays when the new one cannot be read.

        Raises:
            PersonareError: the kind is unknown or the picture cannot be read.
        """
        self._background = make_background(background, self.width, self.height)

    def compose(self, frame_HWC: UInt8Array) -> UInt8Array:
        """Blend a square RGBA frame (straight alpha) onto the canvas.

        Returns a new uint8 RGB array (height, width, 3); the frame is not kept.
        """
        canvas = self._background.copy()
        left, top, columns, rows = cv2.boundingRect(np.ascontiguousarray(frame_HWC[..., 3]))
        if columns == 0:
            return canvas
        size = frame_HWC.shape[0]
        side = min(self.height, self.width)
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
        cover_HWC = cover_HWC[y0:y1, x0:x1]
        x_offset, y_offset = (self.width - side) // 2, self.height - side
        place = canvas[y_offset + y0 : y_offset + y1, x_offset + x0 : x_offset + x1]
        alpha = cv2.extractChannel(cover_HWC, 3)
        rest = cv2.cvtColor(cv2.bitwise_not(alpha), cv2.COLOR_GRAY2RGB)
        behind = cv2.multiply(place, rest, scale=1 / 255)
        cv2.add(behind, cv2.cvtColor(cover_HWC, cv2.COLOR_RGBA2RGB), dst=behind)
        place[...] = behind
        return canvas
