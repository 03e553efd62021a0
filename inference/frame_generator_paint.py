"""Painters: what fills the windows of the head for a motion.

`Painter` runs the networks, `BankPainter` shows the pictures of characters that carry mouth and
eyes as such. A painter's work comes in two kinds: graphs to run (`jobs`), for any core and in any
order, and the rest (`shown`). Only graphs are worth another thread: a hundred small steps in Python
there would wait for those here, and these for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import cv2
import numpy as np

from inference.character import Character
from inference.contract import BLENDSHAPES, Float32Array, UInt8Array
from inference.execution_providers import ProviderReport
from inference.frame_generator_eyes import EyeBank, bent, calm, window_places
from inference.frame_generator_layers import Geometry
from inference.frame_generator_windows import (
    COARSE,
    WINDOW_SIZES,
    WindowPlace,
    WindowSource,
    WindowWarper,
    identity_views,
    inside_of,
)
from inference.model_package import ModelPackage
from inference.onnx_session import OnnxSession, open_session

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
Job = Callable[[], list[WindowSource]]
"""One graph to run; the windows of all jobs, then what is `shown`, are those of `places`."""


class BankPainter:
    """Mouth and eyes of a character that carries both as pictures: nothing is painted anew.

    The mouth is the one cut open between the lips, over the bank of its insides; eyes come from
    theirs. Toon and drawn faces stay exactly in their own look.
    """

    def __init__(
        self,
        geometry: Geometry,
    ) -> None:
        if geometry.eye_bank is None:
            raise ValueError("a character without a bank of eyes needs its eyes painted")
        self._geometry = geometry
        width, height = WINDOW_SIZES["mouth"]
        self._warper = WindowWarper(geometry, np.zeros((height, width, 3), np.uint8))
        self._eyes = _BankEyes(geometry.eye_bank, self._warper)
        self._mouth = _ramp(width, height)

    @property
    def places(self) -> list[WindowPlace]:
        """Where the windows lie."""
        mouth = WindowPlace(self._geometry.windows["mouth"], WINDOW_SIZES["mouth"])
        return [mouth, *self._eyes.places]

    def jobs(self, motion_D: Float32Array, points_3P: Float32Array | None = None) -> Iterator[Job]:
        """None: see `Painter.jobs`."""
        return iter(())

    def shown(self, motion_D: Float32Array) -> list[WindowSource]:
        """Mouth and eyes for a motion."""
        return [self._open_mouth(motion_D), *self._eyes.shown(motion_D)]

    def _open_mouth(self, motion_D: Float32Array) -> WindowSource:
        cut = self._warper.cut_mouth(motion_D)[0]
        solid = cv.erode(cv.threshold(cut[..., 3], 240, 255, cv.THRESH_BINARY)[1], _SOLID)
        # where nothing moves the picture itself is best: the line between lips is its own
        opened = min(float(motion_D[_MOUTH].max()) / _OPENED, 1.0)
        mask = cv.convertScaleAbs(cv.min(self._mouth, solid), alpha=opened)
        colour = cv.multiply(cut, cv.merge([mask] * 4), scale=1 / 255)
        return WindowSource(self._geometry.windows["mouth"], colour, mask)


class _BankEyes:
    """The windows of a bank of eyes."""

    def __init__(self, bank: EyeBank, warper: WindowWarper) -> None:
        self._bank, self._warper = bank, warper
        sizes = [(eye.mask.shape[1], eye.mask.shape[0]) for eye in bank.eyes]
        corners = [eye.corner for eye in bank.eyes]
        self.places = [WindowPlace(*each) for each in zip(corners, sizes, strict=True)]
        self._wanted = [window_places(each.corner, each.size, COARSE) for each in self.places]

    def shown(self, motion_D: Float32Array) -> list[WindowSource]:
        """Both eyes for a motion."""
        out = []
        for side, source in enumerate(self._warper.sources_at(self._wanted, calm(motion_D))):
            eye = self._bank.eyes[side]
            colour, mask = bent(eye, self._bank.picture(motion_D, side), source)
            out.append(WindowSource(eye.corner, colour, mask))
        return out


_SOLID: Final = np.ones((5, 5), np.uint8)
_MOUTH: Final = [
    k for k, name in enumerate(BLENDSHAPES) if name.startswith(("jaw", "mouth", "tongue"))
]
_OPENED: Final = 0.1
"""Largest value of the mouth's motions from which the cut one is used alone."""


def _ramp(width: int, height: int, rise: int = 10) -> UInt8Array:
    """A window (height, width) of 255 that falls smoothly to 0 at its border."""
    lines = []
    for n in (height, width):
        place = np.arange(n) + 0.5
        near = np.minimum(place, n - place) / rise
        lines.append(np.sin(near.clip(0, 1) * np.pi / 2) ** 2)
    return np.asarray(np.rint(255 * lines[0][:, None] * lines[1][None]), np.uint8)


INT8: Final = "_int8"
"""Ending of the names of graphs that compute in eight bits."""


def painting_graphs(package: ModelPackage, eyes: bool, int8: bool) -> tuple[str, ...]:
    """Names of the package's graphs that paint; none where it has none.

    `paint_mouth` and `paint_eyes` (not needed without `eyes`), each also as `paint_*_int8`; a
    package that was not split (`training.frames.quantise`) has one graph, `paint`, for all.
    """
    wanted = ("paint_mouth", "paint_eyes") if eyes else ("paint_mouth",)
    whole = [tuple(f"{name}{INT8}" for name in wanted)] if int8 else []
    graphs = package.manifest.graphs
    for names in (*whole, wanted, ("paint",)):
        if all(name in graphs for name in names):
            return names
    return ()


class Painter:
    """Runs the painting graphs for one character."""

    def __init__(
        self,
        package: ModelPackage,
        character: Character,
        geometry: Geometry,
        provider: ProviderReport | str,
        threads: int,
        graphs: tuple[str, ...],
    ) -> None:
        """`graphs` are of `painting_graphs`."""
        self._geometry = geometry
        views = identity_views(character, geometry)
        self._warper = WindowWarper(geometry, inside_of(views))
        bank = geometry.eye_bank
        self._bank = None if bank is None else _BankEyes(bank, self._warper)
        self._paint = [open_session(package.path(name), provider, threads) for name in graphs]
        self.provider = self._paint[0].provider
        """Where the painting really runs."""
        self._eyes = any("eyes_warp" in session.inputs for session in self._paint)
        identity = open_session(package.path("identity"), provider, threads)
        codes = identity.run(views)
        self._codes = {name: value.copy() for name, value in codes.items()}
        for session in self._paint:
            session.fix({k: v for k, v in self._codes.items() if k in session.inputs})

    def inputs(self, motion_D: Float32Array) -> dict[str, Float32Array]:
        """What the painting graphs are given for a motion, by the names of their inputs."""
        warped = self._warper.warped(motion_D, self._eyes)
        return warped | {"motion": motion_D} | self._codes

    @property
    def places(self) -> list[WindowPlace]:
        """Where the windows lie."""
        corners = self._geometry.windows
        mouth, *eyes = (WindowPlace(corners[name], size) for name, size in WINDOW_SIZES.items())
        return [mouth, *(eyes if self._bank is None else self._bank.places)]

    def jobs(self, motion_D: Float32Array, points_3P: Float32Array | None = None) -> Iterator[Job]:
        """The graphs for a motion, the longest first, each made ready when it is asked for.

        `points_3P` are the head's, displaced by the motion, where they are known already.
        """
        for session in self._paint:
            seen = {"motion": motion_D}
            for name, view in (("mouth", self._warper.mouth), ("eyes", self._warper.eyes)):
                if f"{name}_warp" in session.inputs:
                    seen |= view(motion_D, points_3P)
            yield partial(self._painted, session, seen)

    def shown(self, motion_D: Float32Array) -> list[WindowSource]:
        """The windows that no graph paints."""
        return [] if self._bank is None else self._bank.shown(motion_D)

    def _painted(self, session: OnnxSession, seen: dict[str, Float32Array]) -> list[WindowSource]:
        """The windows of one graph."""
        painted = session.run(seen)
        corner, out = self._geometry.windows, []
        if "mouth" in painted:
            out.append(_source(corner["mouth"], painted["mouth"][0]))
        if "eyes" in painted and self._bank is None:
            left, right = painted["eyes"]
            out.append(_source(corner["eye_left"], left))
            out.append(_source(corner["eye_right"], right[:, :, ::-1]))
        return out


def _source(corner: tuple[int, int], painted_5HW: Float32Array) -> WindowSource:
    pixels = np.rint(painted_5HW).astype(np.uint8).transpose(1, 2, 0)
    return WindowSource(
        corner, np.ascontiguousarray(pixels[..., :4]), np.ascontiguousarray(pixels[..., 4])
    )
