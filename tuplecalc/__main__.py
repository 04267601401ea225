"""``python -m tuplecalc``, and the command ``tuplecalc``."""

import signal

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C before there is a `main` that sees to it

from tuplecalc.cli import main

if __name__ == "__main__":
    main()
