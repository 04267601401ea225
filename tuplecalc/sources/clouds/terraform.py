"""Terraform: cloud NATs and network load balancers as hops, each with the numbers of its resource.

Attributes are those of the providers' documentation: hashicorp/aws 5, google 6, azurerm 4, tencentcloud 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from tuplecalc.errors import InputError
from tuplecalc.sources.clouds.terraform_balancers import (
    ATTACHMENTS,
    LISTENERS,
    TARGET_GROUPS,
    aws_network_balancer,
)
from tuplecalc.sources.clouds.terraform_nats import (
    aws_nat_gateway,
    azure_nat_gateway,
    azure_outbound_rule,
    google_router_nat,
    tencent_nat_gateway,
)
from tuplecalc.sources.clouds.terraform_resources import (
    LATER,
    Made,
    Reading,
    Resource,
    estate_of,
    is_terraform,
)
from tuplecalc.sources.draft import Draft, Said, Table
from tuplecalc.sources.json_node import parsed
from tuplecalc.sources.places import ANY, NO_PORTS, Place
from tuplecalc.sources.recognise import Reader
from tuplecalc.sources.routes import Route, distinct, kinds_of, services_of
from tuplecalc.sources.texts import Source

_SHARES = (
    "new connections of each: ConnectionAttemptCount or NewFlowCount (AWS), SNATConnectionCount (Azure), "
    "new_connections_count (Google)"
)

_READERS: dict[str, Callable[[Resource, Reading], Iterator[Made]]] = {
    "aws_nat_gateway": aws_nat_gateway,
    "google_compute_router_nat": google_router_nat,
    "azurerm_nat_gateway": azure_nat_gateway,
    "azurerm_lb_outbound_rule": azure_outbound_rule,
    "tencentcloud_nat_gateway": tencent_nat_gateway,
    "aws_lb": aws_network_balancer,
    "aws_alb": aws_network_balancer,
}
_TIES = {
    "aws_nat_gateway_eip_association": ("nat_gateway_id", "aws_nat_gateway"),
    "azurerm_nat_gateway_public_ip_association": ("nat_gateway_id", "azurerm_nat_gateway"),
    "azurerm_nat_gateway_public_ip_prefix_association": ("nat_gateway_id", "azurerm_nat_gateway"),
    **dict.fromkeys(LISTENERS, ("load_balancer_arn", "aws_lb")),
    **dict.fromkeys(ATTACHMENTS, ("target_group_arn", "aws_lb_target_group")),
}
"""Resources that belong to another: the key that refers to it, and its type."""
_ADDRESSES = ("aws_eip", "google_compute_address", "azurerm_public_ip", "azurerm_public_ip_prefix")
_LOOKED_UP = (*_TIES, *TARGET_GROUPS, *_ADDRESSES, "azurerm_lb")


def _recognises(source: Source) -> bool:
    return any(is_terraform(text) for text in source.texts.values())


def _read(source: Source) -> Draft:
    texts = [text for _, text in sorted(source.texts.items())]
    estate = estate_of([parsed(text) for text in texts if is_terraform(text)])
    reading = Reading(estate)
    made: list[Made] = []
    names: list[str] = []
    for resource in estate.resources:
        for each in _READERS[resource.type](resource, reading) if resource.type in _READERS else ():
            made.append(each)
            names.append(resource.address)
    for resource in estate.of(*_TIES):
        key, parent = _TIES[resource.type]
        reference = resource.values.at(key)
        if reference.value is None and len(estate.of(parent)) > 1:
            reading.remark(reference, resource.address, f"which {parent} it belongs to is {LATER}")
    if not estate.resources:
        rule = "it has no resources: nothing was applied, or it is the state of another folder"
        raise InputError(f"{source.name}: {rule}; terraform show -json where they were applied")
    if not made:
        known = ", ".join(_READERS)
        raise InputError(
            f"{source.name}: no NAT and no network load balancer is among its resources: {known}"
        )
    names = distinct(names)
    passed_over = Counter(each.type for each in estate.resources if each.type not in (*_READERS, *_LOOKED_UP))
    if others := sum(not is_terraform(text) for text in texts):
        passed_over["files of another kind"] = others
    services: tuple[Table, ...] = ()
    reached: list[Table] = [{} for _ in made]
    if any(each.routes for each in made):
        outside = Place(ANY, NO_PORTS, "")
        ways = [each.routes or (Route("outside", {}, (), (outside,)),) for each in made]
        services, of_way = services_of(ways, _SHARES)
        reached = [{"services": Said(groups)} for groups in of_way]
    several = len(made) > 1
    hops = tuple(
        {"name": Said(name), **({"traffic": Said([name])} if several else {}), **each.hop}
        for name, each in zip(names, made, strict=True)
    )
    kinds = kinds_of(dict(zip(names, reached, strict=True)) if several else {}, _SHARES)
    return Draft(hops, {}, services, kinds, {}, tuple(reading.remarks), dict(passed_over))


READER = Reader("Terraform", _recognises, _read)
