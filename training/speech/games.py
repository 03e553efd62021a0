"""Acted English from two freely distributed adventure games in Debian; readers of their archives.

"Flight of the Amazon Queen" (package flight-of-the-amazon-queen): about seventy characters, MP3 at
11 kHz. The script lies in the same archive and the names of the recordings say which line and
which part of it they hold. "Beneath a Steel Sky" (beneath-a-steel-sky): some thirty characters,
8-bit sound at 11 kHz under RNC compression; its script is not read here, so the words must be
recognised.
"""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import av
import numpy as np
import soxr

from inference.contract import AUDIO_RATE, Float32Array

FOTAQ_ARCHIVE: Final = Path("usr/share/scummvm/flight-of-the-amazon-queen/queen.1c")
BASS_FOLDER: Final = Path("usr/share/scummvm/beneath-a-steel-sky")
GAME_PACKAGES: Final = ("flight-of-the-amazon-queen", "beneath-a-steel-sky")
_BASS_RATE: Final = 11025
_BASS_SPEECH: Final = range(50000, 59000)
_BASS_HEADER: Final = 22
_RESOURCE_HEADER: Final = 20
_JOE_RESPONSES: Final = 40
"""Recordings JOE0001 to JOE0040 are stock answers; from 41 on they describe objects in order."""


@dataclass(frozen=True, slots=True)
class GameLine:
    """One recording: its name, who speaks, the words ("" if not known), float32 (N,) at 16 kHz."""

    name: str
    voice: str
    text: str
    audio_N: Float32Array


def decode_sound(data: bytes) -> Float32Array:
    """A whole encoded sound file in memory as 16 kHz mono float32."""
    pieces: list[Float32Array] = []
    with av.open(io.BytesIO(data), "r") as container:
        resampler = av.AudioResampler("fltp", "mono", AUDIO_RATE)
        for frame in container.decode(audio=0):
            pieces += [f.to_ndarray()[0] for f in resampler.resample(frame)]
        pieces += [f.to_ndarray()[0] for f in resampler.resample(None)]
    return np.concatenate(pieces).astype(np.float32) if pieces else np.zeros(0, np.float32)


def spoken_parts(line: str) -> dict[int, str]:
    """Parts of a line between its stage directions (* and two characters), by number from 1."""
    parts = re.split(r"\*(?:\w\w)?", line)
    return {i: p.strip() for i, p in enumerate(parts, 1) if re.search(r"[A-Za-z]", p)}


class AmazonQueen:
    """The archive of Flight of the Amazon Queen: a table of names, offsets and sizes, then data."""

    def __init__(self, file: Path) -> None:
        self._data = file.read_bytes()
        if self._data[:4] != b"QTBL":
            raise ValueError(f"{file} has no table of contents")
        (count,) = struct.unpack_from(">H", self._data, 13)
        self.entries: dict[str, tuple[int, int]] = {}
        for i in range(count):
            name, _, at, size = struct.unpack_from(">12sBII", self._data, 15 + 21 * i)
            self.entries[name.rstrip(b"\0").decode("latin-1")] = (at, size)

    def read(self, name: str) -> bytes:
        """The bytes of one entry."""
        at, size = self.entries[name]
        return self._data[at : at + size]

    def script(self) -> dict[str, tuple[str, str]]:
        """Voice and words of each recording whose words are known, by its name."""
        found: dict[str, tuple[str, str]] = {}
        for name in self.entries:
            if name.endswith(".DOG"):
                found.update(self._talks(name))
            elif name.endswith(".CUT"):
                found.update(self._scenes(name))
        descriptions = self.read("QUEEN2.JAS").decode("latin-1").split("\r\n")
        for i, line in enumerate(descriptions, 1):
            for part, words in spoken_parts(line).items():
                found[f"JOE{i + _JOE_RESPONSES:04d}{part}.SB"] = ("fotaq-joe", words)
        return found

    def _talks(self, name: str) -> dict[str, tuple[str, str]]:
        """A dialogue: numbered lines of Joe's, then numbered lines of the other's."""
        data = self.read(name)[_RESOURCE_HEADER:]
        levels, _, key, *_ = struct.unpack_from(">13h", data)
        (theirs,) = struct.unpack_from(">h", data, 22)
        who = f"fotaq-{re.sub(r'[0-9]+$', '', name[:-4]).lower()}"
        found: dict[str, tuple[str, str]] = {}
        for letter, voice, first, last in (
            ("J", "fotaq-joe", 32 + abs(levels) * 96, theirs), ("P", who, theirs, len(data)),
        ):  # fmt: skip
            at = first
            while at < last - 3:
                number, size = struct.unpack_from(">HB", data, at)
                line = data[at + 3 : at + 3 + size]
                if size > 2 and 0 < number < 0x8000 and len(line) == size and min(line) >= 32:
                    for part, words in spoken_parts(line.decode("latin-1")).items():
                        found[f"{key:02d}{number:04X}{letter}{part}.SB"] = (voice, words)
                    at += 3 + size
                else:
                    at += 1
        return found

    def _scenes(self, name: str) -> dict[str, tuple[str, str]]:
        """A scene between dialogues: its lines in order, whoever speaks them."""
        data = self.read(name)[_RESOURCE_HEADER:]
        at, last = struct.unpack_from(">2H", data, 8)
        stem = f"{name[:-4].upper():_<5}"
        found: dict[str, tuple[str, str]] = {}
        number = 1
        while at < min(last, len(data)):
            size = data[at]
            line = data[at + 1 : at + 1 + size].decode("latin-1")
            for part, words in spoken_parts(line).items():
                found[f"{stem}{number:02d}{part}.SB"] = (f"fotaq-{stem.strip('_').lower()}", words)
            at += 1 + size
            if size:
                number += 1
                at += at % 2
        return found

    def lines(self) -> Iterator[GameLine]:
        """All recordings; those that are not sound are left out."""
        script = self.script()
        for name in self.entries:
            if not name.endswith(".SB"):
                continue
            voice, words = script.get(name, (f"fotaq-x{name[:3].lower()}", ""))
            try:
                audio_N = decode_sound(self.read(name))
            except (av.error.FFmpegError, IndexError):
                continue
            yield GameLine(f"fotaq-{name[:-3]}", voice, words, audio_N)


class _Bits:
    """Bits of RNC method 1: little-endian words, lowest bit first, bytes in between.

    `at` is the word last taken in; the 16 bits above `count - 16` are always from there.
    """

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data + b"\0\0\0\0"
        self.at = at
        self.buffer = self._word()
        self.count = 16

    def _word(self) -> int:
        return self.data[self.at] | self.data[self.at + 1] << 8

    def skip(self, count: int) -> None:
        self.buffer >>= count
        self.count -= count
        if self.count < 16:
            self.at = min(self.at + 2, len(self.data) - 2)
            self.buffer |= self._word() << self.count
            self.count += 16

    def take(self, count: int) -> int:
        value = self.buffer & ((1 << count) - 1)
        self.skip(count)
        return value

    def literal(self, count: int) -> bytes:
        """Whole bytes from where the last word was taken; that word is put back first."""
        self.count -= 16
        self.buffer &= (1 << self.count) - 1
        piece = self.data[self.at : self.at + count]
        self.at = min(self.at + count, len(self.data) - 2)
        self.buffer |= self._word() << self.count
        self.count += 16
        return piece


def _code_table(bits: _Bits) -> list[tuple[int, int]]:
    """A canonical Huffman code as a table over the next bits: (length, symbol)."""
    lengths = [bits.take(4) for _ in range(bits.take(5))]
    longest = max(lengths, default=0)
    table = [(0, 0)] * (1 << longest)
    code = 0
    for length in range(1, longest + 1):
        for symbol, own in enumerate(lengths):
            if own != length:
                continue
            reverse = int(f"{code:0{length}b}"[::-1], 2)
            for i in range(reverse, len(table), 1 << length):
                table[i] = (length, symbol)
            code += 1
        code <<= 1
    return table


def _number(bits: _Bits, table: list[tuple[int, int]]) -> int:
    """A coded number: the symbol is how many bits it has."""
    length, symbol = table[bits.buffer & (len(table) - 1)]
    bits.skip(length)
    return symbol if symbol < 2 else bits.take(symbol - 1) | 1 << (symbol - 1)


def unpack_rnc(data: bytes) -> bytes:
    """Data packed with Rob Northen compression, method 1 (header "RNC", 1)."""
    if data[:4] != b"RNC\x01":
        raise ValueError("not RNC method 1")
    (size,) = struct.unpack_from(">I", data, 4)
    bits = _Bits(data, 18)
    bits.skip(2)
    out = bytearray()
    while len(out) < size:
        literals, distances, lengths = (_code_table(bits) for _ in range(3))
        rounds = bits.take(16)
        for i in range(rounds):
            if count := _number(bits, literals):
                out += bits.literal(count)
            if i + 1 < rounds:
                start = len(out) - _number(bits, distances) - 1
                count = _number(bits, lengths) + 2
                for k in range(start, start + count):
                    out.append(out[k])
        if rounds == 0:
            break
    return bytes(out)


def steel_sky_lines(folder: Path) -> Iterator[GameLine]:
    """All speech of Beneath a Steel Sky, without words; the voice is the block of its number."""
    table = (folder / "sky.dnr").read_bytes()
    data = (folder / "sky.dsk").read_bytes()
    for i in range(struct.unpack_from("<I", table)[0]):
        number, low, high = struct.unpack_from("<HHI", table[4 + 8 * i :] + b"\0", 0)
        at, size = low | (high & 0xFF) << 16, high >> 8 & 0x3FFFFF
        if number not in _BASS_SPEECH:
            continue
        at = (at & 0x7FFFFF) * (16 if at >> 23 else 1)
        packed = data[at + _BASS_HEADER : at + size]
        if packed[:4] != b"RNC\x01":
            continue
        pcm = np.frombuffer(unpack_rnc(packed), np.uint8).astype(np.float32)
        audio_N = soxr.resample((pcm - 128) / 128, _BASS_RATE, AUDIO_RATE).astype(np.float32)
        yield GameLine(f"bass-{number}", f"bass-{number // 100}", "", audio_N)
