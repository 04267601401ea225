"""Real rules, by nft and both kinds of iptables: what the collector brings home says what was set up."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.lab.kernel import MARKS
from tests.sources.host.drafts import chain, read, values
from tuplecalc.sources.draft import Draft
from tuplecalc.sources.host import bundle
from tuplecalc.sources.texts import Source, Text

COLLECTOR = Path(bundle.__file__).parent / "collector.sh"
_MACHINE = """
ip link set lo up
ip link add out type veth peer name far
ip link add in type veth peer name near
ip address add 198.18.0.1/24 dev out
ip address add 198.18.0.2/24 dev out
ip address add 198.18.1.1/24 dev in
ip link set out up; ip link set far up; ip link set in up; ip link set near up
ip route add default via 198.18.0.254 dev out
echo 20000 29999 > /proc/sys/net/ipv4/ip_local_port_range
echo 20100-20199 > /proc/sys/net/ipv4/ip_local_reserved_ports
echo 1 > /proc/sys/net/ipv4/tcp_tw_reuse
"""
_HOME = "ip rule add fwmark 1 lookup 100; ip route add local default dev lo table 100\n"
_BY_NFT = """
nft -f - <<'END'
table ip gateway {
 set inside {
  type ipv4_addr; flags interval; elements = { 198.18.1.0/24, 198.18.4.0/25 }
 }
 chain divert {
  type filter hook prerouting priority mangle;
  tcp dport { 80, 443 } iifname "in" tproxy to :3129 meta mark set 1 accept
  ct state invalid counter drop
 }
 chain out {
  type nat hook postrouting priority srcnat;
  oifname "out" jump translate
 }
 chain translate {
  ip saddr @inside meta l4proto { tcp, udp } snat to 198.18.0.1-198.18.0.2:2000-61999 persistent
 }
}
END
"""
_BY_IPTABLES = """
i=iptables-{0}
$i -t mangle -A PREROUTING -i in -p tcp -m multiport --dports 80,443 -j TPROXY --on-port 3129 --tproxy-mark 1
$i -t mangle -A PREROUTING -m conntrack --ctstate INVALID -j DROP
$i -t nat -N translate
$i -t nat -A POSTROUTING -o out -j translate
to="--to-source 198.18.0.1-198.18.0.2:2000-61999"
for inside in 198.18.1.0/24 198.18.4.0/25; do
 for protocol in tcp udp; do
  $i -t nat -A translate -s $inside -p $protocol -j SNAT $to --persistent
 done
done
"""
pytestmark = [
    *MARKS,
    *(
        pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")
        for tool in ("nft", "iptables-nft", "iptables-legacy", "unshare")
    ),
]


def collected(script: str) -> Draft:
    """What the collector brings home from a namespace after this script, as a draft."""
    listener = "import socket, time; listener = socket.create_server(('', 3129)); time.sleep(60)"
    listen = f"""
ulimit -n 5000
{sys.executable} -c "{listener}" &
trap "kill $!" EXIT
while ! ss -tln | grep -q :3129; do sleep 0.02; done
sh < {COLLECTOR}
"""
    done = subprocess.run(
        ["unshare", "--net", "sh", "-e", "-c", f"{_MACHINE}\n{script}\n{listen}"],
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        files = [(each.name.removeprefix("./"), tar.extractfile(each)) for each in tar if each.isfile()]
    texts = {name: Text(name, file.read().decode()) for name, file in files if file}
    return read(Source("box.tar", texts))


@pytest.mark.parametrize("setup", [_BY_NFT, _BY_IPTABLES.format("nft"), _BY_IPTABLES.format("legacy")])
def test_a_gateway_that_captures_and_translates(setup: str) -> None:
    draft = collected(setup + _HOME)
    proxy, cone = map(values, draft.hops)
    expected: dict[str, Any] = {"kind": "cone", "addresses": "198.18.0.1-198.18.0.2", "ports": "2000-61999"}
    assert cone.items() >= {**expected, "traffic": ["passing"]}.items()
    expected = {
        **{"capture": "tproxy", "source": "own", "addresses": "198.18.0.1", "max_files": 5000},
        **{"ports": ["20000-20099", "20200-29999"], "reuse_after": "1000ms", "tracking": "strict"},
        **{"name": Path(sys.executable).name[:15], "traffic": ["captured"]},
    }
    assert {key: proxy[key] for key in expected} == expected
    assert values(draft.clients) == {"addresses": ["198.18.1.0/24", "198.18.4.0/25"]}
    assert [values(kind)["name"] for kind in draft.kinds] == ["captured", "passing"]
    assert draft.remarks == ()
    assert chain(draft).hops[1].max_entries


_BALANCER_BY_NFT = """
nft -f - <<'END'
table ip balancer {
 map servers {
  type inet_service : ipv4_addr . inet_service; elements = { 80 : 198.18.1.7 . 8080, 81 : 198.18.1.8 . 8080 }
 }
 chain in {
  type nat hook prerouting priority dstnat;
  iifname "out" ip daddr 198.18.0.2 tcp dport vmap { 443 : jump tls, 22 : accept }
  iifname "out" ip daddr 198.18.0.1 dnat ip to tcp dport map @servers
 }
 chain tls {
  dnat to numgen inc mod 2 map { 0 : 198.18.1.7, 1 : 198.18.1.8 }
 }
}
END
"""
_BALANCER_BY_IPTABLES = """
i=iptables-{0}
$i -t nat -N tls
$i -t nat -A PREROUTING -i out -d 198.18.0.2 -p tcp --dport 443 -j tls
$i -t nat -A tls -m statistic --mode nth --every 2 --packet 0 -j DNAT --to-destination 198.18.1.7
$i -t nat -A tls -j DNAT --to-destination 198.18.1.8
$i -t nat -A PREROUTING -i out -d 198.18.0.1 -p tcp --dport 80 -j DNAT --to-destination 198.18.1.7:8080
$i -t nat -A PREROUTING -i out -d 198.18.0.1 -p tcp --dport 81 -j DNAT --to-destination 198.18.1.8:8080
"""
_EVERY = [
    pytest.param(_BALANCER_BY_NFT, id="nft"),
    pytest.param(_BALANCER_BY_IPTABLES.format("nft"), id="iptables-nft"),
    pytest.param(_BALANCER_BY_IPTABLES.format("legacy"), id="iptables-legacy"),
]


@pytest.mark.parametrize("setup", _EVERY)
def test_a_balancer(setup: str) -> None:
    draft = collected(setup)
    (hop,) = map(values, draft.hops)
    assert (hop["kind"], hop["layer"]) == ("hourglass", 4)
    assert hop["virtual"] == {"addresses": "198.18.0.2", "ports": 443}
    assert [values(each) for each in draft.services] == [{"addresses": "198.18.1.7-198.18.1.8", "ports": 443}]
    assert {remark.why for remark in draft.remarks} == {"another virtual service: a chain of its own"}


@pytest.mark.parametrize(
    "setup",
    [
        "nft 'add table ip t; add chain ip t c { type nat hook prerouting priority -100; };"
        ' add rule ip t c iifname "in" tcp dport 80 redirect to :3129;'
        " add chain ip t i { type nat hook input priority 100; };"
        " add rule ip t i meta l4proto tcp snat to 198.18.1.1:5000-5999'\n",
        "i=iptables-nft; $i -t nat -A PREROUTING -i in -p tcp --dport 80 -j REDIRECT --to-ports 3129\n"
        "$i -t nat -A INPUT -p tcp -j SNAT --to-source 198.18.1.1:5000-5999\n",
    ],
)
def test_a_redirect(setup: str) -> None:
    draft = collected(setup)
    (proxy,) = map(values, draft.hops)
    expected = {"capture": "nat", "listen_ports": 3129, "rewrite_ports": "5000-5999", "tracking": "loose"}
    assert {key: proxy[key] for key in expected} == expected
    assert (draft.remarks, values(draft.clients)) == ((), {"addresses": "198.18.1.0/24"})


_SPEAK = """import socket, sys
speaker = socket.socket()
speaker.setblocking(False)
speaker.bind(("198.18.1.1", 4000))
speaker.connect_ex(("198.18.5.5", 80))
seen = open("/proc/net/nf_conntrack").read().split()
print([word for word in seen if word.startswith("dst=")][1], file=open(sys.argv[1], "w"))
"""


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (("203.0.113.5/32", "198.18.0.7/24", "198.18.0.8/24"), "198.18.0.7"),
        (("203.0.113.5/32", "203.0.113.6/32"), "203.0.113.5"),
    ],
)
def test_masquerade_gives_the_address_that_the_draft_says(
    addresses: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    speak, answer = tmp_path / "speak.py", tmp_path / "answer"
    speak.write_text(_SPEAK)
    own = "\n".join(f"ip address add {each} dev out" for each in addresses)
    draft = collected(
        f"ip address flush dev out\n{own}\nip route replace default via 198.18.0.254 dev out onlink\n"
        "iptables-nft -t nat -A POSTROUTING -o out -j MASQUERADE\n"
        f"{sys.executable} {speak} {answer}\n"
    )
    assert answer.read_text() == f"dst={expected}\n", "what the kernel does"
    (cone,) = map(values, draft.hops)
    assert cone["addresses"] == expected
