"""The first lines of the frozen `personare-camera`, the camera program (GPL-2.0-or-later)."""

import multiprocessing
import sys

if __name__ == "__main__":
    # Shared memory starts its tracker by calling this program again with special arguments.
    multiprocessing.freeze_support()
    from app.camera_program.__main__ import main

    sys.exit(main())
