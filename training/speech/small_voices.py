"""Smaller collections of human speech in Debian: Tux Paint's stamps and Warzone 2100."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from training.speech.games import GameLine, decode_sound

PAINT_PACKAGE: Final = "tuxpaint-stamps-default"
WARZONE_PACKAGE: Final = "warzone2100-data"
_STAMPS: Final = Path("usr/share/tuxpaint/stamps")
_WARZONE: Final = Path("usr/share/games/warzone2100/base.wz")
PAINT_LANGUAGES: Final = {
    "": "en-us", "bg": "bg", "ca": "ca", "da": "da", "de": "de", "el": "el",
    "es": "es", "fr": "fr", "hu": "hu", "it": "it", "lt": "lt", "nl": "nl", "pt_BR": "pt-br",
    "pt_br": "pt-br", "pl": "pl", "ro": "ro", "ru": "ru", "sv": "sv", "tr": "tr", "uk": "uk",
}  # fmt: skip
"""Suffix of a stamp's spoken description to the espeak-ng language that reads its text."""


def _texts(file: Path) -> dict[str, str]:
    """Descriptions of one stamp by language; the first line is English, under ""."""
    lines = file.read_text("utf8", "replace").splitlines()
    found = {"": lines[0].strip()} if lines else {}
    for line in lines[1:]:
        key, _, text = line.partition(".utf8=")
        found[key] = text.strip()
    return found


def stamp_texts(folder: Path) -> Iterator[dict[str, str]]:
    """Descriptions of every stamp by language."""
    for file in sorted((folder / _STAMPS).rglob("*.txt")):
        yield _texts(file)


def paint_lines(folder: Path) -> Iterator[tuple[str, GameLine]]:
    """Spoken descriptions with their text, and the espeak-ng language."""
    root = folder / _STAMPS
    for file in sorted(root.rglob("*_desc*.ogg")):
        stem, _, suffix = file.stem.rpartition("_desc")
        suffix = suffix.lstrip("_")
        texts = file.parent / f"{stem}.txt"
        if suffix not in PAINT_LANGUAGES or not texts.is_file():
            continue
        text = _texts(texts).get(suffix.replace("_br", "_BR"), "")
        where = str(file.parent.relative_to(root)).replace("/", "_")
        tag = suffix.lower().replace("_", "") or "en"
        # one volunteer usually read a language, but not always all of English
        voice = f"paint-{tag}" + ("" if suffix else f"-{where.split('_')[0]}")
        name = f"paint-{tag}-{where}-{stem}".replace(" ", "")
        yield PAINT_LANGUAGES[suffix], GameLine(name, voice, text, decode_sound(file.read_bytes()))


def warzone_lines(folder: Path) -> Iterator[GameLine]:
    """Recordings of Warzone 2100 outside its effects, without words."""
    with zipfile.ZipFile(folder / _WARZONE) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".ogg") and "audio/" in name and "/sfx/" not in name:
                part = name.split("/")[-2]
                audio_N = decode_sound(archive.read(name))
                yield GameLine(f"warzone-{part}-{Path(name).stem}", f"warzone-{part}", "", audio_N)
