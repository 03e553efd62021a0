"""The choice of the motion model: which are installed, what each can do, which one is in use."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from app.models.motion_choices import MotionChoice, in_full, in_short, title_of
from app.session_contract import SessionStatus
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper
from app.ui.widgets import ChoiceBox

MotionModels = Callable[[], list[MotionChoice]]
"""Looks which motion models are installed now."""
SETTING: Final = "performance.motion_model"


class MotionBox(ChoiceBox):
    """A choice of motion model, bound to its setting; one that is gone stays chosen and is said."""

    def __init__(self, keeper: SettingsKeeper, models: MotionModels):
        super().__init__("Motion model")
        self._keeper, self._models = keeper, models
        self.chosen.connect(lambda key: keeper.set(SETTING, key))
        keeper.changed.connect(self._follow)
        self.refresh()

    def refresh(self) -> None:
        """Show the models of now."""
        models = self._models()
        best = next((f" ({model.title})" for model in models if model.is_default), "")
        options: list[tuple[object, str]] = [("", f"Automatic{best}")]
        options += [(model.name, f"{model.title}: {in_short(model.knows)}") for model in models]
        key = self._keeper.settings.performance.motion_model
        self.show_options(options, key, f"{title_of(Path(key).name)}: not installed")

    def showPopup(self) -> None:
        """Open with the models of now."""
        self.refresh()
        super().showPopup()

    def _follow(self, path: str) -> None:
        if path == SETTING:
            self.refresh()


class InUse(QLabel):
    """A line that says which model is in use and what it can be asked for."""

    def __init__(self, bridge: SessionBridge):
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("role", "small")
        self.setWordWrap(True)
        bridge.status.connect(self._show_status)
        self._show_status(bridge.last_status)

    def _show_status(self, status: SessionStatus) -> None:
        text = "Shown here once the character is awake."
        if status.motion_model:
            name = title_of(Path(status.motion_model).name)
            text = f"In use now: {name}. It knows {in_full(status.knows)}."
        if self.text() != text:
            self.setText(text)
