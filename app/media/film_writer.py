"""Writes MP4 films, H.264 and AAC, that stay playable whatever happens while they are written.

The file is written in fragments of one second, so that what was written plays even after a power
cut; when it is finished properly it becomes an ordinary MP4 ("hybrid" fragments, FFmpeg 7.1). After
a write failed (a full disk), nothing more is written, and the piece of a fragment at the end is cut
off: with only part of a fragment's head FFmpeg refuses the whole film.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import struct
import threading
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np

from inference.contract import Float32Array, PersonareError, UInt8Array

log = logging.getLogger(__name__)

SOUND_RATE: Final = 48_000
_CLOCK: Final = 90_000
"""Ticks per second of picture times."""
_MOVFLAGS: Final = "empty_moov+default_base_moof+delay_moov"
_QUALITY: Final[dict[str, dict[str, str]]] = {
    # A film made at leisure, and one made while the processor is busy drawing.
    "film": {"preset": "fast", "crf": "18"},
    "live": {"preset": "ultrafast", "crf": "20", "tune": "zerolatency"},
}


class _Safe:
    """A file for FFmpeg that swallows every write after the first one that failed.

    FFmpeg's last act is to rewrite the head of the file; on a full disk that would destroy it.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write, or remember why not."""
        if self.error is None:
            left = memoryview(data)
            try:
                while left:  # an unbuffered file may take less than it is given
                    left = left[self._file.write(left) :]
            except OSError as error:
                self.error = error
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move."""
        return self._file.seek(offset, whence) if self.error is None else max(0, offset)

    def tell(self) -> int:
        """Where the next write goes."""
        return self._file.tell()

    def seekable(self) -> bool:
        """It is a plain file."""
        return True

    def close(self) -> None:
        """Close the file below."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error


def _cut_to_whole_fragments(path: Path) -> None:
    """End a film whose writing failed after its last whole fragment, if it has one."""
    with path.open("r+b") as film:
        length, at, whole = path.stat().st_size, 0, 0
        while at + 8 <= length:
            film.seek(at)
            size, kind = struct.unpack(">I4s", film.read(8))
            if size < 8 or at + size > length:
                break
            at += size
            if kind == b"mdat":
                whole = at
        if whole:
            film.truncate(whole)


def _explain(path: Path, error: OSError) -> PersonareError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return PersonareError(
            f"The disk is full: {path} ends here, what was written so far can be played.",
            "Free some space, or write to another disk.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return PersonareError(
            f"{path} may not be written.", "Choose another folder, or check its permissions."
        )
    if error.errno == errno.ENOENT and not path.parent.is_dir():
        return PersonareError(f"There is no folder {path.parent}.", "Make it, or choose another.")
    if error.errno == errno.EISDIR:
        return PersonareError(f"{path} is a folder.", "Add a file name that ends in .mp4.")
    return PersonareError(f"{path} cannot be written: {error.strerror}.", "Choose another folder.")


class FilmWriter:
    """One film. Any thread may add; pictures and sound each in the order of time.

    `quality` is `film` (made at leisure) or `live` (little processor time). Use it as a context
    manager, or call `close`.
    """

    def __init__(
        self,
        path: Path | str,
        width: int,
        height: int,
        fps: int,
        sound: bool = True,
        quality: str = "film",
    ) -> None:
        """Create the file.

        Raises:
            PersonareError: it cannot be created.
        """
        self.path = Path(path)
        self.fps = fps
        self._lock = threading.Lock()
        self._closed = False
        self._last_tick = -1
        self._samples = 0
        try:
            self._file = _Safe(self.path.open("wb", buffering=0))
        except OSError as error:
            raise _explain(self.path, error) from error
        try:
            self._open_container(width, height, sound, quality)
        except BaseException:
            self._file.close()
            raise

    def _open_container(self, width: int, height: int, sound: bool, quality: str) -> None:
        import av

        def make(flags: str) -> Any:
            return av.open(
                self._file, "w", format="mp4",
                options={"movflags": flags, "frag_duration": "1000000"},
            )  # fmt: skip

        self._container = make(_MOVFLAGS + "+hybrid_fragmented")
        video = self._container.add_stream("libx264", rate=Fraction(self.fps))
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        context = video.codec_context
        context.time_base = Fraction(1, _CLOCK)
        context.options = dict(_QUALITY[quality])
        context.gop_size = self.fps
        context.thread_count = 2
        # What the compositor makes: BT.601 matrix, limited range, of sRGB pictures.
        context.color_range, context.colorspace = 1, 6
        context.color_primaries, context.color_trc = 1, 13
        self._video = video
        self._sound = None
        if sound:
            self._sound = self._container.add_stream("aac", rate=SOUND_RATE, layout="mono")
            self._sound.codec_context.bit_rate = 128_000

    @property
    def seconds(self) -> float:
        """Length of the pictures so far."""
        return 0.0 if self._last_tick < 0 else self._last_tick / _CLOCK + 1.0 / self.fps

    def add_picture(self, i420: UInt8Array, time_s: float) -> None:
        """Add a picture, uint8 (height*3/2, width), shown from `time_s` on.

        One that is not later than the one before is left out.

        Raises:
            PersonareError: the file cannot be written any more.
        """
        import av

        tick = round(time_s * _CLOCK)
        with self._lock:
            if self._closed or tick <= self._last_tick:
                return
            self._last_tick = tick
            frame = av.VideoFrame.from_ndarray(i420, format="yuv420p")
            frame.pts, frame.time_base = tick, Fraction(1, _CLOCK)
            frame.duration = _CLOCK // self.fps
            self._mux(self._video, frame)

    def add_sound(self, sound_N: Float32Array) -> None:
        """Add the next samples: mono float32 at SOUND_RATE.

        Raises:
            PersonareError: the file cannot be written any more.
        """
        import av

        with self._lock:
            if self._closed or self._sound is None or len(sound_N) == 0:
                return
            planar = np.ascontiguousarray(sound_N, np.float32)[None]
            frame = av.AudioFrame.from_ndarray(planar, format="fltp", layout="mono")
            frame.sample_rate = SOUND_RATE
            frame.pts, frame.time_base = self._samples, Fraction(1, SOUND_RATE)
            self._samples += len(sound_N)
            self._mux(self._sound, frame)

    def _mux(self, stream: Any, frame: Any) -> None:
        import av

        try:
            self._container.mux(stream.encode(frame))
        except av.FFmpegError as error:
            self._check()
            raise PersonareError(
                f"{self.path} cannot be written: {error.strerror}.",
                "Choose another size or folder.",
            ) from error
        self._check()

    def _check(self) -> None:
        if self._file.error is not None:
            raise _explain(self.path, self._file.error)

    def close(self) -> None:
        """Finish the file; may be called twice. One that nothing was added to is removed.

        Raises:
            PersonareError: it could not be written to its end; what was written plays.
        """
        import av

        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._file.error is None:
                    for stream in (self._video, self._sound):
                        if stream is not None and (stream is self._sound or self._last_tick >= 0):
                            self._container.mux(stream.encode(None))
            except av.FFmpegError as error:
                log.warning("%s: the last pictures are lost: %s", self.path, error)
            finally:
                with contextlib.suppress(av.FFmpegError):
                    self._container.close()
                self._file.close()
            if self._file.error is not None:
                with contextlib.suppress(OSError):
                    _cut_to_whole_fragments(self.path)
            self._check()
            if self._last_tick < 0 and not self._samples and self.path.is_file():
                self.path.unlink()

    def __enter__(self) -> FilmWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None:
            self.close()
            return
        # An error is on its way already: it says more than a second one would.
        with contextlib.suppress(PersonareError):
            self.close()
