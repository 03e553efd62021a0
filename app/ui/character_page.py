"""Style and motion model of the performance: a page of the preferences, and the Style button's."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QPushButton

from app.models.motion_choices import knows_moods
from app.session_contract import SessionStatus
from app.ui.motion_choice import InUse, MotionBox, MotionModels
from app.ui.preference_pages import LABEL_WIDTH, Page
from app.ui.session_bridge import SessionBridge
from app.ui.settings_keeper import SettingsKeeper


class CharacterPage(Page):
    """Style of the performance; with `bridge` and `models` a page of its own, with their choice."""

    def __init__(
        self,
        keeper: SettingsKeeper,
        bridge: SessionBridge | None = None,
        models: MotionModels | None = None,
    ):
        super().__init__("Character" if bridge else "", keeper)
        self._make_style()
        if bridge is not None and models is not None:
            motion = self.group("Motion")
            self.motion_box = MotionBox(keeper, models)
            self.row(motion, "Model", self.motion_box)
            in_use = InUse(bridge)
            in_use.setContentsMargins(LABEL_WIDTH + 10, 0, 0, 0)
            motion.addWidget(in_use)
            bridge.status.connect(self._show_status)
            self._show_status(bridge.last_status)

    def show_known(self, knows: frozenset[str]) -> None:
        """Moods have a strength only where the motion model in use has moods."""
        able = not knows or knows_moods(knows)
        if self.strength.isEnabled() != able:
            self.strength.setEnabled(able)
        self.strength.setToolTip("" if able else "The motion model in use knows no moods.")

    def _show_status(self, status: SessionStatus) -> None:
        self.show_known(status.knows)

    def _make_style(self) -> None:
        style = self.group("Style")
        self.liveliness = self.slider("Liveliness", "style.liveliness")
        self.warmth = self.slider("Warmth", "style.warmth")
        self.row(
            style,
            "Liveliness",
            self.liveliness,
            hint="From still to animated: how much head, brows and shoulders move.",
        )
        self.row(style, "Warmth", self.warmth, hint="From neutral to smiling.")
        self.strength = self.slider("Strength of moods", "style.mood_strength")
        self.row(
            style,
            "Moods",
            self.strength,
            hint="How strongly a mood shows that you choose under the picture.",
        )
        reset = QPushButton("Natural")
        reset.setToolTip("Put all three back to where they were at first")
        reset.clicked.connect(self._reset)
        line = QHBoxLayout()
        line.addStretch(1)
        line.addWidget(reset)
        style.addLayout(line)

    def _reset(self) -> None:
        self.keeper.set("style.liveliness", 0.5)
        self.keeper.set("style.warmth", 0.5)
        self.keeper.set("style.mood_strength", 0.8)
