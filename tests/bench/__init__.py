"""How fast, as ratios: each figure beside what it is compared with, measured in the same run."""
