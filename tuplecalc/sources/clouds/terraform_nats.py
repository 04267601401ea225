"""NATs of the clouds by their Terraform resources: addresses, ports of each client, timers.

Attributes are those of the providers' documentation: hashicorp/aws 5, google 6, azurerm 4, tencentcloud 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuplecalc.errors import ChainError
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.presets import preset
from tuplecalc.sources.clouds.terraform_resources import LATER, Estate, Made, Reading, Resource
from tuplecalc.sources.draft import Said
from tuplecalc.sources.json_node import Node

_AUTOMATIC = "gcloud compute routers get-status: autoAllocatedNatIps, which grow with the need"
_GOOGLE_TIME_WAIT = "gcloud compute routers nats describe: effectiveTcpTimeWaitTimeoutSec"
_MOST_BLOCK = 64512


def _cone(name: str, resource: Resource, *, addresses: Said, **keys: Said) -> Made:
    """A hop of a preset; where it has more addresses than the preset allows, its own limit says so."""
    size = AddressSet(addresses.value).size
    more = {"most": addresses._replace(value={"addresses": size}, unknown="")}
    hop = {"kind": Said("cone"), "preset": Said(name, resource.values.where), "addresses": addresses}
    return Made({**hop, **keys, **(more if size > preset(name).most.get("addresses", size) else {})})


def _addresses(found: list[str | int], where: str, unknown: str = LATER) -> Said:
    """Addresses and blocks as they are written, or counted where some are not known yet."""
    written = [each for each in found if isinstance(each, str) and _size(each)]
    if not found:
        return Said(1, where, unknown)
    if len(written) == len(found):
        return Said(written[0] if len(written) == 1 else written, where)
    return Said(sum(each if isinstance(each, int) else _size(each) or 1 for each in found), where)


def _size(block: str) -> int:
    try:
        return AddressSet(block).size
    except ChainError:
        return 0


def aws_nat_gateway(nat: Resource, reading: Reading) -> Iterator[Made]:
    """One address, and those that are allocated beside it; a private one takes them from its subnet."""
    values, estate = nat.values, reading.estate
    private = values.at("connectivity_type").text == "private"
    found: list[str | int] = [values.at("private_ip" if private else "public_ip").text or 1]
    more = [each.text for each in values.at("secondary_allocation_ids").each()]
    ties = estate.belonging(nat, "nat_gateway_id", "aws_nat_gateway_eip_association")
    more += [tie.values.at("allocation_id").text for tie in ties]
    for allocation in dict.fromkeys(filter(None, more)):
        eip = estate.named(allocation, "aws_eip")
        found.append((eip.values.at("public_ip").text if eip else "") or 1)
    found += [1] * more.count("")
    if private:
        listed = [each.text or 1 for each in values.at("secondary_private_ip_addresses").each()]
        found += listed or [1] * min(values.at("secondary_private_ip_address_count").number or 0, 31)
    if values.at("availability_mode").text == "regional":
        reading.remark(values, nat.address, "a regional gateway: it has addresses of its own in each zone")
    yield _cone("aws-nat-gateway", nat, addresses=_addresses(found, values.where))


def google_router_nat(nat: Resource, reading: Reading) -> Iterator[Made]:
    """Ports for each VM in advance, or as it needs them; both are powers of two."""
    values, estate = nat.values, reading.estate
    dynamic = values.at("enable_dynamic_port_allocation").holds
    found: list[str | int] = []
    for each in values.at("nat_ips").each():
        address = estate.named(each.text, "google_compute_address")
        found.append((address.values.at("address").text if address else "") or 1)
    manual = values.at("nat_ip_allocate_option").text == "MANUAL_ONLY"
    keys = {"addresses": _addresses(found, values.at("nat_ips").where, LATER if manual else _AUTOMATIC)}
    ports = values.at("max_ports_per_vm" if dynamic else "min_ports_per_vm")
    number = ports.number or 0
    most = 65536 if dynamic else _MOST_BLOCK
    if number > most:
        reading.remark(ports, str(number), "more ports than an address has")
    elif number:
        rounded = min(1 << (number - 1).bit_length(), most)
        keys["client_ports" if dynamic else "block"] = Said(rounded, ports.where)
    rest = values.at("tcp_time_wait_timeout_sec")
    keys["time_wait"] = _seconds(rest, _GOOGLE_TIME_WAIT)
    idle = values.at("udp_idle_timeout_sec")
    if idle.number:
        keys["udp_timeout"] = _seconds(idle)
    if values.at("enable_endpoint_independent_mapping").holds:
        where = values.at("enable_endpoint_independent_mapping").where
        keys["mapping"] = Said("endpoint-independent", where)
    if [*values.at("rules").each()]:
        reading.remark(values.at("rules"), "rules", "some destinations have addresses of their own")
    yield _cone("google-cloud-nat-dynamic" if dynamic else "google-cloud-nat", nat, **keys)


def _seconds(node: Node, unknown: str = "") -> Said:
    return Said(None, "", unknown) if node.number is None else Said(f"{node.number}s", node.where)


def azure_nat_gateway(nat: Resource, reading: Reading) -> Iterator[Made]:
    """Addresses and blocks that are associated with it, or that it names itself (deprecated)."""
    values, estate = nat.values, reading.estate
    nodes = [*values.at("public_ip_address_ids").each()]
    ties = estate.belonging(nat, "nat_gateway_id", "azurerm_nat_gateway_public_ip_association")
    nodes += [each.values.at("public_ip_address_id") for each in ties]
    found = [_azure_address(each, estate) for each in _once(nodes)]
    blocks = [*values.at("public_ip_prefix_ids").each()]
    ties = estate.belonging(nat, "nat_gateway_id", "azurerm_nat_gateway_public_ip_prefix_association")
    blocks += [each.values.at("public_ip_prefix_id") for each in ties]
    found += [_azure_block(each, estate) for each in _once(blocks)]
    where = (nodes or blocks or [values])[0].where
    yield _cone("azure-nat-gateway", nat, addresses=_addresses(found, where))


def _once(references: Iterable[Node]) -> Iterator[Node]:
    """References to different resources; those that are not known yet are all different."""
    seen: set[str] = set()
    for each in references:
        if each.text.casefold() not in seen:
            yield each
        seen |= {each.text.casefold()} - {""}


def _azure_address(reference: Node, estate: Estate) -> str | int:
    found = estate.named(reference.text, "azurerm_public_ip")
    return (found.values.at("ip_address").text if found else "") or 1


def _azure_block(reference: Node, estate: Estate) -> str | int:
    found = estate.named(reference.text, "azurerm_public_ip_prefix")
    length = found.values.at("prefix_length").number if found else None
    counted = 1 << max(0, 32 - (28 if length is None else length))  # 28 is the provider's default
    return (found.values.at("ip_prefix").text if found else "") or counted


def azure_outbound_rule(rule: Resource, reading: Reading) -> Iterator[Made]:
    """Ports of the frontends' addresses for each instance of the pool: a number, or by the pool's size."""
    values, estate = rule.values, reading.estate
    if values.at("protocol").text == "Udp":
        reading.remark(values, rule.address, "UDP only: not counted")
        return
    balancer = next((each for each in estate.of("azurerm_lb") if rule in _rules(each, estate)), None)
    frontends = {
        each.at("name").text: each
        for each in (balancer.values.at("frontend_ip_configuration").each() if balancer else ())
    }
    found: list[str | int] = []
    for each in values.at("frontend_ip_configuration").each():
        frontend = frontends.get(each.at("name").text, each)
        single, prefix = frontend.at("public_ip_address_id"), frontend.at("public_ip_prefix_id")
        found.append(_azure_block(prefix, estate) if prefix.text else _azure_address(single, estate))
    keys = {"addresses": _addresses(found, values.at("frontend_ip_configuration").where)}
    ports = values.at("allocated_outbound_ports")
    number = 1024 if ports.value is None else ports.number or 0  # 1024 is the provider's default
    if not 0 < number <= 64000:
        yield _cone("azure-load-balancer-default", rule, **keys)
    else:
        yield _cone("azure-load-balancer", rule, **keys, block=Said(number, ports.where))


def _rules(balancer: Resource, estate: Estate) -> list[Resource]:
    return estate.belonging(balancer, "loadbalancer_id", "azurerm_lb_outbound_rule")


def tencent_nat_gateway(nat: Resource, _: Reading) -> Iterator[Made]:
    """Its elastic addresses, and how many connections its size allows."""
    values = nat.values
    found = [each.text or 1 for each in values.at("assigned_eip_set").each()]
    most = values.at("max_concurrent")
    keys = {"max_entries": Said(most.number, most.where)} if most.number else {}
    yield _cone("tencent-nat-gateway", nat, addresses=_addresses(found, values.where), **keys)
