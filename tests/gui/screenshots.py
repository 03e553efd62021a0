"""Pictures of the real window for the documentation: `python -m tests.gui.screenshots --out DIR`.

Needs no screen (Qt draws offscreen) but fonts: `apt-get install fonts-inter`. The session is
simulated unless `--live` is given: then the real session runs on the sample speech, and picture,
rate, delay and level are its own; only the devices' names are made up, and the camera is the one
of the tests that swallows what it gets.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import cv2
import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtGui import QFont, QImage
from PySide6.QtWidgets import QApplication, QWidget

from app import paths
from app.characters.library import CharacterLibrary
from app.composition import live_makers
from app.live_session import LiveChoices, LiveSession
from app.models.motion_choices import motion_choices
from app.session_contract import Activity, DeviceInfo, PartState, PartStatus, Session
from app.settings.model import Settings, changed
from app.settings.store import SettingsStore
from app.ui.application import application, application_icon
from app.ui.main_window import MainWindow
from app.ui.settings_keeper import SettingsKeeper
from inference.contract import UInt8Array
from tests.gui.simulated_session import SimulatedSession, speaking

MISSING_CAMERA = PartStatus(
    PartState.FAILED,
    "",
    "No virtual camera is installed on this computer.",
    "Install v4l2loopback, load it with exclusive_caps=1, then press Start camera again.",
)


def portrait_frame(portrait: Path, color: tuple[int, int, int] = (46, 54, 72)) -> UInt8Array:
    """The portrait on a plain ground, as the compositor would put it: RGB, 1280 x 720."""
    picture = cv2.imread(str(portrait), cv2.IMREAD_UNCHANGED)
    assert picture is not None, portrait
    picture = cv2.resize(picture, (720, 720), interpolation=cv2.INTER_AREA)
    frame = np.empty((720, 1280, 3), np.uint8)
    frame[:] = color
    alpha = picture[..., 3:].astype(np.float32) / 255
    place = frame[:, 280:1000]
    place[:] = picture[..., 2::-1] * alpha + place * (1 - alpha)
    return frame


class Photographer:
    """Opens windows in a state, waits until they are drawn, and saves them."""

    def __init__(self, out: Path, width: int, height: int):
        self.out, self.size = out, (width, height)
        self.library = CharacterLibrary()
        self._taken: list[tuple[str, QImage]] = []

    def window(
        self,
        session: Session,
        theme: str,
        character: str = "",
        welcomed: bool = True,
        motion_model: str = "",
    ) -> MainWindow:
        """A window of this size around a session."""
        settings = changed(Settings(), "window.theme", theme)
        settings = changed(settings, "window.welcomed", welcomed)
        settings = changed(settings, "character", character)
        settings = changed(settings, "performance.motion_model", motion_model)
        keeper = SettingsKeeper(SettingsStore(self.out / ".settings.json"), settings)
        window = MainWindow(
            lambda _settings: session, self.library, keeper, (), application_icon(), motion_choices
        )
        window.resize(*self.size)
        window.show()
        window.go_live()
        return window

    def shoot(self, widget: QWidget, name: str, wait: float = 0.3) -> None:
        """Take a picture of a window after some seconds."""
        settle(wait)
        self._taken.append((name, widget.grab().toImage()))

    def save(self) -> None:
        """Write the pictures taken so far: packing them takes seconds that the session needs."""
        for name, image in self._taken:
            file = self.out / f"{name}.png"
            image.save(str(file), quality=0)  # the smallest file, not the worst picture
            print(f"{file}  {image.width()}x{image.height()}  {file.stat().st_size // 1024} kB")
        self._taken.clear()


def settle(seconds: float, until: Callable[[], bool] | None = None) -> None:
    """Let the window live for a while, or until something is so."""
    loop, end, look = QEventLoop(), QTimer(), QTimer()
    end.setSingleShot(True)
    end.timeout.connect(loop.quit)
    end.start(max(1, round(1000 * seconds)))
    if until is not None:
        look.timeout.connect(lambda: loop.quit() if until() else None)
        look.start(50)
    loop.exec()


def simulated(photographer: Photographer, theme: str) -> None:
    """Every state, with a simulated session."""
    portraits = [e.item.portrait_path for e in photographer.library.list() if e.item]
    frame = portrait_frame(portraits[0])
    session = SimulatedSession()
    window = photographer.window(session, theme, welcomed=False)
    photographer.shoot(window, f"start-{theme}")
    window.board.dismiss("welcome")
    session.draw(frame)
    session.change(**speaking())
    window.keeper.set("devices.other", "monitor")
    window.toggle_camera()
    photographer.shoot(window, f"live-{theme}")
    window.open_preferences()
    assert window.preferences is not None
    for row in range(window.preferences.pages.count()):
        window.preferences.pages.setCurrentRow(row)
        photographer.shoot(window.preferences, f"preferences-{row + 1}-{theme}")
    window.preferences.close()
    window.toggle_camera()
    session.camera_answer = MISSING_CAMERA
    session.change(activity=Activity.IDLE, microphone_level_db=-70.0)
    window.toggle_camera()
    photographer.shoot(window, f"error-{theme}")
    window.open_about()
    about = next(w for w in QApplication.topLevelWidgets() if w.windowTitle().startswith("About"))
    photographer.shoot(about, f"about-{theme}")
    about.close()
    window.close()


def live_session(character: str, scratch: Path, motion_model: str) -> Session:
    """The real session with the sample speech for a microphone and the tests' camera."""
    fake_camera = Path(__file__).parents[1] / "realtime" / "fake_camera"
    os.environ["PYTHONPATH"] = str(fake_camera)  # for the camera program, a process of its own
    os.environ["FAKE_CAMERA_LOG"] = str(scratch / ".camera.log")
    microphone = DeviceInfo(f"file:{paths.sample_speech()}", "Headset microphone", True)
    monitor = DeviceInfo(
        f"file:{paths.assets_root() / 'speech' / 'other.wav'}", "Monitor of Headset"
    )
    makers = replace(
        live_makers(),
        list_microphones=lambda: [microphone],
        list_loopbacks=lambda: [monitor],
        list_cameras=lambda: [DeviceInfo("Personare", "Personare")],
    )
    return LiveSession(
        makers,
        LiveChoices(character=character, microphone=microphone.key, motion_model=motion_model),
    )


def direct(photographer: Photographer, window: MainWindow, theme: str) -> None:
    """A mood, the style, a direction while it is written, performed, and refused."""
    strip, line = window.performance, window.performance.line
    strip.moods.buttons["happy"].click()
    photographer.shoot(window, f"mood-{theme}", wait=1.5)
    window.activateWindow()
    line.edit.setFocus()
    settle(0.2)
    line.edit.setText("give a slight smile and nod twice, then look thoughtful for 5 seconds")
    photographer.shoot(window, f"direction-{theme}")
    line.edit.returnPressed.emit()
    photographer.shoot(window, f"performing-{theme}", wait=0.6)
    line.edit.setText("nod firmly and smlie")
    photographer.shoot(window, f"refused-{theme}")
    line.edit.clear()
    photographer.shoot(strip.style_button.page, f"style-{theme}", wait=0.1)


def live(
    photographer: Photographer,
    theme: str,
    character: str,
    moments: list[float],
    motion_model: str,
) -> None:
    """The real session: its start, some moments (seconds after the first picture), a fault."""
    session = live_session(character, photographer.out, motion_model)
    window = photographer.window(session, theme, character, False, motion_model)
    photographer.shoot(window, f"start-{theme}", wait=0.05)
    window.board.dismiss("welcome")
    window.keeper.set("devices.camera", "Personare")
    settle(60.0, window.preview.has_picture)
    window.bridge.ask_devices()
    window.keeper.set("devices.microphone", session.microphones()[0].key)
    window.open_preferences()
    assert window.preferences is not None
    window.preferences.pages.setCurrentRow(1)
    photographer.shoot(window.preferences, f"preferences-{theme}")
    window.preferences.pages.setCurrentRow(2)
    photographer.shoot(window.preferences, f"preferences-character-{theme}")
    window.preferences.close()
    window.toggle_camera()
    began = time.monotonic()
    for number, moment in enumerate(moments, 1):
        settle(began + moment - time.monotonic())
        photographer.shoot(window, f"live-{theme}-{number}", wait=0.05)
    if "nod" in session.status().knows:
        direct(photographer, window, theme)
    window.toggle_camera()
    settle(1.0)
    window.keeper.set("devices.camera", "")
    del os.environ["PYTHONPATH"]  # from here on the real pyvirtualcam, on a machine without camera
    window.toggle_camera()
    settle(8.0, lambda: bool(window.banners.banners()))
    photographer.shoot(window, f"error-{theme}", wait=1.0)
    window.close()


def main() -> int:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--width", type=int, default=1240)
    parser.add_argument("--height", type=int, default=800)
    parser.add_argument("--font", default="Inter")
    parser.add_argument("--live", action="store_true", help="with the real session")
    parser.add_argument("--character", default="")
    parser.add_argument("--motion-model", default="")
    parser.add_argument("--moments", type=float, nargs="+", default=[3.0])
    parser.add_argument("--themes", nargs="+", default=["light", "dark"])
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    application().setFont(QFont(arguments.font, 10))
    photographer = Photographer(arguments.out, arguments.width, arguments.height)
    for theme in arguments.themes:
        if arguments.live:
            live(
                photographer,
                theme,
                arguments.character,
                arguments.moments,
                arguments.motion_model,
            )
        else:
            simulated(photographer, theme)
        photographer.save()
    for hidden in (".settings.json", ".camera.log"):
        (arguments.out / hidden).unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
