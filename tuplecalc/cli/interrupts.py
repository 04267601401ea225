"""Ctrl-C: it ends a command wherever that is, without a word."""

from __future__ import annotations

import signal
import sys
from typing import Any

_SOON = 0.05  # seconds: by then Python is where an exception counts


def heed() -> None:
    """From now on Ctrl-C raises ``KeyboardInterrupt``, unless a shell started this where none is heard."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.unraisablehook = _raised_again


def _raised_again(lost: Any) -> None:
    """An interrupt where Python can pass no exception on comes once more: else it would be shown and lost.

    Such a place is what is called when an object goes away; importlib has one for each module.
    """
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
        return
    import threading

    again = threading.Timer(_SOON, _interrupt)
    again.daemon = True
    again.start()


def _interrupt() -> None:
    """Interrupt the main thread, also where it waits for something."""
    import _thread
    import threading

    main = threading.main_thread().ident
    if main is not None and hasattr(signal, "pthread_kill"):
        signal.pthread_kill(main, signal.SIGINT)
    else:  # Windows: it ends once the wait has
        _thread.interrupt_main()
