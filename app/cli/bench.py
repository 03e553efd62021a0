"""`personare bench`: how fast, how late and how large Personare is on this machine.

The live session itself is measured, with the sample speech in place of the microphone (blocks of
10 ms, in real time) and a camera that only notes when a picture is handed to it.

Delay of the mouth: a moment of sound s is captured; it counts as shown when the first picture whose
face shows audio time s or later is handed to the camera, converted to I420. The difference, for
every 10 ms of sound, is `mouth_delay_ms`: it holds the block, the motion step, the model's own
look-ahead, the wait for the camera's turn and the drawing. `picture_delay_ms` is the same without
that wait: how old the sound in a picture is when it is handed over.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from app import paths
from app.cli import arguments
from app.cli.interrupts import Interrupts
from app.cli.process import age_s, peak_memory_mb
from app.cli.progress import Progress
from app.session_contract import OutputFormat, PartState
from inference.contract import AUDIO_RATE, STEP_SAMPLES, PersonareError

if TYPE_CHECKING:
    from app.devices.contracts import CameraFrame
    from inference.engine import Engine

_PACE: Final = 30
_FREE_PACE: Final = 240
"""More than any machine reaches: the loop runs as fast as it can."""
_START_LIMIT_S: Final = 60.0


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = commands.add_parser("bench", help="measure speed, delay and memory")
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument(
        "--seconds", type=arguments.positive, default=15.0, metavar="N",
        help="length of the real-time run (default: 15)",
    )  # fmt: skip
    parser.add_argument(
        "--size", type=arguments.picture_size, default=(1280, 720), metavar="WxH",
        help="the camera's picture (default: 1280x720)",
    )  # fmt: skip
    arguments.add_character(parser)
    parser.add_argument(
        "--provider", choices=("auto", "cpu", "cuda", "directml"), default="auto",
        help="where the models run (default: auto)",
    )  # fmt: skip
    arguments.add_quality(parser)
    parser.set_defaults(run=run)


@dataclass(slots=True)
class NotingCamera:
    """A `CameraSink` that notes (handed over, capture of the newest sound shown), in seconds."""

    first_age_s: float = 0.0
    handed: list[tuple[float, float]] = field(default_factory=list)
    _last: tuple[float, float] | None = None

    name = "measurement"

    def open(self, stop: Event) -> None:
        """Nothing to open."""

    def close(self) -> None:
        """Nothing to close."""

    def fault(self) -> PersonareError | None:
        """It cannot fail."""
        return None

    def send(self, frame: CameraFrame) -> None:
        """Note the moment; the I420 picture exists already."""
        now = time.perf_counter()
        if not self.first_age_s:
            self.first_age_s = age_s()
        if frame.capture_time is not None:
            self._last = (now, now - frame.capture_time)
            self.handed.append((now, frame.capture_time))

    def handed_over(self) -> tuple[float, float] | None:
        """The newest note, once."""
        last, self._last = self._last, None
        return last


def mouth_delays(handed: list[tuple[float, float]]) -> np.ndarray[Any, Any]:
    """Seconds from each 10 ms of sound to the first picture that shows it; see the module."""
    when_F, shown_F = np.array(handed, np.float64).T
    shown_F = np.maximum.accumulate(shown_F)
    sound_S = np.arange(shown_F[0], shown_F[-1], 0.01)
    sound_S = sound_S[sound_S <= shown_F[-1]]  # arange may round beyond its end
    delay_S: np.ndarray[Any, Any] = when_F[np.searchsorted(shown_F, sound_S)] - sound_S
    return delay_S


def _spread(values: np.ndarray[Any, Any], scale: float = 1000.0) -> dict[str, float]:
    return {
        "p50": round(float(np.percentile(values, 50)) * scale, 1),
        "p95": round(float(np.percentile(values, 95)) * scale, 1),
    }


def live_run(options: argparse.Namespace, pace: int, seconds: float) -> tuple[NotingCamera, Any]:
    """Run the live session for `seconds` after its first picture; returns camera and engine."""
    from app.composition import live_makers
    from app.devices.file_source import FileSource
    from app.live_session import LiveChoices, LiveSession
    from app.media.sound_file import read_speech
    from app.realtime.clock import SystemClock

    width, height = options.size
    clock, camera, stages = SystemClock(), NotingCamera(), []
    makers = live_makers(clock)

    def make_stage(choices: Any, report: Any) -> Any:
        stages.append(makers.make_stage(choices, report))
        return stages[-1]

    session = LiveSession(
        replace(
            makers,
            make_stage=make_stage,
            make_input=lambda key: FileSource(Path(key), clock, read_speech, loop=True),
            make_camera=lambda key, output: camera,
            list_microphones=list, list_loopbacks=list, list_cameras=list,
        ),
        LiveChoices(
            character=options.character, microphone=str(paths.sample_speech()), camera="",
            output=OutputFormat(width, height, pace), provider=options.provider,
            quality=options.quality,
        ),
    )  # fmt: skip
    with Interrupts() as interrupts, Progress(f"live at {pace} fps", seconds) as progress:
        session.start()
        try:
            _wait_first(session, camera, interrupts)
            begin = time.perf_counter()
            while (past := time.perf_counter() - begin) < seconds:
                interrupts.event.wait(0.05)
                interrupts.check()
                progress.update(past)
        finally:
            session.stop()
    return camera, stages[0]


def _wait_first(session: Any, camera: NotingCamera, interrupts: Interrupts) -> None:
    limit = time.perf_counter() + _START_LIMIT_S
    while not camera.handed:
        interrupts.event.wait(0.01)
        interrupts.check()
        engine = session.status().engine
        if engine.state is PartState.FAILED:
            raise PersonareError(engine.message, engine.remedy)
        if time.perf_counter() > limit:
            raise PersonareError(
                f"No picture came within {_START_LIMIT_S:.0f} s.", "Look into the log."
            )


def _rate(handed: list[tuple[float, float]]) -> float:
    return (len(handed) - 1) / (handed[-1][0] - handed[0][0]) if len(handed) > 1 else 0.0


def stage_costs(engine: Engine, pictures: int = 60) -> dict[str, float]:
    """Median milliseconds of each stage, one after the other, on the sample speech."""
    from app.media.sound_file import read_speech

    speech_N = np.resize(read_speech(paths.sample_speech()), pictures * 2 * STEP_SAMPLES)
    costs: dict[str, list[float]] = {"motion_step": [], "draw": [], "compose": [], "i420": []}
    for k in range(pictures):
        for half in range(2):
            at = (2 * k + half) * STEP_SAMPLES
            engine.hear(speech_N[at : at + STEP_SAMPLES])
            costs["motion_step"].append(engine.motion_ms)
        picture = engine.frame()
        costs["draw"].append(picture.draw_ms)
        costs["compose"].append(picture.compose_ms)
        before = picture.compose_ms
        _ = picture.i420
        costs["i420"].append(picture.compose_ms - before)
    return {name: round(float(np.median(values)), 2) for name, values in costs.items()}


def reference() -> dict[str, float]:
    """The reference convolution on the CPU, one thread."""
    from inference.execution_providers import time_reference
    from inference.reference_convolution import FLOP

    milliseconds = time_reference("cpu", runs=21)
    return {"ms": round(milliseconds, 2), "gflops": round(FLOP / milliseconds / 1e6, 1)}


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Everything; see docs/cli.md for the keys."""
    camera, stage = live_run(options, _PACE, options.seconds)
    memory = peak_memory_mb()
    free, _ = live_run(options, _FREE_PACE, max(3.0, options.seconds / 4))
    engine: Engine = stage.performer
    when_F, shown_F = (np.array(column) for column in zip(*camera.handed, strict=True))
    costs = stage_costs(engine)
    per_picture = costs["draw"] + costs["compose"] + costs["i420"]
    steps = AUDIO_RATE / STEP_SAMPLES
    return {
        "fps": round(_rate(free.handed), 1),
        "delivered_fps": round(_rate(camera.handed), 2),
        "asked_fps": _PACE,
        "real_time_factor": round((_PACE * per_picture + steps * costs["motion_step"]) / 1000, 3),
        "mouth_delay_ms": _spread(mouth_delays(camera.handed)),
        "picture_delay_ms": _spread(when_F - shown_F),
        "model_delay_ms": round(engine.delay_s * 1000, 1),
        "first_frame_s": round(camera.first_age_s, 2),
        "peak_memory_mb": round(memory),
        "stages_ms": costs,
        "reference_convolution": reference(),
        "character": stage.character,
        "quality": options.quality,
        "frame_size": engine.frames.size if engine.frames is not None else None,
        "output": {"width": options.size[0], "height": options.size[1]},
        "provider": stage.provider,
        "machine": {
            "system": platform.platform(),
            "processor": platform.machine(),
            "cores": os.cpu_count(),
            "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        },
    }


def run(options: argparse.Namespace) -> int:
    """Carry out the command."""
    report = measure(options)
    if options.json:
        print(json.dumps(report, indent=2))
        return 0
    mouth, picture = report["mouth_delay_ms"], report["picture_delay_ms"]
    convolution, stages = report["reference_convolution"], report["stages_ms"]
    print(
        f"{report['fps']:.1f} pictures per second at most; {report['delivered_fps']:.2f} delivered "
        f"of {report['asked_fps']} asked for ({report['output']['width']}x"
        f"{report['output']['height']}, {report['provider']}, {report['quality']})\n"
        f"mouth {mouth['p50']:.0f} ms behind the voice (95%: {mouth['p95']:.0f}), pictures "
        f"{picture['p50']:.0f} ms (95%: {picture['p95']:.0f})\n"
        f"first picture {report['first_frame_s']:.2f} s after the start, "
        f"{report['peak_memory_mb']} MB of memory at most\n"
        f"stages: {', '.join(f'{name} {value:.2f} ms' for name, value in stages.items())}\n"
        f"reference convolution {convolution['ms']:.2f} ms ({convolution['gflops']:.0f} GFLOP/s)"
    )
    return 0
