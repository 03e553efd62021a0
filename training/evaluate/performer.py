"""The table of the motion generator: `python -m training.evaluate.performer MODEL_OR_TRACKS ...`.

A motion package is measured in every respect. A folder of tracks, one CSV per prompt
(`personare perform --out`, or any with ARKit names or Oculus visemes), only in the rows about
lips. `--align` holds a JSON per prompt with `dur` and `phones`; `--list` names the
prompts. The voices must be ones that the model was never trained on.

Every row is printed as soon as it is known, the whole table in Markdown at the end. `--quick` uses
a tenth of the sound: good enough to see whether something is broken, not to be quoted.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from inference.contract import Float32Array
from inference.motion_generator import MotionGenerator
from training.evaluate import prompts as tracks
from training.evaluate.bad_input import bad_input_rows
from training.evaluate.base_row import base_row
from training.evaluate.dialogue import Dialogue, make_dialogue
from training.evaluate.directing import direction_rows
from training.evaluate.life_rows import (
    Scene,
    blink_rows,
    gaze_rows,
    listening_row,
    perform_dialogues,
)
from training.evaluate.mouth_rows import mouth_rows
from training.evaluate.mouth_score import ScoredClip
from training.evaluate.onset import onset_row
from training.evaluate.quiet import echoes, noises, quiet_rows, real_music
from training.evaluate.stamina import stamina_rows
from training.evaluate.streaming import streaming_rows
from training.evaluate.table import Row, markdown, write_json
from training.speech.sources import read_audio

OTHER_VOICE: Final = Path("/usr/share/asterisk/sounds/es_MX_f_Allison")
"""Debian's asterisk-core-sounds-es-g722: with the English prompts the voice kept for tests."""
_OTHER_CLIPS: Final = 150


@dataclass(frozen=True, slots=True)
class Lengths:
    """How much of everything is played, in seconds unless it says otherwise."""

    quiet: float = 600.0
    dialogue: float = 300.0
    dialogues: int = 8
    """How many conversations."""
    block: float = 288.0
    blocks: int = 10
    """How many blocks are streamed without a reset."""
    seeds: int = 7
    """How many more seeds the drift is compared with."""
    short: float = 60.0


QUICK: Final = Lengths(
    quiet=60.0, dialogue=180.0, dialogues=2, block=60.0, blocks=4, seeds=3, short=30.0
)


class Evaluation:
    """The sections of the table for one package; what they share is made once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.lengths = QUICK if options.quick else Lengths()
        self.performer = MotionGenerator(options.what)
        read = tracks.read_prompts(options.speech, options.align, options.listing)
        self.prompts = tracks.spoil(read, options.gain_db, options.snr_db)

    @cached_property
    def clips(self) -> list[ScoredClip]:
        """Every prompt performed, on the grid."""
        return tracks.score_prompts(self.performer, self.prompts, self.options.out)[0]

    @cached_property
    def peak(self) -> float:
        """95th percentile of the aperture in speech."""
        return tracks.speech_peak(self.clips)

    @cached_property
    def others(self) -> list[Float32Array]:
        """Recordings of the other side: the longest of the folder, or else the prompts."""
        folder = self.options.other
        files = [f for f in folder.rglob("*") if f.suffix in (".g722", ".wav")]
        files.sort(key=lambda file: (-file.stat().st_size, file.name))
        return [read_audio(f) for f in files[:_OTHER_CLIPS]] or [p.audio_N for p in self.prompts]

    def dialogue(self, seconds: float, seed: int) -> Dialogue:
        """A conversation of the prompts' voice with the other one."""
        return make_dialogue([p.audio_N for p in self.prompts], self.others, seconds, seed)

    @cached_property
    def scenes(self) -> list[Scene]:
        """Conversations, performed."""
        made = [
            self.dialogue(self.lengths.dialogue, seed) for seed in range(self.lengths.dialogues)
        ]
        return perform_dialogues(self.performer, made)

    def mouth(self) -> Iterable[Row]:
        """Lips against phones."""
        yield from mouth_rows(self.clips)

    def onset(self) -> Iterable[Row]:
        """From speech to movement."""
        yield onset_row(self.performer, self.prompts)

    def quiet(self) -> Iterable[Row]:
        """The mouth in noise and echo."""
        seconds = self.lengths.quiet
        sounds = noises(seconds) + real_music(seconds)
        talk_N = np.concatenate([self.dialogue(300.0, 70 + i).other_N for i in range(2)])
        yield from quiet_rows(self.performer, sounds + echoes(talk_N, seconds), self.peak)

    def life(self) -> Iterable[Row]:
        """Listening, blinks and gaze."""
        yield listening_row(self.scenes)
        yield from blink_rows(self.scenes)
        yield from gaze_rows(self.scenes)

    def stamina(self) -> Iterable[Row]:
        """Drift and memory."""
        block = self.dialogue(self.lengths.block, 40)
        yield from stamina_rows(self.performer, block, self.lengths.blocks, self.lengths.seeds)

    def streaming(self) -> Iterable[Row]:
        """Pieces, later input and cost."""
        yield from streaming_rows(self.performer, self.dialogue(self.lengths.short, 50))

    def direction(self) -> Iterable[Row]:
        """Cues and moods."""
        yield from direction_rows(self.performer, self.dialogue(60.0, 60), self.options.quick)

    def bad_input(self) -> Iterable[Row]:
        """What microphones do."""
        others_N = np.concatenate(self.others[:12])
        yield from bad_input_rows(self.performer, self.prompts, others_N, self.peak)

    def base(self) -> Iterable[Row]:
        """The student against the Base."""
        given = self.options
        yield base_row(given.base, given.student, given.shards, 40 if given.quick else 200)

    def sections(self) -> dict[str, Callable[[], Iterable[Row]]]:
        """In the order of the table."""
        return {
            "mouth": self.mouth, "onset": self.onset, "quiet": self.quiet, "life": self.life,
            "stamina": self.stamina, "streaming": self.streaming, "base": self.base,
            "direction": self.direction, "bad-input": self.bad_input,
        }  # fmt: skip

    def plot(self, folder: Path) -> None:
        """Write mouth.png, listening.png and life.png."""
        from training.evaluate import plots

        folder.mkdir(parents=True, exist_ok=True)
        longest = sorted(range(len(self.prompts)), key=lambda i: -self.prompts[i].duration)[10:16]
        plots.plot_mouth(
            [self.prompts[i] for i in longest], [self.clips[i] for i in longest],
            folder / "mouth.png",
        )  # fmt: skip
        plots.plot_listening(self.scenes[0], folder / "listening.png")
        plots.plot_life(self.scenes, folder / "life.png")


SECTIONS: Final = (
    "mouth", "onset", "quiet", "life", "stamina", "streaming", "base", "direction", "bad-input",
)  # fmt: skip


def evaluate_package(options: argparse.Namespace) -> Iterator[Row]:
    """The rows of the sections asked for, as they are measured; then the plots."""
    evaluation = Evaluation(options)
    sections = evaluation.sections()
    for name in dict.fromkeys(options.only):
        if name in sections:
            began = time.monotonic()
            yield from sections[name]()
            print(f"  ({name}: {time.monotonic() - began:.0f} s)", file=sys.stderr, flush=True)
    if options.plots is not None:
        evaluation.plot(options.plots)


def evaluate_tracks(options: argparse.Namespace) -> Iterator[Row]:
    """The rows that can be had from finished tracks."""
    read = tracks.read_prompts(options.speech, options.align, options.listing)
    clips = [tracks.read_track(prompt, options.what) for prompt in read]
    yield from mouth_rows(clips)
    if options.plots is not None:
        from training.evaluate import plots

        options.plots.mkdir(parents=True, exist_ok=True)
        plots.plot_mouth(read[:6], clips[:6], options.plots / "mouth.png")


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", type=Path, help="motion package, or folder of CSV tracks")
    parser.add_argument("--speech", type=Path, required=True, help="folder of 16 kHz test WAVs")
    parser.add_argument("--align", type=Path, required=True, help="their phones, a JSON each")
    parser.add_argument("--list", type=Path, required=True, dest="listing")
    parser.add_argument(
        "--other",
        type=Path,
        default=OTHER_VOICE,
        help="folder of recordings (.g722, .wav) of the other side (default: Debian's Spanish)",
    )
    parser.add_argument("--quick", action="store_true", help="a tenth of the sound")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--base", type=Path, help="checkpoint of the Base")
    parser.add_argument("--student", type=Path, help="checkpoint of its student")
    parser.add_argument("--shards", type=Path, help="conversations the Base can be sampled under")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--plots", type=Path, metavar="FOLDER")
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="keep the prompts' tracks")
    parser.add_argument("--gain-db", type=float, default=0.0, help="change the prompts' level")
    parser.add_argument("--snr-db", type=float, help="add pink noise under the prompts")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, write."""
    options = parse(arguments)
    if options.out is not None:
        options.out.mkdir(parents=True, exist_ok=True)
    package = (options.what / "model.json").is_file()
    rows = []
    for row in evaluate_package(options) if package else evaluate_tracks(options):
        print(f"{row.verdict:8}{row.what}: {row.measured} [{row.bar}]", flush=True)
        rows.append(row)
    print("\n" + markdown(rows))
    if options.json is not None:
        about = {"what": options.what.name, "quick": options.quick, "sections": list(options.only),
                 "gain_db": options.gain_db, "snr_db": options.snr_db}  # fmt: skip
        write_json(rows, options.json, about)


if __name__ == "__main__":
    main()
