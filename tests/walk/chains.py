"""The chains that the five of them have in mind; ``…`` is where somebody guesses."""

EDGE = """
[traffic]
rate = 670
hold = "20s"

[clients]
addresses = 2000

[[hops]]
name = "nat"
kind = "cone"
addresses = 2

[services]
addresses = "203.0.113.9"
ports = 443
"""
"""Two addresses towards one service, 64,512 ports each, 20 s open and 120 s lingering: 921.6/s."""

EDGE_CARRIES = "921.6/s"
