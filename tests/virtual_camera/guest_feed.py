"""Runs in the guest: a live session with a stand-in for the models, whose pictures carry a number.

`pattern` (from the folder of the guest's tools) makes the pictures, so that its readers can check
every pixel. Prints the session's state once a second and one JSON line at the end.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pattern

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app.devices.simulated import SimulatedInput
from app.devices.virtual_camera import VirtualCamera
from app.live_session import LiveChoices, LiveSession
from app.live_session.makers import LiveMakers
from app.realtime.clock import SystemClock
from app.session_contract import OutputFormat


class PatternPicture:
    # Never neutral: in a stall of the emulated machine the last picture is repeated, and every
    # frame stays exact, where neutral ones would be cross-faded.
    activity = "speaking"

    def __init__(self, i420: np.ndarray, audio_time: float) -> None:
        self.i420, self.audio_time = i420, audio_time


class PatternStage:
    """Engine and stage in one: picture k is pattern k modulo pattern.N."""

    provider, character, notice = "none", "pattern", ("", "")

    def __init__(self, output: OutputFormat, kind: str) -> None:
        size = (output.width, output.height)
        if kind == "I420":
            self.pictures = [pattern.i420(k, *size) for k in range(pattern.N)]
        else:
            self.pictures = [
                cv2.cvtColor(pattern.rgb(k, *size), cv2.COLOR_RGB2YUV_I420)
                for k in range(pattern.N)
            ]
        self.heard_s = 0.0
        self.count = 0

    @property
    def performer(self) -> PatternStage:
        return self

    def hear(self, self_N: np.ndarray, other_N: np.ndarray | None = None) -> None:
        self.heard_s += len(self_N) / 16_000

    def frame(self, time_s: float | None = None, live: bool = False) -> PatternPicture:
        self.count += 1
        return PatternPicture(self.pictures[self.count % pattern.N], self.heard_s)


def main() -> int:
    """Feed the camera; exit status 0 if it was on at the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="")
    parser.add_argument("--kind", choices=["I420", "RGB"], default="I420")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=10.0, help="after the camera is on")
    parser.add_argument("--kill-program-at", type=float, default=0.0)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    output = OutputFormat(width, height, options.fps)
    clock = SystemClock()
    cameras: list[VirtualCamera] = []

    def make_camera(key: str, wanted: OutputFormat) -> VirtualCamera:
        cameras.append(VirtualCamera(key, wanted, clock))
        return cameras[-1]

    makers = LiveMakers(
        clock=clock,
        make_stage=lambda choices, report: PatternStage(output, options.kind),
        make_input=lambda key: SimulatedInput(clock),
        make_camera=make_camera,
        make_recorder=lambda *_: None,
        list_microphones=list,
        list_loopbacks=list,
        list_cameras=list,
    )
    session = LiveSession(makers, LiveChoices(camera=options.device, output=output))
    session.start()
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: stop.append(number))
    on_at, killed, states = None, False, []
    begin = time.perf_counter()
    while not stop:
        time.sleep(0.2)
        now, camera = time.perf_counter(), session.status().camera
        if not states or states[-1] != camera.state.value:
            states.append(camera.state.value)
            print(f"FEED +{now - begin:.1f}s camera {camera}", flush=True)
        if on_at is None and camera.state == "on":
            on_at = now
        if on_at is None and now - begin > 60:
            break
        if on_at is not None and now - on_at > options.seconds:
            break
        late = on_at is not None and now - on_at > options.kill_program_at > 0
        if late and not killed and cameras[-1].process_id:
            os.kill(cameras[-1].process_id, signal.SIGKILL)
            killed = True
            print(f"FEED +{now - begin:.1f}s camera program killed", flush=True)
    last = session.status().camera
    session.stop()
    report = {
        "states": states,
        "last": last.state.value,
        "message": last.message,
        "remedy": last.remedy,
        "reasons": cameras[-1].reasons if cameras else [],
        "counts": cameras[-1].counts if cameras else {},
    }
    print("FEED END " + json.dumps(report), flush=True)
    return 0 if last.state == "on" else 3


if __name__ == "__main__":
    sys.exit(main())
