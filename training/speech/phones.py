"""One small inventory of phones for all languages: what can be told apart on a face.

ARPABET (flite, English festival), IPA (espeak-ng) and the Italian and Czech festival phone sets
are all mapped to PHONES. Voicing is dropped; place, rounding and openness stay.
"""

from __future__ import annotations

from typing import Final

PHONES: Final[tuple[str, ...]] = (
    "SIL", "PB", "M", "FV", "TH", "TD", "SZ", "SH", "N", "L", "R", "K", "NG", "HH", "J", "W",
    "AA", "AE", "EH", "AX", "ER", "IH", "IY", "OO", "UU", "YY", "OE",
)  # fmt: skip
PHONE_INDEX: Final = {name: i for i, name in enumerate(PHONES)}
VOWELS: Final = frozenset(["AA", "AE", "EH", "AX", "ER", "IH", "IY", "OO", "UU", "YY", "OE"])
LIPS_CLOSED: Final = frozenset({"PB", "M"})
FIRST_PART: Final = 0.62
"""Share of a diphthong's time given to its first vowel (its longer, opener part)."""

ARPABET: Final[dict[str, tuple[str, ...]]] = {
    "AA": ("AA",), "AE": ("AE",), "AH": ("AX",), "AO": ("OO",), "AW": ("AA", "UU"),
    "AX": ("AX",), "AXR": ("ER",), "AY": ("AA", "IH"), "B": ("PB",), "CH": ("SH",),
    "D": ("TD",), "DH": ("TH",), "DX": ("TD",), "EH": ("EH",), "EL": ("AX", "L"),
    "EM": ("M",), "EN": ("N",), "ER": ("ER",), "EY": ("EH", "IH"), "F": ("FV",), "G": ("K",),
    "HH": ("HH",), "HV": ("HH",), "IH": ("IH",), "IY": ("IY",), "JH": ("SH",), "K": ("K",),
    "L": ("L",), "M": ("M",), "N": ("N",), "NX": ("N",), "NG": ("NG",), "OW": ("OO", "UU"),
    "OY": ("OO", "IH"), "P": ("PB",), "R": ("R",), "S": ("SZ",), "SH": ("SH",), "T": ("TD",),
    "TH": ("TH",), "UH": ("UU",), "UW": ("UU",), "V": ("FV",), "W": ("W",), "Y": ("J",),
    "Z": ("SZ",), "ZH": ("SH",), "PAU": ("SIL",), "SIL": ("SIL",), "H#": ("SIL",),
    "BRTH": ("SIL",), "SSIL": ("SIL",),
}  # fmt: skip

_IPA_LETTERS: Final = {
    "PB": "pbɓ", "M": "mɱ", "FV": "fvɸβʋⱱ", "TH": "θð", "TD": "tdʈɖɗɾ", "SZ": "szʂʐ",
    "SH": "ʃʒɕʑ", "N": "nɳɲ", "L": "lɫɭʎɬɮ", "R": "rɹɻʀʁɽ", "K": "kgɡqɢxɣχcɟɠʔħʕ", "NG": "ŋɴ",
    "HH": "hɦ", "J": "j", "W": "wʍɥ", "AA": "aɑɐɒ", "AE": "æ", "EH": "eɛ", "AX": "əɘɜɵɤʌ",
    "ER": "ɚɝ", "IH": "ɪɨᵻ", "IY": "i", "OO": "oɔ", "UU": "uʊɯ", "YY": "yʏ", "OE": "øœ",
}  # fmt: skip
_IPA: Final = {letter: phone for phone, letters in _IPA_LETTERS.items() for letter in letters}

_FESTIVAL_ITALIAN: Final = {
    "p": "PB", "b": "PB", "m": "M", "f": "FV", "v": "FV", "t": "TD", "d": "TD", "s": "SZ",
    "z": "SZ", "ts": "TD SZ", "dz": "TD SZ", "S": "SH", "tS": "SH", "dZ": "SH", "n": "N",
    "ng": "NG", "JJ": "N", "nf": "N", "l": "L", "LL": "L", "r": "R", "k": "K", "g": "K",
    "j": "J", "w": "W", "a": "AA", "e": "EH", "E": "EH", "i": "IY", "o": "OO", "O": "OO",
    "u": "UU", "#": "SIL", "pau": "SIL",
}  # fmt: skip
_FESTIVAL_CZECH: Final = {
    "p": "PB", "b": "PB", "m": "M", "M": "M", "f": "FV", "v": "FV", "t": "TD", "d": "TD",
    "s": "SZ", "z": "SZ", "c": "TD SZ", "dz": "TD SZ", "s~": "SH", "z~": "SH", "c~": "SH",
    "dz~": "SH", "dzh": "SH", "n": "N", "n~": "N", "N": "NG", "l": "L", "r": "R", "r~": "R",
    "R~": "R", "k": "K", "g": "K", "ch": "K", "h": "HH", "j": "J", "t~": "TD", "d~": "TD",
    "a": "AA", "e": "EH", "i": "IY", "o": "OO", "u": "UU", "#": "SIL", "?": "K", "_": "SIL",
}  # fmt: skip

Segments = list[tuple[float, float, str]]
"""Start and end in seconds and a name; consecutive, covering the clip."""


def from_ipa(symbol: str) -> tuple[str, ...]:
    """Phones of one IPA symbol as espeak-ng names it; affricates with sh become one SH."""
    text = symbol.replace("tʃ", "ʃ").replace("dʒ", "ʒ").replace("tɕ", "ɕ").replace("dʑ", "ʑ")
    text = text.replace("əɹ", "ɚ").replace("ɜː", "ɝ" if "r" in text else "ɜ")
    found = tuple(_IPA[c] for c in text if c in _IPA)
    return found


def from_festival(symbol: str, language: str) -> tuple[str, ...]:
    """Phones of a festival segment name of an "en", "it" or "cs" voice; unknown: empty."""
    if language == "en":
        return ARPABET.get(symbol.upper(), ())
    name = symbol.rstrip("1:")
    table = _FESTIVAL_ITALIAN if language == "it" else _FESTIVAL_CZECH
    return tuple(table.get(name, table.get(symbol, "")).split())


def spread(start: float, end: float, names: tuple[str, ...]) -> Segments:
    """Share one segment's time among its parts; a vowel before another gets FIRST_PART."""
    if len(names) == 1:
        return [(start, end, names[0])]
    if len(names) == 2 and names[0] in VOWELS:
        middle = start + FIRST_PART * (end - start)
        return [(start, middle, names[0]), (middle, end, names[1])]
    step = (end - start) / max(len(names), 1)
    return [(start + i * step, start + (i + 1) * step, n) for i, n in enumerate(names)]


def merge(segments: Segments, duration: float) -> Segments:
    """Join equal neighbours, drop empty ones, and fill gaps and ends with SIL up to duration."""
    out: Segments = []
    now = 0.0
    for start, end, name in segments:
        start, end = max(start, now), min(end, duration)
        if end - start < 1e-4:
            continue
        if start - now > 1e-3:
            out.append((now, start, "SIL"))
        if out and out[-1][2] == name:
            out[-1] = (out[-1][0], end, name)
        else:
            out.append((start, end, name))
        now = end
    if duration - now > 1e-3:
        out.append((now, duration, "SIL"))
    return out
