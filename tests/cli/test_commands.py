"""The commands with stand-ins for both models: results, statuses, bad input, Ctrl-C."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from app import engine_builder, paths
from app.cli import doctor, interrupts, sample
from app.cli.perform import LIVE_LINK_SHAPES, timecode
from app.logging_setup import log_file, start_logging, stop_logging
from inference.contract import (
    BLENDSHAPES,
    MOTION_NAMES,
    VISEMES,
    PersonareError,
)
from tests.cli.conftest import Run
from tests.simulated import (
    SimulatedFrames,
    make_character,
    mouth_openness,
    tone,
    write_wav,
)


def film_facts(path: Path) -> tuple[int, float, tuple[int, int], Any]:
    """Pictures, seconds, size, and all pictures."""
    with av.open(str(path)) as film:
        pictures = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
        assert film.streams.audio
        seconds = (film.duration or 0) / 1e6
    return len(pictures), seconds, (pictures[0].shape[1], pictures[0].shape[0]), pictures


@pytest.mark.parametrize(
    ("words", "count", "size"),
    [((), 30, (512, 512)), (("--fps", "24", "--size", "640x360"), 24, (640, 360))],
)
def test_render_makes_a_film(
    run: Run, voice: Path, words: tuple[str, ...], count: int, size: tuple[int, int]
) -> None:
    status, out, err = run(
        "render", "--character", "ben", "--voice", voice, "--out", "a.mp4", *words
    )
    assert status == 0, err
    assert out == "a.mp4: 1.0 s, Ben\n"
    pictures, seconds, found, _ = film_facts(Path("a.mp4"))
    assert (pictures, found) == (count, size)
    assert seconds == pytest.approx(1.0, abs=1 / 24)


def test_render_opens_the_mouth_with_the_voice(run: Run, voice: Path) -> None:
    assert run("render", "--voice", voice, "--out", "a.mp4", "--size", "256")[0] == 0
    open_F = [mouth_openness(rgb) > 0.5 for rgb in film_facts(Path("a.mp4"))[3]]
    first, last = open_F.index(True), len(open_F) - 1 - open_F[::-1].index(True)
    assert 0.4 - 1e-6 <= first / 30 <= 0.4 + 2 / 30
    assert 0.7 - 2 / 30 <= last / 30 <= 0.7 + 1 / 30


def test_render_mixes_the_other_voice_into_the_sound(run: Run, voice: Path, tmp_path: Path) -> None:
    other = write_wav(tmp_path / "other.wav", tone(3.0, 0.0, 0.2))
    assert run("render", "--voice", voice, "--other", other, "--out", "a.mp4")[0] == 0
    with av.open("a.mp4") as film:
        sound_N = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    assert np.abs(sound_N[2000:8000]).max() > 0.3
    assert np.abs(sound_N[12000:17000]).max() < 0.02
    assert film_facts(Path("a.mp4"))[0] == 30


def test_perform_writes_our_columns(run: Run, voice: Path) -> None:
    assert run("perform", "--voice", voice, "--out", "a.csv", "--visemes", "--fps", "50")[0] == 0
    with Path("a.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["t", *MOTION_NAMES, *VISEMES]
    values = np.array(rows[1:], float)
    np.testing.assert_allclose(values[:, 0], np.arange(51) / 50, atol=1e-6)
    jaw_T = values[:, 1 + MOTION_NAMES.index("jawOpen")]
    # Sound from 0.4 s; the step that holds it ends at 0.42, the stand-in is 0.04 s late.
    assert values[np.argmax(jaw_T > 0.5), 0] == pytest.approx(0.46, abs=1e-3)


def test_perform_writes_live_link_columns_in_time_with_the_sound(run: Run, voice: Path) -> None:
    assert run("perform", "--voice", voice, "--out", "a.csv", "--format", "livelink")[0] == 0
    with Path("a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows[0]) == 2 + 61
    assert list(rows[0])[:3] == ["Timecode", "BlendShapeCount", "EyeBlinkLeft"]
    assert {row["BlendShapeCount"] for row in rows} == {"61"}
    assert sorted(LIVE_LINK_SHAPES) == sorted(BLENDSHAPES)
    first = next(k for k, row in enumerate(rows) if float(row["JawOpen"]) > 0.5)
    assert first / 60 == pytest.approx(0.42, abs=0.02)
    assert timecode(61 * 60 * 60 + 61, 60) == "01:01:01:01.000"


@pytest.mark.parametrize("command", ["render", "perform"])
@pytest.mark.parametrize(
    "content", [None, b"", b"RIFF", b"This is a text and no sound at all.", b"\0" * 5000]
)
def test_a_bad_voice_is_one_sentence_and_status_1(
    run: Run, command: str, content: bytes | None
) -> None:
    out = Path("out.mp4")
    out.write_bytes(b"an old film")
    if content is not None:
        Path("voice.wav").write_bytes(content)
    status, printed, err = run(command, "--voice", "voice.wav", "--out", out)
    assert status == 1
    assert printed == ""
    message, remedy = err.rstrip("\n").split("\n")
    assert message.startswith("personare: ")
    assert "voice.wav" in message
    assert remedy.startswith("  ")
    assert out.read_bytes() == b"an old film"
    assert "voice.wav" in log_file().read_text()


@pytest.mark.parametrize(("rate", "channels"), [(8000, 1), (48000, 8), (44100, 2)])
def test_unusual_sound_is_welcome(run: Run, tmp_path: Path, rate: int, channels: int) -> None:
    samples = np.repeat(tone(0.4, rate=rate)[:, None], channels, axis=1)
    odd = write_wav(tmp_path / "odd.wav", samples, rate, channels)
    assert run("render", "--voice", odd, "--out", "a.mp4", "--size", "256")[0] == 0
    assert film_facts(Path("a.mp4"))[0] == 12


def test_a_name_in_capitals_is_the_same_character(run: Run, voice: Path) -> None:
    assert run("render", "--character", "Ada", "--voice", voice, "--out", "a.mp4")[0] == 0


def test_a_film_must_end_in_mp4(run: Run, voice: Path) -> None:
    status, _, err = run("render", "--voice", voice, "--out", "a.txt")
    assert status == 1
    assert "a.txt" in err
    assert ".mp4" in err
    assert not Path("a.txt").exists()


def test_an_unknown_or_damaged_character_is_refused(run: Run, voice: Path, assets: Path) -> None:
    status, _, err = run("render", "--character", "adda", "--voice", voice, "--out", "a.mp4")
    assert status == 1
    assert "no character 'adda'" in err
    assert "Did you mean 'ada'?" in err
    (assets / "characters" / "ada" / "portrait.png").write_bytes(b"changed")
    status, _, err = run("render", "--character", "ada", "--voice", voice, "--out", "a.mp4")
    assert status == 1
    assert "its hash is wrong" in err
    assert not Path("a.mp4").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("render",),
        ("render", "--voice", "a.wav", "--out", "a.mp4", "--size", "511"),
        ("render", "--voice", "a.wav", "--out", "a.mp4", "--size", "9x9"),
        ("render", "--voice", "a.wav", "--out", "a.mp4", "--fps", "0"),
        ("render", "--voice", "a.wav", "--out", "a.mp4", "--liveliness", "2"),
        ("render", "--voice", "a.wav", "--out", "a.mp4", "--background", "#12"),
        ("perform", "--voice", "a.wav", "--out", "a.csv", "--format", "bvh"),
        ("perform", "--voice", "a.wav", "--out", "a.csv", "--format", "livelink", "--visemes"),
        ("run", "--seconds", "-1"),
        ("characters", "import", "a.png", "--name", "A", "--consent", "none"),
        ("characters",),
        ("dance",),
    ],
)
def test_wrong_use_is_status_2(run: Run, words: tuple[str, ...]) -> None:
    status, _, err = run(*words)
    assert status == 2
    assert "usage: personare" in err or "--visemes" in err


@pytest.mark.parametrize("out", ["none/a.mp4", "."])
def test_an_impossible_output_is_refused_before_the_work(run: Run, voice: Path, out: str) -> None:
    status, _, err = run("render", "--voice", voice, "--out", out)
    assert status == 1
    assert "folder" in err


@pytest.mark.parametrize("command", ["render", "perform"])
def test_a_recording_is_never_written_over(run: Run, voice: Path, command: str) -> None:
    before = voice.read_bytes()
    status, _, err = run(command, "--voice", voice, "--out", voice)
    assert status == 1
    assert "over itself" in err
    assert voice.read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's /dev/full")
@pytest.mark.parametrize("command", ["render", "perform"])
def test_a_full_disk_is_one_sentence(run: Run, voice: Path, command: str) -> None:
    status, _, err = run(command, "--voice", voice, "--out", "/dev/full")
    assert status == 1
    assert "/dev/full" in err
    assert "space" in err


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do all")
def test_a_forbidden_folder_is_one_sentence(run: Run, voice: Path) -> None:
    Path("locked").mkdir(mode=0o500)
    status, _, err = run("render", "--voice", voice, "--out", "locked/a.mp4")
    assert status == 1
    assert "may not be written" in err


def test_the_quality_reaches_the_generator(
    run: Run, voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def make_frames(*rest: object) -> SimulatedFrames:
        asked.append(rest[-1])
        return SimulatedFrames()

    monkeypatch.setattr(engine_builder, "make_frames", make_frames)
    words = ("render", "--voice", voice, "--provider", "cpu", "--out")
    assert run(*words, "a.mp4")[0] == 0
    status, _, err = run(*words, "b.mp4", "--quality", "eco")
    assert (status, "quality" in err.lower()) == (0, False)
    status, _, err = run(*words, "c.mp4", "--quality", "high")
    assert status == 0
    assert "High quality" in err
    assert asked == ["standard", "eco", "high"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_a_film_that_plays(
    run: Run, voice: Path, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    def on_draw(drawn: int) -> None:
        if drawn == 12:
            os.kill(os.getpid(), number)

    monkeypatch.setattr(engine_builder, "make_frames", lambda *rest: SimulatedFrames(on_draw))
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    status, out, err = run("render", "--voice", voice, "--out", "a.mp4")
    assert status == 130
    assert "a.mp4" in out
    assert "stopped" in err
    assert 11 <= film_facts(Path("a.mp4"))[0] <= 13
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers


def test_a_second_ctrl_c_does_not_wait() -> None:
    with interrupts.Interrupts() as caught:
        os.kill(os.getpid(), signal.SIGINT)
        assert caught.event.wait(1)
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_characters_are_listed_shown_and_removed(run: Run, assets: Path) -> None:
    make_character(assets / "characters", "eve", format_version=7)
    mine = make_character(paths.user_characters_dir(), "zoe")
    status, out, _ = run("characters", "list")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()] == ["ada", "ben", "eve", "zoe"]
    listed = json.loads(run("characters", "list", "--json")[1])["characters"]
    assert [(entry["id"], entry["bundled"]) for entry in listed] == [
        ("ada", True), ("ben", True), ("eve", True), ("zoe", False),
    ]  # fmt: skip
    assert "format version 7" in listed[2]["fault"]
    shown = json.loads(run("characters", "show", "zoe", "--json")[1])
    assert shown["consent"] == {"kind": "synthetic"}
    assert "licence" in run("characters", "show", "ada")[1]
    assert run("characters", "remove", "ada")[0] == 1
    assert run("characters", "remove", "zoe")[0] == 0
    assert not mine.exists()


def test_importing_a_portrait_says_what_is_missing(run: Run, assets: Path, tmp_path: Path) -> None:
    picture = assets / "characters" / "ada" / "portrait.png"
    words = ("--name", "Me", "--consent", "own")
    status, _, err = run("characters", "import", picture, *words)
    assert status == 1
    assert "too small" in err
    picture = tmp_path / "me.png"
    cv2.imwrite(str(picture), np.full((400, 400, 3), 99, np.uint8))
    status, _, err = run("characters", "import", picture, *words)
    assert status == 1
    assert "no portrait model is installed" in err
    assert "--landmarks" in err
    status, _, err = run("characters", "import", "none.png", *words)
    assert status == 1
    assert "none.png is not there" in err


def test_without_a_screen_the_sample_becomes_a_film(run: Run) -> None:
    status, out, err = run()
    assert status == 0
    assert "no screen" in err
    film = Path(out.strip())
    assert film == Path.cwd() / sample.FILE_NAME
    assert film_facts(film)[:3] == (30, pytest.approx(1.0, abs=0.02), (1280, 720))


def test_what_nobody_foresaw_is_a_sentence_too(
    run: Run, voice: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(drawn: int) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(engine_builder, "make_frames", lambda *rest: SimulatedFrames(broken))
    status, _, err = run("render", "--voice", voice, "--out", "a.mp4")
    assert status == 1
    assert "inside Personare (ZeroDivisionError: oops)" in err
    assert str(log_file()) in err
    assert "Traceback" in log_file().read_text()


def test_a_thread_that_dies_is_in_the_log_and_not_on_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    start_logging()
    try:
        thread = threading.Thread(target=lambda: 1 // 0, name="doomed")
        thread.start()
        thread.join()
    finally:
        stop_logging()
    assert capsys.readouterr().err == ""
    assert "thread doomed died" in log_file().read_text()
    assert "ZeroDivisionError" in log_file().read_text()


def test_without_a_place_for_the_log_everything_goes_on(
    run: Run, voice: Path, personare_home: Path
) -> None:
    (personare_home / "logs").write_text("a file where the folder should be")
    assert run("perform", "--voice", voice, "--out", "a.csv")[0] == 0


def test_a_folder_that_cannot_be_written_is_a_sentence_and_a_remedy(personare_home: Path) -> None:
    # A process of its own: under pytest a handler always takes what Python would print.
    personare_home.mkdir(parents=True, exist_ok=True)
    home = personare_home / "home"
    home.write_text("a file where the folder should be")
    lena = Path(__file__).parents[2] / "assets" / "characters" / "lena" / "portrait.png"
    for words, sentence in (
        (("show", "nobody"), "There is no character 'nobody'"),
        (("import", str(lena), "--name", "Me", "--consent", "synthetic"), "cannot be written to"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "app", "characters", *words],
            env=os.environ | {"PERSONARE_HOME": str(home)},
            cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 1
        first, remedy = done.stderr.splitlines()
        assert first.startswith("personare: ")
        assert sentence in first
        assert remedy.startswith("  ")


def test_the_doctor_survives_whatever_a_check_does() -> None:
    def known() -> doctor.Finding:
        raise PersonareError("It is broken.", "Mend it.")

    def unknown() -> doctor.Finding:
        raise OSError("no such thing")

    assert doctor.guard("a", known).remedy == "Mend it."
    finding = doctor.guard("b", unknown, doctor.MISSING)
    assert (finding.state, finding.detail) == ("missing", "OSError: no such thing")
