"""One character and one motion in, one RGBA frame out; no memory, so identity cannot drift.

Every frame starts from the character's own pictures: the motion becomes one inverse map per layer,
OpenCV moves the layers' pixels along it at full resolution, `paint.onnx` supplies mouth and eyes
where a mask it learned says so, and `light.onnx` adds the change of light. The same motion always
gives the same pixels on the same machine.

There are three qualities and one code path: they differ in the size of the frame and in the
precision of the graphs that paint (`QUALITIES`).
"""

from __future__ import annotations

from dataclasses import dataclass
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
from inference.frame_generator_flow import POSE, GridFlow
from inference.frame_generator_layers import (
    GRID,
    SIZE,
    Geometry,
    Layer,
    load_geometry,
    project,
)
from inference.frame_generator_light import GRAPH, Placed, Relighter
from inference.frame_generator_pictures import (
    Picture,
    enlarged,
    fitted,
    lay_over,
    put_windows,
    scaled_box,
    straight,
    visible,
)
from inference.frame_generator_windows import (
    INT8,
    BankPainter,
    Painter,
    WindowSource,
    painting_graphs,
)
from inference.model_package import ModelPackage, load_model_package

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
_LOW = np.zeros(MOTION_SIZE, np.float32)
_HIGH = np.ones(MOTION_SIZE, np.float32)
_HIGH[POSE] = (0.36, 0.30, 0.35, 1.0, 1.0, 1.0)
_LOW[POSE] = -_HIGH[POSE]
_LOW[MOTION_INDEX["breath"]] = -1.0
"""Motions are clipped to these: poses the layers were made for."""


@dataclass(frozen=True, slots=True)
class Quality:
    """One step of the ladder."""

    size: int
    """Width and height of a frame in pixels."""
    int8: bool = False
    """Whether to paint in eight bits, on a processor: there it takes a third of the time."""


QUALITIES: Final[dict[str, Quality]] = {
    "eco": Quality(SIZE, int8=True),
    "standard": Quality(SIZE),
    "high": Quality(720),
}
"""`eco` for batteries and old processors, `high` for a canvas of 720 rows or more.

Measured (lena, processor time of a frame): in 8 bits 16.0 ms at 512 pixels, 15.0 at 384, 13.1 at
256; in floating point 23.7 ms. Smaller frames save little and are visibly softer, so `eco` is not
smaller.
"""


@dataclass(frozen=True, slots=True)
class _Seen:
    """A layer in sight of one frame."""

    placed: Placed
    """In pixels of the geometry's frame."""
    box: NDArray[np.int64]
    """Where the layer may appear, in pixels of the frame that is drawn."""
    view: tuple[slice, slice]
    picture: Picture

    def pixels(self) -> UInt8Array:
        """The layer's pixels over the visible part of its box."""
        source = self.picture.places(self.placed.source_2HW)
        map_x, map_y = enlarged(source, self.box, self.view)
        edge = cv.BORDER_CONSTANT if self.placed.layer.follows_head else cv.BORDER_REPLICATE
        pixels: UInt8Array = cv.remap(
            self.picture.pixels, map_x, map_y, cv.INTER_LINEAR, borderMode=edge
        )
        return pixels


@dataclass(frozen=True, slots=True)
class _Moved:
    """The same with its pixels."""

    seen: _Seen
    pixels: UInt8Array

    @property
    def is_head(self) -> bool:
        return self.seen.placed.layer.name == "head"


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
        quality: str = "standard",
    ) -> None:
        """Open the graphs and encode the character's references once.

        `threads` is for the graphs; OpenCV follows `cv.setNumThreads`. `paint=False` leaves the
        bare warp and `relight=False` the light as it was, for training and for measuring.
        `quality` is one of QUALITIES; a package without a graph in int8 paints with its own.

        Raises:
            PersonareError: package or character is missing, damaged, or of the wrong kind; or
                there is no such quality.
        """
        if quality not in QUALITIES:
            raise PersonareError(
                f"There is no quality '{quality}'.", f"Choose {', '.join(QUALITIES)}."
            )
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
        self.quality = quality
        self._size = QUALITIES[quality].size
        self._scale = self._size / SIZE
        self.geometry: Geometry = load_geometry(character.geometry_path)
        self._flows = [
            GridFlow(layer, self.geometry.camera_34, self.geometry.place_5)
            for layer in self.geometry.layers
        ]
        self._pictures = [fitted(layer, self._scale) for layer in self.geometry.layers]
        self.precision = ""
        """What paints: `fp32` or `int8`; "" where the character needs no network."""
        self._painter = self._make_painter(package, character, provider, threads, paint)
        self._relighter = self._make_relighter(package, provider, relight and paint)
        self._beside = Beside("personare-paint")
        self._premultiplied = np.zeros((self._size, self._size, 4), np.uint8)
        self._frame = np.zeros((self._size, self._size, 4), np.uint8)

    def _make_painter(
        self,
        package: ModelPackage,
        character: Character,
        provider: ProviderReport | str,
        threads: int,
        paint: bool,
    ) -> Painter | BankPainter | None:
        asked = provider if isinstance(provider, str) else provider.name
        self.provider = asked
        bank = self.geometry.eye_bank
        if bank is not None and not bank.painted:
            return BankPainter(self.geometry) if paint else None
        int8 = QUALITIES[self.quality].int8 and asked == "cpu"
        graphs = painting_graphs(package, bank is None, int8)
        if not paint or not graphs:
            return None
        self.precision = "int8" if graphs[0].endswith(INT8) else "fp32"
        if self.precision == "int8":
            threads = 1  # quick enough beside the moving of layers, which wants the other core
        painter = Painter(package, character, self.geometry, provider, threads, graphs)
        self.provider = painter.provider
        return painter

    def _make_relighter(
        self, package: ModelPackage, provider: ProviderReport | str, wanted: bool
    ) -> Relighter | None:
        bank = self.geometry.eye_bank
        learnt = bank is None or bank.imported
        if not (wanted and learnt and GRAPH in package.manifest.graphs):
            return None
        asked = provider if isinstance(provider, str) else provider.name
        eight = f"{GRAPH}{INT8}"
        small = QUALITIES[self.quality].int8 and asked == "cpu" and eight in package.manifest.graphs
        graph = eight if small else GRAPH
        return Relighter(package, self.geometry.layers, provider, graph)

    @property
    def painter(self) -> Painter | BankPainter | None:
        """What supplies mouth and eyes, for measuring."""
        return self._painter

    @property
    def relighter(self) -> Relighter | None:
        """What changes the light, for measuring."""
        return self._relighter

    @property
    def size(self) -> int:
        """Width and height of a frame in pixels: that of the quality."""
        return self._size

    def draw(self, motion_D: Float32Array) -> UInt8Array:
        """One frame: uint8 (size, size, 4), RGBA, straight alpha; valid until the next call."""
        motion = clean_motion(motion_D)
        canvas = self._premultiplied
        canvas[:] = 0
        painter = self._painter
        if painter is None:
            moved, light = self._moved(motion)
            self._lay(moved)
        else:
            # Painting takes about as long as moving the layers and needs nothing of it: a core each
            with self._beside.start(lambda: painter.windows(motion)) as painted:
                moved, light = self._moved(motion)
                head = next((k for k, each in enumerate(moved) if each.is_head), 0)
                canon = self._canon(moved[head:], motion[POSE])
                self._lay(moved[:head])
            self._lay(moved[head:], canon, painted.result())
        return straight(canvas, self._frame, light)

    def placed(self, motion_D: Float32Array) -> list[Placed]:
        """Where the layers in sight are under a motion, back to front."""
        return [each.placed for each in self._in_sight(clean_motion(motion_D))]

    def _in_sight(self, motion_D: Float32Array) -> list[_Seen]:
        seen = []
        parts = zip(self.geometry.layers, self._flows, self._pictures, strict=True)
        for layer, flow, picture in parts:
            box = scaled_box(frame_box(self.geometry, layer, motion_D[POSE]), self._scale)
            view = visible(box, self._size)
            if view is not None:
                there = (box / self._scale).astype(np.float32)
                placed = Placed(layer, there, flow.whole(motion_D, there))
                seen.append(_Seen(placed, box, view, picture))
        return seen

    def _moved(self, motion_D: Float32Array) -> tuple[list[_Moved], Float32Array | None]:
        """The layers in sight, back to front, and the light to add."""
        seen = self._in_sight(motion_D)
        light = None
        if self._relighter is not None:
            light = self._relighter.light([each.placed for each in seen], motion_D)
        return [_Moved(each, each.pixels()) for each in seen], light

    def _canon(self, moved: list[_Moved], pose_6: Float32Array) -> Float32Array | None:
        """Places (2, GRID, GRID) in the unposed head, where windows lie, over the head's box; None
        if the head, which would be the first, is not in sight."""
        if not moved or not moved[0].is_head:
            return None
        box_4 = moved[0].seen.placed.box_4
        layers = [layer.name for layer in self.geometry.layers]
        return self._flows[layers.index("head")].pose(pose_6, box_4)

    def _lay(
        self,
        moved: list[_Moved],
        canon_2HW: Float32Array | None = None,
        paint: list[WindowSource] | None = None,
    ) -> None:
        """Lay layers over the canvas, the head with its windows painted."""
        for each in moved:
            seen = each.seen
            if each.is_head and canon_2HW is not None and paint is not None:
                put_windows(each.pixels, canon_2HW, seen.box, seen.view, paint, self._scale)
            lay_over(self._premultiplied[seen.view], each.pixels)


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
