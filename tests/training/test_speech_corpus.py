"""Phones, the teacher's mouth, alignment and augmentation on tiny data."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from training.speech import augment
from training.speech.align import labels, viterbi
from training.speech.corpus import Clip, Corpus
from training.speech.phones import (
    ARPABET,
    PHONE_INDEX,
    PHONES,
    Segments,
    from_festival,
    from_ipa,
    merge,
    spread,
)
from training.speech.sources import prompt_recordings
from training.teacher.mouth import (
    MOUTH,
    aperture,
    mouth_track,
    pose,
    speech_track,
    viseme_track,
)

WORD: Segments = [
    (0.0, 0.4, "SIL"), (0.4, 0.5, "M"), (0.5, 0.66, "AA"), (0.66, 0.74, "PB"), (0.74, 0.86, "UU"),
    (0.86, 0.95, "SZ"), (0.95, 1.05, "EH"), (1.05, 1.15, "FV"), (1.15, 1.3, "AA"),
    (1.3, 2.0, "SIL"),
]  # fmt: skip


def test_every_source_name_maps_to_known_phones() -> None:
    for names in ARPABET.values():
        assert set(names) <= set(PHONES)
    assert from_ipa("tʃ") == ("SH",)
    assert from_ipa("aɪ") == ("AA", "IH")
    assert from_ipa("pʰ") == ("PB",)
    assert from_ipa("ː") == ()
    assert from_festival("tS", "it") == ("SH",)
    assert from_festival("a1", "it") == ("AA",)
    assert from_festival("ow", "en") == ("OO", "UU")


def test_segments_always_cover_the_clip() -> None:
    merged = merge([*spread(0.1, 0.3, ("AA", "IH")), (0.5, 0.6, "M")], 1.0)
    assert [name for _, _, name in merged] == ["SIL", "AA", "IH", "SIL", "M", "SIL"]
    assert merged[0][0] == 0
    assert merged[-1][1] == 1.0
    assert all(a[1] == pytest.approx(b[0]) for a, b in pairwise(merged))


def test_lips_meet_on_p_b_m_and_part_on_vowels() -> None:
    time_T = np.arange(0, 2, 0.01)
    opened = aperture(mouth_track(WORD, time_T))
    widest = np.percentile(opened, 95)
    for start, end, name in WORD:
        inside = opened[(time_T >= start + 0.02) & (time_T <= end - 0.02)]
        if name in ("M", "PB"):
            assert inside.min() <= 0.02 * widest
        elif name in ("SZ", "UU", "EH", "AA"):
            assert inside.max() > 0.15 * widest
    assert opened[time_T > 1.5].max() == 0
    assert widest < 0.7


def test_rounding_and_lip_to_teeth_are_told_apart() -> None:
    time_T = np.array([0.58, 0.80, 1.10])
    mouth_TK = mouth_track(WORD, time_T)
    pucker, roll = MOUTH.index("mouthPucker"), MOUTH.index("mouthRollLower")
    assert mouth_TK[1, pucker] > 0.25 > mouth_TK[0, pucker]
    assert mouth_TK[2, roll] > 0.25 > mouth_TK[1, roll]
    assert all(pose(name).max() <= 0.6 for name in PHONES)  # relaxed talk, never a grimace


def test_visemes_and_speech_follow_the_phones() -> None:
    time_T = np.array([0.1, 0.45, 0.58, 0.70, 1.6])
    assert viseme_track(WORD, time_T).tolist() == [0, 1, 10, 1, 0]
    assert speech_track(WORD, time_T).tolist() == [0, 1, 1, 1, 0]


def test_viterbi_finds_phones_and_unwritten_pauses() -> None:
    truth: Segments = [
        (0, 0.2, "SIL"), (0.2, 0.3, "PB"), (0.3, 0.45, "AA"), (0.45, 0.6, "SIL"),
        (0.6, 0.75, "SZ"), (0.75, 0.9, "IY"), (0.9, 1.2, "SIL"),
    ]  # fmt: skip
    rng = np.random.default_rng(0)
    label_F = labels(truth, 120)
    logp_TP = rng.normal(-4, 0.7, (120, len(PHONES))).astype(np.float32)
    logp_TP[np.arange(120), label_F] = -0.3
    found, score = viterbi(logp_TP, ["PB", "AA", "SZ", "IY"], set())
    assert [n for _, _, n in found] == [n for _, _, n in truth]
    assert all(abs(f[0] - t[0]) < 0.015 for f, t in zip(found, truth, strict=True))
    assert score > -0.5
    _, wrong = viterbi(logp_TP, ["M", "OO", "SH", "UU"], set())
    assert wrong < score - 1


@pytest.mark.parametrize("name", sorted(augment.NOISES))
def test_noises_are_finite_and_not_the_same_twice(name: str) -> None:
    rng = np.random.default_rng(0)
    first, second = (augment.NOISES[name](16000, rng) for _ in range(2))
    assert first.shape == (16000,)
    assert first.dtype == np.float32
    assert np.isfinite(first).all()
    assert first.std() > 0.01
    assert not np.array_equal(first, second)


def test_degraded_speech_keeps_its_length_and_its_range() -> None:
    rng = np.random.default_rng(1)
    speech_N = (0.1 * rng.standard_normal(8000)).astype(np.float32)
    for seed in range(12):
        out_N = augment.degrade(speech_N, np.random.default_rng(seed))
        assert out_N.shape == speech_N.shape
        assert np.isfinite(out_N).all()
        assert np.abs(out_N).max() <= 1
        assert out_N.std() > 1e-5


def test_the_corpus_reads_back_what_it_wrote(tmp_path: Path) -> None:
    corpus = Corpus(tmp_path)
    clip = Clip("a-1", "a", "en-us", "synthetic", "map", 2.0, WORD)
    audio_N = np.linspace(-0.5, 0.5, 32000, dtype=np.float32)
    corpus.add(clip, audio_N)
    corpus.add(Clip("b-1", "b", "cs", "human", "x", 2.0), audio_N)
    first, second = corpus.clips()
    assert first == clip
    assert second.phones == []
    np.testing.assert_allclose(corpus.audio(first), audio_N, atol=1e-4)
    corpus.rewrite([clip])
    assert [c.id for c in corpus.clips()] == ["a-1"]


def test_the_test_speaker_is_refused(tmp_path: Path) -> None:
    for language in ("en", "es"):
        with pytest.raises(ValueError, match="not training data"):
            next(prompt_recordings(tmp_path, language))


def test_phone_indices_are_stable() -> None:
    assert PHONE_INDEX["SIL"] == 0
    assert len(set(PHONES)) == len(PHONES) == len(PHONE_INDEX)
