"""The doctor's checks, each one a function that returns a `Finding` or raises PersonareError."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, Final

import numpy as np

from app import paths
from app.cli.doctor import FAULT, MISSING, OK, Finding
from app.session_contract import OutputFormat
from inference.contract import MOTION_SIZE, PersonareError

_ENOUGH_MB: Final = 500
_ENOUGH_FPS: Final = 30
_CAMERA_SECONDS: Final = 3.0
_TEST_GREY: Final = 77
"""Luma of the test picture: unlikely by chance."""


def system() -> Finding:
    """Python and the operating system."""
    facts = {
        "python": platform.python_version(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "frozen": bool(getattr(sys, "frozen", False)),
    }
    detail = f"Python {facts['python']}, {facts['system']}, {facts['cores']} cores"
    return Finding("system", OK, detail, facts=facts)


def provider() -> Finding:
    """The execution provider really used, and why others are not."""
    import onnxruntime

    from inference.execution_providers import choose_provider

    found = choose_provider("auto")
    facts = {
        "used": found.name,
        "reference_convolution_ms": round(found.reference_ms, 2),
        "onnxruntime": onnxruntime.__version__,
        "listed": onnxruntime.get_available_providers(),
        "refused": dict(found.tried),
    }
    why = "".join(f"; {reason}" for _, reason in found.tried)
    detail = f"{found.name}, reference convolution {found.reference_ms:.1f} ms{why}"
    return Finding("provider", OK, detail, facts=facts)


def models() -> Finding:
    """Every model package with its hashes."""
    from app.models.library import ModelLibrary

    library = ModelLibrary()
    entries = library.list()
    broken = [entry for entry in entries if entry.item is None]
    facts = {"models": [entry.id for entry in entries], "broken": [e.id for e in broken]}
    if broken:
        return Finding("models", FAULT, broken[0].fault, broken[0].remedy, facts)
    used = [library.load(kind).name for kind in ("motion", "frame")]
    return Finding("models", OK, ", ".join(used), facts=facts)


def characters() -> Finding:
    """Every character with its hashes."""
    from app.characters.library import CharacterLibrary

    entries = CharacterLibrary().list(check=True)
    broken = [entry for entry in entries if entry.item is None]
    facts = {"characters": [entry.id for entry in entries], "broken": [e.id for e in broken]}
    if not entries:
        raise PersonareError("No character is installed.", "Install Personare again.")
    if broken:
        return Finding("characters", FAULT, broken[0].fault, broken[0].remedy, facts)
    return Finding("characters", OK, ", ".join(entry.id for entry in entries), facts=facts)


def speed() -> Finding:
    """Pictures per second, drawn and composed for a camera, one after the other."""
    from app.engine_builder import EngineChoices, build_engine

    built = build_engine(EngineChoices())
    times = []
    for _ in range(24):
        start = time.perf_counter()
        _picture = built.engine.frame().i420
        times.append(time.perf_counter() - start)
    fps = 1.0 / float(np.median(times))
    facts = {"fps": round(fps, 1), "character": built.character.id, "provider": built.provider.name}
    detail = f"{fps:.0f} pictures per second at 1280x720 on {built.provider.name}"
    if fps < _ENOUGH_FPS:
        remedy = "Close what uses the processor, or ask for fewer pictures per second."
        return Finding("speed", MISSING, detail, remedy, facts)
    return Finding("speed", OK, detail, facts=facts)


def display() -> Finding:
    """Whether a window can open."""
    from app.screen import has_screen, why_no_window

    facts = {"screen": has_screen(), "qt": importlib.util.find_spec("PySide6") is not None}
    reason = why_no_window()
    if not facts["qt"]:
        return Finding(
            "display", MISSING, "Qt is not installed.", "Install Personare again.", facts
        )
    if not facts["screen"]:
        return Finding(
            "display", MISSING, "No screen was found (DISPLAY and WAYLAND_DISPLAY are unset).",
            "The commands work without one; for the window log in on a desktop.", facts,
        )  # fmt: skip
    if reason:
        remedy = "Install the system libraries of the README's apt-get line."
        return Finding("display", MISSING, f"{reason}.", remedy, facts)
    return Finding("display", OK, "a screen and Qt", facts=facts)


def sound() -> Finding:
    """Microphones, and inputs that carry what others say."""
    from app.devices import catalog

    microphones = [device.name for device in catalog.microphones()]
    others = [device.name for device in catalog.loopbacks()]
    facts = {"microphones": microphones, "others": others}
    if not microphones:
        return Finding(
            "sound", MISSING, "No microphone was found.",
            "Plug one in, or allow Personare to use it; files work without one.", facts,
        )  # fmt: skip
    return Finding("sound", OK, f"microphone: {'; '.join(microphones)}", facts=facts)


def camera() -> Finding:
    """The virtual camera: a test picture sent, and read back where the system allows it."""
    from app.devices import catalog
    from app.devices.contracts import CameraFrame
    from app.devices.virtual_camera import VirtualCamera

    listed = catalog.cameras()
    facts: dict[str, Any] = {"cameras": [device.name for device in listed]}
    key = listed[0].key if listed and sys.platform == "linux" else ""
    output = OutputFormat(1280, 720, 30)
    virtual = VirtualCamera(key, output)
    picture = np.full((1080, 1280), 128, np.uint8)
    picture[:720] = _TEST_GREY
    try:
        virtual.open(Event())
        facts["device"] = virtual.name
        end = time.perf_counter() + _CAMERA_SECONDS
        while time.perf_counter() < end and not virtual.counts.get("sent"):
            virtual.send(CameraFrame(picture))
            time.sleep(1 / 30)
        facts["sent"] = virtual.counts.get("sent", 0)
        facts["read_back"] = _read_back(virtual, picture, output)
    except PersonareError as error:
        facts["reasons"] = virtual.reasons
        return Finding("virtual camera", MISSING, str(error), error.remedy, facts)
    finally:
        virtual.close()
    back = {True: ", read back rightly", False: ", but another picture was read back", None: ""}
    detail = f"{facts['device']}: a test picture was sent{back[facts['read_back']]}"
    if facts["read_back"] is False:
        remedy = "Close other programs that use the camera, then try again."
        return Finding("virtual camera", MISSING, detail, remedy, facts)
    return Finding("virtual camera", OK, detail, facts=facts)


def _read_back(virtual: Any, picture: Any, output: OutputFormat) -> bool | None:
    """Whether the test picture comes back from a Linux device; None where it cannot be read."""
    from app.devices.contracts import CameraFrame

    if sys.platform != "linux" or not str(virtual.name).startswith("/dev/video"):
        return None
    import cv2

    reader = cv2.VideoCapture(str(virtual.name), cv2.CAP_V4L2)
    try:
        if not reader.isOpened():
            return None
        for _ in range(10):
            virtual.send(CameraFrame(picture))
            good, frame = reader.read()
            if not good:
                return None
            # Limited range: luma 77 is (77 - 16) * 255 / 219 = 71 in RGB.
            if frame.shape[:2] == (output.height, output.width) and abs(frame.mean() - 71) < 3:
                return True
        return False
    finally:
        reader.release()


def films() -> Finding:
    """Whether a film can be written and played: a short one is."""
    from app.media.film_writer import SOUND_RATE, FilmWriter
    from app.media.sound_file import read_sound

    with tempfile.TemporaryDirectory(prefix="personare-doctor-") as folder:
        path = Path(folder) / "test.mp4"
        with FilmWriter(path, 320, 240, 30) as film:
            for k in range(15):
                film.add_picture(np.full((360, 320), 100 + k, np.uint8), k / 30)
            film.add_sound(np.zeros(SOUND_RATE // 2, np.float32))
        seconds = read_sound(path).seconds
    if not 0.4 < seconds < 0.7:
        raise PersonareError(
            f"A test film of 0.5 s came out as {seconds:.2f} s.", "Install Personare again."
        )
    return Finding("films", OK, "H.264 and AAC")


def folders() -> Finding:
    """Free space, and whether our folders can be written."""
    facts: dict[str, Any] = {}
    for name, folder in (
        ("data", paths.data_dir()), ("config", paths.config_dir()), ("logs", paths.log_dir()),
    ):  # fmt: skip
        there = next(parent for parent in (folder, *folder.parents) if parent.exists())
        facts[name] = str(folder)
        if not os.access(there, os.W_OK):
            return Finding(
                "folders", MISSING, f"{there} may not be written: {name} cannot be kept.",
                "Change its permissions, or set PERSONARE_HOME to another folder.", facts,
            )  # fmt: skip
        facts[f"{name}_free_mb"] = shutil.disk_usage(there).free // 1_000_000
    free = facts["data_free_mb"]
    if free < _ENOUGH_MB:
        return Finding("folders", MISSING, f"only {free} MB are free", "Free some space.", facts)
    return Finding("folders", OK, f"{free} MB free in {facts['data']}", facts=facts)


def settings() -> Finding:
    """Whether the settings file can be read; it is left as it is."""
    from app.settings.model import Settings
    from app.settings.store import FILE_NAME

    path = paths.config_dir() / FILE_NAME
    if not path.exists():
        return Finding("settings", OK, "none yet: the defaults are used")
    try:
        Settings.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        return Finding(
            "settings", MISSING, f"{path} is not as this release writes it: {reason}",
            "It is put right, or kept aside, when the window opens next.",
        )  # fmt: skip
    return Finding("settings", OK, str(path))


def motion() -> Finding:
    """Whether the motion generator moves: one second of the sample speech opens the mouth."""
    from app.engine_builder import build_motion_engine
    from app.media.sound_file import read_speech
    from inference.contract import AUDIO_RATE, Controls

    engine, package = build_motion_engine(Controls())
    start = time.perf_counter()
    track = engine.hear(read_speech(paths.sample_speech())[: 2 * AUDIO_RATE])
    spent = time.perf_counter() - start
    moving = float(np.ptp(track.motion_TD, axis=0).max()) if len(track) else 0.0
    facts = {"package": package.name, "steps": len(track), "seconds": round(spent, 3)}
    if track.motion_TD.shape[1:] != (MOTION_SIZE,) or moving < 0.05:
        raise PersonareError(
            f"The motion model '{package.name}' does not move.", "Install Personare again."
        )
    detail = f"{package.name}: {2 / spent:.0f} times faster than real time"
    return Finding("motion", OK, detail, facts=facts)


CHECKS: Final[tuple[tuple[str, Callable[[], Finding], str], ...]] = (
    ("system", system, FAULT),
    ("provider", provider, FAULT),
    ("models", models, FAULT),
    ("characters", characters, FAULT),
    ("motion", motion, FAULT),
    ("speed", speed, FAULT),
    ("display", display, MISSING),
    ("sound", sound, MISSING),
    ("virtual camera", camera, MISSING),
    ("films", films, FAULT),
    ("folders", folders, MISSING),
    ("settings", settings, MISSING),
)
"""(name, check, state when it raises)."""
