"""A machine's rules and the configuration of its proxy: one hop of both, and no proxy twice."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.network.chain import Chain
from tuplecalc.network.file import loads
from tuplecalc.network.proxy import Proxy
from tuplecalc.sources.host import bundle
from tuplecalc.sources.proxies import haproxy
from tuplecalc.sources.texts import Source, Text
from tuplecalc.sources.written import Written, written

REDIRECT = "-A PREROUTING -i lan -p tcp --dport 80 -j REDIRECT --to-ports 3128"
SNAT = "-A POSTROUTING -o wan -p tcp -j SNAT --to-source 198.18.9.1"
MASQUERADE = "-A POSTROUTING -o wan -p tcp -j MASQUERADE"
WAN = '{"family": "inet", "local": "198.18.2.1", "prefixlen": 24}'
TPROXY = "-A PREROUTING -p tcp --dport 80 -j TPROXY --on-port 3128"
CONFIGURATION = """global
 maxconn 1000
frontend f
 bind :3128
 default_backend b
backend b
 source 198.18.2.1
 server s 198.18.2.9:80
"""


def box(*rules: str, process: str = "haproxy", files: int = 20_000) -> Source:
    table = "mangle" if TPROXY in rules else "nat"
    heard = f'LISTEN 0 4096 0.0.0.0:3128 0.0.0.0:* users:(("{process}",pid=77,fd=9))'
    texts = {
        "iptables-save.txt": "\n".join([f"*{table}", *rules, "COMMIT"]),
        "addr.json": f'[{{"ifname": "wan", "addr_info": [{WAN}]}}]',
        "sysctl.txt": "net.ipv4.ip_local_port_range = 30000 30099",
        "listeners.txt": heard,
        "limits-77.txt": f"# {process} 77\nMax open files  {files}  {files}  files",
    }
    return Source("box", {name: Text(f"box/{name}", text) for name, text in texts.items()})


def own(written: str = CONFIGURATION, name: str = "ha.cfg") -> Source:
    return Source(name, {name: Text(name, written)})


def imported(*sources: Source) -> tuple[Written, Chain]:
    readers = {"box": bundle.READER}
    found = written([(each, readers.get(each.name, haproxy.READER).read(each)) for each in sources])
    return found, loads(found.text)


@pytest.mark.parametrize("swapped", [False, True])
def test_a_captured_proxy_and_its_own_configuration_are_one_hop(swapped: bool) -> None:
    sources = (own(), box(REDIRECT)) if swapped else (box(REDIRECT), own())
    found, chain = imported(*sources)
    (hop,) = chain.hops
    assert isinstance(hop, Proxy)
    assert (hop.name, hop.capture, hop.listen_ports.spec, hop.max_files) == ("haproxy", "nat", 3128, 2000)
    lines = found.text.splitlines()
    assert 'addresses = "198.18.2.1"  # ha.cfg:7' in lines
    assert 'ports = "30000-30099"  # box/sysctl.txt:1' in lines
    assert 'capture = "nat"  # box/iptables-save.txt:2' in lines
    assert 'addresses = "198.18.2.9"  # ha.cfg:8' in lines
    assert capacity(chain).flows == 100
    assert [tuple(each) for each in found.remarks] == [
        ("ha.cfg", "haproxy", "box captures connections for this proxy, so that both make one hop")
    ]


def test_the_fewer_of_both_files_are_its_files() -> None:
    _, chain = imported(box(REDIRECT, files=500), own())
    assert [hop.max_files for hop in chain.hops if isinstance(hop, Proxy)] == [500]


@pytest.mark.parametrize("rule", [SNAT.replace("198.18.9.1", "198.18.2.1"), MASQUERADE])
@pytest.mark.parametrize("swapped", [False, True])
def test_it_has_the_address_that_its_machine_translates_to(rule: str, swapped: bool) -> None:
    sources = (own(), box(REDIRECT, rule)) if swapped else (box(REDIRECT, rule), own())
    _, chain = imported(*sources)
    assert [(hop.name, hop.on, hop.own_addresses and hop.own_addresses.spec) for hop in chain.hops] == [
        ("haproxy", "box", "198.18.2.1"),
        ("nat", "box", "198.18.2.1"),
    ]


def test_ways_through_it_share_its_machine_with_what_passes() -> None:
    ways = "listen g\n bind :3128\n source 0.0.0.0 usesrc clientip\n server t 198.18.3.1:443\n"
    _, chain = imported(box(REDIRECT, SNAT), own(CONFIGURATION + ways))
    assert {hop.on for hop in chain.hops} == {"box"}
    assert [(hop.name, getattr(hop, "capture", None)) for hop in chain.hops] == [
        ("haproxy-b", "nat"),
        ("haproxy-g", "nat"),
        ("nat", None),
    ]
    assert chain.hops[2].traffic == ("haproxy-g", "passing")  # what leaves as its client is translated too
    kinds = {each.name: (each.services, each.share) for each in chain.traffic.kinds}
    assert [services for services, _ in kinds.values()][:2] == [("b",), ("g",)]
    assert not {"b", "g"} & {*(kinds["passing"][0] or "bg")}
    assert {share for _, share in kinds.values()} == {Fraction(1, 3)}


def test_a_way_that_is_not_captured_is_on_the_machine_too() -> None:
    """The rules drop nothing invalid, so that tracking is loose for all hops."""
    ways = "listen g\n bind :8080\n source 0.0.0.0 usesrc clientip\n server t 198.18.3.1:443\n"
    _, chain = imported(box(REDIRECT, SNAT), own(CONFIGURATION + ways))
    assert {hop.on for hop in chain.hops} == {"box"}
    assert [(hop.name, hop.capture, hop.tracking) for hop in chain.hops if isinstance(hop, Proxy)] == [
        ("haproxy-b", "nat", "loose"),
        ("haproxy-g", "listen", "loose"),
    ]


def test_a_transparent_proxy_is_known_by_its_process() -> None:
    transparent = CONFIGURATION.replace(":3128", ":3128 transparent").replace("source 198.18.2.1", "")
    _, chain = imported(box(TPROXY), own(transparent))
    assert [(hop.name, hop.capture) for hop in chain.hops if isinstance(hop, Proxy)] == [
        ("haproxy", "tproxy")
    ]


@pytest.mark.parametrize(
    ("rules", "process", "change"),
    [
        ((REDIRECT,), "squid", lambda text: text),
        ((REDIRECT,), "haproxy", lambda text: text.replace("3128", "3129")),
        ((TPROXY,), "haproxy", lambda text: text),
        ((SNAT,), "haproxy", lambda text: text),
    ],
)
def test_another_proxy_is_a_hop_of_its_own(
    rules: tuple[str, ...], process: str, change: Callable[[str], str]
) -> None:
    found, chain = imported(box(*rules, process=process), own(change(CONFIGURATION)))
    assert len(chain.hops) == 2
    assert found.remarks == ()


def test_the_same_source_twice_is_an_error() -> None:
    said = "^copy.cfg: the same stands in ha.cfg, and a connection does not cross it twice; name it once; "
    with pytest.raises(InputError, match=said):
        imported(own(), own(name="copy.cfg"))


def test_two_sources_of_the_same_addresses_are_remarked() -> None:
    found, _ = imported(own(), own(CONFIGURATION.replace("3128", "3129"), "other.cfg"))
    why = "of the same addresses as hop haproxy of another source: is it the same machine?"
    assert ("other.cfg:7", "hop haproxy", why) in [tuple(each) for each in found.remarks]
