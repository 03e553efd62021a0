"""A character taken apart: layers with their pictures, depth and motion bases (`geometry.npz`).

Written by `training.frames.geometry`, read here. Layers are stored back to front. Pictures are
premultiplied RGBA cut to what is needed; grids hold `GRID` x `GRID` samples at the centres of equal
cells of a box (x, y, w, h) in frame pixels, where pixel centres have integer coordinates.

`picture_scale` (1 where the key is missing, at most `FINEST`) says how many pixels the layers'
pictures have for one of the frame's. Everything else, corners too, stays in frame pixels: a layer
that covers w x h of them has a picture of round(w * scale) x round(h * scale). Frames larger than
`SIZE` take their detail from there.

`shown` (x, y, side; all of it where the key is missing) is the part of the frame that is drawn, as
large as a whole frame: heads of pictures that were cut closely stand larger in it, while everything
else is as in all geometries.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from weakref import WeakValueDictionary

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import MOTION_SIZE, Float32Array, PersonareError, UInt8Array
from inference.frame_generator_eyes import EyeBank, read_eyes
from inference.frame_generator_mouth import MouthBank, read_bank

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
FORMAT: Final = 1
GRID: Final = 64
SIZE: Final = 512
"""Frame size, in pixels, that geometry files describe."""
HEAD: Final = "head"
"""The layer that every character has, on which windows are painted."""
FINEST: Final = 4.0
"""Most pixels that a layer's picture may have for one of the frame's (`picture_scale`)."""
REMEDY: Final = "Get the character again, or install Personare again if it came with it."


class Shown(NamedTuple):
    """A square part of the frame, in its pixels: left and upper edge, length of a side."""

    x: float
    y: float
    side: float


WHOLE: Final = Shown(0.0, 0.0, float(SIZE))
CLOSEST: Final = 128.0
"""Shortest side of a part that is drawn as a frame."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer at rest."""

    name: str
    image: UInt8Array
    """Premultiplied RGBA, one pixel for each of the frame's."""
    corner: tuple[int, int]
    """Frame pixel (x, y) of the picture's first pixel; may lie outside the frame."""
    box_4: Float32Array
    """The grid's box."""
    point_3HW: Float32Array
    """3D point of each grid sample at rest."""
    weight_HW: Float32Array
    """Share of the head's rotation it follows."""
    basis_K3HW: Float32Array
    """Displacements of the points under the motion values `index_K`."""
    index_K: NDArray[np.int64]
    follows_head: bool
    """Whether the layer as a whole travels with the head."""
    detail: UInt8Array | None = None
    """The picture as it was stored, where that is finer: the same part of the frame."""


@dataclass(frozen=True, slots=True)
class Patch:
    """Motion bases of one lip, continued over the other: how the mouth is cut open."""

    box_4: Float32Array
    point_3HW: Float32Array
    basis_K3HW: Float32Array
    index_K: NDArray[np.int64]


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Geometry:
    """All layers of a character and the camera they were seen by."""

    layers: tuple[Layer, ...]
    camera_34: Float32Array
    """Homogeneous projection to pixels; the third row gives the depth."""
    place_5: Float32Array
    """Neck pivot (3), pupil distance, share of the head's translation that the body makes."""
    windows: dict[str, tuple[int, int]]
    """Frame pixel of the first pixel of the paint windows `mouth`, `eye_left`, `eye_right`."""
    upper_lip: Patch
    lower_lip: Patch
    lip_shares: tuple[UInt8Array, UInt8Array]
    """Which pixels of the mouth's window at rest, 0..255, are the upper lip's side and the lower
    lip's; beside the mouth both."""
    mouth_bank: MouthBank | None = None
    """What the parted lips show, where the character has it."""
    eye_bank: EyeBank | None = None
    """The eyes of characters that need no paint: then nothing of them is painted by networks."""
    shown: Shown = WHOLE
    """The part of the frame that is drawn, as large as a frame."""

    def layer(self, name: str) -> Layer:
        """The layer of this name."""
        return next(layer for layer in self.layers if layer.name == name)


def cell_centres(box_4: Float32Array, n: int = GRID) -> Float32Array:
    """Pixel coordinates (2, n, n) of the cell centres of a box."""
    step_N = (np.arange(n, dtype=np.float32) + 0.5) / n
    x_N = box_4[0] + box_4[2] * step_N - 0.5
    y_N = box_4[1] + box_4[3] * step_N - 0.5
    return np.stack(np.meshgrid(x_N, y_N)).astype(np.float32)


def unproject(camera_34: Float32Array, place_2HW: Float32Array, depth_HW: Float32Array) -> Any:
    """3D points (3, H, W) seen at pixel places at a depth along the camera's axis."""
    image_3HW = np.concatenate([place_2HW, np.ones_like(depth_HW)[None]]) * depth_HW
    back_33 = np.linalg.inv(camera_34[:, :3].astype(np.float64))
    shifted = image_3HW.reshape(3, -1) - camera_34[:, 3:]
    return (back_33 @ shifted).reshape(image_3HW.shape).astype(np.float32)


def project(camera_34: Float32Array, point_3N: Float32Array) -> Float32Array:
    """Pixel places (2, N) of 3D points."""
    image_3N = camera_34[:, :3] @ point_3N + camera_34[:, 3:]
    place_2N: Float32Array = image_3N[:2] / image_3N[2:]
    return place_2N


def _picture(data: dict[str, Any], name: str) -> UInt8Array:
    colour = cv.imdecode(data[f"{name}_colour"], cv.IMREAD_COLOR)
    alpha = cv.imdecode(data[f"{name}_alpha"], cv.IMREAD_GRAYSCALE)
    if colour is None or alpha is None or colour.shape[:2] != alpha.shape:
        raise ValueError("a layer's picture cannot be read")
    colour = cv.cvtColor(colour, cv.COLOR_BGR2RGB)
    return np.ascontiguousarray(np.dstack([np.minimum(colour, alpha[..., None]), alpha]))


def tight_bases(basis_K3HW: NDArray[np.int16]) -> UInt8Array:
    """Bases as bytes that pack well (2, K, 3, H, W): second differences, low and high bytes apart.

    Neighbours in a smooth map differ little, and their differences less. Exact: sums restore it.
    """
    wide = np.diff(np.diff(basis_K3HW.astype(np.int32), axis=3, prepend=0), axis=2, prepend=0)
    code = np.where(wide < 0, -2 * wide - 1, 2 * wide)  # small numbers for either sign
    if code.size and int(code.max()) > 0xFFFF:
        raise ValueError("the bases jump too far to be packed")
    return np.stack([code & 0xFF, code >> 8]).astype(np.uint8)


def read_bases(data: dict[str, Any], name: str) -> NDArray[np.int16]:
    """A grid's bases (K, 3, H, W) as they are or packed by `tight_bases`."""
    if f"{name}_basis" in data:
        plain: NDArray[np.int16] = data[f"{name}_basis"]
        return plain
    low, high = data[f"{name}_tight"].astype(np.int32)
    code = low + 256 * high
    wide = np.where(code & 1, -(code + 1) // 2, code // 2)
    basis: NDArray[np.int16] = wide.cumsum(2).cumsum(3).astype(np.int16)
    return basis


def _patch(data: dict[str, Any], name: str, camera_34: Float32Array) -> Patch:
    box_4 = data[f"{name}_box"].astype(np.float32)
    low, high = data[f"{name}_depth_range"]
    depth_HW = (low + (high - low) / 65535.0 * data[f"{name}_depth"]).astype(np.float32)
    index_K = data[f"{name}_index"].astype(np.int64)
    steps_K = data[f"{name}_basis_step"].astype(np.float32)
    basis_K3HW = read_bases(data, name).astype(np.float32) * steps_K[:, None, None, None]
    shapes = (depth_HW.shape, basis_K3HW.shape[2:])
    if any(shape != (GRID, GRID) for shape in shapes) or len(index_K) != len(basis_K3HW):
        raise ValueError("a layer's grids have the wrong size")
    if index_K.size and (index_K.min() < 0 or index_K.max() >= MOTION_SIZE):
        raise ValueError("a layer's bases name unknown motions")
    point_3HW = unproject(camera_34, cell_centres(box_4), depth_HW)
    return Patch(box_4, point_3HW, basis_K3HW, index_K)


def _layer(data: dict[str, Any], name: str, camera_34: Float32Array, picture_scale: float) -> Layer:
    grid = _patch(data, name, camera_34)
    weight_HW = data[f"{name}_weight"].astype(np.float32) / 255.0
    if weight_HW.shape != (GRID, GRID):
        raise ValueError("a layer's weights have the wrong size")
    stored = picture = _picture(data, name)
    if picture_scale != 1:
        height, width = (max(1, round(side / picture_scale)) for side in stored.shape[:2])
        picture = cv.resize(stored, (width, height), interpolation=cv.INTER_AREA)
    return Layer(
        name=name,
        image=picture,
        corner=(int(data[f"{name}_corner"][0]), int(data[f"{name}_corner"][1])),
        box_4=grid.box_4,
        point_3HW=grid.point_3HW,
        weight_HW=weight_HW,
        basis_K3HW=grid.basis_K3HW,
        index_K=grid.index_K,
        follows_head=name != "body",
        detail=None if picture_scale == 1 else stored,
    )


def _picture_scale(data: dict[str, Any]) -> float:
    """How many pixels the layers' pictures have for one of the frame's; see `FINEST`."""
    scale = float(data.get("picture_scale", 1.0))
    if not 1.0 <= scale <= FINEST:  # also refuses what is not a number
        raise ValueError(f"its pictures have {scale} pixels for one")
    return scale


def _shown(data: dict[str, Any]) -> Shown:
    """The part of the frame to draw; all of it where the key is missing."""
    if "shown" not in data:
        return WHOLE
    shown = Shown(*(float(v) for v in data["shown"]))
    inside = min(shown.x, shown.y) >= 0 and max(shown.x, shown.y) + shown.side <= SIZE + 0.01
    if not (inside and shown.side >= CLOSEST):  # also refuses what is not a number
        raise ValueError(f"its frame has no part {tuple(shown)}")
    return shown


_held: WeakValueDictionary[tuple[Path, int, int], Geometry] = WeakValueDictionary()
"""Geometries that somebody has, by file, time of change and size."""


def load_geometry(path: Path | str) -> Geometry:
    """Read a `geometry.npz`, which takes a tenth of a second; one that somebody has already, as a
    character's frames and background do, is not read again.

    Raises:
        PersonareError: it is missing, damaged, or of another format.
    """
    path = Path(path).absolute()
    try:
        about = path.stat()
    except OSError:
        raise PersonareError(f"The character's geometry {path} is missing.", REMEDY) from None
    key = (path, about.st_mtime_ns, about.st_size)
    geometry = _held.get(key)
    if geometry is None:
        geometry = _held[key] = _read(path)
    return geometry


def _read(path: Path) -> Geometry:
    try:
        with np.load(path, allow_pickle=False) as archive:
            data = {key: archive[key] for key in archive.files}
        if int(data["format"]) != FORMAT:
            raise PersonareError(
                f"The geometry {path} has format {int(data['format'])}; this Personare reads "
                f"{FORMAT}.",
                "Update Personare, or get the character made for it.",
            )
        camera_34 = data["camera"].astype(np.float32)
        scale = _picture_scale(data)
        layers = tuple(_layer(data, str(name), camera_34, scale) for name in data["layers"])
        if all(layer.name != HEAD for layer in layers):
            raise ValueError("it has no head")
        windows = {
            name: (int(data[name][0]), int(data[name][1]))
            for name in ("mouth", "eye_left", "eye_right")
        }
        upper = cv.imdecode(data["upper_lip_share"], cv.IMREAD_GRAYSCALE)
        lower = cv.imdecode(data["lower_lip_share"], cv.IMREAD_GRAYSCALE)
        if upper is None or lower is None:
            raise ValueError("the line between the lips cannot be read")
        return Geometry(
            layers,
            camera_34,
            data["place"].astype(np.float32),
            windows,
            _patch(data, "upper_lip", camera_34),
            _patch(data, "lower_lip", camera_34),
            (upper, lower),
            read_bank(data, (upper.shape[1], upper.shape[0])),
            read_eyes(data),
            _shown(data),
        )
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile, cv.error) as error:
        raise PersonareError(f"The geometry {path} is damaged: {error}.", REMEDY) from error
