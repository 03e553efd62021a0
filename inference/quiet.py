"""Keeps libraries of other languages from writing on the user's terminal.

Libraries that unpack pictures (libpng, libjpeg, OpenCV's own) print what is wrong with a damaged
file on the process' standard error, where Python's `sys.stderr` cannot catch it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_STDERR: Final = 2
"""The file descriptor of standard error."""


@contextmanager
def quiet() -> Iterator[None]:
    """Send the whole process' standard error nowhere for as long as the block lasts.

    Other threads are silenced too, so keep the block to one call. Where there is no standard error
    (a program with a window on Windows), nothing is done.
    """
    if sys.stderr is not None:
        sys.stderr.flush()
    try:
        kept = os.dup(_STDERR)
    except OSError:
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, _STDERR)
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(nowhere)
        os.close(kept)
