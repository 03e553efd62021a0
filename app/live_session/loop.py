"""The engine's loop: hear what came in, draw the newest moment, hand it on, at the camera's pace.

Late latching: sound is heard the moment it arrives, all the time, but the picture is drawn only
when its turn comes, from the very newest sound, and leaves as soon as it is drawn. Since motion
steps arrive every 20 ms and turns come at another pace, a turn may wait a few milliseconds for a
step that is about to be complete (`_SLACK_SECONDS`): this shortens the delay and costs an
imperceptible jitter.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from app.live_session.feed import AudioFeed, Heard
from app.realtime.clock import Clock
from app.realtime.latest_frame import LatestFrame
from app.realtime.pacer import Pacer
from app.realtime.stats import StreamMeter
from app.session_contract import Activity
from inference.contract import AUDIO_RATE, STEP_SAMPLES, Controls, Float32Array, UInt8Array
from inference.direction import Direction

log = logging.getLogger(__name__)

_LISTEN_SECONDS: Final = 0.005
"""How often new sound is looked for; a microphone brings it every 10 ms."""
_MOST_SAMPLES: Final = AUDIO_RATE // 2
"""Most sound heard at a time; see `PerformanceLoop._listen`."""
_SLACK_SECONDS: Final = 0.008
"""Longest wait of a turn for the motion step that is about to be complete."""


class Picture(Protocol):
    """What the engine draws (`inference.engine.EngineFrame`)."""

    @property
    def rgb(self) -> UInt8Array:
        """uint8 RGB (height, width, 3)."""

    @property
    def i420(self) -> UInt8Array:
        """uint8 (height * 3 / 2, width)."""

    @property
    def audio_time(self) -> float:
        """Seconds of sound since the start that the face shows."""

    @property
    def activity(self) -> str:
        """`speaking`, `listening` or `idle`."""


class Performer(Protocol):
    """The engine as the loop sees it (`inference.engine.Engine`)."""

    @property
    def heard_s(self) -> float:
        """Seconds of sound consumed."""

    @property
    def controls(self) -> Controls:
        """The present style."""

    @property
    def direction(self) -> str:
        """The text direction that is being performed; "" when none is."""

    def cue(self, name: str) -> None:
        """Perform a cue from the next step on; any thread."""

    def direct(self, direction: Direction | None) -> None:
        """Perform a direction from now on, or end it; any thread."""

    def hear(self, self_N: Float32Array, other_N: Float32Array | None = None) -> object:
        """Consume N samples of both streams."""

    def frame(self, time_s: float | None = None, live: bool = False) -> Picture:
        """Draw the newest motion."""


@dataclass(frozen=True, slots=True)
class LivePicture:
    """A picture in the latest-frame slot.

    `shown_time` is when the newest sound it shows was captured (clock seconds), `stream_s` the same
    as seconds of sound since the session began; `live` is False where that sound is stand-in
    silence. `turn_time` is when it was its turn: evenly spaced.
    """

    picture: Picture
    shown_time: float
    stream_s: float
    live: bool
    turn_time: float

    @property
    def activity(self) -> Activity:
        """What the character is doing."""
        return Activity(self.picture.activity)


class PerformanceLoop:
    """One thread calls `step` for ever; every call hands on one picture.

    `tap` gets everything heard and the seconds heard since the session began. The performer
    may be replaced between steps.
    """

    def __init__(
        self,
        clock: Clock,
        feed: AudioFeed,
        slot: LatestFrame[LivePicture],
        fps: float,
        tap: Callable[[Heard, float], None] | None = None,
    ) -> None:
        self.performer: Performer | None = None
        self.meter = StreamMeter()
        self.skipped_samples = 0
        """Sound that was not performed because it came faster than it could be heard."""
        self._clock, self._feed, self._slot, self._tap = clock, feed, slot, tap
        self._pacer = Pacer(clock, fps)
        self._fps = fps
        self._end_time = clock.now()
        self._steps, self._step_phase = 0, 0  # whole motion steps heard, and samples beyond
        self._heard = 0  # samples since the session began, whoever performs
        self._lag = 0.0  # from capture to arrival here, of the newest sound
        self._live = False
        self._idle = True

    def set_fps(self, fps: float) -> None:
        """Change the pace from the next picture on; any thread."""
        self._fps = fps

    def step(self, stop: threading.Event) -> None:
        """Wait for the next turn, listening meanwhile; draw; hand on. Returns early on `stop`."""
        if self._fps != 1.0 / self._pacer.period:
            self._pacer = Pacer(self._clock, self._fps)
        performer = self.performer
        if performer is None:
            self._idle = True
            self._clock.sleep_until(self._clock.now() + 0.02, stop)
            return
        if self._idle:
            self._idle = False
            self._feed.collect()  # what a microphone caught meanwhile is too old to perform
        if not self._listen_until(performer, self._pacer.next_deadline, stop):
            return
        self._wait_for_step(performer, stop)
        skipped, turn_time = self._pacer.skipped, self._pacer.next_deadline
        self._pacer.advance()
        if self._pacer.skipped > skipped:
            self.meter.drop(self._pacer.skipped - skipped)
        heard_s = performer.heard_s
        picture = performer.frame(heard_s + self._clock.now() - self._end_time, live=True)
        behind = heard_s - picture.audio_time
        shown_time = self._end_time - behind
        stream_s = self._heard / AUDIO_RATE - behind
        self._slot.put(LivePicture(picture, shown_time, stream_s, self._live, turn_time))
        done = self._clock.now()
        self.meter.add(done, done - shown_time if self._live else None)

    def _listen_until(self, performer: Performer, when: float, stop: threading.Event) -> bool:
        while True:
            self._listen(performer)
            now = self._clock.now()
            if now >= when:
                return not stop.is_set()
            if not self._clock.sleep_until(min(when, now + _LISTEN_SECONDS), stop):
                return False

    def _wait_for_step(self, performer: Performer, stop: threading.Event) -> None:
        """Wait for the rest of a motion step if it should arrive within the slack."""
        limit = self._pacer.next_deadline + _SLACK_SECONDS
        missing = (STEP_SAMPLES - self._step_phase) / AUDIO_RATE
        if not self._live or self._end_time + missing + self._lag > limit:
            return
        steps = self._steps
        while self._steps == steps and (now := self._clock.now()) < limit:
            if not self._clock.sleep_until(min(now + 0.001, limit), stop):
                return
            self._listen(performer)

    def _listen(self, performer: Performer) -> None:
        heard = self._feed.collect()
        if len(heard.self_N) == 0:
            return
        self._lag = self._clock.now() - heard.end_time
        skipped = len(heard.self_N) - _MOST_SAMPLES
        if skipped > 0:
            # The machine is far too slow, or slept: hearing it all would only make it later still.
            self.skipped_samples += skipped
            log.warning("%.1f s of sound are skipped", skipped / AUDIO_RATE)
        performer.hear(heard.self_N[-_MOST_SAMPLES:], heard.other_N[-_MOST_SAMPLES:])
        self._end_time, self._live = heard.end_time, heard.live
        steps, self._step_phase = divmod(self._step_phase + len(heard.self_N), STEP_SAMPLES)
        self._steps += steps
        self._heard += len(heard.self_N)
        if self._tap is not None:
            self._tap(heard, self._heard / AUDIO_RATE)
