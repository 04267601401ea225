"""A chain with open numbers: its formulas, and the comparisons under which they hold."""
