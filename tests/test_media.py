"""Sound and film files, good and bad."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from app.media.film_writer import SOUND_RATE, FilmWriter
from app.media.sound_file import mix_to_mono, read_sound, read_speech
from inference.contract import AUDIO_RATE, PersonareError
from tests.simulated import tone, write_wav


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("width", [1, 2])
def test_any_rate_becomes_16_khz(tmp_path: Path, rate: int, width: int) -> None:
    path = write_wav(tmp_path / "a.wav", tone(0.5, rate=rate), rate, width=width)
    sound_N = read_speech(path)
    assert sound_N.dtype == np.float32
    assert len(sound_N) == pytest.approx(0.5 * AUDIO_RATE, abs=1)
    np.testing.assert_allclose(sound_N[1000:7000], tone(0.5)[1000:7000], atol=0.02)


@pytest.mark.parametrize("channels", [2, 3, 6, 8])
def test_a_voice_on_one_of_many_channels_keeps_its_level(tmp_path: Path, channels: int) -> None:
    samples = np.zeros((8000, channels))
    samples[:, channels - 1] = tone(0.5)
    sound_N = read_speech(write_wav(tmp_path / "a.wav", samples, channels=channels))
    np.testing.assert_allclose(sound_N, tone(0.5), atol=0.01)


def test_channels_that_all_carry_sound_are_averaged() -> None:
    same = np.stack([np.ones(4), 0.5 * np.ones(4)]).astype(np.float32)
    np.testing.assert_allclose(mix_to_mono(same), 0.75)
    assert not mix_to_mono(np.zeros((8, 4), np.float32)).any()


def test_not_a_number_is_heard_as_silence(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_f32le", rate=16_000, layout="mono")
        samples = np.full((1, 1600), np.nan, np.float32)
        samples[0, 800:] = 7.0
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    sound_N = read_speech(path)
    assert np.isfinite(sound_N).all()
    assert np.abs(sound_N).max() <= 1.0


def _bad(tmp_path: Path, kind: str) -> Path:
    path = tmp_path / f"{kind}.wav"
    good = write_wav(tmp_path / "good.wav", tone(0.2)).read_bytes()
    match kind:
        case "empty":
            path.write_bytes(b"")
        case "headless":
            path.write_bytes(good[60:])
        case "text":
            path.write_text("This is no sound at all, only words.")
        case "cut":
            path.write_bytes(good[:20])
        case "no-samples":
            path.write_bytes(write_wav(tmp_path / "zero.wav", np.zeros(0)).read_bytes())
        case "folder":
            path.mkdir()
        case "silent-film":
            with FilmWriter(tmp_path / "film.mp4", 64, 64, 30, sound=False) as film:
                film.add_picture(np.zeros((96, 64), np.uint8), 0.0)
            path.write_bytes((tmp_path / "film.mp4").read_bytes())
    return path


@pytest.mark.parametrize(
    "kind",
    ["missing", "empty", "headless", "text", "cut", "no-samples", "folder", "silent-film"],
)
def test_a_bad_file_is_one_sentence_and_a_remedy(tmp_path: Path, kind: str) -> None:
    path = _bad(tmp_path, kind)
    with pytest.raises(PersonareError) as caught:
        read_sound(path)
    assert path.name in str(caught.value)
    assert str(caught.value).count(". ") == 0
    assert caught.value.remedy


def test_a_file_cut_in_the_middle_gives_what_is_there(tmp_path: Path) -> None:
    whole = write_wav(tmp_path / "a.wav", tone(1.0)).read_bytes()
    path = tmp_path / "cut.wav"
    path.write_bytes(whole[: len(whole) // 2])
    assert 0.4 < read_sound(path).seconds <= 0.55


def picture(value: int) -> Any:
    frame = np.full((96, 64), 128, np.uint8)
    frame[:64] = value
    return frame


def decoded(path: Path) -> tuple[list[float], list[float], Any]:
    """Times and mean luma of the pictures, and the sound (from time 0, at its own rate)."""
    with av.open(str(path)) as film:
        pictures = [
            (float(f.pts * f.time_base), float(f.to_ndarray(format="gray").mean()))
            for f in film.decode(video=0)
        ]
    with av.open(str(path)) as film:
        frames = list(film.decode(audio=0))
        first = float(frames[0].pts * frames[0].time_base) if frames else 0.0
        sound_N = np.concatenate([f.to_ndarray()[0] for f in frames]) if frames else np.zeros(0)
    lead = round(first * SOUND_RATE)
    sound_N = sound_N[-lead:] if lead < 0 else np.pad(sound_N, (lead, 0))
    times, luma = zip(*pictures, strict=True)
    return list(times), list(luma), sound_N


def write_flash(path: Path, seconds: float = 3.0, flash: float = 1.5) -> None:
    """A film that turns white, and begins to sound, at `flash` seconds."""
    with FilmWriter(path, 64, 64, 30) as film:
        for k in range(round(seconds * 30)):
            film.add_picture(picture(235 if k / 30 >= flash else 16), k / 30)
            part = slice(k * 1600, (k + 1) * 1600)
            film.add_sound(tone(seconds, flash, rate=SOUND_RATE)[part].astype(np.float32))


def test_pictures_and_sound_of_a_film_agree_in_time(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    write_flash(path)
    times, luma, sound_N = decoded(path)
    assert len(times) == 90
    np.testing.assert_allclose(np.diff(times), 1 / 30, atol=1e-4)
    seen = times[int(np.argmax(np.array(luma) > 128))]
    heard = int(np.argmax(np.abs(sound_N) > 0.1)) / SOUND_RATE
    assert seen == pytest.approx(1.5, abs=1e-3)
    assert heard == pytest.approx(1.5, abs=0.005)
    with av.open(str(path)) as film:
        assert film.duration == pytest.approx(3_000_000, abs=30_000)
        context = film.streams.video[0].codec_context
        assert (context.color_range, context.colorspace) == (1, 6)  # limited range, BT.601


def test_a_film_whose_writer_is_killed_plays_to_the_last_second(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    program = (
        "import os, sys, numpy as np\n"
        "from app.media.film_writer import FilmWriter\n"
        "film = FilmWriter(sys.argv[1], 64, 64, 30)\n"
        "for k in range(120):\n"
        "    film.add_picture(np.full((96, 64), k, np.uint8), k / 30)\n"
        "    film.add_sound(np.zeros(1600, np.float32))\n"
        "os._exit(9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == 9
    times, _, sound_N = decoded(path)
    assert times[-1] >= 1.9
    assert len(sound_N) >= 1.9 * SOUND_RATE


class FullDisk:
    """A file on a disk with room for `room` bytes more."""

    def __init__(self, file: Any, room: int, number: int = errno.ENOSPC) -> None:
        self._file, self._room, self._number = file, room, number

    def write(self, data: Any) -> int:
        part = bytes(data)[: self._room]
        if not part:
            raise OSError(self._number, "No space left on device")
        self._room -= len(part)
        return int(self._file.write(part))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def boxes(path: Path) -> list[tuple[int, bytes]]:
    """Where every top-level box of an MP4 begins, and its type."""
    data, at, found = path.read_bytes(), 0, []
    while at + 8 <= len(data):
        found.append((at, data[at + 4 : at + 8]))
        at += max(8, int.from_bytes(data[at : at + 4], "big"))
    return found


@pytest.mark.parametrize("into_the_head", [None, 4, 100])
def test_on_a_full_disk_the_film_so_far_plays(tmp_path: Path, into_the_head: int | None) -> None:
    path, room = tmp_path / "film.mp4", 300_000
    if into_the_head is not None:  # the same film on a larger disk tells where its heads lie
        write_until_full(path, 600_000)
        heads = [at for at, kind in boxes(path) if kind == b"moof"]
        room = heads[2] + into_the_head
    write_until_full(path, room)
    assert boxes(path)[-1][1] == b"mdat"
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) >= 30


def write_until_full(path: Path, room: int) -> None:
    """A film of noise on a disk with `room` bytes."""
    film = FilmWriter(path, 64, 64, 30)
    film._file._file = FullDisk(film._file._file, room)
    rng = np.random.default_rng(0)

    def write_on() -> None:
        for k in range(600):
            film.add_picture(rng.integers(0, 255, (96, 64), np.uint8), k / 30)
            film.add_sound(np.zeros(1600, np.float32))

    with pytest.raises(PersonareError, match="disk is full") as caught:
        write_on()
    assert "space" in caught.value.remedy
    with pytest.raises(PersonareError, match="disk is full"):
        film.close()
    film.close()  # the second time it is closed already


@pytest.mark.parametrize(("name", "words"), [("no/folder/a.mp4", "no folder"), ("", "is a folder")])
def test_a_film_that_cannot_be_created_is_refused(tmp_path: Path, name: str, words: str) -> None:
    with pytest.raises(PersonareError, match=words):
        FilmWriter(tmp_path / name, 64, 64, 30)


def test_a_film_of_nothing_leaves_no_file(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "a.mp4", 64, 64, 30):
        pass
    assert list(tmp_path.iterdir()) == []


def test_times_that_do_not_advance_are_left_out(tmp_path: Path) -> None:
    with FilmWriter(tmp_path / "a.mp4", 64, 64, 30, sound=False) as film:
        for time_s in (0.0, 0.1, 0.1, 0.05, 0.2):
            film.add_picture(picture(100), time_s)
        assert film.seconds == pytest.approx(0.2 + 1 / 30, abs=1e-3)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert sum(1 for _ in container.decode(video=0)) == 3


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EACCES, "may not be written"),
        (errno.EROFS, "may not be written"),
        (errno.ENOSPC, "disk is full"),
        (errno.EIO, "cannot be written"),
    ],
)
def test_the_systems_refusal_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    def refuse(*rest: Any, **more: Any) -> Any:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(PersonareError, match=words) as caught:
        FilmWriter(tmp_path / "a.mp4", 64, 64, 30)
    with pytest.raises(PersonareError):
        read_sound(tmp_path / "a.wav")
    assert caught.value.remedy
