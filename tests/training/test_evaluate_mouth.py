"""The rows about lips, onset and noise fail for a frozen and a random mouth and pass the truth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from inference.contract import (
    AUDIO_RATE,
    MOTION_INDEX,
    MOTION_NAMES,
    MOTION_SIZE,
    VISEMES,
    Float32Array,
)
from tests.training.evaluate_fakes import FakePerformer, level_of
from training.evaluate import performer
from training.evaluate.lip_shapes import LIP_GROUP, TEMPLATES, read_lips
from training.evaluate.mouth_rows import mouth_rows
from training.evaluate.mouth_score import ScoredClip, area_under_curve, place, score
from training.evaluate.onset import onset_row, sound_onset
from training.evaluate.prompts import Prompt, read_track
from training.evaluate.quiet import echoes, noises, quiet_rows
from training.speech.phones import ARPABET, spread
from training.teacher.mouth import MOUTH, motion_columns, mouth_track

SHARED = Path(__file__).resolve().parents[3] / "shared" / "speech"
TEXT = (
    "SIL M AA P AE S IY T UW B OW N IH SIL SH UW Z EH M IY K AO B AH D W EY F AY SIL "
    "L UW P AA T CH OW G EH N IY B AE S SIL"
)
WORDS = TEXT.split()


def spoken(seed: int) -> Prompt:
    """Phones of uneven length, and a tone where they are not silence."""
    rng = np.random.default_rng(seed)
    phones, at = [], 0.0
    for name in WORDS:
        length = 0.4 if name == "SIL" else float(rng.uniform(0.08, 0.18))
        phones.append((round(at, 3), round(at + length, 3), name))
        at += length
    time_N = np.arange(int(at * AUDIO_RATE)) / AUDIO_RATE
    loud = np.zeros(len(time_N))
    for start, end, name in phones:
        if name != "SIL":
            loud[int(start * AUDIO_RATE) : int(end * AUDIO_RATE)] = 0.2
    audio_N = loud * np.sin(2 * np.pi * 150 * time_N) + 1e-4 * rng.standard_normal(len(time_N))
    return Prompt(f"words-{seed}", audio_N.astype(np.float32), at, phones)


PROMPTS = [spoken(seed) for seed in range(4)]


def truth(prompt: Prompt) -> tuple[np.ndarray, Float32Array]:
    """What the teacher's mouth does, at 50 steps a second."""
    time_T = np.arange(int(prompt.duration * 50)) / 50
    ours = [part for a, b, name in prompt.phones for part in spread(a, b, ARPABET[name])]
    mouth_TK = mouth_track(ours, time_T)
    motion_TD = np.zeros((len(time_T), MOTION_SIZE), np.float32)
    for i, channel in enumerate(MOUTH):
        motion_TD[:, motion_columns(channel)] = mouth_TK[:, i : i + 1]
    return time_T, motion_TD


def clips(kind: str) -> list[ScoredClip]:
    rng = np.random.default_rng(1)
    placed = []
    for prompt in PROMPTS:
        time_T, motion_TD = truth(prompt)
        head_TV = np.eye(len(VISEMES))[read_lips(motion_TD)]
        if kind == "frozen":
            motion_TD = motion_TD * 0
        elif kind == "random":
            motion_TD = rng.permutation(motion_TD)
        elif kind == "late":
            time_T = time_T + 0.12
        placed.append(
            place(prompt.phones, prompt.duration, time_T, motion_TD,
                  head_TV if kind == "perfect" else None)
        )  # fmt: skip
    return placed


def test_a_perfect_track_is_good_and_the_others_are_not() -> None:
    perfect, frozen, noise, late = map(score, map(clips, ("perfect", "frozen", "random", "late")))
    assert perfect.openness > 0.8
    assert perfect.closed_lips > 0.9
    assert perfect.closed_tongue < 0.2
    assert perfect.rounding > 0.9
    assert perfect.groups_by_shape is not None
    assert perfect.groups_by_head is not None
    assert abs(perfect.lag_ms) <= 20
    assert frozen.openness == 0
    assert frozen.closed_tongue == 1  # shut lips close everything
    assert frozen.rounding == 0.5
    assert abs(noise.openness) < 0.2
    assert abs(noise.rounding - 0.5) < 0.15
    assert noise.groups_by_shape is not None
    assert noise.groups_by_shape < perfect.groups_by_shape - 0.2
    assert abs(late.lag_ms - 120) <= 20
    assert late.openness < perfect.openness - 0.2
    assert late.openness_best == pytest.approx(perfect.openness_best, abs=0.05)
    assert late.closed_lips_sync > late.closed_lips


def test_every_row_of_the_lips_can_fail() -> None:
    verdicts = {
        kind: [row.met for row in mouth_rows(clips(kind))] for kind in ("perfect", "frozen")
    }
    assert not any(verdicts["frozen"])
    # Openness and lag, rounding: the teacher's mouth on its own phones.
    assert verdicts["perfect"][0]
    assert verdicts["perfect"][3]
    assert verdicts["perfect"][5]
    late = [row.met for row in mouth_rows(clips("late"))]
    assert not late[0]
    assert not late[5]


def test_lips_are_read_as_the_nearest_template() -> None:
    for number, name in enumerate(VISEMES):
        motion_TD = np.zeros((1, MOTION_SIZE), np.float32)
        for channel, value in TEMPLATES[name].items():
            motion_TD[0, MOTION_INDEX[channel]] = value
        assert read_lips(motion_TD) == [number]
    assert LIP_GROUP[VISEMES.index("PP")] != LIP_GROUP[VISEMES.index("FF")]


def test_the_area_counts_pairs() -> None:
    assert area_under_curve(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert area_under_curve(np.array([0.0, 3.0]), np.array([1.0, 2.0])) == 0.5
    assert area_under_curve(np.ones(3), np.ones(4)) == 0.5


def write(folder: Path, prompt: Prompt, names: list[str], table: np.ndarray) -> None:
    folder.mkdir(exist_ok=True)
    header = ",".join(["t", *names])
    file = folder / f"{prompt.id}.csv"
    np.savetxt(file, table, "%.6f", ",", header=header, comments="")


def shared_score(folders: list[Path], prompts: list[Prompt], tmp_path: Path) -> dict[str, dict]:
    """What the shared scorer says of the same tracks."""
    align = tmp_path / "align"
    align.mkdir()
    for prompt in prompts:
        about = {"id": prompt.id, "dur": prompt.duration, "phones": prompt.phones}
        (align / f"{prompt.id}.json").write_text(json.dumps(about))
    listing = tmp_path / "list.txt"
    listing.write_text("\n".join(p.id for p in prompts))
    out = tmp_path / "out.json"
    command = [sys.executable, "-W", "ignore", str(SHARED / "score.py"), *map(str, folders)]
    command += ["--list", str(listing), "--align", str(align), "--json", str(out)]
    environment = os.environ | {"SPEECH_DIR": str(tmp_path)}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    return json.loads(out.read_text())


@pytest.mark.skipif(not (SHARED / "score.py").exists(), reason="needs the shared scorer")
def test_the_figures_are_those_of_the_shared_scorer(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for prompt in PROMPTS:
        time_T, motion_TD = truth(prompt)
        worse_TD = motion_TD * rng.uniform(0.5, 1.3, motion_TD.shape) + 0.02
        write(tmp_path / "motion", prompt, list(MOTION_NAMES),
              np.column_stack([time_T + 0.03, worse_TD]))  # fmt: skip
        head_TV = rng.dirichlet(np.ones(15), len(time_T)) + np.eye(15)[read_lips(motion_TD)]
        write(tmp_path / "visemes", prompt, [f"viseme_{v}" for v in VISEMES],
              np.column_stack([time_T, head_TV]))  # fmt: skip
    theirs = shared_score([tmp_path / "motion", tmp_path / "visemes"], PROMPTS, tmp_path)
    for kind, their in theirs.items():
        ours = score([read_track(prompt, tmp_path / kind) for prompt in PROMPTS])
        assert ours.openness_best == pytest.approx(their["r_in"], abs=6e-4)
        assert ours.lag_ms == their["lag_in_ms"]
        assert ours.viseme_lag_ms == their["lag_acc_ms"]
        assert ours.viseme_accuracy == pytest.approx(their["live"]["acc_sp"])
        assert ours.closed_lips == pytest.approx(their["live"]["pbm_closed"])
        assert ours.closed_tongue == pytest.approx(their["live"]["alv_closed"])
        assert ours.closed_lips_sync == pytest.approx(their["sync"]["pbm_closed"])
        assert ours.closed_tongue_sync == pytest.approx(their["sync"]["alv_closed"])
        assert ours.lips_scored == their["n_pbm"]
        groups = ours.groups_by_shape if kind == "motion" else ours.groups_by_head
        assert groups == pytest.approx(their["live"]["grp_sp"])


def test_the_command_reads_a_folder_of_tracks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import soundfile

    speech, align = tmp_path / "speech", tmp_path / "align"
    speech.mkdir()
    align.mkdir()
    for prompt in PROMPTS:
        soundfile.write(speech / f"{prompt.id}.wav", prompt.audio_N, AUDIO_RATE)
        about = {"dur": prompt.duration, "phones": prompt.phones}
        (align / f"{prompt.id}.json").write_text(json.dumps(about))
        time_T, motion_TD = truth(prompt)
        write(tmp_path / "tracks", prompt, list(MOTION_NAMES), np.column_stack([time_T, motion_TD]))
    listing = tmp_path / "list.txt"
    listing.write_text("".join(f"{p.id}.wav\n" for p in PROMPTS))
    performer.main([
        str(tmp_path / "tracks"), "--speech", str(speech), "--align", str(align),
        "--list", str(listing), "--json", str(tmp_path / "table.json"),
        "--plots", str(tmp_path / "plots"),
    ])  # fmt: skip
    assert "| openness correlation inside speech" in capsys.readouterr().out
    rows = json.loads((tmp_path / "table.json").read_text())["rows"]
    assert rows[0]["met"]
    assert rows[0]["figures"]["openness"] > 0.8
    assert (tmp_path / "plots" / "mouth.png").stat().st_size > 10_000


def jaw(threshold: float, delay_steps: int = 0) -> FakePerformer:
    """A jaw that opens with the level, some steps late."""
    state = np.zeros(delay_steps, np.float32)

    def draw(self_TS: Float32Array, other_TS: Float32Array, first: int) -> Float32Array:
        nonlocal state
        if first == 0:
            state = np.zeros(delay_steps, np.float32)
        motion_TD = np.zeros((len(self_TS), MOTION_SIZE), np.float32)
        opened = 0.4 * (level_of(self_TS) > threshold).astype(np.float32)
        queue = np.concatenate([state, opened])
        motion_TD[:, MOTION_INDEX["jawOpen"]] = queue[: len(opened)]
        state = queue[len(opened) :]
        return motion_TD

    return FakePerformer(draw)


def test_the_onset_row_times_the_mouth() -> None:
    assert sound_onset(PROMPTS[0].audio_N) == pytest.approx(0.4, abs=0.02)
    assert sound_onset(np.zeros(AUDIO_RATE, np.float32)) is not None  # all frames alike
    prompt, late = onset_row(jaw(0.01), PROMPTS), onset_row(jaw(0.01, 5), PROMPTS)
    assert prompt.met
    assert not late.met
    assert late.figures["median_ms"] == pytest.approx(prompt.figures["median_ms"] + 100, abs=1)
    frozen = onset_row(FakePerformer(), PROMPTS)
    assert not frozen.met
    assert frozen.figures["median_ms"] == 500


def test_the_quiet_row_sees_a_mouth_that_opens_to_noise_or_echo() -> None:
    talk_N = np.concatenate([p.audio_N for p in PROMPTS])
    sounds = noises(8.0) + echoes(talk_N, 8.0)
    shut = quiet_rows(FakePerformer(), sounds, 0.4)
    assert [row.met for row in shut] == [True, True]
    loose = quiet_rows(jaw(0.003), sounds, 0.4)
    assert [row.met for row in loose] == [False, False]
    shares = loose[0].figures["open_share"] | loose[1].figures["open_share"]
    assert shares["silence"] == shares["others speak, no echo"] == 0
    assert shares["echo -6 dB"] > shares["echo -30 dB"]
    assert shares["music"] > 0.3


def test_echo_has_its_level_and_its_delay() -> None:
    talk_N = replace(PROMPTS[0]).audio_N
    for quiet, level_db in zip(echoes(talk_N, 8.0)[1:], (-30, -24, -18, -12, -6), strict=True):
        assert quiet.other_N is not None
        measured = 10 * np.log10((quiet.self_N**2).mean() / (quiet.other_N**2).mean())
        assert measured == pytest.approx(level_db, abs=4)
