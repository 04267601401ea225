"""What is said to who calls a public function otherwise than it is called, or a name that is none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from tuplecalc.errors import InputError

_AT_RATE = 'tc.with_settings(chain, "traffic.rate=5000")'
CALLS: Mapping[str, str] = {
    "advise": "tc.advise(tc.capacity(chain))",
    "axis": 'tc.axis(chain, "hops.nat.addresses=1..64")',
    "best_mix": 'tc.best_mix(chain, "rate")',
    "capacity": f"tc.capacity(chain), or tc.capacity({_AT_RATE})",
    "compare": 'tc.compare(chain, tc.with_settings(chain, "hops.nat.addresses=8"))',
    "cone": 'tc.cone(addresses=4, services=10, hold="2s")',
    "crossovers": 'tc.crossovers(chain, "hops.nat.addresses=1..64")',
    "elasticities": "tc.elasticities(chain)",
    "example": 'tc.example("outage")',
    "explain": "tc.explain(chain)",
    "explore": "tc.explore(chain)",
    "from_dict": "tc.from_dict(mapping)",
    "hourglass": 'tc.hourglass(clients=100, services=10, hold="2s")',
    "inverted_cone": 'tc.inverted_cone(addresses=4, services=10, hold="2s")',
    "load": 'tc.load("shop.toml")',
    "loads": "tc.loads(text)",
    "offered": f"tc.offered(chain), or tc.offered({_AT_RATE})",
    "region": 'tc.region(chain, ("web", "dns"))',
    "replace": 'tc.replace(chain, "hops.nat.addresses", 8)',
    "report": "tc.report(chain)",
    "solve": 'tc.solve(chain, "hops.nat.addresses", rate=5000)',
    "sweep": 'tc.sweep(chain, {"hops.nat.addresses": [1, 2, 4]})',
    "to_dict": "tc.to_dict(tc.capacity(chain))",
    "with_settings": 'tc.with_settings(chain, "hops.nat.addresses=8", "traffic.rate=5000")',
}
"""How each function is called: one line that works."""

ELSEWHERE: Mapping[str, str] = {
    "plot": "figures are tc.figures.plot_limits(tc.capacity(chain)), plot_shape, plot_rate and so on",
    "verdict": "tc.offered(chain) says what comes of its rate",
    "presets": "`tuplecalc presets` lists them; a hop takes one by name: tc.Cone(preset=…)",
    "examples": 'tc.example("outage") is one, and `tuplecalc examples` lists them',
    "NAT": "a NAT is tc.Cone",
    "Nat": "a NAT is tc.Cone",
    "Hourglass": "an hourglass is tc.Proxy or tc.Forwarder",
    "Router": "a router is tc.Forwarder",
    "Balancer": "a balancer is tc.Cone (it sends from its own address), tc.Forwarder or tc.Proxy",
}
"""Names that people look for, and where that is."""


def led(function: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The function, that says how it is called where its arguments are others than it takes.

    Only what Python says of the call itself is one: an error from within stays what it is.
    """

    @wraps(function)
    def called(*arguments: Any, **named: Any) -> Any:
        try:
            return function(*arguments, **named)
        except TypeError as error:
            if error.__traceback__ is None or error.__traceback__.tb_next is not None:
                raise
            raise InputError(f"tc.{error}; write it as in {CALLS[name]}") from None

    return called
