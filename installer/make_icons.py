"""Draws the application's icon: a mask that sound goes through, on a night-blue tile.

Writes `personare.svg` and, rendered from it, PNG files of several sizes, `personare.ico` (Windows)
and `personare.icns` (macOS) into assets/icons:

    QT_QPA_PLATFORM=offscreen python installer/make_icons.py
"""

from __future__ import annotations

import struct
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgRenderer

FOLDER = Path(__file__).resolve().parent.parent / "assets" / "icons"
PNG_SIZES = (32, 64, 128, 256, 512)
ICO_SIZES = (16, 24, 32, 48, 64, 128, 256)
ICNS_TYPES = {"ic07": 128, "ic08": 256, "ic09": 512, "ic11": 32, "ic12": 64, "ic13": 256}
"""Apple's four-letter names of PNG entries (512@2x is left out: it would double the file)."""

FACE = (
    "M88 142 C132 120 180 112 222 112 C264 112 312 120 356 142 "
    "C372 262 342 398 222 424 C102 398 72 262 88 142 Z"
)
FACE_SHADE = "M222 112 C264 112 312 120 356 142 C372 262 342 398 222 424 Z"
LEFT_EYE = "M122 226 C140 190 188 192 202 232 C182 246 144 246 122 226 Z"
RIGHT_EYE = "M322 226 C304 190 256 192 242 232 C262 246 300 246 322 226 Z"
MOUTH = "M152 306 C184 326 260 326 292 306 C290 356 260 382 222 382 C184 382 154 356 152 306 Z"
TONGUE = "M176 354 C190 338 254 338 268 354 C256 374 242 382 222 382 C202 382 188 374 176 354 Z"

SVG = f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 512 512" width="512" height="512">
  <title>Personare</title>
  <defs>
    <linearGradient id="night" x1="0" y1="0" x2="0.6" y2="1">
      <stop offset="0" stop-color="#33507f"/><stop offset="1" stop-color="#172340"/>
    </linearGradient>
    <linearGradient id="face" x1="0" y1="0" x2="0" y2="1">
      <stop offset="0" stop-color="#fff6e8"/><stop offset="1" stop-color="#f3dcc0"/>
    </linearGradient>
  </defs>
  <rect x="16" y="16" width="480" height="480" rx="112" fill="url(#night)"/>
  <path d="{FACE}" fill="url(#face)"/>
  <path d="{FACE_SHADE}" fill="#c9976b" fill-opacity="0.22"/>
  <path d="{LEFT_EYE}" fill="#1b2848"/>
  <path d="{RIGHT_EYE}" fill="#1b2848"/>
  <path d="{MOUTH}" fill="#1b2848"/>
  <path d="{TONGUE}" fill="#f0805f"/>
  <g fill="none" stroke="#f0805f" stroke-width="24" stroke-linecap="round">
    <path d="M392 264 C410 300 410 344 388 382"/>
    <path d="M436 234 C466 294 466 356 430 416" stroke-opacity="0.6"/>
  </g>
</svg>
"""


def render_png(renderer: QSvgRenderer, size: int) -> bytes:
    """The icon as a PNG file of `size` by `size` pixels with alpha."""
    image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(Qt.GlobalColor.transparent)
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(buffer, QByteArray(b"PNG")).write(image)
    return bytes(content.data())


def pack_ico(png_by_size: dict[int, bytes]) -> bytes:
    """A Windows icon whose entries are PNG files (read since Windows Vista)."""
    header = struct.pack("<HHH", 0, 1, len(png_by_size))
    offset = len(header) + 16 * len(png_by_size)
    entries = b""
    for size, png in png_by_size.items():
        side = size % 256  # 0 stands for 256
        entries += struct.pack("<BBBBHHII", side, side, 0, 0, 1, 32, len(png), offset)
        offset += len(png)
    return header + entries + b"".join(png_by_size.values())


def pack_icns(png_by_type: dict[str, bytes]) -> bytes:
    """A macOS icon whose entries are PNG files (read since macOS 10.7)."""
    entries = b"".join(
        name.encode() + struct.pack(">I", len(png) + 8) + png for name, png in png_by_type.items()
    )
    return b"icns" + struct.pack(">I", len(entries) + 8) + entries


def main() -> None:
    """Write every file."""
    QGuiApplication([])
    FOLDER.mkdir(parents=True, exist_ok=True)
    renderer = QSvgRenderer(QByteArray(SVG.encode()))
    (FOLDER / "personare.svg").write_text(SVG, encoding="utf-8")
    for size in PNG_SIZES:
        (FOLDER / f"personare-{size}.png").write_bytes(render_png(renderer, size))
    ico = {size: render_png(renderer, size) for size in ICO_SIZES}
    (FOLDER / "personare.ico").write_bytes(pack_ico(ico))
    icns = {name: render_png(renderer, size) for name, size in ICNS_TYPES.items()}
    (FOLDER / "personare.icns").write_bytes(pack_icns(icns))


if __name__ == "__main__":
    main()
