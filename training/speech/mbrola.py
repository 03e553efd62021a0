"""Diphone voices of the MBROLA project with exact phone timing: `python -m training.speech.mbrola`.

espeak-ng writes the phones of a text with durations and pitch for one of some seventy voices, each
cut from recordings of one speaker; mbrola joins them, so the timing is that of the list. Pace,
pitch and the length of the vocal tract vary from clip to clip. The databases may be used free of
charge with the mbrola program and not sold, so this reader stands alone and nothing else needs it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import soundfile
import soxr

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.align import align_clip
from training.speech.check_aligner import accuracy, report
from training.speech.corpus import Clip, Corpus
from training.speech.lines import clean, sentences
from training.speech.mbrola_symbols import UnknownSymbolError, phones_of, renamed
from training.speech.measure_aligner import InMemory
from training.speech.phone_net import PhoneNet, load_net
from training.speech.phones import Segments, merge, spread

DATABASES: Final = Path("/usr/share/mbrola")
SHORTEST_S: Final = 0.6
LONGEST_S: Final = 14.0
_MISSING_SHARE: Final = 0.02
"""Share of joins that a database may lack (mbrola puts silence there) before a clip is dropped."""
_EDGE_S: Final = (0.05, 0.35)
_DELAY_MS: Final = 10
DELAYS_MS: Final = {
    "us1": 11, "us2": 15, "us3": 36, "en1": 13, "br1": 8, "br2": 8, "br4": 3, "ca1": 16, "ca2": 5,
    "cr1": 15, "cz2": 6, "de1": 8, "de2": 13, "de3": 9, "de4": 12, "de5": 5, "de6": 11, "de7": 8,
    "ee1": 11, "es4": 8, "fr2": 7, "fr3": 13, "fr5": 13, "fr6": 9, "fr7": 9, "gr1": 12,
    "hu1": 6, "id1": 12, "it3": 8, "it4": 4, "la1": 12, "ma1": 4, "nl2": 13, "nl3": 9, "pl1": 5,
    "pt1": 7, "sw1": 12, "sw2": 6, "tr1": 8, "tr2": 5, "ic1": 7,
    "mx1": 25, "mx2": 8, "es1": 8, "es2": 1, "jp1": 9, "jp2": 2, "jp3": 0, "lt1": 5, "lt2": 6,
    "it1": 7, "it2": 3, "cz1": 4, "de8": 7, "vz1": 9,
}  # fmt: skip
"""How far a database's sound lags its list: about half a pitch period, and where its maker put the
marks. Measured with the aligner on a few clips each (`--delays`), constant along a clip."""
_PAUSE_S: Final = 0.8


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to use a voice: database, espeak-ng's name of the reader, language of the text."""

    database: str
    reader: str
    language: str
    texts: str


# database: language of the clip, whose lines it reads; "+" adds English read by the same speaker
_VOICES: Final = """
us1 en-us en; us2 en-us en; us3 en-us en; en1 en-gb-x-rp en; de1+ de de; de2+ de de; de3+ de de;
de4+ de de; de5+ de de; de6+ de de; de7 de de; de8 de de; fr1+ fr fr; fr2 fr fr;
fr3 fr fr; fr4+ fr fr; fr5 fr-be fr; fr6 fr fr; fr7 fr-be fr; ca1 fr fr; ca2 fr fr;
nl2+ nl nl; nl3 nl nl; cz1 cs cs; cz2 cs cs; es1 es es; es2 es es; es4 es es;
mx1 es-419 es; mx2 es-419 es; vz1 es-419 es; it1 it it; it2 it it; it3 it it; it4 it it; sw1+ sv sv;
sw2+ sv sv; pl1+ pl pl; br1 pt-br pt_BR; br2 pt-br pt_BR; br3 pt-br pt_BR; br4 pt-br pt_BR;
pt1 pt pt; ro1+ ro ro; hu1+ hu hu; gr1 el el; gr2+ el el; tr1 tr tr; tr2 tr tr; cr1 hr hr;
ee1 et fi; id1 id id; ma1 ms ms; ic1 is is; lt1 lt lt; lt2 lt lt; la1 la it; af1+ af af;
jp1 ja ja; jp2 ja ja; jp3 ja ja
"""


def readings() -> list[Reading]:
    """Every voice in its own language, and some in English too."""
    found = []
    for entry in _VOICES.replace("\n", " ").split(";"):
        name, language, texts = entry.split()
        database = name.rstrip("+")
        found.append(Reading(database, f"mb-{database}", language, texts))
        if name.endswith("+"):
            found.append(Reading(database, f"mb-{database}-en", "en-us", "en"))
    return found


def phone_list(text: str, reader: str, rate: int, pitch: int) -> list[tuple[str, float, str]]:
    """Symbol, milliseconds and pitch points of each phone, as espeak-ng writes them for mbrola."""
    command = ["espeak-ng", "-v", reader, "-s", str(rate), "-p", str(pitch), "--pho", "-q"]
    printed = subprocess.run(
        command, input=text, capture_output=True, text=True, errors="replace", check=True
    ).stdout
    found: list[tuple[str, float, str]] = []
    for line in printed.splitlines():
        parts = line.split("\t")
        if len(parts) < 2 or not parts[0].strip():
            continue
        name = renamed(parts[0].strip(), reader[3:6])
        if found and name == found[-1][0] and reader[3:5] == "jp":  # a long consonant
            name = ""
        if name:
            found.append((name, float(parts[1]), parts[2] if len(parts) > 2 else ""))
        elif found:  # a mark that belongs to the phone before
            found[-1] = (found[-1][0], found[-1][1] + float(parts[1]), found[-1][2])
    return found


def vary(
    phones: list[tuple[str, float, str]], rng: np.random.Generator
) -> list[tuple[str, float, str]]:
    """Uneven rhythm, one pause where several follow each other, and short silence at both ends."""
    out: list[tuple[str, float, str]] = []
    for name, milliseconds, points in phones:
        if name == "_":
            if out and out[-1][0] == "_":
                before = out.pop()[1]
                milliseconds = min(before + milliseconds, 1000 * _PAUSE_S)
            out.append((name, max(1.0, milliseconds), points))
        else:
            out.append((name, max(12.0, milliseconds * rng.lognormal(0, 0.12)), points))
    edges = [("_", 1000 * float(rng.uniform(*_EDGE_S)), "") for _ in range(2)]
    inner = out[1:] if out and out[0][0] == "_" else out
    inner = inner[:-1] if inner and inner[-1][0] == "_" else inner
    return [(name, round(ms), points) for name, ms, points in [edges[0], *inner, edges[1]]]


def database_rate(database: Path) -> int:
    """Samples a second of a database, read from its header."""
    return int.from_bytes(database.read_bytes()[23:25], "little")


def render(
    database: Path, phones: list[tuple[str, float, str]], tract: float, pitch: float, folder: Path
) -> tuple[Float32Array, int]:
    """Speech at 16 kHz, float32 (N,), and how many joins were missing.

    `tract` over 1 shortens the vocal tract (formants rise by it); `pitch` scales the pitch points.
    """
    score, wav = folder / "in.pho", folder / "out.wav"
    lines = [f"{name} {ms:.0f} {points}" for name, ms, points in phones]
    score.write_text("\n".join(lines) + "\n", "latin-1", "replace")
    target = int(database_rate(database) * tract)
    command = ["mbrola", "-e", "-f", f"{pitch:.3f}", "-l", str(target), str(database)]
    wav.unlink(missing_ok=True)
    said = subprocess.run(
        [*command, str(score), str(wav)], capture_output=True, text=True, errors="replace"
    )
    missing = (said.stdout + said.stderr).count("unknown, replaced")
    if said.returncode != 0 or not wav.is_file():
        return np.zeros(0, np.float32), missing
    audio, rate = soundfile.read(wav, dtype="float32")
    first = rate * DELAYS_MS.get(database.name, _DELAY_MS) // 1000
    return soxr.resample(audio[first:], rate, AUDIO_RATE).astype(np.float32), missing


def segments_of(phones: list[tuple[str, float, str]], voice: str, duration: float) -> Segments:
    """Timing of PHONES over a clip; raises UnknownSymbolError for what the tables do not name."""
    found: Segments = []
    now = 0.0
    for name, ms, _ in phones:
        end = now + ms / 1000
        found += spread(now, end, phones_of(name, voice))
        now = end
    return merge(found, duration)


def mbrola_clips(
    reading: Reading, lines: list[str], seconds: float, seed: int, faults: Counter[str]
) -> Iterator[tuple[Clip, Float32Array]]:
    """About `seconds` of speech; `faults` counts symbols unknown here and joins missing there."""
    database = DATABASES / reading.database / reading.database
    rng = np.random.default_rng([seed, *reading.reader.encode()])
    made, index, failed = 0.0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        while made < seconds and failed < 60 + 3 * index:
            text = sentences(lines, rng)
            phones = phone_list(text, reading.reader, int(rng.integers(120, 211)), 50)
            phones = vary(phones, rng)
            tract = 1.0 if rng.random() < 0.35 else float(np.exp(rng.uniform(-0.17, 0.19)))
            pitch = float(np.exp(rng.normal(0, 0.12))) * tract**1.2
            audio_N, missing = render(database, phones, tract, pitch, Path(folder))
            duration = len(audio_N) / AUDIO_RATE
            failed += 1
            if missing > _MISSING_SHARE * len(phones):
                faults["joins missing"] += 1
                continue
            if not SHORTEST_S < duration < LONGEST_S:
                faults["too short or long"] += 1
                continue
            try:
                segments = segments_of(phones, reading.database, duration)
            except UnknownSymbolError as fault:
                faults[f"symbol {fault}"] += 1
                continue
            failed -= 1
            loud = float(np.abs(audio_N).max()) + 1e-6
            audio_N *= np.float32(rng.uniform(0.3, 0.9) / loud)
            id_ = f"mbrola-{reading.reader.removeprefix('mb-')}-{seed}-{index:04d}"
            voice = f"mbrola-{reading.database}"
            yield (
                Clip(id_, voice, reading.language, "synthetic", text, duration, segments),
                audio_N,
            )
            made, index = made + duration, index + 1


def lag(reading: Reading, lines: list[str], net: PhoneNet, seconds: float = 40) -> str:
    """How much later than the labels the aligner finds the phones of a voice: one line."""
    pairs = list(mbrola_clips(reading, lines, seconds, 9, Counter()))
    sounds = InMemory(pairs)
    found = accuracy(
        sounds, [clip for clip, _ in pairs], lambda a, names: align_clip(net, a, names)
    )
    return f"{DELAYS_MS.get(reading.database, _DELAY_MS)} ms now; {report(found)}"


def main() -> None:
    """Read the command line and speak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("lines", type=Path, help="what training.speech.lines wrote")
    parser.add_argument("--only", nargs="*", help="readers, such as us1 de1-en")
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--english", type=float, default=1200, help="seconds of us1-3 and en1")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--delays", type=Path, metavar="NET", help="speak nothing: measure lags")
    options = parser.parse_args()
    net = load_net(options.delays) if options.delays else None
    corpus, lines = Corpus(options.corpus), json.loads(options.lines.read_text("utf8"))
    for reading in readings():
        short = reading.reader.removeprefix("mb-")
        if options.only and short not in options.only:
            continue
        faults: Counter[str] = Counter()
        seconds = options.english if reading.database[:2] in ("us", "en") else options.seconds
        count, made = 0, 0.0
        own = [line for line in map(clean, lines[reading.texts]) if len(line) > 4]
        if net is not None:
            print(f"{short}: {lag(reading, own, net)}", flush=True)
            continue
        for clip, audio_N in mbrola_clips(reading, own, seconds, options.seed, faults):
            corpus.add(clip, audio_N)
            count, made = count + 1, made + clip.duration
        print(f"{short}: {count} clips, {made / 60:.1f} min, faults {dict(faults)}", flush=True)


if __name__ == "__main__":
    main()
