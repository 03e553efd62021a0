"""Enlarge a corpus with more human voices: `python -m training.speech.extend OLD NEW --only ...`.

NEW gets OLD's clips (linked, not copied) and those of the sources named, still untimed;
`python -m training.speech.align NEW` then times them. A source already there is not read again.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.corpus import Clip, Corpus
from training.speech.espeak import Espeak
from training.speech.games import (
    BASS_FOLDER,
    FOTAQ_ARCHIVE,
    GAME_PACKAGES,
    AmazonQueen,
    GameLine,
    steel_sky_lines,
)
from training.speech.neural import Kokoro, Piper
from training.speech.prosody import pitch_track
from training.speech.recognise import Recogniser
from training.speech.small_voices import PAINT_PACKAGE, WARZONE_PACKAGE, paint_lines, warzone_lines
from training.speech.sources import fetch_packages

SHORTEST_S: Final = 0.4
LONGEST_S: Final = 20.0
Found = tuple[Clip, Float32Array]


def link(old: Corpus, new: Corpus) -> None:
    """Take over the clips of another corpus by hard links (copies across file systems)."""
    for clip in old.clips():
        if not new.wav(clip).exists():
            os.link(old.wav(clip), new.wav(clip))
    new.rewrite(list(old.clips()))


def register(audio_N: Float32Array) -> str:
    """A rough guess which of several speakers: "low", "mid" or "high" by median pitch."""
    pitch_F = pitch_track(audio_N)
    voiced = pitch_F[pitch_F > 0]
    middle = float(np.median(voiced)) if len(voiced) > 5 else 0.0
    return "low" if middle < 140 else "mid" if middle < 200 else "high"


def _clip(line: GameLine, language: str, text: str) -> Found | None:
    audio_N = np.clip(line.audio_N, -1, 1)
    duration = len(audio_N) / AUDIO_RATE
    if not SHORTEST_S < duration < LONGEST_S or not text:
        return None
    return Clip(line.name, line.voice, language, "human", text, duration), audio_N


def amazon_queen(sources: Path) -> Iterator[Found | None]:
    """Flight of the Amazon Queen: script where it is known, recognised words elsewhere."""
    recogniser = Recogniser()
    for line in AmazonQueen(sources / "unpacked" / FOTAQ_ARCHIVE).lines():
        yield _clip(line, "en-us", line.text or recogniser.words(line.audio_N))


def steel_sky(sources: Path) -> Iterator[Found | None]:
    """Beneath a Steel Sky, British and American actors: recognised words."""
    recogniser = Recogniser()
    for line in steel_sky_lines(sources / "unpacked" / BASS_FOLDER):
        found = _clip(line, "en-gb-x-rp", recogniser.words(line.audio_N))
        if found:
            found[0].voice += f"-{register(found[1])}"
        yield found


def warzone(sources: Path) -> Iterator[Found | None]:
    """Warzone 2100, American actors, some through a radio: recognised words, cut at pauses."""
    recogniser = Recogniser()
    for line in warzone_lines(sources / "unpacked"):
        for i, heard in enumerate(recogniser.listen(line.audio_N)):
            first = max(0, int((heard.start - 0.1) * AUDIO_RATE))
            piece = line.audio_N[first : int((heard.end + 0.1) * AUDIO_RATE)]
            part = GameLine(f"{line.name}-{i}", line.voice, heard.words, piece)
            yield _clip(part, "en-us", part.text)


def paint(sources: Path) -> Iterator[Found | None]:
    """Names of things in many languages, read by many volunteers."""
    for language, line in paint_lines(sources / "unpacked"):
        yield _clip(line, language, line.text)


def _texts(sources: Path, count: int, seed: int) -> list[str]:
    """Lines of dialogue for the neural voices to speak."""
    script = AmazonQueen(sources / "unpacked" / FOTAQ_ARCHIVE).script()
    lines = sorted({words for _, words in script.values() if 15 < len(words) < 120})
    return [str(line) for line in np.random.default_rng(seed).choice(lines, count, replace=False)]


def piper(sources: Path, count: int = 500) -> Iterator[Found | None]:
    """The neural voice "joe", American."""
    rng, voice = np.random.default_rng(0), Piper(Espeak())
    for i, text in enumerate(_texts(sources, count, 1)):
        line = GameLine(f"piper-joe-{i:04d}", "piper-joe", text, voice.speak(text, rng))
        yield _clip(line, "en-us", text)


def kokoro(sources: Path, speakers: int = 16, each: int = 20) -> Iterator[Found | None]:
    """Neural speakers: the model's five and mixtures of them, in English."""
    rng, model = np.random.default_rng(0), Kokoro(Espeak())
    texts = _texts(sources, speakers * each, 2)
    for i, text in enumerate(texts):
        speaker = i % speakers
        name, audio_N = f"kokoro-{speaker:02d}", model.speak(text, model.speaker(speaker), rng)
        yield _clip(GameLine(f"{name}-{i:04d}", name, text, audio_N), "en-us", text)


SOURCES: Final[dict[str, tuple[tuple[str, ...], Callable[[Path], Iterator[Found | None]]]]] = {
    "fotaq": (GAME_PACKAGES[:1], amazon_queen),
    "bass": (GAME_PACKAGES[1:], steel_sky),
    "warzone": ((WARZONE_PACKAGE,), warzone),
    "paint": ((PAINT_PACKAGE,), paint),
    "piper": (GAME_PACKAGES[:1], piper),
    "kokoro": (GAME_PACKAGES[:1], kokoro),
}


def main() -> None:
    """Read the command line and enlarge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--only", nargs="*", choices=sorted(SOURCES), default=sorted(SOURCES))
    options = parser.parse_args()
    new, folder = Corpus(options.new), options.new / "sources"
    if not new.index.is_file():
        link(Corpus(options.old), new)
    there = {clip.id.split("-")[0] for clip in new.clips()}
    for name in options.only:
        packages, read = SOURCES[name]
        if name in there:
            continue
        fetch_packages(folder, packages)
        count, seconds = 0, 0.0
        for found in read(folder):
            if found:
                new.add(*found)
                count, seconds = count + 1, seconds + found[0].duration
        print(f"{name}: {count} clips, {seconds / 60:.0f} minutes", flush=True)


if __name__ == "__main__":
    main()
