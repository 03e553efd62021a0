"""The row under the preview: your voice, the others, the camera and the recorder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.session_contract import DeviceInfo, PartState, PartStatus, SessionStatus
from app.ui import icons
from app.ui.level_meter import LevelMeter
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper
from app.ui.theme import theme
from app.ui.widgets import Card, Chip, ChoiceBox, IconLabel, label, restyle

STATE_WORDS: Final[dict[PartState, tuple[str, str]]] = {
    PartState.OFF: ("Off", "off"),
    PartState.STARTING: ("Starting", "off"),
    PartState.ON: ("On", "good"),
    PartState.RECOVERING: ("Trying again", "warn"),
    PartState.FAILED: ("Not working", "bad"),
}
GONE: Final = "Not connected now"
FILE_PREFIX: Final = "file:"
"""Keys of inputs that are recordings begin with this (`app.composition`)."""

Options = list[tuple[object, str]]


def microphone_options(devices: list[DeviceInfo]) -> Options:
    """The system's default, off, then every input."""
    default = next((info.name for info in devices if info.is_default), "")
    text = f"Default ({default})" if default else "System default"
    return [("", text), (None, "Off"), *((info.key, info.name) for info in devices)]


def other_options(devices: list[DeviceInfo]) -> Options:
    """Off, then every input that may carry the others."""
    return [(None, "Off: nobody to listen to"), *((info.key, info.name) for info in devices)]


def camera_options(devices: list[DeviceInfo]) -> Options:
    """The first one found, then every virtual camera."""
    first = f"{devices[0].name} (automatic)" if devices else "Automatic"
    return [("", first), *((info.key, info.name) for info in devices)]


class DeviceBox(ChoiceBox):
    """A choice of device, bound to one setting; a device that is gone stays chosen and is said."""

    def __init__(
        self,
        name: str,
        path: str,
        keeper: SettingsKeeper,
        bridge: SessionBridge,
        options: Callable[[], Options],
    ):
        super().__init__(name)
        self._path, self._keeper, self._find = path, keeper, options
        self.chosen.connect(lambda key: keeper.set(path, key))
        bridge.devices.connect(self.refresh)
        keeper.changed.connect(self._follow)
        self.refresh()

    def refresh(self) -> None:
        """Show the devices of now."""
        if not self.view().isVisible():  # never under the user's finger
            key = self._keeper.value(self._path)
            recording = isinstance(key, str) and key.startswith(FILE_PREFIX)
            missing = f"Recording {Path(str(key)).name}" if recording else GONE
            self.show_options(self._find(), key, missing)

    def showPopup(self) -> None:
        """Open with the devices of now."""
        self.refresh()
        super().showPopup()

    def _follow(self, path: str) -> None:
        if path == self._path:
            self.refresh()


def microphone_box(keeper: SettingsKeeper, bridge: SessionBridge) -> DeviceBox:
    """The choice of your microphone."""
    return DeviceBox(
        "Microphone",
        "devices.microphone",
        keeper,
        bridge,
        lambda: microphone_options(bridge.microphones),
    )


def other_box(keeper: SettingsKeeper, bridge: SessionBridge) -> DeviceBox:
    """The choice of what the others say."""
    return DeviceBox(
        "Sound of the others",
        "devices.other",
        keeper,
        bridge,
        lambda: other_options(bridge.loopbacks),
    )


def camera_box(keeper: SettingsKeeper, bridge: SessionBridge) -> DeviceBox:
    """The choice of the virtual camera."""
    return DeviceBox(
        "Camera", "devices.camera", keeper, bridge, lambda: camera_options(bridge.cameras)
    )


class SoundCard(Card):
    """One stream of sound: choice, state, level."""

    def __init__(self, title: str, icon_name: str, hint: str, box: DeviceBox):
        super().__init__(title)
        self.setToolTip(hint)
        self.box = box
        self.meter = LevelMeter(f"Level: {title}")
        self.chip = Chip()
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(8)
        column.addLayout(card_head(title, icon_name, self.chip))
        column.addWidget(box)
        column.addWidget(self.meter)
        self.show_state(PartStatus())

    def show_state(self, status: PartStatus) -> None:
        """The chip in the corner."""
        word, tone = STATE_WORDS[status.state]
        self.chip.show_word(word, tone)
        self.chip.setAccessibleName(f"{self.accessibleName()}: {word}")
        self.chip.setToolTip(f"{status.message} {status.remedy}".strip() or status.name)


class CameraCard(Card):
    """Camera choice, the one button that matters, and the recorder."""

    record_clicked = Signal()
    camera_clicked = Signal()

    def __init__(self, box: DeviceBox, clock: Callable[[], float] = time.monotonic):
        super().__init__("Camera")
        self._clock = clock
        self._recording_since: float | None = None
        self.box = box
        self.chip = Chip()
        self.camera_button = QPushButton("Start camera")
        self.camera_button.setShortcut("")
        self.camera_button.setIconSize(QSize(20, 20))
        self.camera_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.camera_button.clicked.connect(self.camera_clicked)
        self.record_button = QPushButton("Record")
        self.record_button.setIconSize(QSize(18, 18))
        self.record_button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.record_button.setToolTip("Record picture and voice to an MP4 film (Ctrl+R)")
        self.record_button.clicked.connect(self.record_clicked)
        column = QVBoxLayout(self)
        column.setContentsMargins(14, 10, 14, 12)
        column.setSpacing(8)
        head = card_head("Camera", "camera", self.chip)
        head.insertWidget(2, box, 1)
        head.setStretch(3, 0)
        column.addLayout(head)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.camera_button, 3)
        buttons.addWidget(self.record_button, 2)
        column.addLayout(buttons)
        theme().changed.connect(self._draw_icons)
        self.show_state(SessionStatus(), wanted=False)

    def show_state(self, status: SessionStatus, wanted: bool) -> None:
        """Chip, buttons and their words for what the camera and the recorder do now."""
        camera = status.camera
        word, tone = STATE_WORDS[camera.state]
        self.chip.show_word("On air" if camera.state is PartState.ON else word, tone)
        self.chip.setAccessibleName(f"Camera: {word}")
        if not wanted:
            text, kind = "Start camera", "primary"
            tip = "Programs see your character as a webcam once the camera is on (Space)"
        else:
            failing = camera.state in (PartState.FAILED, PartState.RECOVERING)
            text, kind = ("Stop trying" if failing else "Stop camera"), "stop"
            tip = "Choose this camera in your call. Count on one program at a time. (Space)"
        if self.camera_button.text() != f" {text}":  # the space keeps the icon off the word
            self.camera_button.setText(f" {text}")
            self.camera_button.setAccessibleName(text)
        self.camera_button.setToolTip(tip)
        restyle(self.camera_button, "kind", kind)
        self._show_recorder(status.recorder.state)
        self._draw_icons()

    @property
    def recording_time(self) -> str:
        """Minutes and seconds of the running film; empty when none runs."""
        if self._recording_since is None:
            return ""
        seconds = int(self._clock() - self._recording_since)
        return f"{seconds // 60}:{seconds % 60:02d}"

    def _show_recorder(self, state: PartState) -> None:
        on = state in (PartState.ON, PartState.STARTING)
        if on and self._recording_since is None:
            self._recording_since = self._clock()
        elif not on:
            self._recording_since = None
        text = f"Stop {self.recording_time}" if on else "Record"
        if self.record_button.text() != f" {text}":
            self.record_button.setText(f" {text}")
        self.record_button.setAccessibleName("Stop recording" if on else "Record")
        restyle(self.record_button, "kind", "stop" if on else "")

    def _draw_icons(self) -> None:
        colors = theme().colors
        primary = self.camera_button.property("kind") == "primary"
        name, color = ("camera", colors.on_accent) if primary else ("camera-off", colors.bad)
        self.camera_button.setIcon(icons.icon(name, color))
        on = self._recording_since is not None
        self.record_button.setIcon(icons.icon("stop" if on else "record", colors.bad, 18))


def card_head(title: str, icon_name: str, chip: QWidget) -> QHBoxLayout:
    """Icon and title at the left, the chip at the right."""
    row = QHBoxLayout()
    row.setSpacing(8)
    row.addWidget(IconLabel(icon_name))
    row.addWidget(label(title, "heading"))
    row.addStretch(1)
    row.addWidget(chip)
    return row


class Controls(QWidget):
    """The three cards side by side, bound to session and settings."""

    def __init__(self, keeper: SettingsKeeper, bridge: SessionBridge):
        super().__init__()
        self._bridge = bridge
        self.you = SoundCard(
            "Your voice",
            "microphone",
            "The character speaks with this microphone.",
            microphone_box(keeper, bridge),
        )
        self.others = SoundCard(
            "The others",
            "people",
            "What the others say, so that the character listens: choose the “monitor” or\n"
            "“loopback” of your loudspeakers or headphones. It is never recorded or sent.",
            other_box(keeper, bridge),
        )
        self.camera = CameraCard(camera_box(keeper, bridge))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(12)
        row.addWidget(self.you, 5)
        row.addWidget(self.others, 5)
        row.addWidget(self.camera, 6)
        bridge.levels.connect(self._show_levels)
        bridge.status.connect(self.show_status)
        bridge.camera_wanted_changed.connect(lambda _on: self.show_status(bridge.last_status))

    def show_status(self, status: SessionStatus) -> None:
        """Bring chips and buttons up to date."""
        self.you.show_state(status.microphone)
        self.others.show_state(status.other)
        self.camera.show_state(status, self._bridge.camera_wanted)

    def _show_levels(self, microphone_db: float, other_db: float) -> None:
        self.you.meter.show_level(microphone_db)
        self.others.meter.show_level(other_db)
