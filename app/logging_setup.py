"""The log file: it has the details and traces that the user is spared.

Three files of at most 1 MB each in the user's log folder. No sound, picture or text of the user is
ever written there. Where the folder cannot be written, there is no log and nothing else changes:
traces go nowhere, since Python would print on the terminal what no handler takes.
"""

from __future__ import annotations

import logging
import logging.handlers
import platform
import sys
import threading
from pathlib import Path

from app import paths

FILE_NAME = "personare.log"
_LARGEST = 1 << 20


def log_file() -> Path:
    """Where the log goes."""
    return paths.log_dir() / FILE_NAME


def start_logging() -> logging.Handler:
    """Send this process' log to the file, or nowhere where it cannot be written.

    Called twice, it changes nothing. Python's warnings and uncaught exceptions of threads go there
    too, for whatever of them reaches the `logging` module.
    """
    root = logging.getLogger()
    for handler in root.handlers:
        if getattr(handler, "personare", False):
            return handler
    taker = _handler()
    taker.personare = True  # type: ignore[attr-defined]
    root.addHandler(taker)
    logging.captureWarnings(True)
    threading.excepthook = _log_thread_death
    if root.level > logging.INFO or root.level == logging.NOTSET:
        root.setLevel(logging.INFO)
    logging.getLogger(__name__).info(
        "Python %s on %s: %s", platform.python_version(), platform.platform(), sys.argv[1:2]
    )
    return taker


def _handler() -> logging.Handler:
    """What takes the log's lines: the file, or nothing where it cannot be written."""
    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LARGEST, backupCount=2, encoding="utf-8"
        )
    except OSError:
        return logging.NullHandler()
    file.setFormatter(
        logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s")
    )
    return file


def stop_logging() -> None:
    """Close the log file."""
    root = logging.getLogger()
    for handler in list(root.handlers):
        if getattr(handler, "personare", False):
            logging.captureWarnings(False)
            threading.excepthook = threading.__excepthook__
            root.removeHandler(handler)
            handler.close()


def _log_thread_death(death: threading.ExceptHookArgs) -> None:
    """A thread that dies leaves its trace in the log, not on the user's terminal."""
    if death.exc_value is not None:
        name = death.thread.name if death.thread else "?"
        logging.getLogger(__name__).error("thread %s died", name, exc_info=death.exc_value)
