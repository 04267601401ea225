"""A chain → the questions of a design review: sweeps, least values, crossovers, which knob."""
