"""The virtual camera: starts the separate program that owns the device, and feeds it.

The program (app/camera_program, GPL) keeps the pace and a living picture by itself; this side only
writes pictures into shared memory and reads a few lines of status.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from threading import Event
from typing import Any, Final

from app.devices import catalog
from app.devices.contracts import CameraFrame
from app.devices.frame_ring import FrameRing
from app.realtime.clock import Clock, SystemClock
from app.session_contract import OutputFormat
from inference.contract import PersonareError

log = logging.getLogger(__name__)

_OPEN_SECONDS: Final = 60.0
"""Generous: it starts in 0.2 s on a desktop, in 18 s on the emulated machine of the tests."""
_SILENT_SECONDS: Final = 5.0
"""The program reports every second; after this long without a word it is given up."""
_QUIT_SECONDS: Final = 1.0
_had: set[str] = set()
"""Keys of cameras that were open in this process: they may be taken back after a crash."""
_REMEDY_DRIVER: Final = (
    "Install and load it: sudo apt-get install v4l2loopback-dkms && sudo modprobe v4l2loopback "
    'exclusive_caps=1 card_label="Personare" (docs/virtual-camera.md has more).'
)
_REMEDY_RESTART: Final = "It is started again by itself; if this goes on, look into the log."


def camera_command() -> list[str]:
    """How to start the camera program: a second executable in the frozen app, else a module."""
    if getattr(sys, "frozen", False):
        suffix = ".exe" if sys.platform == "win32" else ""
        return [str(Path(sys.executable).parent / f"personare-camera{suffix}")]
    # -P: a folder named `app` where the user happens to be must not be taken for ours.
    return [sys.executable, "-P", "-m", "app.camera_program"]


def _check_driver(key: str) -> None:
    """Refuse quickly where there is no camera at all, since the session asks again for ever.

    Raises:
        PersonareError: Linux only: no v4l2loopback device, or not the one asked for.
    """
    if not sys.platform.startswith("linux"):
        return
    if key == "" and not catalog.cameras():
        raise PersonareError(
            "There is no virtual camera: v4l2loopback is not loaded.", remedy=_REMEDY_DRIVER
        )
    if key.startswith("/dev/") and not Path(key).exists():
        raise PersonareError(f"There is no virtual camera {key}.", remedy=_REMEDY_DRIVER)


class VirtualCamera:
    """One virtual camera at one size and rate. Fulfils `CameraSink`; reopening starts afresh."""

    def __init__(
        self,
        key: str,
        output: OutputFormat,
        clock: Clock | None = None,
        command: list[str] | None = None,
    ) -> None:
        self.reasons: list[str] = []
        """After a refusal: what each backend said."""
        self.counts: dict[str, int] = {}
        """The program's last report: pictures `sent`, `repeated` and `living`."""
        self._key, self._output = key, output
        self._clock = clock or SystemClock()
        self._command = command or camera_command()
        self._device = key
        self._lock = threading.Lock()  # guards the ring and the pipe against closing under `send`
        self._ring: FrameRing | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._listener: threading.Thread | None = None
        self._settled = Event()  # the program is open, refused or gone
        self._fault: PersonareError | None = None
        self._heard_at = 0.0
        self._captured: deque[tuple[int, float]] = deque(maxlen=64)
        self._reported = 0

    @property
    def name(self) -> str:
        """The device in use."""
        return self._device or "virtual camera"

    @property
    def process_id(self) -> int | None:
        """Of the camera program, while it runs."""
        return None if self._process is None else self._process.pid

    def open(self, stop: Event) -> None:
        """See `Device.open`."""
        _check_driver(self._key)
        self._settled.clear()
        self._fault, self.reasons, self._reported = None, [], 0
        self._captured.clear()
        ring = FrameRing(self._output)
        try:
            self._start(ring)
            self._wait_open(stop)
        except BaseException:
            self._ring = self._ring or ring
            self.close()
            raise

    def _start(self, ring: FrameRing) -> None:
        words = [*self._command, "--ring", str(ring.path), "--device", self._key]
        if self._key in _had:
            words.append("--ours")
        root = str(Path(__file__).resolve().parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        try:
            self._process = subprocess.Popen(
                words,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                env={**os.environ, "PYTHONPATH": path},
                # Windows: the program has a console, which nobody should see.
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise PersonareError(
                f"The camera program could not be started: {error.strerror}.",
                remedy="Install Personare again.",
            ) from error
        assert self._process.stdin is not None
        if sys.platform != "win32":
            # A program that hangs must not make `send` wait.
            os.set_blocking(self._process.stdin.fileno(), False)
        self._heard_at = self._clock.now()
        self._listener = threading.Thread(
            target=self._listen, args=(self._process,), name="personare-camera-status", daemon=True
        )
        self._listener.start()
        with self._lock:
            self._ring = ring

    def _wait_open(self, stop: Event) -> None:
        limit = self._clock.now() + _OPEN_SECONDS
        while not self._settled.wait(0.05):
            if stop.is_set():
                raise PersonareError("The camera was not needed any more.")
            if self._clock.now() > limit:
                raise PersonareError(
                    f"The camera program did not answer within {_OPEN_SECONDS:.0f} s.",
                    remedy=_REMEDY_RESTART,
                )
        if self._fault is not None:
            raise self._fault
        _had.add(self._key)

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        """The program's standard output to its end, on a thread of its own."""
        assert process.stdout is not None
        for line in process.stdout:
            self._heard_at = self._clock.now()
            try:
                report = json.loads(line)
            except ValueError:
                log.warning("camera program: %s", line.decode(errors="replace").rstrip())
                continue
            self._take_report(report)
        process.stdout.close()
        status = process.wait()
        if self._fault is None:
            self._fault = PersonareError(
                f"The camera program ended unexpectedly (status {status}).", remedy=_REMEDY_RESTART
            )
        self._settled.set()

    def _take_report(self, report: dict[str, Any]) -> None:
        match report.get("event"):
            case "open":
                self._device = str(report["device"])
                self._settled.set()
            case "failed":
                self.reasons = [str(reason) for reason in report.get("reasons", [])]
                log.warning("camera refused: %s", "; ".join(self.reasons))
                self._fault = PersonareError(str(report["message"]), str(report["remedy"]))
                self._settled.set()
            case "status":
                self.counts = {k: int(v) for k, v in report.items() if k != "event"}

    def send(self, frame: CameraFrame) -> None:
        """See `CameraSink.send`. A picture of another size (the canvas is changing) is left out."""
        if frame.i420.shape != (self._output.height * 3 // 2, self._output.width):
            return
        with self._lock:
            ring, process = self._ring, self._process
            if ring is None or process is None or process.stdin is None:
                return
            number = ring.put(frame.i420, frame.neutral)
            if frame.capture_time is not None:
                self._captured.append((number, frame.capture_time))
            with contextlib.suppress(OSError, ValueError):  # gone, or it has news enough
                process.stdin.write(b"f")

    def handed_over(self) -> tuple[float, float] | None:
        """See `CameraSink.handed_over`."""
        with self._lock:
            if self._ring is None:
                return None
            number, when = self._ring.sent()
            if number == self._reported:
                return None
            self._reported = number
            for earlier, captured in self._captured:
                if earlier == number:
                    return when, when - captured
        return None

    def fault(self) -> PersonareError | None:
        """See `Device.fault`."""
        if self._fault is not None:
            return self._fault
        if self._process is not None and self._clock.now() - self._heard_at > _SILENT_SECONDS:
            return PersonareError("The camera program hangs.", remedy=_REMEDY_RESTART)
        return None

    def close(self) -> None:
        """See `Device.close`: asks the program to end, and ends it after a second."""
        with self._lock:
            ring, self._ring = self._ring, None
            process, self._process = self._process, None
        if process is not None:
            assert process.stdin is not None
            with contextlib.suppress(OSError, ValueError):
                process.stdin.write(b"q")
            with contextlib.suppress(OSError):
                process.stdin.close()
            try:
                process.wait(_QUIT_SECONDS)
            except subprocess.TimeoutExpired:
                log.warning("the camera program did not end when asked; it is ended")
                process.kill()
        if self._listener is not None:
            self._listener.join(2.0)
            self._listener = None
        if ring is not None:
            ring.close()
