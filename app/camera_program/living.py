# SPDX-License-Identifier: GPL-2.0-or-later
"""What to show while no new picture comes: a face that goes on living.

The last second of neutral pictures (the application marks them: silent, looking about, breathing)
is kept and played back and forth, which shows no jump at its ends. The way into it is a short
cross-fade, since the last picture may show an open mouth.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

_FADE_FRAMES = 5

Picture = NDArray[np.uint8]


class LivingLoop:
    """Remembers up to `capacity` consecutive neutral pictures (flat I420 arrays)."""

    def __init__(self, capacity: int) -> None:
        self._recent: deque[Picture] = deque(maxlen=capacity)
        self._position = 0
        self._direction = -1
        self._fade = 0
        self._from: Picture | None = None

    def remember(self, picture: Picture, neutral: bool) -> None:
        """Take note of a picture that was just sent."""
        if neutral:
            self._recent.append(picture)

    def start(self, last: Picture) -> None:
        """Begin to play, coming from the picture `last`."""
        self._from, self._fade = last, 0
        self._position = len(self._recent) - 1
        self._direction = -1

    def next(self, otherwise: Picture) -> Picture:
        """The next picture of the loop, or `otherwise` if there is nothing to play."""
        if len(self._recent) < 2:
            return otherwise
        if not 0 <= self._position + self._direction < len(self._recent):
            self._direction = -self._direction
        self._position += self._direction
        picture = self._recent[self._position]
        if self._from is None or self._fade >= _FADE_FRAMES:
            return picture
        self._fade += 1
        weight = 256 * self._fade // (_FADE_FRAMES + 1)
        mixed = self._from.astype(np.uint16) * (256 - weight) + picture.astype(np.uint16) * weight
        return (mixed >> 8).astype(np.uint8)
