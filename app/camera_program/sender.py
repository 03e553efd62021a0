# SPDX-License-Identifier: GPL-2.0-or-later
"""The loop that feeds the camera: new pictures at once, living ones when the application stalls."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from app.camera_program.living import LivingLoop
from app.camera_program.pace import Pace
from app.camera_program.ring_reader import RingReader

STALL_SECONDS = 0.5
"""After this long without a new picture the last one is no longer held but brought to life."""
_FIRST_SECONDS = 1.0
"""How long the first picture may take before a dark one is shown in its place."""
_LIVING_SECONDS = 1.0
_LIVING_BYTES = 64_000_000


class OrdersLike(Protocol):
    """What the application said."""

    news: Event
    quit: bool
    orphaned_at: float | None


class Sender:
    """Runs until told to quit, or `orphan_seconds` after the application has gone."""

    def __init__(
        self,
        ring: RingReader,
        camera: Any,
        orders: OrdersLike,
        tell: Callable[..., None],
        orphan_seconds: float,
    ) -> None:
        self._ring, self._camera, self._orders, self._tell = ring, camera, orders, tell
        self._orphan_seconds = orphan_seconds
        kept = min(round(_LIVING_SECONDS * ring.fps), _LIVING_BYTES // ring.frame_bytes)
        self._living = LivingLoop(max(2, kept))
        self._last = grey(ring.width, ring.height)
        self._number = 0
        self._new_at = time.perf_counter()
        self._playing = False
        self._sent = self._repeated = self._lived = 0

    def run(self) -> None:
        """See the class; exceptions of the camera come through."""
        pace = Pace(self._ring.fps, time.perf_counter())
        told = time.perf_counter()
        while not self._orders.quit and not self._orphaned():
            self._one_period(pace)
            now = time.perf_counter()
            if now - told >= 1.0:
                told = now
                self._tell("status", sent=self._sent, repeated=self._repeated, living=self._lived)

    def _orphaned(self) -> bool:
        since = self._orders.orphaned_at
        return since is not None and time.perf_counter() - since > self._orphan_seconds

    def _one_period(self, pace: Pace) -> None:
        """Send exactly one picture."""
        early = pace.opens - time.perf_counter()
        if early > 0:
            time.sleep(early)
        while True:
            self._orders.news.clear()
            taken = self._ring.take(self._number)
            if taken is not None:
                self._send_new(*taken)
                pace.sent_new(time.perf_counter())
                return
            left = pace.closes - time.perf_counter()
            if left <= 0 or self._orders.quit:
                self._send_again()
                pace.sent_repeated(time.perf_counter())
                return
            if self._orders.orphaned_at is None:
                self._orders.news.wait(left)
            else:
                time.sleep(left)  # nobody is there to tell any news

    def _send_new(self, number: int, neutral: bool, picture: NDArray[np.uint8]) -> None:
        self._camera.send(picture)
        self._new_at = time.perf_counter()
        self._ring.mark_sent(number, self._new_at)
        self._number, self._last, self._playing = number, picture, False
        self._living.remember(picture, neutral)
        self._sent += 1

    def _send_again(self) -> None:
        if self._number == 0 and time.perf_counter() - self._new_at < _FIRST_SECONDS:
            return
        if time.perf_counter() - self._new_at < STALL_SECONDS:
            self._camera.send(self._last)
            self._repeated += 1
            return
        if not self._playing:
            self._living.start(self._last)
            self._playing = True
        self._camera.send(self._living.next(self._last))
        self._lived += 1


def grey(width: int, height: int) -> NDArray[np.uint8]:
    """A dark grey I420 picture, flat: what is shown before the first one comes."""
    picture = np.full(width * height * 3 // 2, 128, np.uint8)
    picture[: width * height] = 40
    return picture
