"""Light that changes with the motion: a small network looks at the warp before it is drawn.

The layers are first moved in small, 64 pixels across. `light.onnx` sees that, how far each pixel
came, and the motion, and answers with what to add: light stays with the room when the head turns,
and an open mouth or a raised cheek throws other shades. At rest it is nothing, by construction: the
picture stays the user's. It needs nothing that is drawn at full size, so it runs beside the paint.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.execution_providers import ProviderReport
from inference.frame_generator_layers import GRID, SIZE, Layer
from inference.frame_generator_pictures import Picture, fitted, lay_over
from inference.model_package import ModelPackage
from inference.onnx_session import open_session

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
GRAPH: Final = "light"
COARSE: Final = 64
"""Pixels across what the network sees, and across the light."""
FLOW_SCALE: Final = 16.0
"""Frame pixels that the flow's input unit stands for."""
_BEYOND: Final = np.float32(-1e6)
"""A place outside every picture."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A layer in a frame: where it may appear and, on its grid, where in its picture to look."""

    layer: Layer
    box_4: Float32Array
    """x, y, w, h in frame pixels."""
    source_2HW: Float32Array
    """Frame pixels of the layer's picture (2, GRID, GRID)."""


_LINE: Final = np.arange(COARSE, dtype=np.float32) * np.float32(SIZE / COARSE) + np.float32(
    (SIZE / COARSE - 1) / 2
)
"""Frame pixels of the small picture's columns, or rows."""
_PLACES: Final = np.stack(np.meshgrid(_LINE, _LINE))
"""The same of its pixels (2, COARSE, COARSE)."""


class SmallFrame:
    """Moves the layers of a character in small."""

    def __init__(self, layers: tuple[Layer, ...] | list[Layer]) -> None:
        self._pictures: dict[str, Picture] = {
            layer.name: fitted(layer, COARSE / SIZE) for layer in layers
        }

    def draw(self, placed: list[Placed]) -> tuple[UInt8Array, Float32Array]:
        """The frame (COARSE, COARSE, 4), premultiplied RGBA, and how far away each of its pixels
        was looked up (2, COARSE, COARSE), in units of FLOW_SCALE, of the uppermost layer there."""
        canvas = np.zeros((COARSE, COARSE, 4), np.uint8)
        flow = np.zeros((2, COARSE, COARSE), np.float32)
        for each in placed:
            source, outside = self._source(each)
            picture = self._pictures[each.layer.name]
            x, y = picture.places(source)
            edge = cv.BORDER_CONSTANT if each.layer.follows_head else cv.BORDER_REPLICATE
            pixels = cv.remap(picture.pixels, x, y, cv.INTER_LINEAR, borderMode=edge)
            np.copyto(pixels.view(np.uint32)[..., 0], 0, where=outside)
            share = pixels[..., 3].astype(np.float32) / 255
            flow += share * ((source - _PLACES) / np.float32(FLOW_SCALE) - flow)
            lay_over(canvas, pixels)
        return canvas, flow

    def _source(self, placed: Placed) -> tuple[Float32Array, NDArray[np.bool_]]:
        """Where in the layer's picture to look for each small pixel, and which lie beyond its
        box."""
        cells = np.empty((2, COARSE, COARSE), np.float32)
        beyond = []
        x, y, w, h = (float(v) for v in placed.box_4)
        for into, start, length in ((cells[0], x, w), (cells[1].T, y, h)):
            line = (_LINE + np.float32(0.5 - start)) * np.float32(GRID / length) - np.float32(0.5)
            into[:] = line
            beyond.append((line < -0.5) | (line > GRID - 0.5))
        source = np.empty_like(cells)
        for part, into in zip(placed.source_2HW, source, strict=True):
            edge = cv.BORDER_REPLICATE
            cv.remap(part, cells[0], cells[1], cv.INTER_LINEAR, dst=into, borderMode=edge)
        outside = beyond[0] | beyond[1][:, None]
        np.copyto(source, _BEYOND, where=outside)
        return source, outside


class Relighter:
    """Runs `light.onnx` for one character."""

    def __init__(
        self,
        package: ModelPackage,
        layers: tuple[Layer, ...] | list[Layer],
        provider: ProviderReport | str,
        graph: str = GRAPH,
    ) -> None:
        """`graph` is GRAPH, or GRAPH with the ending of eight bits."""
        self._small = SmallFrame(layers)
        # one thread: the paint, which runs beside it, wants the other core
        self._session = open_session(package.path(graph), provider, 1)

    def inputs(self, placed: list[Placed], motion_D: Float32Array) -> dict[str, Float32Array]:
        """What the graph is given, by the names of its inputs."""
        frame, flow = self._small.draw(placed)
        return {
            "frame": frame.transpose(2, 0, 1)[None].astype(np.float32),
            "flow": flow[None],
            "motion": motion_D,
        }

    def job(self, placed: list[Placed], motion_D: Float32Array) -> Callable[[], Float32Array]:
        """What gives the light to add to RGB in 0..255 (COARSE, COARSE, 3), for a motion (cleaned):
        all that is left to do is to run the graph, in any thread."""
        return partial(self._light, self.inputs(placed, motion_D))

    def _light(self, inputs: dict[str, Float32Array]) -> Float32Array:
        out = self._session.run(inputs)["light"]
        return np.ascontiguousarray(out[0].transpose(1, 2, 0))
