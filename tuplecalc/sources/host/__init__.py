"""A Linux machine: what the collector's files say of its rules, addresses, settings and limits."""
