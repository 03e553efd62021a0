"""The window: puts the views together and binds them to settings and session."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QGuiApplication,
    QIcon,
    QKeyEvent,
    QKeySequence,
    QPixmap,
    QShortcut,
)
from PySide6.QtWidgets import (
    QApplication,
    QHBoxLayout,
    QMainWindow,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.session_contract import PartState, SessionStatus
from app.settings.store import Note
from app.ui.about import AboutDialog
from app.ui.controls import Controls
from app.ui.gallery import Gallery, Library, cards_of
from app.ui.motion_choice import MotionModels
from app.ui.notifications import Banners, Notice, NoticeBoard
from app.ui.performance import Performance
from app.ui.preferences import PreferencesDialog
from app.ui.preview import Preview
from app.ui.recording import Recording
from app.ui.session_bridge import SessionBridge, SessionFactory
from app.ui.settings_keeper import SettingsKeeper
from app.ui.status_line import ActivityHold, StatusLine
from app.ui.theme import GAP, MARGIN, theme
from app.ui.widgets import IconButton, label

WELCOME = "Choose a character, start the camera, then pick that camera in your call."
WELCOME_REMEDY = (
    "In Zoom, Teams, Meet or OBS it appears by its name among the webcams. Your microphone stays "
    "as it is in the call; here it only moves the mouth."
)
HELP = (
    "Only one program at a time can count on the camera, and browsers list it only while it is "
    "on. The others see you the right way round, whatever your preview shows. For a character "
    "that listens, choose the monitor of your loudspeakers under “The others”."
)
GALLERY_WIDTH = 236


class MainWindow(QMainWindow):
    """One window for one session; closing it stops the session."""

    closing = Signal()
    """The window goes; its devices may need a moment more."""

    def __init__(
        self,
        factory: SessionFactory,
        library: Library,
        keeper: SettingsKeeper,
        notes: tuple[Note, ...] = (),
        icon: QIcon | None = None,
        motion_models: MotionModels = list,
    ):
        super().__init__()
        self.setWindowTitle("Personare")
        self.setMinimumSize(960, 620)
        self.keeper = keeper
        self._motion_models = motion_models
        theme().choose(keeper.settings.window.theme)
        self.board = NoticeBoard(self)
        entries = library.list()
        self.gallery = Gallery(cards_of(entries))
        self._choose_a_character()
        self.bridge = SessionBridge(factory, keeper, self)
        self.preview = Preview()
        self.performance = Performance(keeper, self.bridge)
        self.performance.line.keep_clear = self.preview.mirror_button
        self.controls = Controls(keeper, self.bridge)
        self.status_line = StatusLine()
        self.banners = Banners(self.board)
        self.recording = Recording(keeper, self.bridge, self.board, self)
        self.preferences: PreferencesDialog | None = None
        self.about: AboutDialog | None = None
        self._full = False
        self._met = False
        self._activity = ActivityHold()
        self._lay_out(icon)
        self._connect()
        self._make_shortcuts()
        for place, note in enumerate(notes):
            self.board.post(Notice(f"settings-{place}", note.message, note.remedy, "warn"))
        for entry in entries:
            if entry.fault:
                self.board.post(Notice(f"character-{entry.id}", entry.fault, entry.remedy, "warn"))
        if not keeper.settings.window.welcomed:
            self.board.post(Notice("welcome", WELCOME, WELCOME_REMEDY))
        self._follow_setting("video.mirror_preview")
        self._show_placeholder()
        self._restore_geometry()
        self.gallery.view.setFocus()

    # -- building

    def _lay_out(self, icon: QIcon | None) -> None:
        page = QWidget()
        page.setObjectName("page")
        self.setCentralWidget(page)
        self._header = self._make_header(icon)
        centre = QVBoxLayout()
        centre.setSpacing(GAP)
        centre.addWidget(self.banners)
        centre.addWidget(self.preview, 1)
        centre.addWidget(self.performance)
        centre.addWidget(self.controls)
        self.gallery.setFixedWidth(GALLERY_WIDTH)
        body = QHBoxLayout()
        body.setSpacing(GAP)
        body.addWidget(self.gallery)
        body.addLayout(centre, 1)
        column = QVBoxLayout(page)
        column.setContentsMargins(MARGIN, 10, MARGIN, 10)
        column.setSpacing(10)
        column.addWidget(self._header)
        column.addLayout(body, 1)
        column.addWidget(self.status_line)
        self._page_column = column

    def _make_header(self, icon: QIcon | None) -> QWidget:
        header = QWidget()
        row = QHBoxLayout(header)
        row.setContentsMargins(4, 0, 0, 0)
        row.setSpacing(10)
        if icon is not None and not icon.isNull():
            picture = label("")
            picture.setPixmap(icon.pixmap(28, 28))
            row.addWidget(picture)
            self.setWindowIcon(icon)
        row.addWidget(label("Personare", "brand"))
        row.addStretch(1)
        self.preferences_button = IconButton("gear", "Preferences (Ctrl+,)")
        self.preferences_button.clicked.connect(self.open_preferences)
        row.addWidget(self.preferences_button)
        self.menu_button = IconButton("menu", "More")
        self.menu_button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.menu_button.setMenu(self._make_menu())
        row.addWidget(self.menu_button)
        return header

    def _make_menu(self) -> QMenu:
        menu = QMenu(self)
        for text, keys, act in (
            ("Preferences…", "Ctrl+,", self.open_preferences),
            ("Full preview", "F11", self.toggle_full),
            ("Record", "Ctrl+R", self.toggle_recording),
            ("", "", None),
            ("How to appear in a call", "F1", self.show_help),
            ("About Personare", "", self.open_about),
            ("", "", None),
            ("Quit", "Ctrl+Q", self.close),
        ):
            if act is None:
                menu.addSeparator()
                continue
            action = QAction(text, self)
            if keys:
                action.setShortcut(QKeySequence(keys))
                action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
            action.triggered.connect(lambda _=False, act=act: act())
            menu.addAction(action)
            self.addAction(action)  # shortcuts work while the menu is closed
        return menu

    def _connect(self) -> None:
        bridge, keeper = self.bridge, self.keeper
        self.gallery.chosen.connect(lambda character: keeper.set("character", character))
        self.preview.mirror_toggled.connect(lambda on: keeper.set("video.mirror_preview", on))
        self.preview.full_toggled.connect(self.toggle_full)
        self.preview.start_clicked.connect(bridge.start)
        self.controls.camera.camera_clicked.connect(self.toggle_camera)
        self.controls.camera.record_clicked.connect(self.toggle_recording)
        bridge.frame.connect(self.preview.show_frame)
        bridge.status.connect(self._show_status)
        bridge.started.connect(self._show_placeholder)
        keeper.changed.connect(self._follow_setting)
        keeper.save_failed.connect(lambda error: self.board.post_error("settings-save", error))
        self.board.dismissed.connect(self._note_dismissed)
        theme().changed.connect(self.update)

    def _make_shortcuts(self) -> None:
        for number in range(1, 10):
            shortcut = QShortcut(QKeySequence(f"Ctrl+{number}"), self)
            shortcut.activated.connect(lambda row=number - 1: self.gallery.choose(row))

    # -- what the user can do

    def go_live(self) -> None:
        """What the start settings ask for, once the window is there."""
        start = self.keeper.settings.start
        if start.live:
            self.bridge.start()
            if start.camera:
                self.bridge.want_camera(True)
        else:
            self._show_status(self.bridge.last_status)

    def come_to_front(self) -> None:
        """Be seen: Personare was started once more."""
        self.setWindowState(self.windowState() & ~Qt.WindowState.WindowMinimized)
        self.show()
        self.raise_()
        self.activateWindow()
        QApplication.alert(self)  # where a program may not take the focus

    def toggle_camera(self) -> None:
        """Start or stop the camera."""
        self.bridge.want_camera(not self.bridge.camera_wanted)

    def toggle_recording(self) -> None:
        """Start a film, or finish the running one."""
        self.recording.toggle()

    def open_preferences(self) -> None:
        """Show the preferences beside the window; a second call brings them to the front."""
        if self.preferences is None:
            self.preferences = PreferencesDialog(
                self.keeper, self.bridge, self._motion_models, self.gallery.card, self
            )
            self.preferences.finished.connect(self._forget_preferences)
        elif self.preferences.isVisible():
            self.preferences.raise_()
        self.preferences.show()
        self.preferences.activateWindow()

    def _forget_preferences(self) -> None:
        self.preferences = None

    def open_about(self) -> None:
        """Show version and licences."""
        if self.about is None:
            self.about = AboutDialog(self)
            self.about.finished.connect(self._forget_about)
        self.about.show()
        self.about.activateWindow()

    def _forget_about(self) -> None:
        self.about = None

    def show_help(self) -> None:
        """Say again what the first start says."""
        self.board.withdraw("welcome")
        self.board.post(Notice("welcome", WELCOME, HELP))

    def toggle_full(self) -> None:
        """The preview alone on the whole screen, and back."""
        self._full = not self._full
        around = (self._header, self.gallery, self.performance, self.controls, self.status_line)
        for widget in around:
            widget.setVisible(not self._full)
        margin = 0 if self._full else MARGIN
        self._page_column.setContentsMargins(margin, margin and 10, margin, margin and 10)
        self.preview.set_full(self._full)
        self.banners.set_quiet(self._full)
        self.setWindowState(self.windowState() ^ Qt.WindowState.WindowFullScreen)
        (self.preview.full_button if self._full else self.gallery.view).setFocus()

    # -- following session and settings

    def _choose_a_character(self) -> None:
        """A character that is gone, or none yet: the first one."""
        ids = self.gallery.ids()
        if ids and self.keeper.settings.character not in ids:
            self.keeper.set("character", ids[0])
        self.gallery.select(self.keeper.settings.character)

    def _follow_setting(self, path: str) -> None:
        settings = self.keeper.settings
        if path == "character":
            self.gallery.select(settings.character)
            self._show_status(self.bridge.last_status)
        elif path == "video.mirror_preview":
            self.preview.set_mirror(settings.video.mirror_preview)
        elif path == "window.theme":
            theme().choose(settings.window.theme)

    def _show_status(self, status: SessionStatus) -> None:
        running = self.bridge.running
        status = self._activity.calm(status)
        if not self._met and status.character:
            # Whoever is on stage first may come from the command line, not from the settings.
            self._met = True
            self.gallery.select(status.character)
        self.status_line.show_status(status, self.keeper.settings.output(), running)
        self.preview.show_activity(status.activity if running else None)
        words = ["On air"] if status.camera.state is PartState.ON else []
        if self.controls.camera.recording_time:
            words.append(f"Recording {self.controls.camera.recording_time}")
        self.preview.show_live("  ·  ".join(words))
        if not self.preview.has_picture():
            self._show_placeholder()
        self.board.follow(status)

    def _show_placeholder(self) -> None:
        if self.preview.has_picture():
            return
        card = self.gallery.card(self.keeper.settings.character)
        name = card.name if card else "the character"
        picture = self._round_thumbnail(card.thumbnail) if card else QPixmap()
        engine = self.bridge.last_status.engine
        if not self.bridge.running:
            title, text = f"{name} is asleep", "Start to wake the character and your microphone."
            self.preview.show_placeholder(title, text, picture, can_start=True)
        elif engine.state is PartState.FAILED:
            title, text = "No picture yet", f"{engine.message} {engine.remedy}"
            self.preview.show_placeholder(title, text, picture)
        else:
            text = "The first picture comes in a moment."
            self.preview.show_placeholder(f"Waking {name}…", text, picture, waiting=True)

    def _round_thumbnail(self, file: Path) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(str(file)).scaled(
            round(104 * ratio),
            round(104 * ratio),
            Qt.AspectRatioMode.KeepAspectRatioByExpanding,
            Qt.TransformationMode.SmoothTransformation,
        )
        picture.setDevicePixelRatio(ratio)
        return picture

    def _note_dismissed(self, key: str) -> None:
        if key == "welcome":
            self.keeper.set("window.welcomed", True)

    # -- Qt's events

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys that no focused control had a use for."""
        plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if plain and event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self.toggle_camera()
        elif plain and event.key() == Qt.Key.Key_Escape and self._full:
            self.toggle_full()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Minimised: nobody sees the preview."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.bridge.set_visible(not self.isMinimized())

    def closeEvent(self, event: QCloseEvent) -> None:
        """Stop the session, finish a film, write the settings."""
        self.closing.emit()
        for dialog in (self.preferences, self.about):
            if dialog is not None:
                dialog.close()
        if self.recording.running:
            self.bridge.record_to(None)
        self._save_geometry()
        self.keeper.save_now()
        self.hide()  # at once; the devices may take a second to let go
        self.bridge.stop()
        self.preview.stop()
        super().closeEvent(event)

    def _restore_geometry(self) -> None:
        window = self.keeper.settings.window
        screen = QGuiApplication.primaryScreen().availableGeometry()
        self.resize(min(window.width, screen.width()), min(window.height, screen.height()))
        if window.x is not None and window.y is not None:
            place = QRect(window.x, window.y, self.width(), self.height())
            # A screen may be gone: come back only where the title can be grabbed.
            for known in QGuiApplication.screens():
                if known.availableGeometry().contains(place.center()):
                    self.move(window.x, window.y)
        if window.maximised:
            self.setWindowState(Qt.WindowState.WindowMaximized)

    def _save_geometry(self) -> None:
        place = self.normalGeometry() if not self._full else QRect()
        if place.isValid():
            self.keeper.set("window.x", place.x())
            self.keeper.set("window.y", place.y())
            self.keeper.set("window.width", max(400, place.width()))
            self.keeper.set("window.height", max(300, place.height()))
        self.keeper.set("window.maximised", self.isMaximized() and not self._full)
