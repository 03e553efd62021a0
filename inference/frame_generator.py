"""One character and one motion in, one RGBA frame out; no memory, so identity cannot drift.

Every frame starts from the character's own pictures: `flow.onnx` turns the motion into one inverse
map per layer, OpenCV moves the layers' pixels along it at full resolution, `paint.onnx` supplies
mouth and eyes where a mask it learned says so, and `relight.onnx` adds the change of light. The
same motion always gives the same pixels on the same machine.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.beside import Beside
from inference.character import Character, load_character
from inference.contract import (
    MOTION_INDEX,
    MOTION_SIZE,
    Float32Array,
    PersonareError,
    UInt8Array,
)
from inference.execution_providers import ProviderReport
from inference.frame_generator_layers import (
    GRID,
    SIZE,
    Geometry,
    Layer,
    load_geometry,
    project,
)
from inference.frame_generator_windows import BankPainter, Painter, WindowSource
from inference.model_package import ModelPackage, load_model_package
from inference.onnx_session import open_session

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_POSE: Final = slice(MOTION_INDEX["headYaw"], MOTION_INDEX["headZ"] + 1)
_LOW = np.zeros(MOTION_SIZE, np.float32)
_HIGH = np.ones(MOTION_SIZE, np.float32)
_HIGH[_POSE] = (0.36, 0.30, 0.35, 1.0, 1.0, 1.0)
_LOW[_POSE] = -_HIGH[_POSE]
_LOW[MOTION_INDEX["breath"]] = -1.0
"""Motions are clipped to these: poses the layers were made for."""
_RELIGHT = 64


def clean_motion(motion_D: Any) -> Float32Array:
    """A motion with what is not a number set to rest and everything within its range.

    Raises:
        ValueError: the motion does not have MOTION_SIZE values.
    """
    motion = np.asarray(motion_D, np.float32)
    if motion.shape != (MOTION_SIZE,):
        raise ValueError(f"a motion has {MOTION_SIZE} values, not shape {motion.shape}")
    motion = np.nan_to_num(motion, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(motion, _LOW, _HIGH)


class FrameGenerator:
    """Draws one character; see `inference.contract.FrameSource`. Use it from one thread."""

    def __init__(
        self,
        package: ModelPackage | Path | str,
        character: Character | Path | str,
        provider: ProviderReport | str = "cpu",
        threads: int = 2,
        paint: bool = True,
        relight: bool = True,
    ) -> None:
        """Open the graphs and encode the character's references once.

        `threads` is for the graphs; OpenCV follows `cv.setNumThreads`. `paint=False` leaves the
        bare warp and `relight=False` the light as it was, for training and for measuring.

        Raises:
            PersonareError: package or character is missing, damaged, or of the wrong kind.
        """
        if not isinstance(package, ModelPackage):
            package = load_model_package(package, "frame")
        if not isinstance(character, Character):
            character = load_character(character)
        if character.geometry_path is None:
            raise PersonareError(
                f"The character '{character.name}' has no geometry to move it with.",
                "Use a bundled character, or import the picture again.",
            )
        self.character_id = character.id
        self.geometry: Geometry = load_geometry(character.geometry_path)
        self._flow = open_session(package.path("flow"), provider, threads)
        self.provider = self._flow.provider
        self._relights = relight
        self._painter: Painter | BankPainter | None = None
        bank = self.geometry.eye_bank
        if bank is not None and not bank.painted:  # its own light, too, is not a photograph's
            self._relights = False
            if paint and "expression" in package.manifest.graphs:
                self._painter = BankPainter(package, self.geometry, provider, threads)
        elif paint and "paint" in package.manifest.graphs:
            self._painter = Painter(package, character, self.geometry, provider, threads)
        self._beside = Beside("personare-paint")
        self._premultiplied = np.zeros((SIZE, SIZE, 4), np.uint8)
        self._frame = np.zeros((SIZE, SIZE, 4), np.uint8)
        self._rest_light = np.zeros((_RELIGHT, _RELIGHT, 3), np.float32)
        self._rest_light = self._light_at_rest()

    @property
    def size(self) -> int:
        """Width and height of a frame: 512 pixels."""
        return SIZE

    def draw(self, motion_D: Float32Array) -> UInt8Array:
        """One frame: uint8 (512, 512, 4), RGBA, straight alpha; valid until the next call."""
        motion = clean_motion(motion_D)
        canvas = self._premultiplied
        canvas[:] = 0
        painter = self._painter
        paint: list[WindowSource] | None = None
        if painter is None:
            moved = self._moved(motion)
        else:
            # Painting takes about as long as moving the layers and needs nothing of it: a core each
            with self._beside.start(lambda: painter.windows(motion)) as painted:
                moved = self._moved(motion)
            paint = painted.result()
        for layer, box, view, region in moved:
            if layer.name == "head" and painter is not None and paint is not None:
                canon = painter.canon(layer, box, motion[_POSE])
                _put_windows(region, _enlarge(canon, box, view), paint)
            _over(canvas[view], region)
        if not isinstance(painter, Painter) or not self._relights:
            return _straight(canvas, self._frame, None)
        small = cv.resize(canvas, (_RELIGHT, _RELIGHT), interpolation=cv.INTER_AREA)
        light = painter.relight(small, motion) - self._rest_light
        return _straight(canvas, self._frame, light)

    def _moved(
        self, motion_D: Float32Array
    ) -> list[tuple[Layer, NDArray[np.int64], tuple[slice, slice], UInt8Array]]:
        """Each visible layer with its box, its place in the frame and its pixels, moved."""
        moved = []
        for layer in self.geometry.layers:
            box = frame_box(self.geometry, layer, motion_D[_POSE])
            view = _clip(box)
            if view is None:
                continue
            places = _enlarge(self._source(layer, box, motion_D), box, view)
            region = cv.remap(
                layer.image,
                places[0] - layer.corner[0],
                places[1] - layer.corner[1],
                cv.INTER_LINEAR,
                borderMode=cv.BORDER_CONSTANT if layer.follows_head else cv.BORDER_REPLICATE,
            )
            moved.append((layer, box, view, region))
        return moved

    def _light_at_rest(self) -> Float32Array:
        """What the relighting says where nothing changed; without it, rest is the portrait."""
        rest = np.zeros(MOTION_SIZE, np.float32)
        self.draw(rest)
        if not isinstance(self._painter, Painter) or not self._relights:
            return self._rest_light
        small = cv.resize(self._premultiplied, (_RELIGHT, _RELIGHT), interpolation=cv.INTER_AREA)
        return self._painter.relight(small, rest)

    def _source(self, layer: Layer, box: NDArray[np.int64], motion_D: Float32Array) -> Float32Array:
        """Where in the layer's picture to look, over the frame box; `training.frames.flow`."""
        source_2HW: Float32Array = self._flow.run(
            {
                "amount": motion_D[layer.index_K],
                "basis": layer.basis_K3HW,
                "point": layer.point_3HW,
                "weight": layer.weight_HW,
                "pose": motion_D[_POSE],
                "place": self.geometry.place_5,
                "camera": self.geometry.camera_34,
                "grid_box": layer.box_4,
                "frame_box": box.astype(np.float32),
            }
        )["source"]
        return source_2HW


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


def _clip(box: NDArray[np.int64]) -> tuple[slice, slice] | None:
    x, y, w, h = (int(v) for v in box)
    rows, columns = slice(max(y, 0), min(y + h, SIZE)), slice(max(x, 0), min(x + w, SIZE))
    if rows.start >= rows.stop or columns.start >= columns.stop:
        return None
    return rows, columns


def _enlarge(
    map_2HW: Float32Array, box: NDArray[np.int64], view: tuple[slice, slice]
) -> tuple[Float32Array, Float32Array]:
    """A grid map at full resolution, cut to the visible part."""
    x, y, w, h = (int(v) for v in box)
    rows = slice(view[0].start - y, view[0].stop - y)
    columns = slice(view[1].start - x, view[1].stop - x)
    size = (w, h)
    first = cv.resize(map_2HW[0], size, interpolation=cv.INTER_LINEAR)
    second = cv.resize(map_2HW[1], size, interpolation=cv.INTER_LINEAR)
    return first[rows, columns], second[rows, columns]


def _put_windows(
    region: UInt8Array, canon: tuple[Float32Array, Float32Array], paint: list[WindowSource]
) -> None:
    """Blend the painted windows over the head, in place."""
    canon_x, canon_y = canon
    for window in paint:
        x, y = window.corner
        height, width = window.mask.shape
        inside = (canon_x > x) & (canon_x < x + width) & (canon_y > y) & (canon_y < y + height)
        rows, columns = np.flatnonzero(inside.any(1)), np.flatnonzero(inside.any(0))
        if not len(rows):
            continue
        part = (slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1))
        map_x, map_y = canon_x[part] - x, canon_y[part] - y
        colour = cv.remap(window.colour, map_x, map_y, cv.INTER_LINEAR)
        keep = cv.bitwise_not(cv.remap(window.mask, map_x, map_y, cv.INTER_LINEAR))
        kept = cv.multiply(region[part], cv.merge([keep] * 4), scale=1 / 255)
        cv.add(kept, colour, dst=kept)
        region[part] = kept


def _over(under: UInt8Array, top: UInt8Array) -> None:
    """Premultiplied `top` over `under`, in place."""
    keep = cv.bitwise_not(np.ascontiguousarray(top[..., 3]))
    rest = cv.multiply(under, cv.merge([keep] * 4), scale=1 / 255)
    under[:] = cv.add(rest, top)


def _straight(
    premultiplied: UInt8Array, out: UInt8Array, residual_HW3: Float32Array | None
) -> UInt8Array:
    """Straight alpha, with the light added (residual in 0..255 at a low resolution)."""
    np.copyto(out, premultiplied)
    # alpha - 1 wraps around at 0, so one comparison finds the pixels that are neither 0 nor 255
    soft = np.flatnonzero((premultiplied[..., 3] - np.uint8(1)) < 254)
    edge_P4 = premultiplied.reshape(-1, 4)[soft].astype(np.float32)
    edge_P4[:, :3] *= 255.0 / edge_P4[:, 3:]
    out.reshape(-1, 4)[soft] = np.minimum(edge_P4 + 0.5, 255).astype(np.uint8)
    if residual_HW3 is not None:
        light = np.zeros((*residual_HW3.shape[:2], 4), np.int16)
        light[..., :3] = np.rint(residual_HW3)
        light = cv.resize(light, (SIZE, SIZE), interpolation=cv.INTER_LINEAR)
        cv.add(out, light, dst=out, dtype=cv.CV_8U)
    return out
