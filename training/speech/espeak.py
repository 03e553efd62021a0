"""libespeak-ng through ctypes: text to speech with exact phone timing, and text to phones."""

from __future__ import annotations

import ctypes as c
from typing import Any, Final

import numpy as np
import soxr

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.phones import Segments, from_ipa, merge, spread

_SYNCHRONOUS: Final = 2
_PHONEME_EVENTS_IPA: Final = 3
_EVENT_PHONEME: Final = 7
_UTF8: Final = 1
_IPA_MODE: Final = 2
_RATE: Final = 1
_PITCH: Final = 3
_RANGE: Final = 4
_SHORTEST_PAUSE: Final = 0.06


class _Id(c.Union):
    _fields_ = [("number", c.c_int), ("name", c.c_char_p), ("string", c.c_char * 8)]


class _Event(c.Structure):
    _fields_ = [
        ("type", c.c_int), ("unique", c.c_uint), ("position", c.c_int), ("length", c.c_int),
        ("audio_ms", c.c_int), ("sample", c.c_int), ("user", c.c_void_p), ("id", _Id),
    ]  # fmt: skip


class Espeak:
    """One espeak-ng engine; the library is global, so make one and keep it."""

    def __init__(self) -> None:
        self._library = c.CDLL("libespeak-ng.so.1")
        self._rate = int(
            self._library.espeak_Initialize(_SYNCHRONOUS, 500, None, _PHONEME_EVENTS_IPA)
        )
        if self._rate <= 0:
            raise RuntimeError("espeak-ng does not start: install espeak-ng-data")
        self._to_phonemes = self._library.espeak_TextToPhonemes
        self._to_phonemes.restype = c.c_char_p
        self._sound: list[bytes] = []
        self._events: list[tuple[float, str]] = []
        callback = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_int, c.POINTER(_Event))
        self._callback = callback(self._receive)  # kept: C holds only the pointer
        self._library.espeak_SetSynthCallback(self._callback)

    def _receive(self, wave: Any, count: int, events: Any) -> int:
        if wave and count > 0:
            self._sound.append(c.string_at(wave, count * 2))
        i = 0
        while events[i].type != 0:
            if events[i].type == _EVENT_PHONEME:
                name = bytes(events[i].id.string).decode("utf8", "ignore")
                self._events.append((events[i].audio_ms / 1000, name))
            i += 1
        return 0

    def speak(
        self, text: str, voice: str, rate: int = 170, pitch: int = 50, spread_: int = 50
    ) -> tuple[Float32Array, Segments]:
        """Speech at 16 kHz, float32 (N,), and its phones; empty if the voice says nothing."""
        self._sound, self._events = [], []
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}")
        for parameter, value in ((_RATE, rate), (_PITCH, pitch), (_RANGE, spread_)):
            self._library.espeak_SetParameter(parameter, value, 0)
        data = text.encode()
        self._library.espeak_Synth(data, len(data) + 1, 0, 0, 0, _UTF8, None, None)
        self._library.espeak_Synchronize()
        pcm = np.frombuffer(b"".join(self._sound), np.int16).astype(np.float32) / 32768
        if len(pcm) < 100:
            return np.zeros(0, np.float32), []
        audio_N = soxr.resample(pcm, self._rate, AUDIO_RATE).astype(np.float32)
        duration = len(audio_N) / AUDIO_RATE
        segments: Segments = []
        for i, (start, name) in enumerate(self._events):
            end = self._events[i + 1][0] if i + 1 < len(self._events) else duration
            names = from_ipa(name)
            if not names and segments and (name or end - start < _SHORTEST_PAUSE):
                names = (segments[-1][2],)  # a modifier such as palatalisation, or a closure
            segments += spread(start, end, names or ("SIL",))
        return audio_N, merge(segments, duration)

    def ipa(self, text: str, language: str) -> str:
        """The text in IPA with stress marks, words apart; punctuation is dropped."""
        if self._library.espeak_SetVoiceByName(language.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {language!r}")
        at = c.c_char_p(text.encode())
        out: list[str] = []
        while at.value:
            piece = self._to_phonemes(c.byref(at), _UTF8, _IPA_MODE)
            out.append((piece or b"").decode("utf8").strip())
        return " ".join(word for word in out if word)

    def phones(self, text: str, language: str) -> list[str]:
        """The phones of a text in order, with SIL where espeak-ng pauses."""
        _, segments = self.speak(text, language)
        return [name for _, _, name in segments]
