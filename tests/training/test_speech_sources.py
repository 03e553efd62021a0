"""Readers of the game archives, the recogniser's absence, and the measure of aligners."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from inference.contract import Float32Array
from training.speech import align
from training.speech.check_aligner import accuracy, report
from training.speech.corpus import Clip, Corpus
from training.speech.extend import link, register
from training.speech.games import AmazonQueen, spoken_parts, unpack_rnc
from training.speech.phones import Segments
from training.speech.recognise import Recogniser
from training.speech.small_voices import paint_lines


def wav(seconds: float = 0.5, hertz: float = 200.0) -> bytes:
    file = io.BytesIO()
    wave_N = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * 11025)) / 11025)
    soundfile.write(file, wave_N, 11025, format="WAV")
    return file.getvalue()


def packed(bits: list[tuple[int, int]], literals: dict[int, bytes], size: int) -> bytes:
    """An RNC stream: (value, width) fields lowest bit first; literals by the field they follow."""
    stream: list[int] = []
    inserted: list[tuple[int, bytes]] = []
    for i, (value, width) in enumerate(bits):
        stream += [value >> k & 1 for k in range(width)]
        if i in literals:
            inserted.append(((len(stream) + 15) // 16, literals[i]))
    words = [sum(b << k for k, b in enumerate(stream[at : at + 16]))
             for at in range(0, len(stream), 16)]  # fmt: skip
    body, at = b"", 0
    for index, piece in [*inserted, (len(words), b"")]:
        body += b"".join(struct.pack("<H", w) for w in words[at:index]) + piece
        at = index
    return b"RNC\x01" + struct.pack(">II", size, len(body)) + b"\0" * 6 + body


def test_rnc_literals_and_copies_are_unpacked() -> None:
    fields = [(0, 2), (4, 5), (1, 4), (0, 4), (0, 4), (1, 4)]  # literal counts 0 and 4..7
    fields += [(4, 5), (0, 4), (0, 4), (0, 4), (1, 4)]  # distances 5..8
    fields += [(3, 5), (0, 4), (0, 4), (1, 4)]  # lengths 4 and 5
    fields += [(2, 16), (1, 1), (1, 2)]  # two rounds; five literals
    here = len(fields) - 1
    fields += [(0, 1), (0, 2), (0, 1), (0, 1), (0, 1)]  # five back, four bytes; no literals
    assert unpack_rnc(packed(fields, {here: b"hello"}, 9)) == b"hellohell"
    with pytest.raises(ValueError, match="not RNC"):
        unpack_rnc(b"RNC\x02" + bytes(20))


def test_stage_directions_number_the_parts() -> None:
    line = "*FLNo!*01*02Come back...*03"
    assert spoken_parts(line) == {2: "No!", 4: "Come back..."}
    assert spoken_parts("*FR*06") == {}


def archive(files: dict[str, bytes]) -> bytes:
    at = 15 + 21 * len(files)
    table, body = b"", b""
    for name, data in files.items():
        table += struct.pack(">12sBII", name.encode(), 1, at + len(body), len(data))
        body += data
    return b"QTBLCEM10\0\0\0\1" + struct.pack(">H", len(files)) + table + body


def test_recordings_find_their_words(tmp_path: Path) -> None:
    def numbered(number: int, line: bytes) -> bytes:
        block = struct.pack(">HHB", 0, number, len(line)) + line
        return block + bytes(-len(block) % 4)

    theirs = 32 + 40
    joe = numbered(0x1E, b"Who are you?*02")
    head = struct.pack(">13h", 0, 7, 7, 1, 1, 0, 0, 0, 0, 0, 0, theirs, 200) + bytes(6)
    talk = bytes(20) + head + joe + bytes(40 - len(joe)) + numbered(0x1E, b"A friend.*01Of yours.")
    lines = [b"\x06*FR*06", b"\x0f*00*FLThere!*07"]
    scene_lines = b"".join(x + bytes(len(x) % 2) for x in lines)
    scene = bytes(20) + struct.pack(">8H", 0, 1, 0, 0, 16, 16 + len(scene_lines), 0, 0)
    files = {
        "BOB2.DOG": talk, "C1A.CUT": scene + scene_lines,
        "QUEEN2.JAS": b"A rock*24\r\nA lake*01Deep.*02", "07001EJ1.SB": wav(),
        "07001EP2.SB": wav(), "C1A__023.SB": wav(), "JOE00422.SB": wav(), "99XXXXP1.SB": wav(),
        "BROKEN.SB": b"not sound at all",
    }  # fmt: skip
    (tmp_path / "queen.1c").write_bytes(archive(files))
    found = {line.name: line for line in AmazonQueen(tmp_path / "queen.1c").lines()}
    assert {name: (line.voice, line.text) for name, line in found.items()} == {
        "fotaq-07001EJ1": ("fotaq-joe", "Who are you?"),
        "fotaq-07001EP2": ("fotaq-bob", "Of yours."),
        "fotaq-C1A__023": ("fotaq-c1a", "There!"),
        "fotaq-JOE00422": ("fotaq-joe", "Deep."),
        "fotaq-99XXXXP1": ("fotaq-x99x", ""),
    }
    sound_N = found["fotaq-07001EJ1"].audio_N
    assert sound_N.dtype == np.float32
    assert len(sound_N) == pytest.approx(8000, abs=40)


def test_a_stamp_is_read_in_its_own_language(tmp_path: Path) -> None:
    folder = tmp_path / "usr/share/tuxpaint/stamps/animals/birds"
    folder.mkdir(parents=True)
    (folder / "duck.txt").write_text("A duck.\nes.utf8=Un pato.\nxx.utf8=?\n")
    for suffix in ("", "_es", "_xx"):
        (folder / f"duck_desc{suffix}.ogg").write_bytes(wav())
    found = [(language, line.voice, line.text) for language, line in paint_lines(tmp_path)]
    assert found == [("en-us", "paint-en-animals", "A duck."), ("es", "paint-es", "Un pato.")]


def test_registers_follow_pitch() -> None:
    t = np.arange(16000) / 16000
    for hertz, name in ((100, "low"), (170, "mid"), (260, "high")):
        wave = sum(np.sin(2 * np.pi * hertz * k * t) / k for k in range(1, 12)) * 0.05
        assert register(np.asarray(wave, np.float32)) == name


def test_an_enlarged_corpus_shares_the_old_sound(tmp_path: Path) -> None:
    old, new = Corpus(tmp_path / "old"), Corpus(tmp_path / "new")
    clip = Clip("a-1", "a", "en-us", "human", "map", 0.5, [(0.0, 0.5, "AA")], -0.5)
    old.add(clip, np.full(8000, 0.25, np.float32))
    link(old, new)
    assert list(new.clips()) == [clip]
    assert new.wav(clip).samefile(old.wav(clip))


def test_without_the_recogniser_the_builder_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "moonshine_voice", None)
    with pytest.raises(RuntimeError, match="moonshine-voice"):
        Recogniser()


def test_a_late_aligner_is_measured_as_late(tmp_path: Path) -> None:
    truth: Segments = [
        (0.0, 0.2, "SIL"), (0.2, 0.4, "M"), (0.4, 0.7, "AA"), (0.7, 1.0, "SIL")
    ]  # fmt: skip
    corpus = Corpus(tmp_path)
    clip = Clip("a-1", "a", "en-us", "synthetic", "ma", 1.0, truth)
    corpus.add(clip, np.zeros(16000, np.float32))

    def late(audio_N: Float32Array, names: list[str]) -> tuple[Segments, float]:
        assert names == ["SIL", "M", "AA", "SIL"]
        return [(0.0, 0.25, "SIL"), (0.25, 0.45, "M"), (0.45, 0.7, "AA"), (0.7, 1.0, "SIL")], 0.0

    found = accuracy(corpus, [clip], late)
    np.testing.assert_allclose(found.errors_s, 0.05)
    assert found.viseme == pytest.approx(0.9, abs=0.02)
    assert found.skipped == 0
    assert "bias +50 ms" in report(found)
    assert accuracy(corpus, [clip], lambda a, n: ([], -99.0)).skipped == 1


def test_the_check_trains_without_the_voice_and_ends_with_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(0)
    phones: Segments = [(0.0, 0.3, "SIL"), (0.3, 0.6, "SZ"), (0.6, 1.0, "SIL")]
    corpus = Corpus(tmp_path)
    for i, voice in enumerate(["a", "a", "b", "held"]):
        noise_N = rng.standard_normal(16000) * 1e-3
        noise_N[4800:9600] *= 200
        clip = Clip(f"{voice}-{i}", voice, "en-us", "synthetic", "s", 1.0, phones)
        corpus.add(clip, noise_N.astype(np.float32))
    heard: list[str] = []
    audio = Corpus.audio

    def listening(self: Corpus, clip: Clip) -> Float32Array:
        heard.append(clip.voice)
        return audio(self, clip)

    monkeypatch.setattr(Corpus, "audio", listening)
    words = ["align", str(tmp_path), "--hours", "0.001", "--passes", "1", "--check", "held"]
    monkeypatch.setattr(sys, "argv", words)
    align.main()
    assert heard.count("held") == 1
    assert heard[-1] == "held"
    assert capsys.readouterr().out.startswith("held: 1 boundaries")
    assert (tmp_path / "phone_net_check.pt").is_file()
