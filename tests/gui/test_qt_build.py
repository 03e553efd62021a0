"""The Qt binding itself, on this Python: references it loses end the interpreter."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot


@pytest.mark.parametrize("value", [None, True, False])
def test_qt_calls_keep_the_constants_alive(qtbot: QtBot, value: object) -> None:
    # PySide 6.12.0 on Python 3.11 gives up one reference to None at every call that returns
    # nothing; when they run out, the interpreter aborts with "deallocating None".
    label = QLabel("words")
    qtbot.addWidget(label)
    before = sys.getrefcount(value)
    for _ in range(500):
        label.setEnabled(True)
        label.isEnabled()
    assert abs(sys.getrefcount(value) - before) < 50
