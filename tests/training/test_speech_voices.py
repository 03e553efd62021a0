"""Diphone voices, other synthesisers and their timing, on tiny data."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from inference.contract import AUDIO_RATE, Float32Array
from training.speech import mbrola
from training.speech.lines import clean, lines_by_language, sentences
from training.speech.mbrola_symbols import RENAMES, UnknownSymbolError, phones_of, renamed
from training.speech.phone_net import PhoneNet
from training.speech.phones import PHONE_INDEX, PHONES, Segments
from training.speech.sphinx import Sphinx
from training.speech.spoken import Speakers, likelihood, stretch

SPOKEN = [("_", 200.0, ""), ("m", 100.0, ""), ("aI", 200.0, "0 120"), ("_", 100.0, "")]


def test_symbols_mean_what_their_database_says() -> None:
    assert phones_of("a:", "de1") == ("AA",)
    assert phones_of("aI", "us1") == ("AA", "IH")
    assert phones_of("S", "de1") == ("SH",)
    assert phones_of("S", "it1") == ("SZ",), "capitals are the plain consonants there"
    assert phones_of("?aU", "de4") == ("AA", "UU")
    assert phones_of("j", "br1") == ("SH",)
    assert phones_of("w", "nl2") == ("FV",), "Dutch w is made with lip and teeth"


def test_a_symbol_without_meaning_is_refused() -> None:
    with pytest.raises(UnknownSymbolError):
        phones_of("%%", "us1")


def test_symbols_that_a_database_lacks_are_replaced_by_known_ones() -> None:
    assert renamed("e/", "es1") == "e"
    assert renamed("e/", "de1") == "e/"
    assert renamed(";", "lt1") == "", "the mark of a soft consonant says nothing by itself"
    for database, pairs in RENAMES.items():
        for name in filter(None, pairs.values()):
            assert set(phones_of(name, database)) <= set(PHONES)


def test_labels_last_as_long_as_the_list_says() -> None:
    found = mbrola.segments_of(SPOKEN, "us1", 0.6)
    assert [name for _, _, name in found] == ["SIL", "M", "AA", "IH", "SIL"]
    assert [round(start, 3) for start, _, _ in found] == [0.0, 0.2, 0.3, 0.424, 0.5]
    assert found[-1][1] == pytest.approx(0.6)


def test_variation_keeps_the_phones_and_bounds_the_pauses() -> None:
    phones = [("_", 150.0, ""), ("_", 1.0, ""), ("h", 70.0, ""), ("_", 900.0, ""),
              ("_", 900.0, ""), ("i", 90.0, ""), ("_", 300.0, ""), ("_", 1.0, "")]  # fmt: skip
    varied = mbrola.vary(phones, np.random.default_rng(1))
    assert [name for name, _, _ in varied] == ["_", "h", "_", "i", "_"]
    assert varied[2][1] == 800
    assert 50 <= varied[0][1] <= 350


def test_every_reading_has_its_own_name() -> None:
    readers = [reading.reader for reading in mbrola.readings()]
    assert len(set(readers)) == len(readers) > 60
    assert "mb-de1-en" in readers


def _onset(audio_N: Float32Array) -> float:
    """Seconds until the sound is a twentieth as loud as its peak."""
    return float(np.argmax(np.abs(audio_N) > 0.05 * np.abs(audio_N).max())) / AUDIO_RATE


@pytest.mark.skipif(
    not shutil.which("mbrola") or not (mbrola.DATABASES / "us1").is_dir(),
    reason="needs the Debian packages mbrola and mbrola-us1",
)
def test_sound_and_labels_of_a_diphone_voice_agree() -> None:
    reading = next(r for r in mbrola.readings() if r.database == "us1")
    faults: Counter[str] = Counter()
    made = list(mbrola.mbrola_clips(reading, ["All is well, my boy."], 4, 1, faults))
    assert not faults
    for clip, audio_N in made:
        assert clip.voice == "mbrola-us1"
        assert clip.phones[-1][1] == pytest.approx(len(audio_N) / AUDIO_RATE, abs=1e-3)
        assert clip.phones[0][2] == "SIL"
        assert abs(_onset(audio_N) - clip.phones[0][1]) < 0.05
    assert len({clip.duration for clip, _ in made}) == len(made), "no two have one pace"


@pytest.mark.skipif(
    not shutil.which("mbrola") or not (mbrola.DATABASES / "us1").is_dir(),
    reason="needs the Debian packages mbrola and mbrola-us1",
)
def test_a_shorter_vocal_tract_moves_the_spectrum_up_but_not_the_timing(tmp_path: Path) -> None:
    database = mbrola.DATABASES / "us1" / "us1"
    assert mbrola.database_rate(database) == 16000
    centres, lengths = [], []
    for tract in (0.85, 1.18):
        phones = [("_", 100.0, ""), ("i", 400.0, "0 200 100 200"), ("_", 100.0, "")]
        audio_N, missing = mbrola.render(database, phones, tract, 1.0, tmp_path)
        power = np.abs(np.fft.rfft(audio_N)) ** 2
        hertz = np.fft.rfftfreq(len(audio_N), 1 / AUDIO_RATE)
        high = hertz > 1500
        centres.append(float((hertz[high] * power[high]).sum() / power[high].sum()))
        lengths.append(len(audio_N) / AUDIO_RATE)
        assert missing == 0
    assert centres[1] > 1.15 * centres[0]
    assert abs(lengths[0] - lengths[1]) < 0.02


def test_lines_are_cleaned_and_long_enough_to_say() -> None:
    assert clean('*Ugh* "GO", I said: no!') == "Ugh   go , I said  no!"
    said = sentences(["Yes", "No!"], np.random.default_rng(0))
    assert len(said) >= 25
    assert said[-1] in ".!"


def test_lines_come_from_every_source_that_is_there(tmp_path: Path) -> None:
    stamps = tmp_path / "new/unpacked/usr/share/tuxpaint/stamps/animals"
    stamps.mkdir(parents=True)
    (stamps / "cat.txt").write_text("A cat.\nro.utf8=O pisică foarte frumoasă.\n", "utf8")
    script = tmp_path / "old/unpacked/usr/share/games/fillets-ng/script/city"
    script.mkdir(parents=True)
    (script / "dialogs_en.lua").write_text(
        'dialogId("a", "font", "A lovely day, my friend.")\n', "utf8"
    )
    found = lines_by_language(tmp_path / "old", tmp_path / "new")
    assert found == {"en": ["A lovely day, my friend."], "ro": ["O pisică foarte frumoasă."]}


def test_voices_kept_for_other_tests_or_not_free_are_left_out() -> None:
    names = set(Speakers(None, 3).languages)  # type: ignore[arg-type]
    assert {"rhvoice-bdl", "pico-en-GB", "piper-joe", "kokoro-02"} <= names
    assert not names & {"rhvoice-slt", "rhvoice-arina", "rhvoice-evgeniy-eng"}


def test_stretching_keeps_the_speech_within_a_tenth() -> None:
    audio_N = np.sin(np.arange(AUDIO_RATE) * 0.2).astype(np.float32)
    lengths = {len(stretch(audio_N, np.random.default_rng(seed))) for seed in range(12)}
    assert len(lengths) > 4
    assert all(0.89 < length / AUDIO_RATE < 1.12 for length in lengths)


def test_a_timing_that_fits_is_likelier() -> None:
    logp_TP = np.full((100, len(PHONES)), -5.0, np.float32)
    logp_TP[:50, PHONE_INDEX["SIL"]] = -0.1
    logp_TP[50:, PHONE_INDEX["AA"]] = -0.2
    right: Segments = [(0.0, 0.5, "SIL"), (0.5, 1.0, "AA")]
    late: Segments = [(0.0, 0.8, "SIL"), (0.8, 1.0, "AA")]
    assert likelihood(logp_TP, right) == pytest.approx(-0.2, abs=0.1)
    assert likelihood(logp_TP, late) < likelihood(logp_TP, right) - 1


@pytest.mark.skipif(
    not shutil.which("flite"), reason="needs the Debian package flite to have speech at hand"
)
def test_pocketsphinx_finds_the_phones_where_they_are() -> None:
    pytest.importorskip("pocketsphinx")
    from training.speech.synthetic import flite_clips

    sphinx = Sphinx()
    text = "Go home before the rain begins"
    clip, audio_N = next(iter(flite_clips("rms", [text], 1)))
    found = sphinx.align(audio_N, text)
    middle = [(start + end) / 2 for start, end, name in clip.phones if name == "M"]
    where = [(start, end) for start, end, name in found if name == "M"]
    assert len(where) == len(middle) == 1
    assert where[0][0] - 0.02 < middle[0] < where[0][1] + 0.02
    assert sphinx.align(audio_N, "xqzvw") == []


def test_a_saved_network_is_loaded_ready_to_listen(tmp_path: Path) -> None:
    import torch

    from training.speech.phone_net import load_net

    net = PhoneNet()
    torch.save(net.state_dict(), tmp_path / "net.pt")
    loaded = load_net(tmp_path / "net.pt")
    assert not loaded.training
