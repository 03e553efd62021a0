"""Synthetic voices with exact phone timing: espeak-ng, flite and festival."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.corpus import Clip
from training.speech.espeak import Espeak
from training.speech.phones import ARPABET, Segments, from_festival, merge, spread
from training.speech.sources import read_audio

FLITE_VOICES: Final = ("slt", "rms", "awb", "kal16")
FESTIVAL_VOICES: Final = {
    "cmu_us_slt_arctic_hts": "en", "ked_diphone": "en", "lp_diphone": "it", "pc_diphone": "it",
    "czech_dita": "cs", "czech_machac": "cs", "czech_ph": "cs",
}  # fmt: skip
ESPEAK_LANGUAGES: Final = ("en-us", "en-gb", "de", "fr", "it", "cs", "nl", "pl", "ru", "sv", "bg")
ESPEAK_VARIANTS: Final = (
    "", "f1", "f2", "f3", "f4", "f5", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Alicia",
    "Andrea", "Annie", "Diogo", "Gene", "Henrique", "Hugo", "Lee", "Marco", "Michael", "Mike",
    "Nguyen", "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb",
    "david", "ed", "edward", "grandma", "grandpa", "iven", "john", "klatt", "klatt2", "klatt4",
    "linda", "max", "michel", "norbert", "pablo", "paul", "quincy", "rob", "robert", "sandro",
    "shelby", "steph", "travis", "victor", "zac",
)  # fmt: skip
_LONGEST: Final = 12.0
_ENCODING: Final = {"cs": "iso-8859-2", "it": "iso-8859-1", "en": "ascii"}


def espeak_clips(
    engine: Espeak, lines: dict[str, list[str]], count: int, seed: int
) -> Iterator[tuple[Clip, Float32Array]]:
    """`count` clips over all languages, variants, rates and pitches; lines by language."""
    rng = np.random.default_rng(seed)
    for i in range(count):
        voice = str(rng.choice(ESPEAK_LANGUAGES))
        variant = str(rng.choice(ESPEAK_VARIANTS))
        text = str(rng.choice(lines[voice.split("-")[0]]))
        name = f"{voice}+{variant}" if variant else voice
        rate, pitch, range_ = (int(rng.integers(a, b)) for a, b in ((120, 215), (20, 80), (30, 80)))
        try:
            audio_N, phones = engine.speak(text, name, rate, pitch, range_)
        except ValueError:  # not every variant exists in every release of espeak-ng
            continue
        duration = len(audio_N) / AUDIO_RATE
        if 0.4 < duration < _LONGEST:
            id_ = f"espeak-{i:05d}-{name.replace('+', '-')}"
            yield (
                Clip(id_, f"espeak-{variant}", voice, "synthetic", text, duration, phones),
                audio_N,
            )


def flite_clips(voice: str, texts: list[str], seed: int) -> Iterator[tuple[Clip, Float32Array]]:
    """One clip per text, at varied speed and pitch."""
    rng = np.random.default_rng(seed)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "out.wav"
        for i, text in enumerate(texts):
            stretch, shift = rng.uniform(0.85, 1.35), rng.uniform(0.85, 1.2)
            settings = [
                "--setf",
                f"duration_stretch={stretch:.3f}",
                "--setf",
                f"f0_shift={shift:.3f}",
            ]
            command = ["flite", "-voice", voice, *settings, "-psdur", "-t", text, "-o", str(wav)]
            printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            segments: Segments = []
            start = 0.0
            for item in printed.split():
                name, _, end = item.rpartition(":")
                segments += spread(start, float(end), ARPABET.get(name.upper(), ("SIL",)))
                start = float(end)
            audio_N = read_audio(wav)
            duration = len(audio_N) / AUDIO_RATE
            if 0.4 < duration < _LONGEST:
                id_ = f"flite-{voice}-{i:05d}"
                phones = merge(segments, duration)
                yield (
                    Clip(id_, f"flite-{voice}", "en-us", "synthetic", text, duration, phones),
                    audio_N,
                )


def festival_clips(voice: str, texts: list[str], seed: int) -> Iterator[tuple[Clip, Float32Array]]:
    """One clip per text, all spoken by one run of festival; texts it stumbles over are left out."""
    rng = np.random.default_rng(seed)
    language = FESTIVAL_VOICES[voice]
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        script = [f"(voice_{voice})"]
        for i, text in enumerate(texts):
            plain = text.replace("\\", " ").replace('"', " ")
            stretch = rng.uniform(0.9, 1.3)
            script.append(
                f"(Parameter.set 'Duration_Stretch {stretch:.3f})"
                f'(unwind-protect (begin (set! u (Utterance Text "{plain}")) (utt.synth u)'
                f'(utt.save.wave u "{root}/{i}.wav") (utt.save.segs u "{root}/{i}.seg")) nil)'
            )
        file = root / "say.scm"
        file.write_bytes("\n".join(script).encode(_ENCODING[language], "ignore"))
        subprocess.run(["festival", "-b", str(file)], check=False, capture_output=True, cwd=root)
        for i, text in enumerate(texts):
            seg, wav = root / f"{i}.seg", root / f"{i}.wav"
            if not seg.is_file() or not wav.is_file():
                continue
            audio_N = read_audio(wav)
            duration = len(audio_N) / AUDIO_RATE
            phones = _read_segments(seg, language, duration)
            if 0.4 < duration < _LONGEST and sum(p != "SIL" for _, _, p in phones) > 3:
                id_ = f"festival-{voice}-{i:05d}"
                name = language.replace("en", "en-us")
                yield (
                    Clip(id_, f"festival-{voice}", name, "synthetic", text, duration, phones),
                    audio_N,
                )


def _read_segments(file: Path, language: str, duration: float) -> Segments:
    """A festival .seg file: after "#", lines of end time, colour, name."""
    segments: Segments = []
    start = 0.0
    for line in file.read_text("latin-1").splitlines():
        parts = line.split()
        if len(parts) != 3:
            continue
        end = float(parts[0])
        segments += spread(start, end, from_festival(parts[2], language) or ("SIL",))
        start = end
    return merge(segments, duration)
