"""The first lines of the frozen `personare`."""

import multiprocessing
import sys

if __name__ == "__main__":
    # Shared memory starts its tracker by calling this program again with special arguments.
    multiprocessing.freeze_support()
    from app.__main__ import main

    sys.exit(main())
