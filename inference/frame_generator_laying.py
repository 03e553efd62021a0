"""A frame put together: moved layers over one another, straight alpha, and the light at last.

Rows need nothing of the rows beside them, so two threads may each make half a frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inference.contract import Float32Array, UInt8Array
from inference.frame_generator_moving import Moved
from inference.frame_generator_pictures import lay_over
from inference.scratch import Scratch

cv: Any = cv2
"""OpenCV, whose type stubs forget the element type of every picture."""
Lit = NDArray[np.int16]
"""What to add to each number of a frame (size, size, 4)."""


class Canvas:
    """Memory for the frames of one size."""

    def __init__(self, size: int) -> None:
        """`size` is the width and height of a frame in pixels."""
        self._premultiplied = np.zeros((size, size, 4), np.uint8)
        self._scratch = Scratch()  # of the light
        self._halves = [(slice(0, size // 2), Scratch()), (slice(size // 2, size), Scratch())]
        self.frame: UInt8Array = np.zeros((size, size, 4), np.uint8)
        """RGBA, straight alpha."""

    def spread(self, light_HW3: Float32Array) -> Lit | None:
        """Light in 0..255, of a low resolution, for every pixel; None where there is none."""
        light = np.zeros((*light_HW3.shape[:2], 4), np.int16)
        light[..., :3] = np.rint(light_HW3)
        if not light.any():
            return None
        lit: Lit = self._scratch.array("lit", self.frame.shape, np.int16)
        cv.resize(light, self.frame.shape[1::-1], dst=lit, interpolation=cv.INTER_LINEAR)
        return lit

    def make(self, half: int, layers: Sequence[Moved], lit_HW4: Lit | None) -> None:
        """The upper (0) or lower (1) half of the frame, from layers back to front.

        `lit_HW4` is of `spread`; it is used up.
        """
        rows, scratch = self._halves[half]
        under, out = self._premultiplied[rows], self.frame[rows]
        under.fill(0)
        for layer in layers:
            tall, wide = layer.view
            first, last = max(tall.start, rows.start), min(tall.stop, rows.stop)
            if first >= last:
                continue
            top = layer.pixels[first - tall.start : last - tall.start]
            part = under[first - rows.start : last - rows.start, wide]
            if layer is layers[0]:
                np.copyto(part, top)  # nothing lies there yet
            else:
                lay_over(part, top, scratch)
        straight(under, out, scratch)
        if lit_HW4 is not None:
            lit = lit_HW4[rows]
            lit += out
            np.clip(lit, 0, 255, out=lit)
            np.copyto(out, lit, casting="unsafe")


def straight(premultiplied: UInt8Array, out: UInt8Array, scratch: Scratch) -> None:
    """The same picture with straight alpha, in `out`; both in one piece."""
    np.copyto(out, premultiplied)
    alpha = scratch.array("alpha", premultiplied.shape[:2])
    cv.extractChannel(premultiplied, 3, dst=alpha)
    # alpha - 1 wraps around at 0, so one comparison finds the pixels that are neither 0 nor 255
    np.subtract(alpha, 1, out=alpha)
    soft = np.flatnonzero(alpha < 254)
    # as one number a pixel, which numpy picks and puts back several times faster than four
    edge_P4 = premultiplied.view(np.uint32).ravel()[soft].view(np.uint8).reshape(-1, 4)
    bright_P4 = edge_P4.astype(np.float32)
    bright_P4[:, :3] *= 255.0 / bright_P4[:, 3:]
    done_P4 = np.minimum(bright_P4 + 0.5, 255).astype(np.uint8)
    out.view(np.uint32).reshape(-1)[soft] = done_P4.view(np.uint32).ravel()
