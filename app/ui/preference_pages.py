"""The pages of the preferences dialog."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QColorDialog,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from app import paths
from app.settings.model import BackgroundKind, FrameRate, FrameSize, Provider, Quality, Theme
from app.ui.controls import Options, camera_box, microphone_box, other_box
from app.ui.gallery import CharacterCard
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper
from app.ui.widgets import Card, ChoiceBox, Switch, label

PICTURES: Final = "Pictures (*.png *.jpg *.jpeg *.webp *.bmp)"
CardOf = Callable[[str], CharacterCard | None]
"""The gallery's card of a character by id."""
LABEL_WIDTH: Final = 130
"""Of the names at the left, in pixels."""


class Page(QWidget):
    """A column of titled cards whose rows are bound to settings."""

    def __init__(self, title: str, keeper: SettingsKeeper):
        super().__init__()
        self.setAccessibleName(title)
        self.keeper = keeper
        self._shows: dict[str, list[Callable[[], None]]] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 6, 0)
        self._column.setSpacing(12)
        if title:
            self._column.addWidget(label(title, "title"))
        self._column.addStretch(1)
        keeper.changed.connect(self._follow)

    def group(self, name: str) -> QVBoxLayout:
        """A new card; rows go into the layout returned."""
        card = Card(name)
        column = QVBoxLayout(card)
        column.setContentsMargins(16, 14, 16, 16)
        column.setSpacing(10)
        column.addWidget(label(name, "heading"))
        self._column.insertWidget(self._column.count() - 1, card)
        return column

    def row(self, column: QVBoxLayout, name: str, *widgets: QWidget, hint: str = "") -> None:
        """A line: its name at the left, the controls, a hint below them."""
        line = QHBoxLayout()
        line.setSpacing(10)
        text = label(name)
        text.setFixedWidth(LABEL_WIDTH)
        text.setBuddy(widgets[0])
        line.addWidget(text)
        for place, widget in enumerate(widgets):
            line.addWidget(widget, 1 if place == 0 else 0)
        column.addLayout(line)
        if hint:
            below = label(hint, "small", wrap=True)
            below.setContentsMargins(LABEL_WIDTH + 10, 0, 0, 0)
            column.addWidget(below)

    def bind(self, path: str, show: Callable[[], None]) -> None:
        """Call `show` now and whenever the setting changes."""
        self._shows.setdefault(path, []).append(show)
        show()

    def choice(self, name: str, path: str, options: Options) -> ChoiceBox:
        """A choice box for one setting."""
        box = ChoiceBox(name)
        box.chosen.connect(lambda key: self.keeper.set(path, key))
        self.bind(path, lambda: box.show_options(options, self.keeper.value(path)))
        return box

    def switch(self, text: str, path: str, tip: str = "") -> Switch:
        """A switch for one setting."""
        made = Switch(text)
        made.setToolTip(tip)
        made.toggled.connect(lambda on: self.keeper.set(path, on))
        self.bind(path, lambda: made.setChecked(bool(self.keeper.value(path))))
        return made

    def slider(self, name: str, path: str) -> QSlider:
        """A slider for a share, in steps of a hundredth."""
        made = QSlider(Qt.Orientation.Horizontal)
        made.setAccessibleName(name)
        made.setRange(0, 100)
        made.setPageStep(10)
        made.valueChanged.connect(lambda value: self.keeper.set(path, value / 100))
        self.bind(path, lambda: made.setValue(round(100 * float(str(self.keeper.value(path))))))
        return made

    def _follow(self, path: str) -> None:
        for show in self._shows.get(path, []):
            show()


class DevicesPage(Page):
    """Microphone, the others, camera, recordings."""

    def __init__(self, keeper: SettingsKeeper, bridge: SessionBridge):
        super().__init__("Devices", keeper)
        sound = self.group("Sound")
        self.microphone = microphone_box(keeper, bridge)
        self.other = other_box(keeper, bridge)
        self.row(sound, "Your voice", self.microphone, hint="Moves the character's mouth.")
        self.row(
            sound,
            "The others",
            self.other,
            hint="Lets the character listen: choose the monitor or loopback of your loudspeakers. "
            "With headphones on, your microphone does not hear the others.",
        )
        camera = self.group("Camera")
        self.camera = camera_box(keeper, bridge)
        self.row(
            camera,
            "Virtual camera",
            self.camera,
            hint="Choose the same name as camera in your call. Count on one program at a time: "
            "on most systems a second reader gets no picture. Browsers list the camera only "
            "while it is on.",
        )
        films = self.group("Recordings")
        self.folder = QLineEdit()
        self.folder.setReadOnly(True)
        self.folder.setAccessibleName("Folder for recordings")
        choose = QPushButton("Choose…")
        choose.setAccessibleName("Choose the folder for recordings")
        choose.clicked.connect(self._choose_folder)
        self.bind("devices.recordings", self._show_folder)
        self.row(films, "Folder", self.folder, choose)

    def _show_folder(self) -> None:
        chosen = self.keeper.settings.devices.recordings
        self.folder.setText(chosen or str(paths.videos_dir()))

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder for recordings", self.folder.text())
        if folder:
            self.keeper.set("devices.recordings", folder)


class VideoPage(Page):
    """Size, rate, background, mirror."""

    def __init__(
        self, keeper: SettingsKeeper, bridge: SessionBridge, card_of: CardOf = lambda _id: None
    ):
        super().__init__("Video", keeper)
        self._bridge, self._card_of = bridge, card_of
        camera = self.group("Camera picture")
        self.size_box = self.choice(
            "Size",
            "video.size",
            [(FrameSize.HD, "1280 × 720 (HD)"), (FrameSize.FULL_HD, "1920 × 1080 (Full HD)")],
        )
        self.rate_box = self.choice(
            "Rate", "video.rate", [(rate, f"{rate.value} per second") for rate in FrameRate]
        )
        self.row(camera, "Size", self.size_box)
        self.row(camera, "Pictures", self.rate_box)
        self.fixed_hint = label("", "small", wrap=True)
        camera.addWidget(self.fixed_hint)
        self._make_background()
        view = self.group("Your view")
        view.addWidget(self.switch("Mirror my preview", "video.mirror_preview"))
        view.addWidget(
            label(
                "Only your own preview is mirrored, as most calls do it too. The others always "
                "see the picture the right way round.",
                "small",
                wrap=True,
            )
        )
        bridge.camera_wanted_changed.connect(self._show_fixed)
        bridge.status.connect(self._show_fixed)
        keeper.changed.connect(self._show_fixed)
        self._show_fixed()

    def _make_background(self) -> None:
        ground = self.group("Background")
        self.kind_box = self.choice(
            "Background",
            "video.background",
            [
                (BackgroundKind.OWN, "The character's own picture"),
                (BackgroundKind.COLOR, "Plain colour"),
                (BackgroundKind.PICTURE, "Another picture"),
                (BackgroundKind.GREEN, "Green, for keying"),
            ],
        )
        self.color_button = QPushButton(" Colour…")
        self.color_button.setAccessibleName("Choose the background colour")
        self.color_button.clicked.connect(self._choose_color)
        self.picture_button = QPushButton("Choose…")
        self.picture_button.setAccessibleName("Choose the background picture")
        self.picture_button.clicked.connect(self.choose_picture)
        self.row(ground, "Ground", self.kind_box, self.color_button, self.picture_button)
        self.ground_hint = label("", "small", wrap=True)
        self.ground_hint.setContentsMargins(LABEL_WIDTH + 10, 0, 0, 0)
        ground.addWidget(self.ground_hint)
        for path in ("video.background", "video.color", "video.picture", "character"):
            self.bind(path, self._show_background)

    def _show_background(self) -> None:
        video = self.keeper.settings.video
        card = self._card_of(self.keeper.settings.character)
        own = video.background is BackgroundKind.OWN
        has_own = card is not None and card.has_background
        plain = video.background is BackgroundKind.COLOR or (own and not has_own)
        self.color_button.setVisible(plain)
        self.picture_button.setVisible(video.background is BackgroundKind.PICTURE)
        self.ground_hint.setVisible(own or video.background is BackgroundKind.PICTURE)
        if not own:
            text = Path(video.picture).name if video.picture else "No picture chosen yet."
        elif has_own:
            text = "What the imported picture shows around the person."
        else:
            who = "This character" if card is None else card.name
            text = (
                f"{who} came without a background: the colour is shown. Imported pictures have one."
            )
        self.ground_hint.setText(text)
        self.color_button.setIcon(QIcon(_swatch(QColor(*video.color))))

    def _show_fixed(self, *_: object) -> None:
        busy = self._bridge.camera_busy
        self.size_box.setEnabled(not busy)
        self.rate_box.setEnabled(not busy)
        output = self.keeper.settings.output()
        limited = output.fps < int(self.keeper.settings.video.rate.value)
        if busy:
            text = "Stop the camera to change its size or rate: programs could not follow."
        elif limited:
            text = f"The quality under Performance limits this to {output.fps} per second."
        else:
            text = "Fixed while the camera is on."
        if self.fixed_hint.text() != text:
            self.fixed_hint.setText(text)

    def _choose_color(self) -> None:
        color = QColorDialog.getColor(QColor(*self.keeper.settings.video.color), self)
        if color.isValid():
            self.keeper.set("video.color", (color.red(), color.green(), color.blue()))

    def choose_picture(self) -> None:
        """Ask for a picture file."""
        file, _ = QFileDialog.getOpenFileName(self, "Background picture", "", PICTURES)
        if file:
            self.keeper.set("video.picture", file)


def _swatch(color: QColor) -> QPixmap:
    """A disc of the colour, with a rim so that it shows on any ground."""
    picture = QPixmap(40, 40)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor("#8a93a8"), 4))
    painter.setBrush(color)
    painter.drawEllipse(3, 3, 34, 34)
    painter.end()
    return picture


class PerformancePage(Page):
    """Quality, and what runs the models."""

    def __init__(self, keeper: SettingsKeeper, bridge: SessionBridge):
        super().__init__("Performance", keeper)
        self._bridge = bridge
        work = self.group("Quality")
        self.quality_box = self.choice(
            "Quality",
            "performance.quality",
            [
                (Quality.ECO, "Eco: at most 24 per second, saves the battery"),
                (Quality.STANDARD, "Standard: at most 30 per second"),
                (Quality.HIGH, "High: finer, up to 60 per second, for graphics cards"),
            ],
        )
        self.row(work, "Quality", self.quality_box, hint="Fixed while the camera is on.")
        engine = self.group("Models run on")
        self.provider_box = self.choice(
            "Provider",
            "performance.provider",
            [
                (Provider.AUTO, "Automatic"),
                (Provider.CPU, "Processor (CPU)"),
                (Provider.CUDA, "NVIDIA graphics card (CUDA)"),
                (Provider.DIRECTML, "Graphics card on Windows (DirectML)"),
            ],
        )
        self.row(engine, "Run on", self.provider_box)
        self.real = label("", "small", wrap=True)
        self.real.setContentsMargins(LABEL_WIDTH + 10, 0, 0, 0)
        engine.addWidget(self.real)
        bridge.status.connect(self._show_state)
        bridge.camera_wanted_changed.connect(self._show_state)
        self._show_state()

    def _show_state(self, *_: object) -> None:
        self.quality_box.setEnabled(not self._bridge.camera_busy)
        provider = self._bridge.last_status.provider
        text = (
            f"In use now: {provider.upper()}."
            if provider
            else "Shown here once the character is awake."
        )
        if self.real.text() != text:
            self.real.setText(text)


class AppearancePage(Page):
    """Look of the window, and what happens when Personare opens."""

    def __init__(self, keeper: SettingsKeeper):
        super().__init__("Look and start-up", keeper)
        look = self.group("Appearance")
        self.theme_box = self.choice(
            "Theme",
            "window.theme",
            [
                (Theme.SYSTEM, "As the system"),
                (Theme.LIGHT, "Light"),
                (Theme.DARK, "Dark"),
            ],
        )
        self.row(look, "Theme", self.theme_box)
        start = self.group("When Personare opens")
        start.addWidget(self.switch("Wake the character and open the microphone", "start.live"))
        self.camera_switch = self.switch("Start the camera", "start.camera")
        start.addWidget(self.camera_switch)
        start.addWidget(self.switch("Open as a minimised window", "start.minimised"))
        self.bind("start.live", self._show_live)

    def _show_live(self) -> None:
        self.camera_switch.setEnabled(self.keeper.settings.start.live)
