"""One character and one motion in, one RGBA frame out; no memory, so identity cannot drift.

Every frame starts from the character's own pictures: the motion becomes one inverse map per layer,
OpenCV moves the layers' pixels along it at full resolution, `paint.onnx` supplies mouth and eyes
where a mask it learned says so, and `light.onnx` adds the change of light. The same motion always
gives the same pixels on the same machine.

There are three qualities and one code path: they differ in the size of the frame and in the
precision of the graphs that paint (`QUALITIES`).
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeVar

import cv2
import numpy as np

from inference.beside import Beside, Task
from inference.character import Character, load_character
from inference.contract import (
    MOTION_INDEX,
    MOTION_SIZE,
    Float32Array,
    PersonareError,
    UInt8Array,
)
from inference.execution_providers import ProviderReport
from inference.frame_generator_flow import POSE
from inference.frame_generator_layers import SIZE, WHOLE, Geometry, load_geometry
from inference.frame_generator_laying import Canvas, Lit
from inference.frame_generator_light import GRAPH, Placed, Relighter
from inference.frame_generator_moving import Moved, Mover
from inference.frame_generator_overlay import Look, find_windows, put_windows
from inference.frame_generator_paint import INT8, BankPainter, Painter, painting_graphs
from inference.model_package import ModelPackage, load_model_package
from inference.scratch import Scratch

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
T = TypeVar("T")
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


def _nothing() -> None:
    """No light."""


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
        self.geometry: Geometry = load_geometry(character.geometry_path)
        self._scale = self._size / self.geometry.shown.side
        self._movers = [Mover(self.geometry, layer, self._size) for layer in self.geometry.layers]
        self._head = next(mover for mover in self._movers if mover.is_head)
        self.precision = ""
        """What paints: `fp32` or `int8`; "" where the character needs no network."""
        self._painter = self._make_painter(package, character, provider, threads, paint)
        self._relighter = self._make_relighter(package, provider, relight and paint)
        self._beside = Beside("personare-paint")
        self._canvas = Canvas(self._size)
        self._scratch = Scratch()
        if self.provider != "cpu":
            # A card chooses how to compute each step when it first comes to it, for seconds
            self.draw(np.zeros(MOTION_SIZE, np.float32))

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
        threads = max(1, threads - 1)  # the moving of layers wants a core meanwhile
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
        points_3P = self._head.flow.displaced(motion)
        painter, canvas = self._painter, self._canvas
        jobs = iter(()) if painter is None else painter.jobs(motion, points_3P)
        with ExitStack() as stack:

            def start(work: Callable[[], T]) -> Task[T]:
                """Leave it to the other core, unless this one comes to it first."""
                return stack.enter_context(self._beside.start(work))

            painting = [start(job) for job in islice(jobs, 1)]  # the longest of them
            layers = self._in_sight(motion, points_3P)
            lighting = start(self._lighting(layers, motion))
            painting += [start(job) for job in jobs]
            filling = [start(layer.fill) for layer in layers]
            shown = [] if painter is None else painter.shown(motion)
            looks = [] if painter is None else self._looks(painter, layers, motion[POSE])
            # What the other core has not begun is done here, the last first
            left: list[Task[Any]] = [*reversed(filling), *reversed(painting), lighting]
            for task in left:
                task.run()
            painted, lit = [each.result() for each in painting], lighting.result()
            for filled in filling:
                filled.result()
            windows = [window for part in painted for window in part] + shown
            for layer in layers:
                if layer.is_head and looks:
                    put_windows(layer.pixels, looks, windows, self._scale)
            lower = start(partial(canvas.make, 1, layers, lit))
            canvas.make(0, layers, lit)
            lower.finish()
        return canvas.frame

    def _part(self, light_HW3: Float32Array) -> Float32Array:
        """The light of the part of the frame that is shown, at the same resolution."""
        shown = self.geometry.shown
        if shown == WHOLE:
            return light_HW3
        cells = light_HW3.shape[0] / SIZE
        step = shown.side / SIZE
        x, y = ((corner + step / (2 * cells)) * cells - 0.5 for corner in shown[:2])
        places = np.array([[step, 0, x], [0, step, y]])
        part: Float32Array = cv.warpAffine(
            light_HW3, places, light_HW3.shape[:2], flags=cv.INTER_LINEAR | cv.WARP_INVERSE_MAP,
            borderMode=cv.BORDER_REPLICATE,
        )  # fmt: skip
        return part

    def placed(self, motion_D: Float32Array) -> list[Placed]:
        """Where the layers in sight are under a motion, back to front."""
        return [each.placed for each in self._in_sight(clean_motion(motion_D))]

    def _in_sight(
        self, motion_D: Float32Array, points_3P: Float32Array | None = None
    ) -> list[Moved]:
        """The layers in sight, back to front, their pixels yet to be drawn; `points_3P` are the
        head's, displaced by the motion, where they are known already."""
        found = (
            mover.find(motion_D, points_3P if mover is self._head else None)
            for mover in self._movers
        )
        return [moved for moved in found if moved is not None]

    def _lighting(self, layers: list[Moved], motion_D: Float32Array) -> Callable[[], Lit | None]:
        """What finds the light to add; a character without such a graph keeps its own."""
        if self._relighter is None:
            return _nothing
        job = self._relighter.job([layer.placed for layer in layers], motion_D)
        return lambda: self._canvas.spread(self._part(job()))

    def _looks(
        self, painter: Painter | BankPainter, layers: list[Moved], pose_6: Float32Array
    ) -> list[Look | None]:
        """Where in the head's pixels the painter's windows are seen; none if it is out of sight."""
        head = next((layer for layer in layers if layer.is_head), None)
        if head is None:
            return []
        canon = self._head.flow.pose(pose_6, head.placed.box_4)
        return find_windows(painter.places, canon, head.box, head.view, self._scratch)
