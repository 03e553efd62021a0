"""The About dialog: what this is, its version, its licence and the licences of its parts."""

from __future__ import annotations

from html import escape
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget

from app.ui.widgets import label

PARTS: Final[tuple[tuple[str, str, str], ...]] = (
    ("Qt for Python (Qt 6)", "PySide6-Essentials", "LGPL-3.0, linked dynamically"),
    ("ONNX Runtime", "onnxruntime", "MIT"),
    ("NumPy", "numpy", "BSD-3-Clause"),
    ("OpenCV", "opencv-python-headless", "Apache-2.0"),
    ("PyAV (with FFmpeg)", "av", "BSD-3-Clause (FFmpeg: LGPL-2.1 or GPL-2.0 or later)"),
    ("sounddevice (with PortAudio)", "sounddevice", "MIT"),
    ("python-soxr (with libsoxr)", "soxr", "LGPL-2.1"),
    ("pydantic", "pydantic", "MIT"),
    ("platformdirs", "platformdirs", "MIT"),
    ("huggingface-hub", "huggingface-hub", "Apache-2.0"),
    ("pyvirtualcam (only in the camera program)", "pyvirtualcam", "GPL-2.0"),
)
"""Name to show, distribution, licence."""


def version_of(distribution: str) -> str:
    """Installed version, or empty where the part is not installed under this name."""
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""


def licence_text() -> str:
    """The licences as rich text."""
    rows = "".join(
        f"<tr><td style='padding:3px 16px 3px 0'>{escape(name)} {version_of(package)}</td>"
        f"<td style='padding:3px 0'>{escape(licence)}</td></tr>"
        for name, package, licence in PARTS
    )
    return (
        "<p>Personare is free software under the Apache License 2.0. The virtual camera is a "
        "program of its own, under the GNU General Public License, version 2 or later; the two "
        "talk through shared memory and a pipe.</p>"
        "<p>Every character shows its own licence and consent in the gallery. Bundled characters "
        "are synthetic: they depict no real person.</p>"
        f"<p><b>Built with</b></p><table>{rows}</table>"
    )


class AboutDialog(QDialog):
    """Who we are and what we stand on."""

    def __init__(self, parent: QWidget | None = None):
        super().__init__(parent)
        self.setWindowTitle("About Personare")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.resize(560, 520)
        self.licences = QTextBrowser()
        self.licences.setAccessibleName("Licences")
        self.licences.setHtml(licence_text())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 22, 24, 18)
        column.setSpacing(10)
        column.addWidget(label(f"Personare {version_of('personare')}".strip(), "title"))
        column.addWidget(
            label(
                "A virtual camera with a character that speaks when you speak, listens when the "
                "others speak, and stays alive in between. Everything runs on this computer: no "
                "picture and no sound leaves it, except through the call you choose.",
                "muted",
                wrap=True,
            )
        )
        column.addWidget(self.licences, 1)
        column.addWidget(buttons)
