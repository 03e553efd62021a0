"""One layer of a character in a frame: where it is seen, and its pixels moved there.

A generator has one `Mover` for each layer. What a frame needs of it lives in the mover's own memory
(`Scratch`) until the next frame.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.frame_generator_extent import Extent
from inference.frame_generator_flow import POSE, GridFlow
from inference.frame_generator_layers import GRID, HEAD, Geometry, Layer, project
from inference.frame_generator_light import Placed
from inference.frame_generator_pictures import Picture, enlarged, fitted, scaled_box, visible
from inference.scratch import Scratch

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""


@dataclass(frozen=True, slots=True)
class Moved:
    """A layer in sight of one frame."""

    placed: Placed
    """In pixels of the geometry's frame."""
    box: NDArray[np.int64]
    """Where the layer may appear, in pixels of the frame that is drawn."""
    view: tuple[slice, slice]
    """Rows and columns of the frame beyond which nothing of the layer is seen."""
    pixels: UInt8Array
    """Premultiplied RGBA over the view, once it is filled."""
    picture: Picture
    scratch: Scratch

    @property
    def is_head(self) -> bool:
        """Whether it is the layer that windows are painted on."""
        return self.placed.layer.name == HEAD

    def fill(self) -> None:
        """Fetch the pixels: three long steps, worth another thread."""
        source = self.picture.places(self.placed.source_2HW)
        map_x, map_y = enlarged(source, self.box, self.view, self.scratch)
        edge = cv.BORDER_CONSTANT if self.placed.layer.follows_head else cv.BORDER_REPLICATE
        cv.remap(
            self.picture.pixels, map_x, map_y, cv.INTER_LINEAR, dst=self.pixels, borderMode=edge
        )


class Mover:
    """Moves one layer."""

    def __init__(self, geometry: Geometry, layer: Layer, size: int) -> None:
        """`size` is the width and height of the frame in pixels."""
        self._geometry, self._layer = geometry, layer
        self._size = size
        self._scale = scale = size / geometry.shown.side
        self._corner_4 = np.array([*geometry.shown[:2], 0, 0])
        self.flow = GridFlow(layer, geometry.camera_34, geometry.place_5)
        self._picture = fitted(layer, scale)
        self._extent = None if self.is_head else Extent(self._picture.pixels)
        self._scratch = Scratch()

    @property
    def is_head(self) -> bool:
        """Whether it is the layer that windows are painted on."""
        return self._layer.name == HEAD

    def find(self, motion_D: Float32Array, points_3P: Float32Array | None = None) -> Moved | None:
        """Where the layer is under a motion; None if out of sight.

        `points_3P` are the layer's points after the motion's expression, where they are known.
        """
        box = frame_box(self._geometry, self._layer, motion_D[POSE])
        box = scaled_box(box, self._scale, self._geometry.shown[:2])
        view = visible(box, self._size)
        if view is None:
            return None
        there = (box / self._scale + self._corner_4).astype(np.float32)
        placed = Placed(self._layer, there, self.flow.whole(motion_D, there, points_3P))
        if self._extent is not None:
            source = self._picture.places(placed.source_2HW)
            view = self._extent.within(source, box, view)
            if view is None:
                return None
        height, width = view[0].stop - view[0].start, view[1].stop - view[1].start
        pixels = self._scratch.array("pixels", (height, width, 4))
        return Moved(placed, box, view, pixels, self._picture, self._scratch)


def frame_box(geometry: Geometry, layer: Layer, pose_6: Float32Array) -> NDArray[np.int64]:
    """Where a layer may appear: its grid's box, moved as the middle of the layer moves."""
    x, y, w, h = np.round(layer.box_4).astype(np.int64)
    if not layer.follows_head:
        return np.array([x, y, w, h])
    middle = layer.point_3HW[:, GRID // 2, GRID // 2].astype(np.float64)
    turned = turn(middle, pose_6, geometry.place_5)
    before, after = project(geometry.camera_34, np.stack([middle, turned], 1)).T
    shift = np.round(after - before).astype(np.int64)
    return np.array([x + shift[0], y + shift[1], w, h])


def turn(point_3: Any, pose_6: Float32Array, place_5: Float32Array) -> Any:
    """One point of the head after its pose; the rule of `training.frames.flow.pose_points`."""
    x, y, z = point_3 - place_5[:3]
    yaw, pitch, roll = (float(v) for v in pose_6[:3])
    c, s = np.cos(-roll), np.sin(-roll)
    x, y = c * x - s * y, s * x + c * y
    c, s = np.cos(-pitch), np.sin(-pitch)
    y, z = c * y - s * z, s * y + c * z
    c, s = np.cos(yaw), np.sin(yaw)
    z, x = c * z - s * x, s * z + c * x
    return np.array([x, y, z]) + place_5[:3] + pose_6[3:] * place_5[3]
