"""Whatever the files hold: no traceback, no hang, and what comes of them loads as a chain."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.host.drafts import bundle, chain
from tests.sources.host.gateway import (
    ADDR,
    DIVERT,
    IPVS,
    MASQUERADE,
    ROUTE,
    RULE,
    SSH,
    SYSCTL,
    TPROXY,
    WEB,
    saved,
)
from tests.sources.host.test_nft import DADDR, DPORT, DRAWN, MARK, SADDR, TCP, header, match, meta, ruleset
from tests.sources.host.test_nft import WEB as BY_MAP
from tuplecalc.errors import InputError
from tuplecalc.sources.host.bundle import READER
from tuplecalc.sources.texts import Source, Text

NFT = ruleset(
    ("pre", "prerouting", [
        [match(DPORT, {"set": [80, {"range": [8000, 8099]}]}), {"tproxy": {"port": 3129}}, MARK],
        [match({"socket": {"key": "transparent"}}, 1), MARK], [BY_MAP],
        [{"vmap": {"key": DPORT, "data": {"set": [[80, {"jump": {"target": "b"}}], [81, {"drop": None}]]}}}],
        [{"dnat": {"addr": {"map": {"key": DRAWN, "data": {"set": [[0, "198.18.2.4"]]}}}}}],
        [match({"ct": {"key": "state"}}, ["invalid"], "in"), {"drop": None}],
        [match(header("th", "sport"), 7), {"redirect": {"port": {"range": [1, 7]}}}],
    ]),
    ("b", "", [[{"notrack": None}]]),
    ("post", "postrouting", [
        [match(SADDR, "@inside"), match(meta("oifname"), "wan*"), {"masquerade": {"flags": ["random"]}}],
        [TCP, match(DADDR, {"prefix": {"addr": "198.18.0.0", "len": 16}}, "!="),
         {"snat": {"addr": {"range": ["198.18.0.1", "198.18.0.9"]}, "port": 7}}],
    ]),
)  # fmt: skip
FILES = {
    "iptables.txt": saved(mangle=DIVERT + TPROXY, nat=WEB + SSH + "\n" + MASQUERADE),
    "nft.json": NFT,
    "addr.json": ADDR,
    "route.json": ROUTE,
    "rule.json": RULE,
    "sysctl.txt": SYSCTL,
    "ipvsadm.txt": IPVS,
    "listeners.txt": 'LISTEN 0 9 *:3129 *:* users:(("squid",pid=7,fd=9))',
    "limits.txt": "# squid 7\nMax open files  4096  8192  files",
    "kernel.txt": "Linux 6.8.0",
    "memory.txt": "MemTotal:  24684084 kB",
}
_ODD = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=9),
    st.sampled_from(["@inside", "@web", "198.18.0.1", "2001:db8::/64", "0.0.0.0/0", "65536", "0", "-"]),
    st.just([]), st.just({}), st.just([[[]]]),
)  # fmt: skip


def survives(files: dict[str, str]) -> None:
    source = Source("box.tar", {name: Text(name, text) for name, text in files.items()})
    if not READER.recognises(source):
        return
    with suppress(InputError):
        chain(READER.read(source))


@given(st.data(), st.sampled_from(sorted(FILES)), st.booleans())
@settings(max_examples=80, deadline=None)
def test_files_that_were_cut_or_mixed_up(data: st.DataObject, name: str, alone: bool) -> None:
    text = FILES[name]
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        other = data.draw(
            st.one_of(st.text(max_size=12), st.just(text[start:end] * 2), st.sampled_from(_WORDS))
        )
        text = text[:start] + other + text[end:]
    survives({name: text} if alone else {**FILES, name: text})


_WORDS = [
    " -j SNAT",
    " --to-source",
    " ! ",
    "-m",
    "-p udp ",
    "::",
    ":0",
    "-",
    ",",
    "/33",
    "\n",
    "*nat\n",
    "99999",
    "0x",
]


@given(st.data(), st.sampled_from(["nft.json", "addr.json", "route.json", "rule.json"]))
@settings(max_examples=80, deadline=None)
def test_json_of_other_shapes(data: st.DataObject, name: str) -> None:
    whole = json.loads(FILES[name])
    place = whole
    while isinstance(place, dict | list) and place:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key: Any = data.draw(st.sampled_from(keys))
        if data.draw(st.integers(0, 3)) == 0 or not isinstance(place[key], dict | list):
            place[key] = data.draw(_ODD)
            break
        place = place[key]
    survives({**FILES, name: json.dumps(whole)})


@given(st.sampled_from(["", "*nat\n-A PREROUTING ", "net.x = ", "-A -t ", "[", '{"nftables": ']), st.text())
@settings(max_examples=60, deadline=None)
def test_any_text(begin: str, text: str) -> None:
    survives({"nft.json": begin + text})


@pytest.mark.parametrize("name", FILES)
def test_a_bundle_without_one_of_its_files(name: str) -> None:
    survives({other: text for other, text in FILES.items() if other != name})


def test_what_is_no_machine() -> None:
    for text in (
        "",
        "[]",
        "{}",
        "global\n maxconn 9",
        "[[hops]]\nname = 'nat'",
        '{"values": {"nftables": 1}}',
    ):
        assert not READER.recognises(bundle(a_txt=text)), text
