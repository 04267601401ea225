"""Network load balancers by their Terraform resources: listeners, target groups, whether clients are seen."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from operator import or_

from tuplecalc.network.ports import LAST_PORT, PortSet
from tuplecalc.sources.clouds.terraform_resources import LATER, Estate, Made, Reading, Resource
from tuplecalc.sources.draft import Said
from tuplecalc.sources.json_node import Node
from tuplecalc.sources.places import NO_PORTS, Place
from tuplecalc.sources.routes import Route

LISTENERS = ("aws_lb_listener", "aws_alb_listener")
TARGET_GROUPS = ("aws_lb_target_group", "aws_alb_target_group")
ATTACHMENTS = ("aws_lb_target_group_attachment", "aws_alb_target_group_attachment")


def aws_network_balancer(balancer: Resource, reading: Reading) -> Iterator[Made]:
    """One hop for target groups that see their clients' addresses, one for those that do not."""
    values, estate = balancer.values, reading.estate
    if values.at("load_balancer_type").text != "network":
        reading.remark(values, balancer.address, "no network load balancer: it has no numbers in the presets")
        return
    zones = len([*values.at("subnet_mapping").each()] or [*values.at("subnets").each()])
    of_manner: dict[bool, list[tuple[Node, Resource]]] = {}
    for listener in estate.belonging(balancer, "load_balancer_arn", *LISTENERS):
        if listener.values.at("protocol").text in ("UDP", "QUIC"):
            reading.remark(listener.values, listener.address, "UDP only: not counted")
            continue
        if listener.values.at("protocol").text == "TLS":
            reading.remark(listener.values, listener.address, "it ends TLS: counted as if it passed it on")
        for group in _target_groups(listener, reading):
            of_manner.setdefault(_preserves(group), []).append((listener.values.at("port"), group))
    for preserves, several in of_manner.items():
        ports = reduce(or_, (_port(port.number) for port, _ in several))
        virtual = {"addresses": zones or 1, "ports": (ports or PortSet(443)).spec}
        said = Said(virtual, values.where, "" if zones and ports else LATER)
        preset, kind = ("aws-nlb-client-ip", "hourglass") if preserves else ("aws-nlb-ip", "cone")
        hop = {"kind": Said(kind), "preset": Said(preset, several[0][1].values.where), "virtual": said}
        groups = {group.address: group for _, group in several}
        yield Made(hop, tuple(_route(group, estate) for group in groups.values()))
    if not of_manner:
        reading.remark(values, balancer.address, "no target group is behind it: it is not counted")


def _target_groups(listener: Resource, reading: Reading) -> Iterator[Resource]:
    estate = reading.estate
    for action in listener.values.at("default_action").each():
        forwards = [each.at("target_group") for each in action.at("forward").each()]
        arns = [each.at("arn") for several in forwards for each in several.each()]
        for arn in arns or [action.at("target_group_arn")]:
            groups = estate.of(*TARGET_GROUPS)
            found = estate.named(arn.text, *TARGET_GROUPS)
            if found is None and arn.value is None and len(groups) == 1:
                found = groups[0]
            if found is None:
                reading.remark(arn, arn.text or listener.address, "its target group is not known here")
            else:
                yield found


def _preserves(group: Resource) -> bool:
    """By default instances see their clients' addresses, and addresses do not but for UDP."""
    given = group.values.at("preserve_client_ip")
    if given.holds or given.text == "true":
        return True
    return given.value in (None, "") and group.values.at("target_type").text in ("instance", "")


def _route(group: Resource, estate: Estate) -> Route:
    """The targets of a group; instances are an address each."""
    attached = estate.belonging(group, "target_group_arn", *ATTACHMENTS)
    usual = group.values.at("port").number or 0
    places = []
    for each in attached:
        port = each.values.at("port").number or usual
        target = each.values.at("target_id").text or each.address
        places.append(Place(target, _port(port), each.values.where))
    waiting = Place(f"targets of {group.address}", _port(usual), group.values.where)
    return Route(group.address, {}, (), tuple(places) or (waiting,))


def _port(number: int | None) -> PortSet:
    return PortSet(number) if number and number <= LAST_PORT else NO_PORTS
