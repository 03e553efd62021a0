"""Line icons, drawn here as SVG on a 24 x 24 grid and coloured when asked for."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

_STROKES: Final[dict[str, str]] = {
    "microphone": (
        '<rect x="9" y="3" width="6" height="11" rx="3"/>'
        '<path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3M9 21h6"/>'
    ),
    "people": (
        '<circle cx="9" cy="8.5" r="3.2"/><path d="M3 19.5c.4-3.6 2.9-5.4 6-5.4s5.6 1.8 6 5.4"/>'
        '<path d="M15.5 5.6a3.1 3.1 0 0 1 0 5.8M17.6 14.6c2 .7 3.1 2.4 3.4 4.9"/>'
    ),
    "camera": (
        '<rect x="3" y="6.5" width="12.5" height="11" rx="2.5"/>'
        '<path d="M15.5 11l5.5-3.2v8.4L15.5 13"/>'
    ),
    "camera-off": (
        '<path d="M7.5 6.5h5.5A2.5 2.5 0 0 1 15.5 9v2L21 7.8v8.4l-3-1.7'
        "M15.5 15.6a2.5 2.5 0 0 1-2.5 1.9"
        'H5.5A2.5 2.5 0 0 1 3 15V9c0-.9.5-1.7 1.2-2.1M3 3l18 18"/>'
    ),
    "record": '<circle cx="12" cy="12" r="8.5"/><circle cx="12" cy="12" r="3.6" fill="COLOR"/>',
    "stop": '<rect x="6.5" y="6.5" width="11" height="11" rx="2" fill="COLOR"/>',
    "mirror": (
        '<path d="M12 3v2.5M12 8.5v3M12 14.5v3M12 20v1.5"/>'
        '<path d="M9 7.5v9.5H3.2zM15 7.5v9.5h5.8z"/>'
    ),
    "expand": '<path d="M9 4H4v5M15 4h5v5M9 20H4v-5M15 20h5v-5"/>',
    "shrink": '<path d="M4 9h5V4M20 9h-5V4M4 15h5v5M20 15h-5v5"/>',
    "gear": (
        '<path d="M4 7h9M19 7h1M4 17h2M12 17h8"/>'
        '<circle cx="16" cy="7" r="2.7"/><circle cx="9" cy="17" r="2.7"/>'
    ),
    "menu": (
        '<circle cx="5.5" cy="12" r="1.2" fill="COLOR"/>'
        '<circle cx="12" cy="12" r="1.2" fill="COLOR"/>'
        '<circle cx="18.5" cy="12" r="1.2" fill="COLOR"/>'
    ),
    "close": '<path d="M6.5 6.5l11 11M17.5 6.5l-11 11"/>',
    "chevron": '<path d="M7 10l5 5 5-5"/>',
    "info": (
        '<circle cx="12" cy="12" r="8.8"/><path d="M12 11.2v5"/>'
        '<circle cx="12" cy="7.9" r=".7" fill="COLOR"/>'
    ),
    "warn": (
        '<path d="M12 4.2l8.8 15.3H3.2z"/><path d="M12 10v4.6"/>'
        '<circle cx="12" cy="17.2" r=".6" fill="COLOR"/>'
    ),
    "good": '<circle cx="12" cy="12" r="8.8"/><path d="M8 12.4l2.8 2.8L16.2 9.4"/>',
    "picture": (
        '<rect x="3.5" y="4.5" width="17" height="15" rx="2.5"/><circle cx="9" cy="10" r="1.7"/>'
        '<path d="M4 17.5l5-4 3.2 2.5 3.6-3.6 4.6 4.4"/>'
    ),
    "person": (
        '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c.5-4.4 3.6-6.5 7.5-6.5s7 2.1 7.5 6.5"/>'
    ),
    "speed": (
        '<path d="M4.2 17.5a9 9 0 1 1 15.6 0M12 13.5l4-4.2"/><circle cx="12" cy="13.8" r="1.3"/>'
    ),
    "look": (
        '<circle cx="12" cy="12" r="8.5"/><path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="COLOR"/>'
    ),
    "play": '<path d="M8 5.5l10.5 6.5L8 18.5z" fill="COLOR"/>',
    "folder": '<path d="M3.5 18V6.5h6l2 2.5h9v9a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 18z"/>',
}


def svg(name: str, color: str) -> bytes:
    """The icon as an SVG document."""
    body = _STROKES[name].replace("COLOR", color)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" '
        f'stroke="{color}" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round">'
        f"{body}</svg>"
    ).encode()


@lru_cache(maxsize=128)
def pixmap(name: str, color: str, size: int, ratio: float = 1.0) -> QPixmap:
    """The icon as a picture of `size` device-independent pixels."""
    picture = QPixmap(QSize(round(size * ratio), round(size * ratio)))
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    edge = float(picture.width())
    QSvgRenderer(QByteArray(svg(name, color))).render(painter, QRectF(0.0, 0.0, edge, edge))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture


@lru_cache(maxsize=128)
def icon(name: str, color: str, size: int = 20) -> QIcon:
    """The icon for buttons and menus, sharp at single and double scale."""
    made = QIcon()
    for ratio in (1.0, 2.0, 3.0):
        made.addPixmap(pixmap(name, color, size, ratio))
    return made
