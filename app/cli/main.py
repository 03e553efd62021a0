"""The command line: one parser, one place where every fault becomes a sentence and a status.

Exit status: 0 done, 1 failed with a message on stderr, 2 wrong use, 130 stopped by Ctrl-C.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from importlib import metadata
from typing import Any

from app.cli import (
    bench,
    characters,
    doctor,
    interrupts,
    models,
    perform,
    render,
    run,
    sample,
)
from app.logging_setup import log_file, start_logging, stop_logging
from app.screen import NoWindowError
from inference.contract import PersonareError

log = logging.getLogger(__name__)

OpenWindow = Callable[[Any], int]
"""Opens the window with a session's choices (or None for those of the settings)."""


def version() -> str:
    """The installed version."""
    try:
        return metadata.version("personare")
    except metadata.PackageNotFoundError:
        return "0 (not installed)"


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="personare",
        description="A character that speaks when you speak and listens when others speak.",
        epilog="Without a command the window opens.",
    )
    parser.add_argument("--version", action="version", version=f"personare {version()}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for module in (run, render, perform, characters, models, doctor, bench):
        module.add(commands)
    return parser


def tell(error: PersonareError) -> None:
    """Say a fault on stderr: one sentence, and on the next line the remedy."""
    print(f"personare: {error}", file=sys.stderr)
    if error.remedy:
        print(f"  {error.remedy}", file=sys.stderr)


def guarded(work: Callable[[], int]) -> int:
    """Run a command; whatever happens, the user reads a sentence and the log has the rest."""
    try:
        return work()
    except PersonareError as error:
        log.warning("%s (%s)", error, error.remedy, exc_info=error)
        tell(error)
        return 1
    except KeyboardInterrupt:
        print("personare: stopped.", file=sys.stderr)
        return interrupts.STATUS
    except BrokenPipeError:
        # Whoever read our output has gone; Python would complain once more when it flushes.
        with contextlib.suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError as error:
        log.exception("out of memory")
        tell(PersonareError(f"There is not enough memory ({error}).", "Close other programs."))
        return 1
    except Exception as error:
        # The edge of the process: a bug, or a fault nobody foresaw.
        log.exception("unexpected")
        kind = type(error).__name__
        remedy = f"The details are in {log_file()}; please report them."
        if not log_file().is_file():
            remedy = f"Please report it. No log can be written to {log_file().parent}."
        tell(
            PersonareError(
                f"Something went wrong inside Personare ({kind}: {str(error)[:200]}).", remedy
            )
        )
        return 1


def _as_interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def start(open_window: OpenWindow | None) -> int:
    """What `personare` does without arguments."""
    if open_window is None:
        return sample.run()
    try:
        return open_window(None)
    except NoWindowError as why:
        log.info("no window: %s", why)
        return sample.run(str(why).rstrip("."))


def main(arguments: Sequence[str], open_window: OpenWindow | None = None) -> int:
    """Parse and run a command line without the program's name; returns the exit status.

    `open_window` opens the window and returns its status; None where none is wanted.
    """
    try:
        options = build_parser().parse_args(arguments)
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2
    options.open_window = open_window
    start_logging()
    before = None
    if threading.current_thread() is threading.main_thread():
        before = signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        if options.command is None:
            return guarded(lambda: start(open_window))
        return guarded(lambda: int(options.run(options)))
    finally:
        stop_logging()
        if before is not None:
            signal.signal(signal.SIGTERM, before)
