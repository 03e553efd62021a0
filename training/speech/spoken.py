"""Voices of other synthesisers, timed by alignment: `python -m training.speech.spoken`.

RHVoice (statistical, from recordings of real speakers), SVOX Pico, Piper "joe" and Kokoro's
mixtures (`neural`) speak lines of dialogue at varied pace and pitch. `align`'s network times them;
English by pocketsphinx where that is installed and agrees. RHVoice's slt stays out: she is the
voice of other tests. So do its voices whose licence forbids commercial use or derivatives.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import soxr
import torch

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.align import GOOD_SCORE, WORST_LOGP, align_clip
from training.speech.corpus import Clip, Corpus
from training.speech.espeak import Espeak
from training.speech.lines import clean, sentences
from training.speech.neural import Kokoro, Piper
from training.speech.phone_net import PhoneNet, labels, load_net, posteriors
from training.speech.phones import PHONE_INDEX, Segments
from training.speech.sources import read_audio
from training.speech.sphinx import Sphinx

RHVOICE: Final = {
    "bdl": "en-us", "clb": "en-us", "alan": "en-gb-x-rp", "aleksandr": "ru", "anna": "ru",
    "elena": "ru", "irina": "ru", "aleksandr-hq": "ru", "anatol": "uk", "natalia": "uk",
    "spomenka": "eo", "Leticia-F123": "pt-br",
}  # fmt: skip
PICO: Final = {
    "en-US": "en-us", "en-GB": "en-gb-x-rp", "de-DE": "de", "fr-FR": "fr", "it-IT": "it",
    "es-ES": "es",
}  # fmt: skip
_LINES: Final = {"pt-br": "pt_BR"}
_SHORTEST_S: Final = 0.6
_LONGEST_S: Final = 14.0
Speak = Callable[[str, np.random.Generator], Float32Array]


def rhvoice(voice: str) -> Speak:
    """A speaker of RHVoice (Debian: rhvoice and rhvoice-LANGUAGE)."""

    def speak(text: str, rng: np.random.Generator) -> Float32Array:
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "out.wav"
            rate, pitch = int(rng.integers(75, 135)), int(rng.integers(90, 112))
            command = ["RHVoice-test", "-p", voice, "-r", str(rate), "-t", str(pitch)]
            subprocess.run(
                [*command, "-o", str(wav)], input=text, text=True, check=True, capture_output=True
            )
            return read_audio(wav)

    return speak


def pico(language: str) -> Speak:
    """The one speaker SVOX Pico has of a language (Debian non-free: libttspico-utils)."""

    def speak(text: str, rng: np.random.Generator) -> Float32Array:
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "out.wav"
            speed, pitch = int(rng.integers(75, 130)), int(rng.integers(85, 120))
            marked = f'<speed level="{speed}"><pitch level="{pitch}">{text}</pitch></speed>'
            command = ["pico2wave", "-l", language, "-w", str(wav), marked]
            subprocess.run(command, check=True, capture_output=True)
            return read_audio(wav)

    return speak


class Speakers:
    """Every voice by name; Kokoro is loaded when first asked for."""

    def __init__(self, engine: Espeak, mixtures: int) -> None:
        self._engine = engine
        self._kokoro: Kokoro | None = None
        every = {f"rhvoice-{name}": language for name, language in RHVOICE.items()}
        every |= {f"pico-{name}": language for name, language in PICO.items()}
        every |= {"piper-joe": "en-us"}
        every |= {f"kokoro-{seed:02d}": "en-us" for seed in range(mixtures)}
        self.languages = every

    def speaker(self, name: str) -> Speak:
        """What says a text in the voice of that name."""
        kind, _, own = name.partition("-")
        if kind == "rhvoice":
            return rhvoice(own)
        if kind == "pico":
            return pico(own)
        if kind == "piper":
            return Piper(self._engine).speak
        kokoro = self._kokoro = self._kokoro or Kokoro(self._engine)
        style_LS = kokoro.speaker(int(own))
        return lambda text, rng: kokoro.speak(text, style_LS, rng)


def stretch(audio_N: Float32Array, rng: np.random.Generator) -> Float32Array:
    """Half the time, play a little faster or slower: another size of head."""
    if rng.random() < 0.5:
        return audio_N
    factor = float(np.exp(rng.uniform(-0.09, 0.11)))
    return soxr.resample(audio_N, AUDIO_RATE * factor, AUDIO_RATE).astype(np.float32)


def likelihood(logp_TP: Float32Array, phones: Segments) -> float:
    """Mean log posterior of a given timing, over all frames or those of speech: the worse."""
    index_T = labels(phones, len(logp_TP))
    own_T = np.maximum(logp_TP[np.arange(len(logp_TP)), index_T], WORST_LOGP)
    speech_T = index_T != PHONE_INDEX["SIL"]
    return min(float(own_T.mean()), float(own_T[speech_T].mean()) if speech_T.any() else -99.0)


class Timer:
    """Times what a synthesiser said, and judges it."""

    def __init__(self, net: PhoneNet, engine: Espeak, sphinx: Sphinx | None) -> None:
        self._net, self._engine, self._sphinx = net, engine, sphinx

    def time(self, audio_N: Float32Array, text: str, language: str) -> tuple[Segments, float]:
        """Phones and score, on the scale of `align.GOOD_SCORE`."""
        if self._sphinx and language == "en-us":
            found = self._sphinx.align(audio_N, text)
            if found:
                score = likelihood(posteriors(self._net, audio_N), found)
                if score > GOOD_SCORE:
                    return found, score
        return align_clip(self._net, audio_N, self._engine.phones(text, language))


def main() -> None:
    """Read the command line, speak and time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("lines", type=Path, help="what training.speech.lines wrote")
    parser.add_argument("net", type=Path, help="phone_net.pt of an aligned corpus")
    parser.add_argument("--only", nargs="*", help="voices, such as rhvoice-bdl")
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--mixtures", type=int, default=40, help="speakers mixed by Kokoro")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(1)
    engine = Espeak()
    try:
        sphinx = Sphinx()
    except ModuleNotFoundError:
        sphinx = None
    timer, corpus = Timer(load_net(options.net), engine, sphinx), Corpus(options.corpus)
    lines = json.loads(options.lines.read_text("utf8"))
    speakers = Speakers(engine, options.mixtures)
    for number, (name, language) in enumerate(speakers.languages.items()):
        if options.only and name not in options.only:
            continue
        own = lines[_LINES.get(language, language.split("-")[0])]
        own = [line for line in map(clean, own) if len(line) > 4]
        speak, rng = speakers.speaker(name), np.random.default_rng([options.seed, number])
        made, kept, index = 0.0, 0, 0
        while made < options.seconds and index < 30 + 3 * kept:
            text = sentences(own, rng)
            audio_N = stretch(speak(text, rng), rng)
            duration = len(audio_N) / AUDIO_RATE
            index += 1
            if not _SHORTEST_S < duration < _LONGEST_S:
                continue
            phones, score = timer.time(audio_N, text, language)
            if score > GOOD_SCORE:
                audio_N *= np.float32(rng.uniform(0.3, 0.9) / (np.abs(audio_N).max() + 1e-6))
                id_ = f"{name}-{options.seed}-{index:04d}"
                corpus.add(
                    Clip(id_, name, language, "human", text, duration, phones, score), audio_N
                )
                made, kept = made + duration, kept + 1
        print(f"{name}: {kept} of {index} clips, {made / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
