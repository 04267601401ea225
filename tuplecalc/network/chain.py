"""The network as frozen data: clients, hops, services, and what may stand where.

One set of objects serves a topology file and a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import dropwhile
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from tuplecalc.errors import Problem, TopologyError, reject
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import EPHEMERAL_PORTS, Hop, Sockets
from tuplecalc.network.part import Part, meant
from tuplecalc.network.ports import PortSet
from tuplecalc.network.presets import kind_and_layer
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services, overlap
from tuplecalc.network.setvalue import is_integer
from tuplecalc.network.values import FirstClose, Rate, Seconds, Title


class Traffic(Part):
    """What is offered to the whole chain, and how long connections last."""

    rate: Rate | None = None
    """New connections a second offered to the whole chain."""
    hold: Seconds = Fraction(0)
    """Mean time that a connection stays open (seconds)."""
    first_close: FirstClose = Fraction(1)
    """Who closes first, and so lingers in TIME_WAIT: "client", "server", or the client's share."""


class Clients(Sockets, defer_build=False):
    """The sources at the head of the chain.

    >>> Clients(addresses="198.18.0.0/16").ports.size
    28232
    """

    addresses: AddressSet
    """The clients' addresses: a count, CIDR blocks, ranges."""
    ports: PortSet = EPHEMERAL_PORTS
    """Source ports of each address."""


_HOURGLASSES: dict[int, type[Hop]] = {2: Forwarder, 3: Forwarder, 4: Forwarder, 7: Proxy}


def _hop(hop: object) -> object:
    """A hop of the class that its kind and its layer choose."""
    if isinstance(hop, Hop):
        return hop
    if not isinstance(hop, Mapping):
        raise reject(hop, "this is a table of keys and values", "write [[hops]] above its keys")
    kind, layer = kind_and_layer(hop)
    if kind is None:
        raise reject(None, "this key is required", 'add kind = "cone" or "hourglass"', "kind")
    if kind not in ("cone", "hourglass"):
        kinds = '"cone" or "hourglass"'
        raise reject(kind, f"a hop's kind is {kinds}", meant(kind, kinds) or "write one of these", "kind")
    if kind == "cone":
        return Cone(**hop)
    layer = 7 if layer is None else layer
    if is_integer(layer) and layer in _HOURGLASSES:
        return _HOURGLASSES[layer](**hop)
    problems = [Problem("layer", layer, "the value is 2, 3, 4 or 7", "write one of these")]
    try:  # it may be any of them
        _ = Proxy(**{**hop, "layer": 7}) if "capture" in hop else Forwarder(**{**hop, "layer": 3})
    except TopologyError as error:
        problems += error.problems
    raise TopologyError(problems)


AnyHop = Annotated[Cone | Forwarder | Proxy, BeforeValidator(_hop)]


def _as_list(value: object) -> object:
    value = Services(**value) if isinstance(value, Mapping) else value  # here, so that its place has no [0]
    return [value] if isinstance(value, Services) else value


_SeveralServices = Annotated[tuple[Services, ...], Field(min_length=1)]


class Chain(Part):
    """Clients, the hops on their way, and the services they reach.

    >>> chain = Chain(
    ...     clients=Clients(addresses="198.18.0.0/16"),
    ...     hops=[Cone(name="nat", addresses=4)],
    ...     services=Services(addresses=10, ports=[80]),
    ... )
    >>> chain.shape
    'cone'
    """

    title: Title = ""
    """What the chain is; the file's name where it has none."""
    traffic: Traffic = Traffic()
    clients: Clients
    hops: tuple[AnyHop, ...] = ()
    services: Annotated[
        tuple[Services, ...],
        Field(min_length=1),
        BeforeValidator(_as_list, json_schema_input_type=Services | _SeveralServices),
    ]

    def __init__(self, /, **data: Any) -> None:
        if isinstance(data.get("hops"), Iterator):
            data["hops"] = tuple(data["hops"])  # read once, looked at twice
        super().__init__(**data)

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Each name of a hop stands once."""
        hops = data.get("hops", ())
        if not isinstance(hops, list | tuple):
            return
        seen: set[str] = set()
        for number, hop in enumerate(hops):
            name = hop.get("name") if isinstance(hop, Mapping) else getattr(hop, "name", None)
            if isinstance(name, str):
                if name.strip() in seen:
                    yield Problem(f"hops[{number}].name", name, "another hop has this name", "choose another")
                seen.add(name.strip())

    @field_validator("hops")
    @classmethod
    def _tables_of_blocks(cls, hops: tuple[AnyHop, ...], info: ValidationInfo) -> tuple[AnyHop, ...]:
        """A table of blocks has an entry for as many clients as reach its hop."""
        clients = info.data.get("clients")  # missing where these are wrong themselves
        if problems := list(_missing_entries(clients, hops)) if clients else []:
            raise TopologyError(problems)
        return hops

    @field_validator("services")
    @classmethod
    def _sound_groups(cls, groups: tuple[Services, ...]) -> tuple[Services, ...]:
        if problems := list(_group_problems(groups)):
            raise TopologyError(problems)
        return groups

    @property
    def shape(self) -> Literal["direct", "hourglass", "cone", "inverted cone"]:
        """Inverted cone: a proxy that captures by tproxy or nat stands behind a cone, near or far."""
        if any(self.inverted()):
            return "inverted cone"
        if any(isinstance(hop, Cone) for hop in self.hops):
            return "cone"
        return "hourglass" if self.hops else "direct"

    def inverted(self) -> Iterator[Proxy]:
        """The capturing layer-7 hops behind a cone."""
        behind = dropwhile(lambda hop: not isinstance(hop, Cone), self.hops)
        return (hop for hop in behind if isinstance(hop, Proxy) and hop.capture in ("tproxy", "nat"))

    def to_dict(self) -> dict[str, Any]:
        """The chain as a topology file would say it; ``from_dict`` of it gives an equal chain."""
        written = super().to_dict()
        written["hops"] = [{"kind": hop.kind, **hop.to_dict()} for hop in self.hops]
        return written


def _missing_entries(clients: Clients, hops: Iterable[AnyHop]) -> Iterator[Problem]:
    sources = clients.addresses.size
    for number, hop in enumerate(hops):
        if isinstance(hop, Cone) and isinstance(hop.block, tuple) and hop.entry(sources) is None:
            last, _ = hop.block[-1]
            rule = f"the table ends at {last} clients; {sources} source addresses reach this hop"
            remedy = "add an entry for them, or take fewer"
            yield Problem(f"[{number}].block", list(map(list, hop.block)), rule, remedy)
        if hop.own_addresses is not None:
            sources = hop.own_addresses.size * hop.instances


def check_chain(chain: object) -> None:
    """Raise :class:`~tuplecalc.errors.TopologyError` for anything but a chain."""
    if not isinstance(chain, Chain):
        raise reject(chain, "this is a Chain", "read a file with load, or take one of the examples", "chain")


def _total(parts: list[Fraction]) -> Fraction:
    """The sum in pairs of pairs: one after the other, each step would carry the digits of all before it."""
    while len(parts) > 1:
        parts = [sum(parts[i : i + 2], Fraction(0)) for i in range(0, len(parts), 2)]
    return parts[0]


def _group_problems(groups: Iterable[Services]) -> Iterator[Problem]:
    groups = tuple(groups)
    shares = [group.share for group in groups if group.share is not None]
    if shares and len(shares) < len(groups):
        for number, group in enumerate(groups):
            if group.share is None:
                yield Problem(
                    f"[{number}].share", None, "all groups of services have a share, or none", "add it"
                )
    elif shares and (total := _total(shares)) != 1:
        exactly = (
            f"{total} ({float(total):.6g})" if total.denominator < 10**9 else f"about {float(total):.9g}"
        )
        yield Problem("", None, f"the shares sum to 1; here to {exactly}", "change one of them")
    if pair := overlap(groups):
        first, second = pair
        rule = f"an endpoint stands in one group only; services[{first}] has some of these too"
        yield Problem(f"[{second}]", None, rule, "take the common addresses or ports out of one of them")
