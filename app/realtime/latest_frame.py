"""A slot that holds one thing, the newest: slow consumers skip, nothing ever queues up."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestFrame(Generic[T]):
    """One writer, any number of readers, each at its own pace."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._sequence = 0
        self._item: T | None = None
        self._closed = False

    def put(self, item: T) -> int:
        """Replace the content; return its sequence number (1, 2, ...)."""
        with self._changed:
            self._sequence += 1
            self._item = item
            self._changed.notify_all()
            return self._sequence

    def get(self) -> tuple[int, T] | None:
        """Sequence number and content, or None before the first `put`."""
        with self._changed:
            return None if self._item is None else (self._sequence, self._item)

    def wait_newer(self, than: int, timeout: float) -> tuple[int, T] | None:
        """The content once its number exceeds `than`; None after `timeout` seconds or `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._sequence > than, timeout)
            if self._closed or self._sequence <= than or self._item is None:
                return None
            return self._sequence, self._item

    def close(self) -> None:
        """Wake all waiting readers for good."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
