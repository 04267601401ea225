"""Short ways to the three shapes, for notebooks.

Each takes what differs from a plain design; ``traffic`` keys (``hold``, ``rate``, ``first_close``)
and the ends are the same everywhere, all other keywords go to the hop in the middle.
"""

from __future__ import annotations

from typing import Any

from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Traffic


def hourglass(*, name: str = "proxy", **keys: Any) -> Chain:
    """Clients and services that meet in one proxy, or with ``layer`` below 7 in one forwarder.

    Without a preset a proxy captures by ``"tproxy"`` and speaks as its ``"client"``.

    >>> hourglass(clients=100, services=10, ports="1024-65535").shape
    'hourglass'
    """
    ends = _ends(keys)
    if keys.get("preset") is None and keys.get("layer", 7) == 7:
        keys = _TRANSPARENT | keys
    return Chain(hops=[{"kind": "hourglass", "name": name, **keys}], **ends)


def cone(*, name: str = "nat", addresses: object = 1, **keys: Any) -> Chain:
    """Many clients behind the few addresses of a NAT.

    >>> from tuplecalc.limits.capacity import capacity
    >>> capacity(cone(addresses=4, services=10)).flows
    2580480
    """
    ends = _ends(keys)
    return Chain(hops=[Cone(name=name, addresses=addresses, **keys)], **ends)


def inverted_cone(
    *,
    addresses: object = 1,
    ports: object = "1024-65535",
    proxy_ports: object = None,
    name: str = "proxy",
    **keys: Any,
) -> Chain:
    """A NAT with a transparent proxy behind it.

    ``addresses`` and ``ports`` are the NAT's, all other keywords the proxy's.  Without a preset the proxy
    captures by ``"tproxy"`` and speaks as its ``"client"``, from ports 1024-65535.

    >>> from tuplecalc.limits.capacity import capacity
    >>> capacity(inverted_cone(addresses=4, services=10)).flows
    1290240
    """
    ends = _ends(keys)
    if keys.get("preset") is None:
        keys = _TRANSPARENT | keys
        if proxy_ports is None and keys["source"] != "client-port":
            proxy_ports = "1024-65535"
    if proxy_ports is not None:
        keys["ports"] = proxy_ports
    proxy = Proxy(name=name, **keys)
    return Chain(hops=[Cone(name="nat", addresses=addresses, ports=ports), proxy], **ends)


_TRANSPARENT = {"capture": "tproxy", "source": "client"}


def _ends(keys: dict[str, Any]) -> dict[str, Any]:
    """What stands around the hops, taken out of the keywords."""
    traffic = {key: keys.pop(key) for key in Traffic.model_fields if key in keys}
    clients, client_ports = keys.pop("clients", "198.18.0.0/16"), keys.pop("client_ports", "32768-60999")
    if not (isinstance(clients, Clients) or _are_groups(clients)):
        clients = Clients(addresses=clients, ports=client_ports)
    services, service_ports = keys.pop("services", 1), keys.pop("service_ports", 80)
    if not isinstance(services, Services | list | tuple):
        services = Services(addresses=services, ports=service_ports)
    title = keys.pop("title", "")
    return {"title": title, "traffic": Traffic(**traffic), "clients": clients, "services": services}


def _are_groups(clients: object) -> bool:
    return isinstance(clients, list | tuple) and all(isinstance(each, Clients) for each in clients)
