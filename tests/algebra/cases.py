"""Chains whose formulas are out of the ordinary: fractions, long rows, huge numbers, a letter twice."""

from typing import Any

import tuplecalc as tc
from tuplecalc.network.file import EXAMPLES

PROXY = {"kind": "hourglass", "capture": "tproxy", "source": "client"}
LISTENING = {"kind": "hourglass", "capture": "listen", "source": "client"}
SHARES = [{"addresses": 1, "ports": 80, "share": 0.25}, {"addresses": 2, "ports": 80, "share": 0.75}]


def chain(*hops: dict[str, Any], **keys: Any) -> tc.Chain:
    """A chain with plain ends."""
    named = [{"name": f"h{number}", **hop} for number, hop in enumerate(hops)]
    ends = {"clients": {"addresses": 8}, "services": {"addresses": 6, "ports": 80}}
    return tc.from_dict({**ends, "traffic": {"hold": 1.5, "first_close": "1/3"}, "hops": named, **keys})


def cone(**keys: Any) -> dict[str, Any]:
    """A NAT of one address."""
    return {"kind": "cone", "addresses": 1, **keys}


ODD = {
    "direct": chain(),
    "taken": chain(
        cone(mapping="endpoint-independent", block=512, ports="1024-9999"),
        {**PROXY, "allocation": "bind", "ports": "5000-20000", "instances": 2},
    ),
    "blocks": chain(
        {"kind": "hourglass", "capture": "tproxy", "instances": 3, "split": "services"},
        {**LISTENING, "instances": 3, "split": "services", "listen_ports": [80, 443]},
        cone(block=30000),
    ),
    "row": chain(
        {**PROXY, "name": "前 a proxy with a very long_name & more", "reuse_after": 1},
        {**PROXY, "name": "[p2]"},
        {**PROXY, "ports": "1024-65535"},
        {**PROXY, "ports": "1024-2047"},
        {**PROXY, "ports": "2048-9999"},
        clients={"addresses": "2001:db8::/32", "allocation": "bind"},
    ),
    "shares": chain(
        {**PROXY, "instances": 2, "split": "services", "max_files": 1000, "max_entries": 999}, services=SHARES
    ),
    "fractions": chain(
        {**PROXY, "instances": 4, "split": "services", "max_files": 1001},
        services={"addresses": 5, "ports": [80]},
    ),
    "refused": chain({**PROXY, "source": "client-port"}),
    "no rate": chain(traffic={"hold": 0, "first_close": "server"}),
    "huge": chain(
        cone(addresses=3**80, ports="1024-65535"),
        clients={"addresses": 2**128},
        services={"addresses": 2**128, "ports": "1-65535"},
    ),
    "many": chain(*({**cone(), "max_entries": 10**6 + number} for number in range(14))),
}
ALL = {**{name: tc.example(name) for name in EXAMPLES}, **ODD}
