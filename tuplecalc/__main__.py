"""``python -m tuplecalc``."""

from tuplecalc.cli import main

main()
