# SPDX-License-Identifier: GPL-2.0-or-later
"""When to send: one picture in every period, new ones at once, and never in bursts.

Absolute deadlines: period k has its middle at phase + k * period. A new picture may leave from
three quarters of a period before that middle (so that one that comes soon after a repeated one is
not held back long) to half a period after it; if none came by then, it is time for a repeated one.
The phase follows the application's own slowly, so that its pictures arrive in the middle, where
their jitter does no harm.
"""

from __future__ import annotations

_FOLLOW = 0.05
_EARLY = 0.75
_LATE = 0.5


class Pace:
    """Decides for the present period; all times are seconds on one steady clock."""

    def __init__(self, fps: float, now: float) -> None:
        self.period = 1.0 / fps
        self._middle = now

    @property
    def opens(self) -> float:
        """From when on a new picture may be sent."""
        return self._middle - _EARLY * self.period

    @property
    def closes(self) -> float:
        """When a repeated picture must be sent if no new one came."""
        return self._middle + _LATE * self.period

    def sent_new(self, now: float) -> None:
        """A new picture was sent at `now`: on to the next period, the phase following a little."""
        off = now - self._middle
        self._middle += _FOLLOW * max(-0.5 * self.period, min(0.5 * self.period, off))
        self._next(now)

    def sent_repeated(self, now: float) -> None:
        """A repeated picture was sent at `now`: on to the next period."""
        self._next(now)

    def _next(self, now: float) -> None:
        self._middle += self.period
        # Asleep for long (a suspended machine): begin anew instead of catching up.
        if now > self._middle + 2 * self.period:
            self._middle = now + 0.5 * self.period
