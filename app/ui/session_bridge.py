"""Between a `Session` and Qt: polls it at a steady rate and turns what is new into signals.

The session never calls the window (its threads know nothing of Qt); the window asks. Frames are
asked for at the preview's rate, levels at 15 Hz (the meters glide between them), the status at
5 Hz, devices every two seconds. While the window cannot be seen, only the status is asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.known_controls import unknown_of
from app.session_contract import DeviceInfo, PartState, Session, SessionStatus
from app.settings.model import Settings
from app.ui.settings_keeper import SettingsKeeper

STATUS_HZ: Final = 5
LEVEL_HZ: Final = 15
DEVICES_SECONDS: Final = 2.0
SessionFactory = Callable[[Settings], Session]
"""Makes the session with everything the settings choose, camera off, not yet started."""


class SessionBridge(QObject):
    """Owns the session: starts it, follows the settings, stops it."""

    frame = Signal(object)
    """A new picture: uint8 RGB (height, width, 3)."""
    levels = Signal(float, float)
    """Levels of microphone and other audio in dBFS, at the preview's rate."""
    status = Signal(object)
    """A `SessionStatus`, 5 times per second."""
    devices = Signal()
    """The lists of devices are not what they were."""
    camera_wanted_changed = Signal(bool)
    started = Signal()

    def __init__(
        self, factory: SessionFactory, keeper: SettingsKeeper, parent: QObject | None = None
    ):
        super().__init__(parent)
        self._keeper = keeper
        self._session = factory(keeper.settings)
        self._running = False
        self._stopped = False
        self._visible = True
        self._sequence: int | None = None
        self._ticks = 0
        self.last_status = SessionStatus()
        self.mood = self._session.status().controls.mood  # perhaps the command line's
        self.camera_wanted = False
        self.recording_path: str | None = None
        self.microphones: list[DeviceInfo] = []
        self.loopbacks: list[DeviceInfo] = []
        self.cameras: list[DeviceInfo] = []
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.tick)
        self._set_rate()
        keeper.changed.connect(self._follow)

    # -- life

    @property
    def running(self) -> bool:
        """Between `start` and `stop`."""
        return self._running

    def start(self) -> None:
        """Start the session and the polling; once."""
        if self._running or self._stopped:
            return
        self._running = True
        self._session.start()
        self._timer.start()
        self.started.emit()
        self.tick()

    def stop(self) -> None:
        """Stop polling, then the session; returns when its threads and devices are gone."""
        if self._stopped:
            return
        self._timer.stop()
        self._stopped = True
        if self._running:
            self._running = False
            self._session.stop()

    # -- wishes of the user that are not settings

    def want_camera(self, on: bool) -> None:
        """Turn the chosen camera on or off."""
        if on and not self._running:
            self.start()
        self.camera_wanted = on
        self._session.set_camera(self._keeper.settings.devices.camera if on else None)
        self.camera_wanted_changed.emit(on)
        self.ask_status()

    def set_mood(self, mood: str) -> None:
        """Choose one of `MOODS`; it holds until the next one, and is not stored."""
        self.mood = mood
        self._session.set_controls(self._keeper.settings.controls(mood))
        self.ask_status()

    def cue(self, name: str) -> None:
        """Perform a cue now."""
        self._session.cue(name)

    def direct(self, text: str) -> None:
        """Perform a text direction; "" ends a running one."""
        self._session.direct(text)
        self.ask_status()

    def record_to(self, path: str | None) -> None:
        """Record to `path`, or finish the film."""
        self.recording_path = path
        self._session.set_recording(path)
        self.ask_status()

    def set_visible(self, visible: bool) -> None:
        """Nobody looks: leave the pictures alone and save the work."""
        if visible != self._visible:
            self._visible = visible
            self._set_rate()

    # -- polling

    def tick(self) -> None:
        """One turn of the timer."""
        if self._ticks % max(1, round(self._rate() / STATUS_HZ)) == 0:
            self.ask_status()
        elif self._ticks % max(1, round(self._rate() / LEVEL_HZ)) == 0:
            self.last_status = self._session.status()
        if self._ticks % max(1, round(self._rate() * DEVICES_SECONDS)) == 0:
            self.ask_devices()
        self._ticks += 1
        if not self._visible:
            return
        newest = self._session.latest_frame()
        if newest is not None and newest[0] != self._sequence:
            self._sequence = newest[0]
            self.frame.emit(newest[1])
        self.levels.emit(self.last_status.microphone_level_db, self.last_status.other_level_db)

    def ask_status(self) -> None:
        """Ask now, out of turn."""
        self.last_status = self._session.status()
        knows = self.last_status.knows
        if knows and unknown_of({self.mood}, knows):
            self.mood = "neutral"  # the motion model was changed for one without this mood
        if self.last_status.camera.state is not PartState.OFF and not self.camera_wanted:
            # The session came with its camera on (`personare run --camera ...`).
            self.camera_wanted = True
            self.camera_wanted_changed.emit(True)
        self.status.emit(self.last_status)

    def ask_devices(self) -> None:
        """Look for devices now; `devices` is told only when something changed."""
        before = (self.microphones, self.loopbacks, self.cameras)
        self.microphones = self._session.microphones()
        self.loopbacks = self._session.loopbacks()
        self.cameras = self._session.cameras()
        if before != (self.microphones, self.loopbacks, self.cameras):
            self.devices.emit()

    @property
    def camera_busy(self) -> bool:
        """Whether size and rate are fixed now, because programs may be reading the camera."""
        return self.camera_wanted or self.last_status.camera.state is not PartState.OFF

    def _rate(self) -> int:
        return self._keeper.settings.preview_rate() if self._visible else STATUS_HZ

    def _set_rate(self) -> None:
        self._timer.setInterval(round(1000 / self._rate()))

    def _follow(self, path: str) -> None:
        settings, session = self._keeper.settings, self._session
        if path == "character":
            session.set_character(settings.character)
        elif path == "devices.microphone":
            session.set_microphone(settings.devices.microphone)
        elif path == "devices.other":
            session.set_other(settings.devices.other)
        elif path == "devices.camera" and self.camera_wanted:
            session.set_camera(settings.devices.camera)
        elif path in ("video.size", "video.rate", "performance.quality"):
            session.set_output(settings.output())
            if path == "performance.quality":
                session.set_quality(settings.performance.quality.value)
            self._set_rate()
        elif path in ("video.background", "video.color", "video.picture"):
            session.set_background(settings.background())
        elif path.startswith("style."):
            session.set_controls(settings.controls(self.mood))
        elif path == "performance.motion_model":
            session.set_motion_model(settings.performance.motion_model)
        elif path == "performance.provider":
            session.set_provider(settings.performance.provider.value)
        else:
            return
        if self._running:
            self.ask_status()
