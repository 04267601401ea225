"""``python -m tuplecalc.cli``."""

from tuplecalc.cli import main

main()
