"""Figures that vendors, standards and operators print, each from a chain with a preset.

``python -m tests.published`` writes docs/published.md from these rows; tests/test_published.py holds
the rows against the sources and the page against the rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.published_ways import (
    Number,
    Row,
    an_address,
    each,
    enough,
    flows,
    has,
    port,
    rate,
    rests,
    served,
)

PAGE = Path(__file__).parent.parent / "docs" / "published.md"
LISTENER = {"addresses": 1, "ports": 80}


def _rows() -> Iterator[Row]:
    yield from _clouds()
    yield from _blocks()
    yield from _blocks_that_grow()
    yield from _port_sets()
    yield from _firewalls()
    yield from _hosts()
    yield from _rules()
    yield from _proxies()


def _clouds() -> Iterator[Row]:
    aws, blog = "AWS NAT gateway", "AWS blog, Attach multiple IPs to a NAT Gateway"
    guide, name = "AWS VPC User Guide, NAT gateways", "aws-nat-gateway"
    yield Row(aws, "1 address, 1 destination", "55,000", 55_000, name, flows(addresses=1), guide)
    two = flows(addresses=1, services=2)
    yield Row(aws, "1 address, 2 destinations", "110,000", 110_000, name, two, blog)
    yield Row(aws, "8 addresses, 1 destination", "440,000", 440_000, name, flows(addresses=8), blog)
    old, about = "AWS VPC User Guide, older edition", "about 900 a second"
    yield Row(aws, "1 address, 1 destination", about, 900, name, rate(addresses=1), old, 0.1)
    nlb, balancer = "AWS NLB, ip targets", "AWS ELB Network Load Balancers guide, Target groups"
    one = flows(virtual=LISTENER)
    yield Row(nlb, "1 target address and port", "55,000", 55_000, "aws-nlb-ip", one, balancer)
    minute = rate(60, virtual=LISTENER)
    yield Row(
        nlb, "the same", "about 55,000 a minute", 55_000, "aws-nlb-ip", minute, balancer, note="60 s of it"
    )
    azure, page, name = "Azure NAT Gateway", "azure-docs, nat-gateway-resource", "azure-nat-gateway"
    yield Row(azure, "1 address, 1 destination", "50,000", 50_000, name, flows(addresses=1), page)
    all_ports = flows(addresses=16, ports="1024-65535")
    counted = 'an inventory of ports, not of connections: with ports = "1024-65535", towards one destination'
    yield Row(azure, "16 addresses", "1,032,192", 1_032_192, name, all_ports, page, note=counted)
    total = flows(addresses=16, services=100)
    yield Row(azure, "16 addresses, 100 destinations", "2,000,000", 2_000_000, name, total, page)
    yield Row(azure, "a port rests after a FIN", "65 s", 65, name, rests(addresses=1), page)
    yield from _azure_balancer()
    yield from _google()
    tencent, name = "Tencent NAT gateway", "tencent-nat-gateway"
    page, three = "tencentcloud.com, document 1015/30230", flows(addresses=3)
    yield Row(tencent, "3 addresses, 1 destination", "3 × 55,000", 165_000, name, three, page)


def _azure_balancer() -> Iterator[Row]:
    product, page = "Azure Load Balancer", "azure-docs, load-balancer-outbound-connections"
    name = "azure-load-balancer-default"
    for pool, ports in ((50, 1024), (51, 512), (101, 256), (201, 128), (401, 64), (801, 32)):
        given = f"default ports of each of {pool}"
        yield Row(product, given, f"{ports:,}", ports, name, each(clients=pool, addresses=1), page)
    for addresses in (2, 3):
        given = f"default ports of each of 100, {addresses} addresses"
        yield Row(product, given, "1,024", 1024, name, each(clients=100, addresses=addresses), page)
    rules, name = "azure-docs, outbound-rules", "azure-load-balancer"
    half = each(clients=2, addresses=1, block=32_000)
    yield Row(product, "2 instances, 1 address, 32,000 each", "32,000", 32_000, name, half, rules)
    given, note = "7 instances with 10,000 each, 1 address", "6 of 7 fit: Azure refuses all"
    yield Row(product, given, "refused", 6, name, served(addresses=1, block=10_000), rules, note=note)
    aks, page = "AKS", "azure-docs, aks/load-balancer-standard"
    needed = enough(150_000, clients=3, block=50_000)
    yield Row(aks, "addresses for 3 nodes with 50,000 each", "at least 3", 3, name, needed, page)


def _google() -> Iterator[Row]:
    product, page = "Google Cloud NAT", "Google Cloud NAT, Ports and addresses, as quoted by mile.cloud"
    for addresses, block, machines in ((1, 64, 1008), (2, 64, 2016), (1, 4096, 15)):
        several = "1 address" if addresses == 1 else f"{addresses} addresses"
        given, way = f"VMs of {block:,} ports on {several}", served(addresses=addresses, block=block)
        yield Row(product, given, f"{machines:,}", machines, "google-cloud-nat", way, page)
    note, page = "TIME_WAIT", "Google Cloud release note of 2026-03-31, as quoted by cloudscoop.io"
    for name, seconds in (("google-cloud-nat-before-2026", 120), ("google-cloud-nat", 30)):
        rest = rests(addresses=1)
        yield Row(product, "a port rests", f"{seconds} s", seconds, name, rest, page, note=note)


def _blocks() -> Iterator[Row]:
    product, name, rfc = "RFC 7422", "rfc7422-deterministic", "RFC 7422, section 2.3"
    yield Row(product, "subscribers on 1 address", "14", 14, name, served(addresses=1), rfc)
    own, note = each(addresses=1, clients=14, overflow=None), "without the dynamic part"
    yield Row(product, "ports of each of 14 subscribers", "4,032", 4032, name, own, rfc, note=note)
    given, first = "first port of subscriber 14", "1024 + 4032 · 13"
    yield Row(product, given, first, 53_440, name, port(4032 * 13), rfc)
    yield Row(product, "first port of the dynamic part", "57472", 57_472, name, port(4032 * 14), rfc)
    both = flows(addresses=1, clients=1)
    note = "its own 4,032 and all that are dynamic (57472-65535)"
    yield Row(product, "1 subscriber, others silent", "4,032 + 8,064", 12_096, name, both, rfc, note=note)
    everything = flows(addresses=1, clients=14)
    yield Row(product, "14 subscribers, 1024-65535", "64,512", 64_512, name, everything, rfc)
    product, name = "TNSR, VPP det44", "vpp-det44"
    netgate, ratio = "docs.netgate.com, TNSR, Deterministic NAT", {"clients": 2**17, "addresses": 2**7}
    yield Row(product, "inside /15, outside /25: ports of a host", "63", 63, name, each(**ratio), netgate)
    shared = an_address(**ratio)
    yield Row(product, "the same: hosts on an address", "1,024", 1024, name, shared, netgate)
    csit = "FDio/csit, methodology_nat44"
    for hosts, ports in ((512, 126), (256, 252), (128, 504)):
        way = each(clients=hosts, addresses=1)
        yield Row("VPP det44", f"{hosts} hosts on an address", f"{ports}", ports, name, way, csit)
    vyos, page, name = "VyOS CGNAT", "VyOS documentation, cgnat", "vyos-cgnat"
    for block, subscribers in ((1000, 64), (16_000, 4)):
        given, way = f"subscribers with {block:,} ports on 1 address", served(addresses=1, block=block)
        yield Row(vyos, given, f"{subscribers}", subscribers, name, way, page)
    nokia, name = "Nokia 7750", "nokia-7750-deterministic"
    page = "Nokia 7750 ISA guide, Outside pool configuration"
    for block, subscribers in ((300, 153), (500, 102)):
        given = f"subscribers with {block} + 100 ports on 1 address"
        way = served(addresses=1, block=block + 100)
        note = "both blocks written as one"
        yield Row(nokia, given, f"{subscribers}", subscribers, name, way, page, note=note)


def _blocks_that_grow() -> Iterator[Row]:
    forti, name = "FortiGate PBA", "fortigate-pba"
    page = "docs.fortinet.com, FortiOS 7.2.1, Displaying IP pool usage"
    for block, blocks in ((64, 944), (128, 472), (256, 236)):
        way = an_address(addresses=1, block=block, blocks_per_client=1)
        yield Row(forti, f"blocks of {block} on 1 address", f"{blocks}", blocks, name, way, page)
    tip = "community.fortinet.com, 214463"
    whole = an_address(addresses=1, block=448, blocks_per_client=1, ports="5117-65535")
    yield Row(forti, "blocks of 448, ports 5117-65535", "134", 134, name, whole, tip)
    forum, one = "community.fortinet.com, 287511", each(addresses=1, clients=1)
    yield Row(forti, "ports of a user", "1024", 1024, name, one, forum)
    yield Row(forti, "users with all 8 blocks, 1 address", "59", 59, name, served(addresses=1), forum)
    page, note = "Junos OS 13.2, secured-port-block-allocation", "block-size 128, 8 blocks"
    yield Row("Juniper MX", "ports of a subscriber", "128 × 8", 1024, "juniper-pba", one, page, note=note)
    rest, page = rests(addresses=1, block=64, blocks_per_client=8), "a10networks/a10-acos-axapi, cgnv6 lsn"
    yield Row("A10 LSN", "a port rests", "2 minutes", 120, "a10-lsn", rest, page)


def _port_sets() -> Iterator[Row]:
    for product, name, rfc in (("MAP-E", "map-e", "RFC 7597"), ("MAP-T", "map-t", "RFC 7599")):
        page, given = f"{rfc}, example 1, as quoted", "ports of PSID 0x34"
        note = "arithmetic from its 63 ranges of 4"
        yield Row(product, given, "63 ranges", 252, name, flows(), page, note=note)
        yield Row(product, "last of them", "64723", 64_723, name, port(-1), page)
    page, note = "gist.github.com/osakanataro/a9ba5ded", "arithmetic from its 15 ranges of 16"
    yield Row(
        "MAP-E, v6plus", "ports of a customer", "15 ranges", 240, "map-e-v6plus", flows(), page, note=note
    )
    page, rest = "Jool, usr-flags-pool4 and pool4", rests(addresses=1)
    note = "arithmetic from the range"
    jool = flows(addresses=1, services=100)
    yield Row("Jool", "1 address, 100 destinations", "61001-65535", 4535, "jool", jool, page, note=note)
    yield Row("Jool", "a port rests", "4 minutes", 240, "jool", rest, page)


def _firewalls() -> Iterator[Row]:
    palo, name = "Palo Alto DIPP", "palo-alto-dipp"
    page = "docs.paloaltonetworks.com, Dynamic IP and Port NAT Oversubscription"
    yield Row(palo, "1 address, 1 destination", "64K", 64_000, name, flows(addresses=1), page)
    for services in (8, 100):
        given, way = f"1 address, {services} destinations", flows(addresses=1, services=services)
        yield Row(palo, given, "512K", 512_000, name, way, page)
    guide, name = "Cisco ASA Firewall CLI guide", "cisco-asa-pat-multi-session"
    given, note = "1 address, PAT timeout 30 s", "64,512 ports; 65,535 would be 2,184.5"
    way, about = rate(addresses=1, services=10), "about 2,000 a second"
    yield Row("Cisco ASA", given, about, 2000, name, way, guide, 0.1, note)
    note, way = "the guide divides 65,535", rate(addresses=1, hold="10s")
    given, printed = "1 address, per session, 10 s each", "65535/10 a second"
    yield Row("Cisco ASA", given, printed, 6553.5, "cisco-asa-pat", way, guide, 0.02, note)
    page, hide = "community.checkpoint.com, 213024", flows(addresses=1)
    given, printed = "1 address, 1 destination", "50,000"
    yield Row("Check Point Hide NAT", given, printed, 50_000, "checkpoint-hide-nat", hide, page)
    page, note = "F5's manual, as quoted by community.f5.com, 156499", "250,000 / 64,000 = 3.906"
    given = "addresses for 250,000 to one destination"
    yield Row("F5 SNAT", given, "4", 4, "f5-snat", enough(250_000), page, note=note)
    source, note, name = "FreeBSD, sbin/pfctl and sys/netpfil/pf", "arithmetic from the range", "pf-nat"
    yield Row(
        "pf", "1 address, 1 destination", "50001-65535", 15_535, name, flows(addresses=1), source, note=note
    )
    yield Row("pf", "a closed state stays", "90 s", 90, name, rests(addresses=1), source)
    yield Row("pf", "states", "100000", 100_000, name, has("entries", addresses=9), source)


def _hosts() -> Iterator[Row]:
    article = "Cloudflare, How to stop running out of ephemeral ports"
    linux, name = "Linux client", "linux-client"
    yield Row(linux, "32768-60999", "28,232", 28_232, name, flows(clients=1), article)
    about = "about 470 a second"
    yield Row(linux, "TIME_WAIT 60 s", about, 470, name, rate(clients=1), article, 0.01)
    ten = flows(clients=1, services=10)
    note = "arithmetic from what the article says"
    yield Row(linux, "connect, 10 destinations", "282,320", 282_320, name, ten, article, note=note)
    name = "linux-client-bind"
    yield Row(linux, "bind(0) first, 10 destinations", "28,232", 28_232, name, ten, article)
    sysctl, name = "kernel documentation, nf_conntrack-sysctl", "linux-snat-before-6-5"
    rest = rests(addresses=1)
    yield Row("Linux netfilter", "a closed entry stays", "120 s", 120, name, rest, sysctl)
    tcp, rest = "Linux, include/net/tcp.h, TCP_TIMEWAIT_LEN", rests(clients=1)
    yield Row("Linux client", "a closed socket stays", "60 s", 60, "linux-client", rest, tcp)
    source, table = "Linux, nf_conntrack_core.c, nf_conntrack_init_start", has("entries")
    given = "entries, more than 4 GiB of memory"
    yield Row("Linux netfilter", given, "262144", 262_144, "linux-router", table, source)
    for name in ("linux-snat-before-6-5", "linux-snat-before-5-0"):
        yield Row("Linux netfilter", given, "262144", 262_144, name, has("entries", addresses=9), source)
    page, name = "serverfault.com, 145907", "macos-client"
    about = "roughly about 16350"
    yield Row(
        "macOS client", "10 destinations", about, 16_350, name, flows(clients=1, services=10), page, 0.01
    )
    page, rest = "XNU, bsd/netinet/tcp_timer.h", rests(clients=1)
    note = "twice TCPTV_MSL"
    yield Row("macOS client", "a closed socket stays", "2 × 15 s", 30, name, rest, page, note=note)
    page, name = "FreeBSD, sys/netinet/in.h", "freebsd-client"
    ports, note = flows(clients=1), "arithmetic from the range"
    yield Row("FreeBSD client", "1 destination", "10000-65535", 55_536, name, ports, page, note=note)
    page = "scratching.psybermonkey.net, 2011-01-31"
    yield Row("FreeBSD client", "a closed socket stays", "60 seconds", 60, name, rest, page)
    windows, page = "Windows before Vista", "serverdevworker.com, 15449596ed"
    name, way = "windows-client-before-vista", rate(clients=1)
    yield Row(windows, "1025-5000", "3,976", 3976, name, flows(clients=1), page)
    yield Row(windows, "TIME_WAIT 240 s", "16.5 a second", 16.5, name, way, page, 0.01)
    rfc, alone = "RFC 6056, section 3.2", flows(clients=1)
    yield Row("RFC 6056", "49152-65535", "16,384", 16_384, "iana-dynamic-client", alone, rfc)
    yield Row("RFC 6056", "1024-65535", "64,512", 64_512, "rfc6056-client", alone, rfc)


def _rules() -> Iterator[Row]:
    rest = rests(addresses=1)
    yield Row("NAT rules", "no port again, REQ-8", "120 s", 120, "rfc-cgn", rest, "RFC 6888")
    yield Row("NAT rules", "transitory", "4 min", 240, "rfc-nat", rest, "RFC 7857; RFC 5382, REQ-5")
    given, note = "established, and then transitory", "a connection that is never closed: hold = 2 h 4 min"
    way, rfc = rests(addresses=1, hold="2h4m"), "RFC 5382, REQ-5"
    yield Row("NAT rules", given, "2 h 4 min + 4 min", 7680, "rfc-nat", way, rfc, note=note)


def _proxies() -> Iterator[Row]:
    istio, name = "Istio sidecar, inbound", "istio-inbound-redirect"
    given, page = "connections from 127.0.0.6", "github.com/istio/istio/issues/44008"
    yield Row(istio, given, "28,232", 28_232, name, flows(clients=1000), page)
    page, note = "github.com/istio/istio/issues/51210", "the issue divides 28,000 by 60 s"
    yield Row(istio, "the same", "466 a second", 466, name, rate(clients=1000), page, 0.02, note)
    page, ten = "github.com/envoyproxy/envoy/issues/44747", flows(clients=1000, services=10)
    given = "10 destinations, source address bound first"
    yield Row("Envoy before July 2026", given, "about 28K", 28_232, "envoy-bind", ten, page)
    given, printed = "10 destinations, IP_BIND_ADDRESS_NO_PORT", "10 times as many"
    yield Row("Envoy", given, printed, 282_320, "envoy", ten, page)
    source, note = "redsocks.conf.example", "two for sockets, four for pipes"
    given = "flows of 600 file descriptors"
    yield Row("redsocks", given, "2 + 4 each", 100, "redsocks", flows(max_files=600), source, note=note)
    page, note = "github.com/cilium/cilium/issues/24555", "an older modulo left out the last port"
    given, name = "1 address, 1 destination", "cilium-egress-gateway"
    yield Row("Cilium", given, "32,767", 32_767, name, flows(addresses=1), page, 1e-4, note)


ROWS = tuple(_rows())

_HEAD = """\
# Published figures

What vendors, standards and operators print, and what `tuplecalc` computes from the preset of that product
for the input in the second column. A test computes every row again. Sources that round are held to the
tolerance in the note; where a figure is counted in another way, or follows from what a source says, the note
says how. Rates are of connections that end at once, unless the input says otherwise. Rows in seconds read a
timer back: ports over rate.

The values, their dates and what was not read at the source: `tuplecalc presets NAME`.

"""
_COLUMNS = ("product", "input", "published", "tuplecalc", "preset", "source", "note")


def page() -> str:
    """docs/published.md."""
    lines = [_COLUMNS, ("---", "---", "--:", "--:", "---", "---", "---"), *map(_cells, ROWS)]
    return _HEAD + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(row: Row) -> tuple[str, ...]:
    note = "; ".join(filter(None, (f"within {row.within:.2%}" if row.within else "", row.note)))
    note = note.replace(".00%", "%")
    return row.product, row.given, row.printed, _shown(row.computed), f"`{row.name}`", row.source, note


def _shown(number: Number) -> str:
    return f"{int(number):,}" if number == int(number) else f"{float(number):,.1f}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(f"wrote {PAGE.name}: {len(ROWS)} rows")
