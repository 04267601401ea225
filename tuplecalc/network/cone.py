"""A cone: a NAT, or a balancer that translates source addresses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any, Literal

from pydantic import ValidationInfo, field_validator

from tuplecalc.errors import Problem, reject
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.hop import UNPRIVILEGED_PORTS, Hop, Virtual, Waiting
from tuplecalc.network.ports import PortSet
from tuplecalc.network.setvalue import is_integer
from tuplecalc.network.values import Block, Count, Flag, PortSearch, Seconds


class Cone(Waiting, Hop, defer_build=False):
    """A device that turns many source addresses into few, told apart by port: NAT, a NAT-mode balancer.

    >>> Cone(name="nat", addresses=4)
    Cone(name='nat', addresses=AddressSet(4))
    """

    preset_kind = "cone"
    kind: Literal["cone"] = "cone"
    addresses: AddressSet
    """The addresses that it translates to, of one instance."""
    ports: PortSet = UNPRIVILEGED_PORTS
    """Source ports of each of these addresses."""
    time_wait: Seconds = Fraction(120)
    """How long a translated tuple stays taken after the close (nf_conntrack_tcp_timeout_time_wait)."""
    virtual: Virtual | None = None
    """What clients of this hop address instead of the services (a balancer's virtual service)."""
    closing: Literal["holds", "gives-way"] = "holds"
    """Whether a closed entry holds its port for its time, or yields it to the next connection (Linux
    since 6.5); then neither ``time_wait`` nor ``reuse_after`` counts for ports."""
    half_close: Seconds = Fraction(0)
    """Where closed entries give way: the time from the first FIN to the last ACK."""
    mapping: Literal["endpoint-dependent", "endpoint-independent"] = "endpoint-dependent"
    """RFC 4787: endpoint-independent means that a port serves one internal endpoint for all destinations."""
    destinations: Count | None = None
    """A port of an address serves at most so many destinations at once (port oversubscription)."""
    blocks_span: Flag = False
    """Whether the blocks of a client may lie on several addresses."""
    block: Block | None = None
    """Ports handed to one client address: a number (port-block allocation), "even" (all ports divided
    evenly among the clients), or a table [[clients, ports], …]: so many of each address for up to so many
    clients, and no client has more than the largest entry in all."""
    blocks_per_client: Count = 1
    """Blocks that a client may grow to."""
    overflow: PortSet | None = None
    """Ports beside `ports`: open at each address to all clients that have a block there and need more."""
    client_ports: Count | None = None
    """A client address holds at most so many ports at once, whichever they are."""
    spread: Literal["even", "hashed"] = "even"
    """How sources fall on its addresses: "hashed" is by chance, as Linux does (find_best_ips_proto).
    Instances with one address each have none to choose, and share the work evenly."""
    port_choice: Literal["any", "preserve"] = "any"
    """"preserve": a flow keeps its client's port, one of `ports`, or fails: no other is given."""
    port_search: PortSearch = "exhaustive"
    """How it looks for a free port: "exhaustive", "linux" (248 probes), a number of random probes, or
    { sequential = n }: so many neighbours one after the other from a random start (LVS FULLNAT)."""

    @property
    def is_hashed(self) -> bool:
        """Whether chance decides on which of its addresses a client is: one address leaves no choice."""
        return self.spread == "hashed" and self.addresses.size > 1

    @field_validator("block")
    @classmethod
    def _fits_range(cls, block: Block | None, info: ValidationInfo) -> Block | None:
        ports = info.data.get("ports")
        if block is None or block == "even" or ports is None:
            return block
        if isinstance(block, int) and block > ports.size and not info.data.get("blocks_span"):
            rule = f"a block is at most the NAT's {ports.size} ports"
            raise reject(block, rule, f"write a number from 1 to {ports.size}, or widen `ports`")
        for number, (clients, each) in enumerate(() if isinstance(block, int) else block):
            if clients * each > ports.size:
                rule = f"all clients of an entry have their ports out of the NAT's {ports.size}"
                instead = f"write at most {ports.size // clients} ports, or widen `ports`"
                if clients > ports.size:
                    instead = f"write at most {ports.size} clients, or widen `ports`"
                raise reject([clients, each], rule, instead, f"[{number}]")
        return block

    @field_validator("overflow")
    @classmethod
    def _stands_apart(cls, overflow: PortSet | None, info: ValidationInfo) -> PortSet | None:
        ports = info.data.get("ports")
        if overflow is not None and ports is not None and (common := overflow & ports):
            rule = f"the overflow stands apart from `ports`; both have {common}"
            raise reject(overflow.spec, rule, "take these out of one of the two")
        return overflow

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Keys of which one leaves no room for the other."""
        yield from super().misfits(data)
        if data.get("destinations") is not None and data.get("mapping") == "endpoint-independent":
            rule = 'with mapping = "endpoint-independent" a port serves one internal endpoint for all'
            yield Problem("destinations", data["destinations"], rule, "leave one of the two out")
        if data.get("half_close") is not None and data.get("closing", "holds") == "holds":
            rule = 'this key fits closing = "gives-way"; here it is "holds"'
            yield Problem("half_close", data["half_close"], rule, "leave it out, or change `closing`")
        if data.get("port_choice") == "preserve":
            for key in ("block", "overflow", "port_search"):
                if data.get(key) not in (None, "exhaustive"):
                    rule = 'with port_choice = "preserve" a flow has its client\'s port or none'
                    value = getattr(data[key], "spec", data[key])
                    yield Problem(key, value, rule, "leave one of the two out")
        block = data.get("block")
        for key in ("blocks_per_client", "blocks_span"):
            if data.get(key) is not None and not is_integer(block):
                rule = "this key is for blocks of a number of ports"
                yield Problem(key, data[key], rule, "write `block` as a number, or leave it out")
        if data.get("overflow") is not None and (block is None or isinstance(block, list | tuple)):
            here = "a table" if block is not None else "there is none"
            rule = f'the overflow is for clients whose block is full, a number or "even"; here {here}'
            overflow = data["overflow"]
            overflow = overflow.spec if isinstance(overflow, PortSet) else overflow
            yield Problem("overflow", overflow, rule, "write such a `block`, or add these ports to `ports`")

    def entry(self, clients: int) -> tuple[int, int] | None:
        """The entry for so many clients in the table of blocks; None where it ends before, or is none.

        >>> nat = Cone(name="nat", addresses=1, block=[[50, 1024], [100, 512]])
        >>> nat.entry(50), nat.entry(51), nat.entry(101)
        ((50, 1024), (100, 512), None)
        """
        table = self.block if isinstance(self.block, tuple) else ()
        return next((entry for entry in table if clients <= entry[0]), None)

    @property
    def block_size(self) -> int | None:
        """The ports of a block, where that is a number."""
        return None if isinstance(self.block, tuple | str) else self.block

    @property
    def linger_by(self) -> dict[str, Fraction]:
        """``time_wait`` and ``reuse_after`` where closed entries hold, ``half_close`` where they give way."""
        return super().linger_by if self.closing == "holds" else {"half_close": self.half_close}

    @property
    def own_addresses(self) -> AddressSet:
        """Those that it translates to."""
        return self.addresses

    @property
    def own_ports(self) -> PortSet:
        """Those of each of its addresses."""
        return self.ports
