"""Where the words come from: Debian packages unpacked into one folder, and their transcripts.

The folder holds what `fetch_sources` unpacks: dialogue of the game Fish Fillets (text in a dozen
languages; acted speech in Czech and Dutch) and the transcripts of the Asterisk prompts, which
images often strip from /usr/share/doc. English and Spanish prompts are the test speaker and are
never read here.
"""

from __future__ import annotations

import gzip
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from inference.contract import AUDIO_RATE, Float32Array

PACKAGES: Final = (
    "fillets-ng-data", "fillets-ng-data-cs", "fillets-ng-data-nl", "asterisk-core-sounds-fr",
    "asterisk-core-sounds-it", "asterisk-core-sounds-ru",
)  # fmt: skip
ASTERISK: Final = {"fr": "fr_CA_f_June", "it": "it_IT_m_Carlo", "ru": "ru_RU_f_IvrvoiceRU"}
_ASTERISK_SOUNDS: Final = Path("/usr/share/asterisk/sounds")
_FILLETS: Final = Path("usr/share/games/fillets-ng")


@dataclass(frozen=True, slots=True)
class Recording:
    """Human speech with its words, not yet aligned."""

    id: str
    voice: str
    language: str
    text: str
    file: Path


def fetch_packages(folder: Path, packages: tuple[str, ...]) -> None:
    """Download packages with apt and unpack them under folder / "unpacked" (a Debian system)."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if not any(folder.glob(f"{package}_*.deb")):
            subprocess.run(["apt-get", "download", package], cwd=folder, check=True)
        for archive in folder.glob(f"{package}_*.deb"):
            subprocess.run(["dpkg", "-x", archive.name, "unpacked"], cwd=folder, check=True)


def fetch_sources(folder: Path) -> None:
    """Fetch PACKAGES."""
    fetch_packages(folder, PACKAGES)


def dialogue(folder: Path, language: str) -> dict[str, str]:
    """Lines of the game by id, in one language ("en", "cs", "de", ...)."""
    found: dict[str, str] = {}
    for script in sorted((folder / "unpacked" / _FILLETS / "script").glob("*/dialogs_*.lua")):
        if script.stem != f"dialogs_{language}":
            continue
        text = script.read_text("utf8", "replace")
        parts = re.split(r'dialogId\("([^"]+)",\s*"[^"]*",\s*"((?:[^"\\]|\\.)*)"\)', text)
        for name, english, rest in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            own = re.search(r'dialogStr\("((?:[^"\\]|\\.)*)"\)', rest)
            line = english if language == "en" else (own.group(1) if own else "")
            line = re.sub(r"\\(.)", r"\1", line).strip()
            if len(line) > 2:
                found[name] = line
    return found


def dialogue_recordings(folder: Path, language: str) -> Iterator[Recording]:
    """Acted speech: the two fish ("m" the small, "v" the big) and many other characters."""
    lines = dialogue(folder, language)
    root = folder / "unpacked" / _FILLETS / "sound"
    for file in sorted(root.glob(f"*/{language}/*.ogg")):
        if file.stem in lines:
            role = re.match(r"[^-]+-([^-]+)-", file.stem)
            voice = f"fillets-{language}-{role.group(1) if role else 'x'}"
            yield Recording(f"{voice}-{file.stem}", voice, language, lines[file.stem], file)


def prompt_recordings(folder: Path, language: str) -> Iterator[Recording]:
    """Asterisk prompts of one of ASTERISK's languages, with their transcripts."""
    if language not in ASTERISK:
        raise ValueError(f"{language} prompts are not training data")
    package = f"asterisk-core-sounds-{language}"
    listing = folder / f"unpacked/usr/share/doc/{package}/core-sounds-{language}.txt.gz"
    for line in gzip.decompress(listing.read_bytes()).decode("utf8", "replace").splitlines():
        name, _, text = line.partition(":")
        text = re.sub(r"\[.*?\]|<.*?>|\(.*?\)", " ", text).strip()
        file = _ASTERISK_SOUNDS / ASTERISK[language] / f"{name.strip()}.g722"
        if text and not name.startswith(";") and file.is_file():
            id_ = f"asterisk-{language}-{name.strip().replace('/', '_')}"
            yield Recording(id_, f"asterisk-{language}", language, text, file)


def read_audio(file: Path) -> Float32Array:
    """Any sound file as 16 kHz mono float32; G.722 goes through ffmpeg."""
    if file.suffix == ".g722":
        command = ["ffmpeg", "-nostdin", "-loglevel", "error", "-f", "g722", "-i", str(file)]
        command += ["-ar", str(AUDIO_RATE), "-ac", "1", "-f", "s16le", "-"]
        pcm = subprocess.run(command, check=True, capture_output=True).stdout
        return np.frombuffer(pcm, np.int16).astype(np.float32) / np.float32(32768)
    audio, rate = soundfile.read(file, dtype="float32", always_2d=True)
    mono = np.asarray(audio.mean(1), np.float32)
    if rate != AUDIO_RATE:
        mono = soxr.resample(mono, rate, AUDIO_RATE).astype(np.float32)
    return mono
