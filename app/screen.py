"""Whether there is a screen to open a window on, found out without loading Qt."""

from __future__ import annotations

import os
import sys


def has_screen() -> bool:
    """Linux: a display server is named, or Qt was told how to draw. Elsewhere always."""
    if sys.platform in ("win32", "darwin"):
        return True
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in named)
