"""English phone timing by pocketsphinx, where `align` would serve too: a second opinion.

The words are laid on the sound first, then the phones of those words (CMU dictionary). Needs
`pip install pocketsphinx==5.1.1`, whose wheel holds model and dictionary; nothing else imports it.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import numpy as np

from inference.contract import AUDIO_RATE, Float32Array
from training.speech.phones import ARPABET, Segments, merge, spread

FRAME_S: Final = 0.01
_CENTRE_S: Final = 0.0128
"""Centre of the first analysis window, 25.6 ms long: a boundary lies between two centres."""
_SHIFT_S: Final = _CENTRE_S - FRAME_S / 2
_PAD_S: Final = 0.2
"""Silence added at both ends: without it the second pass often finds no path to the end."""


class Sphinx:
    """One decoder with the American English model."""

    def __init__(self) -> None:
        import pocketsphinx  # an optional package

        model = Path(pocketsphinx.get_model_path()) / "en-us"
        words = (model / "cmudict-en-us.dict").read_text("utf8").splitlines()
        self._known = {line.split()[0] for line in words if line}
        self._decoder: Any = pocketsphinx.Decoder(
            hmm=str(model / "en-us"), dict=str(model / "cmudict-en-us.dict"), lm=None,
            loglevel="FATAL", cmn="batch", beam=1e-80, wbeam=1e-60, pbeam=1e-80,
        )  # fmt: skip

    def words(self, text: str) -> list[str]:
        """The words of a text as the dictionary spells them; empty if one is not in it."""
        found = re.findall(r"[\w']+", text.lower().replace("’", "'"))
        found = [word.strip("'") if word not in self._known else word for word in found]
        return found if all(word in self._known for word in found) else []

    def _pass(self, pcm: bytes) -> None:
        self._decoder.start_utt()
        self._decoder.process_raw(pcm, full_utt=True)
        self._decoder.end_utt()

    def align(self, audio_N: Float32Array, text: str) -> Segments:
        """Timing over all of a recording; empty if a word is unknown or the words do not fit."""
        words = self.words(text)
        if not words:
            return []
        padded_N = np.pad(np.clip(audio_N, -1, 1), int(_PAD_S * AUDIO_RATE))
        pcm = (padded_N * 32767).astype(np.int16).tobytes()
        try:
            self._decoder.set_align_text(" ".join(words))
            self._pass(pcm)
            if self._decoder.hyp() is None:
                return []
            self._decoder.set_alignment()
            self._pass(pcm)
            aligned = self._decoder.get_alignment()
        except RuntimeError:  # pocketsphinx says so when no path reaches the end
            return []
        found: Segments = []
        for word in aligned or ():
            for phone in word:
                start = phone.start * FRAME_S + _SHIFT_S - _PAD_S
                names = ARPABET.get(phone.name, ("SIL",))
                found += spread(start, start + phone.duration * FRAME_S, names)
        return merge(found, len(audio_N) / AUDIO_RATE) if found else []
