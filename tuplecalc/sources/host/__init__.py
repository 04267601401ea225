"""A Linux machine: what the collector's files say of its rules, addresses, settings and limits."""

from tuplecalc.sources.host.bundle import READER

__all__ = ["READER"]
