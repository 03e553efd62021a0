# SPDX-License-Identifier: GPL-2.0-or-later
"""The program: reads arguments, opens the camera, sends until told to end. See README.md here."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

from app.camera_program.device import CameraRefusedError, heal, open_camera
from app.camera_program.ring_reader import RingReader
from app.camera_program.sender import Sender


class Orders:
    """Listens to the application on standard input, on a thread of its own."""

    def __init__(self) -> None:
        self.news = threading.Event()
        """Set at every byte, so that the sender wakes."""
        self.quit = False
        self.orphaned_at: float | None = None
        """When the application's end of the pipe was closed; None while it is there."""
        threading.Thread(target=self._listen, name="orders", daemon=True).start()

    def _listen(self) -> None:
        while True:
            data = os.read(0, 4096)
            if b"q" in data:
                self.quit = True
            if not data:
                self.orphaned_at = time.perf_counter()
            self.news.set()
            if not data:
                return


def tell(event: str, **facts: Any) -> None:
    """One line of JSON to the application; it may be gone."""
    try:
        sys.stdout.write(json.dumps({"event": event, **facts}) + "\n")
        sys.stdout.flush()
    except OSError:
        # Nobody listens any more: write to nowhere from now on, also at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def main(arguments: list[str] | None = None) -> int:
    """Run the program; the exit status is 0, or 3 when the camera refused."""
    parser = argparse.ArgumentParser(prog="personare-camera", description=__doc__)
    parser.add_argument("--ring", required=True, type=Path, help="file of shared pictures")
    parser.add_argument("--device", default="", help="virtual camera; the first one found if empty")
    parser.add_argument("--ours", action="store_true", help="the application had it a moment ago")
    parser.add_argument("--orphan-seconds", type=float, default=3.0, help="go on without the app")
    options = parser.parse_args(arguments)
    # Ctrl-C in a terminal reaches the whole group: the application decides when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ring = RingReader(options.ring)
    orders = Orders()
    try:
        camera = open_camera(ring.width, ring.height, ring.fps, options.device, options.ours)
    except CameraRefusedError as refusal:
        tell("failed", message=str(refusal), remedy=refusal.remedy, reasons=refusal.reasons)
        return 3
    device = str(camera.device)
    tell("open", device=device, backend=str(camera.backend))
    sender = Sender(ring, camera, orders, tell, options.orphan_seconds)
    signal.signal(signal.SIGTERM, lambda *_: setattr(orders, "quit", True))
    try:
        sender.run()
    except Exception as error:  # noqa: BLE001 - the edge of the process: tell the application
        tell("failed", message=f"The camera {device} stopped taking pictures: {error}.",
             remedy="It is opened again by itself.", reasons=[str(error)])  # fmt: skip
        return 3
    finally:
        camera.close()
        heal(device, ours=True)
        ring.close()
    tell("closed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
