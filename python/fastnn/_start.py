"""The command's first moments: Ctrl-C while it is still imported ends it in silence.

Imported before everything else, so that it covers NumPy and the core. In other programs than the
command, and where Ctrl-C is ignored or answered by somebody else, it does nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType

INTERRUPTED = 130


def _leave(number: int, frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)  # nothing has been written yet


def _is_command() -> bool:
    """Whether this is ``fastnn ...`` or ``python -m fastnn ...``."""
    script = os.path.basename(sys.argv[0]) if sys.argv else ""
    asked = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv) + 1]
    return (
        script in ("fastnn", "fastnn.exe")
        or script == "-m"
        and "".join(asked[-2:]).endswith("-mfastnn")
    )


def _cover() -> None:
    main = threading.current_thread() is threading.main_thread()
    if main and _is_command() and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def uncover() -> None:
    """From here on Ctrl-C is a KeyboardInterrupt again, which the command answers itself."""
    if signal.getsignal(signal.SIGINT) is _leave:
        signal.signal(signal.SIGINT, signal.default_int_handler)


_cover()
