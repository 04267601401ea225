"""The network as frozen data: clients, hops, services, and what may stand where.

One set of objects serves a chain file and a notebook.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import dropwhile
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, ValidationInfo, field_validator, model_validator

from tuplecalc.errors import ChainError, Problem, reject
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.families import unreached
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop
from tuplecalc.network.machine import machine_problems, with_what_machines_have
from tuplecalc.network.mix import Strand, group_problems, misfit_names, strands, without_effect
from tuplecalc.network.owners import two_owners
from tuplecalc.network.part import Part, choice_meant, same_names
from tuplecalc.network.presets import kind_and_layer, presets
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.setvalue import is_integer
from tuplecalc.network.traffic import Traffic
from tuplecalc.network.values import Title

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
        remedy = choice_meant("kind", kind, kinds)
        if isinstance(kind, str) and kind in presets():
            remedy = f'write preset = "{kind}" in its place'
        raise reject(kind, f"a hop's kind is {kinds}", remedy, "kind")
    if kind == "cone":
        return Cone(**hop)
    layer = 7 if layer is None else layer
    if is_integer(layer) and layer in _HOURGLASSES:
        return _HOURGLASSES[layer](**hop)
    problems = [Problem("layer", layer, "the value is 2, 3, 4 or 7", "write one of these")]
    try:  # it may be any of them
        _ = Proxy(**{**hop, "layer": 7}) if "capture" in hop else Forwarder(**{**hop, "layer": 3})
    except ChainError as error:
        problems += error.problems
    raise ChainError(problems)


AnyHop = Annotated[Cone | Forwarder | Proxy, BeforeValidator(_hop)]


def _one_or_several(part: type[Part]) -> Any:
    """A field that takes one table or a list of them."""

    def as_list(value: object) -> object:
        if part is Clients and not isinstance(value, list | tuple | Mapping | part):
            raise reject(value, "this is a table of keys and values", "write [clients] above its keys")
        value = part(**value) if isinstance(value, Mapping) else value  # here, so that its place has no [0]
        if isinstance(value, part):
            return [value]
        if not isinstance(value, list | tuple):
            instead = f"write [{part.__name__.lower()}] above its keys"
            raise reject(value, "this is a table of keys and values", instead)
        return value

    several = Annotated[tuple[part, ...], Field(min_length=1)]  # type: ignore[valid-type]
    return BeforeValidator(as_list, json_schema_input_type=part | several)


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
    clients: Annotated[tuple[Clients, ...], Field(min_length=1), _one_or_several(Clients)]
    hops: tuple[AnyHop, ...] = ()
    services: Annotated[tuple[Services, ...], Field(min_length=1), _one_or_several(Services)]

    _hops_at_work: tuple[AnyHop, ...] = PrivateAttr(())
    _strands: tuple[Strand, ...] = PrivateAttr(())
    _is_mixed: bool = PrivateAttr(default=False)

    def __init__(self, /, **data: Any) -> None:
        if isinstance(data.get("hops"), Iterator):
            data["hops"] = tuple(data["hops"])  # read once, looked at twice
        super().__init__(**data)

    @classmethod
    def misfits(cls, data: Mapping[str, Any]) -> Iterator[Problem]:
        """Each name of a hop or a group stands once."""
        for key, what in (
            ("hops", "hop"),
            ("clients", "group of clients"),
            ("services", "group of services"),
        ):
            if isinstance(several := data.get(key, ()), list | tuple):
                yield from (problem.below(key) for problem in same_names(several, what))
        yield from misfit_names(data)

    @field_validator("hops")
    @classmethod
    def _fit_each_other(cls, hops: tuple[AnyHop, ...], info: ValidationInfo) -> tuple[AnyHop, ...]:
        """Those of one machine agree; a table of blocks has an entry for as many clients as reach its hop."""
        clients = info.data.get("clients")  # missing where these are wrong themselves
        problems = [*machine_problems(hops), *(missing_entries(clients, hops) if clients else ())]
        if problems:
            raise ChainError(problems)
        return hops

    @field_validator("services")
    @classmethod
    def _sound_groups(cls, groups: tuple[Services, ...]) -> tuple[Services, ...]:
        if problems := list(group_problems(groups)):
            raise ChainError(problems)
        return groups

    @model_validator(mode="after")
    def _all_find_their_way(self) -> Chain:
        """Each kind gets from its clients to its services."""
        self._hops_at_work = tuple(with_what_machines_have(self.hops))
        if any(misfit_names(self.written())):
            return self  # who is meant is not known: it is said with all else
        problems: list[Problem] = []
        parts = self.traffic, self.clients, self._hops_at_work, self.services
        self._strands = tuple(strands(*parts, problems))
        if not problems:
            problems = [*self._unreached(), *without_effect(self.hops, self._strands)]
            problems += two_owners(self.clients, self._hops_at_work, self._strands)
        if problems:
            raise ChainError(problems)
        self._strands = tuple(strand for strand in self._strands if strand.part)
        machines = {hop.on for hop in self.hops}
        plain = all(hop.is_plain for hop in self.hops if isinstance(hop, Proxy))
        self._is_mixed = len(self.strands) > 1 or len(machines) < len(self.hops) or not plain
        return self

    def _unreached(self) -> Iterator[Problem]:
        reached = (each for strand in self._strands for each in strand.services)
        return unreached(self.traffic, self.services, reached)

    @property
    def hops_at_work(self) -> tuple[AnyHop, ...]:
        """The hops, each with the tables, files and addresses that another one says of their machine."""
        return self._hops_at_work

    @property
    def strands(self) -> tuple[Strand, ...]:
        """The flows of each kind from each group of clients to each group of services; none of share 0."""
        return self._strands

    def with_strands(self, strands: Iterable[Strand]) -> Chain:
        """The chain in which its flows are mixed in this way; it is still equal to the one it came from."""
        found = self.model_copy()
        found._strands = tuple(strands)
        return found

    @property
    def is_mixed(self) -> bool:
        """Whether flows are not all alike, or hops not all apart."""
        return self._is_mixed

    def parts(self) -> Iterator[tuple[str, Clients | AnyHop]]:
        """The groups of clients and the hops, each with its path."""
        yield from ((group.path, group) for group in self.clients)
        yield from ((hop.path, hop) for hop in self.hops)

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
        """The chain as a chain file would say it; ``from_dict`` of it gives an equal chain."""
        written = super().to_dict()
        if len(self.clients) == 1:
            (written["clients"],) = written["clients"]
        written["hops"] = [{"kind": hop.kind, **hop.to_dict()} for hop in self.hops]
        return written


def missing_entries(clients: Iterable[Clients], hops: Iterable[AnyHop]) -> Iterator[Problem]:
    """Tables of blocks that end before the clients that reach their hop."""
    sources = sum(group.addresses.size for group in clients)
    for number, hop in enumerate(hops):
        if isinstance(hop, Cone) and isinstance(hop.block, tuple) and hop.entry(sources) is None:
            last, _ = hop.block[-1]
            rule = f"the table ends at {last} clients; {sources} source addresses reach this hop"
            remedy = "add an entry for them, or take fewer"
            yield Problem(f"[{number}].block", list(map(list, hop.block)), rule, remedy)
        if hop.own_addresses is not None:
            sources = hop.own_addresses.size * hop.instances


def check_chain(chain: object) -> None:
    """Raise :class:`~tuplecalc.errors.ChainError` for anything but a chain."""
    if not isinstance(chain, Chain):
        way_out = 'give tc.load("shop.toml"), tc.example("outage"), or the .chain of a result'
        raise reject(chain, "this is a Chain", way_out, "chain")
