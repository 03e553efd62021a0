"""`personare run`: the live loop, in the window or (`--headless`) without one."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.cli import arguments
from app.cli.interrupts import STATUS, Interrupts
from app.screen import NoWindowError
from app.session_contract import DeviceInfo, OutputFormat, PartState, PartStatus, SessionStatus
from inference.contract import PersonareError

if TYPE_CHECKING:
    from app.live_session import LiveChoices, LiveSession

_POLL_S: Final = 0.25
_PARTS: Final = ("engine", "microphone", "other", "camera", "recorder")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="go live")
    parser.add_argument("--headless", action="store_true", help="without a window")
    arguments.add_character(parser)
    parser.add_argument(
        "--mic", default="", metavar="DEVICE|FILE|none", help="your voice (default: the system's)"
    )
    parser.add_argument(
        "--other", default="none", metavar="DEVICE|FILE|none", help="what the others say"
    )
    parser.add_argument(
        "--camera", default="", metavar="DEVICE|none",
        help="the virtual camera (default: the first one found)",
    )  # fmt: skip
    parser.add_argument("--record", type=Path, metavar="FILE.mp4", help="record a film as well")
    parser.add_argument(
        "--size", type=arguments.picture_size, default=(1280, 720), metavar="WxH",
        help="the camera's picture (default: 1280x720)",
    )  # fmt: skip
    parser.add_argument(
        "--fps", type=arguments.frame_rate, default=30, help="pictures per second (default: 30)"
    )
    parser.add_argument(
        "--seconds", type=arguments.positive, metavar="N", help="stop after this time"
    )
    arguments.add_style(parser)
    arguments.add_background(parser)
    arguments.add_models(parser)
    arguments.add_quality(parser)
    parser.set_defaults(run=run)


def looks_like_file(text: str) -> bool:
    """Whether an input was given as a file: it exists, or is written like one."""
    path = Path(text)
    return path.is_file() or path.suffix.lower() in (
        ".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a", ".mp4", ".aac", ".mkv", ".webm",
    )  # fmt: skip


def find(text: str, devices: list[DeviceInfo], what: str) -> str:
    """The key of the device meant: by key, or by a part of its name.

    Raises:
        PersonareError: none or several fit.
    """
    if text == "":
        return ""
    by_key = [device for device in devices if device.key == text]
    fitting = by_key or [device for device in devices if text.lower() in device.name.lower()]
    if len(fitting) == 1:
        return fitting[0].key
    names = "; ".join(device.name for device in (fitting or devices))
    if fitting:
        raise PersonareError(f"Several {what}s fit '{text}': {names}.", "Write more of the name.")
    raise PersonareError(
        f"There is no {what} '{text}'.",
        f"Choose one of: {names}." if names else "None was found: personare doctor says why.",
    )


def input_key(text: str, devices: Callable[[], list[DeviceInfo]], what: str) -> str | None:
    """The session's key for `--mic` or `--other`; None is off. A file is decoded once, to check it.

    Raises:
        PersonareError: no such device or file, or the file cannot be used.
    """
    if text == "none":
        return None
    if looks_like_file(text):
        from app.composition import FILE_PREFIX
        from app.media.sound_file import read_speech

        read_speech(text)
        return FILE_PREFIX + str(Path(text).resolve())
    return "" if text == "" else find(text, devices(), what)


def choices_of(options: argparse.Namespace) -> LiveChoices:
    """What the session starts with.

    Raises:
        PersonareError: a device, file or character that was named is not there.
    """
    from app.characters.library import CharacterLibrary
    from app.devices import catalog
    from app.live_session import LiveChoices
    from app.models.library import ModelLibrary

    camera: str | None = None if options.camera == "none" else options.camera
    if camera and sys.platform == "linux" and not Path(camera).exists():
        camera = find(camera, catalog.cameras(), "virtual camera")
    width, height = options.size
    CharacterLibrary().find(options.character)
    arguments.check_style(options, ModelLibrary().load("motion", options.motion_model))
    return LiveChoices(
        character=options.character,
        microphone=input_key(options.mic, catalog.microphones, "microphone"),
        other=input_key(options.other, catalog.loopbacks, "input"),
        camera=camera,
        output=OutputFormat(width, height, options.fps),
        background=options.background,
        controls=arguments.controls_of(options),
        direction="" if options.direct is None else options.direct.text,
        provider=options.provider,
        motion_model=options.motion_model,
        quality=options.quality,
    )


class Reporter:
    """Tells each change of a part once, in a sentence; on a terminal also a state line."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[PartState, str]] = {}
        self._line = sys.stderr.isatty()

    def update(self, status: SessionStatus) -> None:
        """Look at a new status."""
        for part in _PARTS:
            now: PartStatus = getattr(status, part)
            if self._told.get(part) == (now.state, now.message):
                continue
            self._told[part] = (now.state, now.message)
            text = now.message or {PartState.ON: now.name}.get(now.state, "")
            if text:
                self._clear()
                print(f"{part}: {text}{' ' + now.remedy if now.remedy else ''}", file=sys.stderr)
        if self._line:
            text = (
                f"{status.activity.value:<9} {status.fps:4.0f} fps  "
                f"{status.latency_ms:4.0f} ms  mic {status.microphone_level_db:4.0f} dB"
            )
            sys.stderr.write("\r" + text + "\x1b[K")
            sys.stderr.flush()

    def _clear(self) -> None:
        if self._line:
            sys.stderr.write("\r\x1b[K")

    def close(self) -> None:
        """Leave the line clean."""
        self._clear()


def live(
    session: LiveSession, seconds: float | None, record: Path | None
) -> tuple[bool, SessionStatus]:
    """Run until the time is over, a voice file has ended or Ctrl-C.

    Returns whether it was Ctrl-C, and how everything fared at last.

    Raises:
        PersonareError: the engine could not start, or the film could not be written.
    """
    reporter = Reporter()
    if record is not None:
        # Before the start: the film begins with the first sound, and that with the first picture.
        session.set_recording(str(record))
    pictures_until: float | None = None
    status = session.status()
    with Interrupts() as interrupts:
        session.start()
        try:
            while not interrupts.event.wait(_POLL_S):
                status = session.status()
                reporter.update(status)
                fail_if(status.engine)
                if record is not None:
                    fail_if(status.recorder)
                if session.latest_frame() is None:
                    continue
                if pictures_until is None and seconds is not None:
                    pictures_until = time.monotonic() + seconds
                over = pictures_until is not None and time.monotonic() >= pictures_until
                if over or (seconds is None and session.source_finished()):
                    break
        finally:
            session.stop()
            reporter.close()
        return interrupts.event.is_set(), status


def fail_if(part: PartStatus) -> None:
    """Raise what a part died of, if it did for good."""
    if part.state is PartState.FAILED:
        raise PersonareError(part.message, part.remedy)


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    if options.record is not None:
        arguments.check_out(options.record, Path(options.mic), Path(options.other))
    choices = choices_of(options)
    if not options.headless and options.open_window is not None:
        if options.seconds or options.record or options.frame_model:
            arguments.warn("the window ignores --seconds, --record and --frame-model.")
        try:
            return int(options.open_window(choices))
        except NoWindowError as why:
            arguments.warn(f"{why} Going on without a window.")
    from app.composition import make_session

    session = make_session(choices, options.frame_model)
    interrupted, status = live(session, options.seconds, options.record)
    stats = session.stats()
    late = f", mouth {1000 * stats.latency_p50:.0f} ms behind the voice"
    print(
        f"{status.character}: {stats.fps:.1f} pictures per second"
        f"{late if stats.latency_p50 else ''}"
    )
    if options.record is not None:
        print(f"Recorded {options.record}")
    if options.camera not in ("", "none") and status.camera.state is not PartState.ON:
        raise PersonareError(
            status.camera.message or "The camera was not ready in time.", status.camera.remedy
        )
    return STATUS if interrupted else 0
