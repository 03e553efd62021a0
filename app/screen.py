"""Whether a window can open here, found out without starting Qt.

Qt ends the whole process when its platform plugin cannot be loaded or the display does not answer,
so both are tried first, by hand.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

from inference.contract import PersonareError

NO_SCREEN = "There is no screen here"


class NoWindowError(PersonareError):
    """No window can open here; everything else works."""


def has_screen() -> bool:
    """Linux: a display server is named, or Qt was told how to draw. Elsewhere always."""
    if sys.platform in ("win32", "darwin"):
        return True
    named = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in named)


def why_no_window() -> str:
    """Empty when a window can open here, else the first half of a sentence that says why not."""
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return _why_no_library("")
    reasons = []
    for variable, plugin, answers in (
        ("WAYLAND_DISPLAY", "libqwayland.so", _wayland_answers),
        ("DISPLAY", "libqxcb.so", _x11_answers),
    ):
        if os.environ.get(variable):
            reason = _why_no_library(plugin)
            if not reason and not answers():
                reason = f"The screen {variable}={os.environ[variable]} does not answer"
            if not reason:
                return ""
            reasons.append(reason)
    return reasons[-1] if reasons else NO_SCREEN


def check_window() -> None:
    """Find out before Qt does.

    Raises:
        NoWindowError: no window can open here.
    """
    reason = why_no_window()
    if reason:
        raise NoWindowError(
            f"{reason}.", "The commands work without a window: personare --help lists them."
        )


def _why_no_library(plugin: str) -> str:
    """Empty when Qt's libraries (and the platform plugin of this file name) can be loaded."""
    found = importlib.util.find_spec("PySide6")
    if found is None or not found.submodule_search_locations:
        return "Qt is not installed"
    folder = Path(next(iter(found.submodule_search_locations)))
    if sys.platform != "linux":
        return ""
    try:
        for file in ("libQt6Widgets.so.6", f"../plugins/platforms/{plugin}" if plugin else ""):
            if file and (path := folder / "Qt" / "lib" / file).exists():
                ctypes.CDLL(str(path))
    except OSError as error:
        missing = str(error).split(":")[0]
        return f"Qt needs the system library {missing} (the README's apt-get line has it)"
    return ""


def _x11_answers() -> bool:
    """Whether the X server named by DISPLAY takes a connection."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True  # Qt's own plugin was loaded: let it try
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(None, None)
    try:
        return not xcb.xcb_connection_has_error(connection)
    finally:
        xcb.xcb_disconnect(connection)


def _wayland_answers() -> bool:
    """Whether the compositor named by WAYLAND_DISPLAY takes a connection."""
    try:
        wayland = ctypes.CDLL("libwayland-client.so.0")
    except OSError:
        return True  # Qt's own plugin was loaded: let it try
    wayland.wl_display_connect.restype = ctypes.c_void_p
    wayland.wl_display_connect.argtypes = [ctypes.c_char_p]
    wayland.wl_display_disconnect.argtypes = [ctypes.c_void_p]
    display = wayland.wl_display_connect(None)
    if display:
        wayland.wl_display_disconnect(display)
    return bool(display)
