"""haproxy.cfg: captures, sources, servers and files of fixtures that `haproxy -c` accepts, and odd ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.drafts import (
    all_values,
    chain_of,
    fixture,
    loads_or_is_refused,
    remarks,
    texts,
    unknown,
    values,
)
from tuplecalc.errors import InputError
from tuplecalc.limits.capacity import capacity
from tuplecalc.sources.draft import Draft
from tuplecalc.sources.proxies.haproxy import READER


def read(written: str) -> Draft:
    draft = READER.read(texts(a_cfg=written))
    chain_of(draft)
    return draft


def hop(lines: str, servers: str = "server s 198.18.2.1:80") -> dict[str, object]:
    """The hop of one frontend and one backend."""
    (found,) = read(f"frontend f\n bind :443\n default_backend b\nbackend b\n{lines}\n {servers}\n").hops
    return values(found)


def test_an_edge_of_several_frontends_is_one_hop() -> None:
    draft = READER.read(fixture("haproxy/edge.cfg"))
    (only,) = draft.hops
    assert values(only) == {
        "name": "haproxy",
        "kind": "hourglass",
        "capture": "listen",
        "preset": "haproxy",
        "source": "own",
        "connections_per_flow": 1,
        "listen_addresses": 7,  # pairs: 80 and 443, the two of IPv6 with the wildcard, 9000 and 9001, 25
        "listen_ports": 25,
        "max_files": 2 * (8000 + 200 + 100),
    }
    assert unknown(only) == {"ports", "connections_per_flow", "listen_addresses"}
    assert only["max_files"].where == "edge.cfg:19, 42, 70: maxconn of 3 frontends × 2"
    assert all_values(draft.services) == [
        {"name": "api", "addresses": ["198.18.3.1", "2001:db8:3::2"], "ports": 8443},
        {"name": "api-2", "addresses": "198.18.2.1", "ports": 8080},
        {"name": "media", "addresses": 4, "ports": 8080},
        {"name": "site", "addresses": ["198.18.2.2", "198.18.2.3"], "ports": 8080},
        {"name": "mail", "addresses": ["198.18.4.1", "198.18.4.2"], "ports": 25},
    ]
    assert remarks(draft).keys() == {
        "edge.cfg:24",
        "edge.cfg:33",
        "edge.cfg:62",
        "edge.cfg:52",
        "edge.cfg:49",
        "edge.cfg:50",
        "edge.cfg:42",
        "edge.cfg:70",
    }
    assert draft.passed_over["timeout"] == 3
    assert draft.passed_over["resolvers"] == 1
    assert chain_of(draft).hops[0].path == "hops.haproxy"


def test_a_transparent_proxy_that_speaks_as_its_clients() -> None:
    draft = READER.read(fixture("haproxy/transparent.cfg"))
    (only,) = draft.hops
    assert values(only) == {
        "name": "haproxy",
        "kind": "hourglass",
        "capture": "tproxy",
        "tracking": "strict",
        "preset": "haproxy-clientip",
        "source": "client",
        "max_files": 50000,
    }
    assert [only[key].where for key in ("capture", "source", "max_files")] == [
        "transparent.cfg:14, 15",
        "transparent.cfg:19",
        "transparent.cfg:3: ulimit-n",
    ]
    assert unknown(only) == {"tracking", "ports"}
    assert capacity(chain_of(draft)).flows == 25000


def test_servers_that_are_reached_in_several_ways_are_hops_of_separate_kinds() -> None:
    draft = READER.read(fixture("haproxy/sources.cfg"))
    assert [
        [values(each).get(key) for key in ("name", "source", "addresses", "ports", "traffic")]
        for each in draft.hops
    ] == [
        ["haproxy-tunnel", "client-port", None, None, ["haproxy-tunnel"]],
        ["haproxy-brokers", "own", ["198.18.1.11", "198.18.1.12"], "10000-59999", ["haproxy-brokers"]],
        ["haproxy-brokers-2", "own", 1, "20000-29999", ["haproxy-brokers-2"]],
        ["haproxy-brokers-3", "own", 1, None, ["haproxy-brokers-3"]],
    ]
    assert all_values(draft.kinds) == [
        {"name": f"haproxy-{name}", "share": "1/4", "services": [name]}
        for name in ("tunnel", "brokers", "brokers-2", "brokers-3")
    ]
    assert all(unknown(kind) == {"share"} for kind in draft.kinds)
    assert values(draft.services[0]) == {"name": "tunnel", "addresses": "198.18.6.9", "ports": [2883, 9883]}
    assert {values(each)["listen_addresses"] for each in draft.hops} == {3}
    assert remarks(draft)["haproxy"].startswith("each hop is taken as a machine with its part of the files")
    assert capacity(chain_of(draft)).flows == 4 * 10_000  # brokers-2 has the fewest, and a quarter of all


@pytest.mark.parametrize(
    ("sources", "machine", "files"),
    [
        (("source 198.18.1.1", "source 198.18.1.2", ""), "haproxy", 3000),
        (("source 198.18.1.1:1024-2000", "source 198.18.1.1:3000-4000", ""), "haproxy", 3000),
        (("source 198.18.1.1", "source 0.0.0.0 usesrc clientip", "source 198.18.1.1"), "haproxy", 3000),
        (("source first.example", "source 198.18.1.1", ""), "haproxy", 3000),
    ],
)
def test_a_process_is_one_machine_and_has_its_files_once(
    sources: tuple[str, ...], machine: str, files: int
) -> None:
    """Whatever the addresses are that its hops leave from."""
    backends = "".join(
        f"listen f{n}\n bind :{n + 80}\n {source}\n server s 198.18.2.{n}:80\n"
        for n, source in enumerate(sources, 1)
    )
    draft = read(f"global\n maxconn 1500\n{backends}")
    assert {values(each).get("machine") for each in draft.hops} == {machine}
    assert capacity(chain_of(draft)).limit(str(values(draft.hops[0])["name"]), "files").flows == files // 2


def test_where_it_cannot_be_one_machine_its_files_are_divided() -> None:
    """The addresses of two hops are neither the same nor apart."""
    draft = read(
        "global\n maxconn 1500\nlisten a\n bind :80\n server s 198.18.2.1:80 source 198.18.1.1:1025-2000\n"
        " server t 198.18.2.2:80 source 198.18.1.2:1025-2000\n"
        "listen b\n bind :81\n source 198.18.1.2\n server s 198.18.2.3:80\n"
        "listen c\n bind :82\n source 198.18.1.2\n server s 198.18.2.4:80 source 198.18.1.1:1025-2000\n"
        " server s2 198.18.2.4:80 source 198.18.1.2:1025-2000\n"
    )
    hops = [(values(each).get("machine"), each["max_files"]) for each in draft.hops]
    assert sum(int(str(said.value)) for _, said in hops) == 3000
    assert {(machine, said.where.partition(": ")[2]) for machine, said in hops} == {
        (None, f"maxconn × 2: 1/{len(hops)} of 3000, the whole process has no more")
    }


def test_what_default_server_says_holds_for_servers_that_do_not_say_it() -> None:
    draft = read(
        "defaults\n default-server backup maxconn 30\nlisten f\n bind :80\n"
        " server a 198.18.2.1:80\n server b 198.18.2.2:80 non-backup maxconn 10\n"
    )
    assert [values(each)["addresses"] for each in draft.services] == ["198.18.2.2"]
    why = "maxconn: it limits connections at once here, and more of them wait: not in the model (1 more)"
    assert remarks(draft) == {"a.cfg:5": "it gets flows only when others fail", "a.cfg:2": why}


def test_an_address_that_does_not_reach_all_servers_is_not_lost() -> None:
    draft = read("listen f\n bind :80\n source 198.18.1.1\n server a 198.18.2.1:80\n server b [::2]:80\n")
    said = draft.hops[0]["addresses"]
    assert (said.value, said.where, bool(said.unknown)) == (1, "a.cfg:3: 198.18.1.1", True)


def test_what_is_odd_is_remarked_on_and_the_rest_is_read() -> None:
    draft = READER.read(fixture("haproxy/odd.cfg"))
    assert [values(each)["source"] for each in draft.hops] == ["own", "client"]
    assert {values(each)["max_files"] for each in draft.hops} == {10000}
    assert {values(each)["machine"] for each in draft.hops} == {"haproxy"}
    assert all_values(draft.services) == [
        {"name": "one", "addresses": 3, "ports": 80},
        {"name": "two", "addresses": "198.18.7.8", "ports": 80},
        {"name": "two-2", "addresses": "198.18.7.7", "ports": 443},  # not known, and none that is
    ]
    assert unknown(draft.services[2]) == {"ports"}
    assert {where.partition(":")[2]: why for where, why in remarks(draft).items()} == {
        "1": "it stands before any section",
        "3": "whether it holds is not known here; it is read as if it did",
        "5": "left out, since the branch above it is read",
        "36": "its quote is never closed",
        "39": "whether it holds is not known here; it is read as if it did",
        "": "its .endif is missing",
        "11": "each process has its own maxconn and its own files; write max_files",
        "16": "not understood: no word of HAProxy that is known here",
        "17": "no number",
        "21": "no TCP over IP: it has no tuple",
        "22": "its port is not known here",
        "24": "which backend it is shows while it runs: any of them is taken as possible",
        "25": "no backend of this name is here",
        "29": "maxconn: it limits connections at once here, and more of them wait: not in the model",
        "31": "it is wherever its client wanted to go: write these services yourself",
        "32": "no address",
        "35": "whose address it is stands in a header: taken as the client's",
    }
    chain_of(draft)


@pytest.mark.parametrize(
    ("lines", "servers", "expected"),
    [
        ("", "", {"source": "own", "preset": "haproxy"}),
        (" source 0.0.0.0", "", {"source": "own", "preset": "haproxy"}),
        (" source 198.18.1.9", "", {"source": "own", "addresses": "198.18.1.9"}),
        (" source ipv6@2001:db8::9:0", "server s 2001:db8::1:80", {"addresses": "2001:db8::9"}),
        (" source 2001:db8::9:0", "", {"addresses": 1}),  # of another family than the server: as a count
        (" source 198.18.1.9 usesrc 198.18.1.8:5000", "", {"source": "own", "addresses": "198.18.1.8"}),
        (" source 198.18.1.9 usesrc client", "", {"source": "client-port", "preset": "haproxy-clientip"}),
        (" source 198.18.1.9 usesrc clientip", "", {"source": "client", "preset": "haproxy-clientip"}),
        (
            " default-server source 198.18.1.9:1024-2047",
            "",
            {"addresses": "198.18.1.9", "ports": "1024-2047"},
        ),
        (
            " source 198.18.1.9",
            "server s 198.18.2.1:80 source 198.18.1.7:5000-5099",
            {"addresses": "198.18.1.7", "ports": "5000-5099", "preset": "haproxy-source-range"},
        ),
        (
            "",
            "server a 198.18.2.1:80 source 198.18.1.7:5000-5099\n"
            " server b 198.18.2.1:80 source 198.18.1.8:6000-6199",
            {"addresses": ["198.18.1.7", "198.18.1.8"], "ports": {"count": 150}, "allocation": "tuple"},
        ),
        (
            "",
            "server a 198.18.2.1:80 source 2001:db8::7:0\n server b 198.18.2.1:80 source 2001:db8::8:0",
            {"addresses": 2},
        ),
        (" mode http", "", {"connections_per_flow": 1}),
        (" mode http\n http-reuse never", "", {"connections_per_flow": None}),
        (" mode http\n source 0.0.0.0 usesrc clientip", "", {"connections_per_flow": None}),
        ("global\n maxconn 1000\nbackend b", "", {"max_files": 2000}),
        ("global\n maxconn 1000\n ulimit-n 1500\nbackend b", "", {"max_files": 1500}),
    ],
)
def test_a_backend_says_how_its_servers_are_reached(
    lines: str, servers: str, expected: dict[str, object]
) -> None:
    found = hop(lines, servers or "server s 198.18.2.1:80")
    assert {key: found.get(key) for key in expected} == expected


def test_pools_of_a_way_are_asked_for_where_http_shares_connections() -> None:
    (found,) = read("listen l\n mode http\n bind :80\n server s 198.18.2.1:80\n").hops
    assert found["connections_per_flow"].where == "a.cfg:2"
    assert "conn_tot" in found["connections_per_flow"].unknown


@pytest.mark.parametrize(
    ("binds", "expected"),
    [
        (":80", (1, 80)),
        ("198.18.1.1:8000-8002", ("198.18.1.1", "8000-8002")),
        ("[2001:db8::1]:443", ("2001:db8::1", 443)),
        ("198.18.1.1:80,198.18.1.2:80", (["198.18.1.1", "198.18.1.2"], 80)),
        ("198.18.1.1:80,198.18.1.2:443", (2, 80)),
        ("*:80,:::80", (1, 80)),
        ('"${VIP}":80', (1, 80)),
    ],
)
def test_listeners(binds: str, expected: tuple[object, object]) -> None:
    (found,) = read(f"listen l\n bind {binds}\n server s 198.18.2.1:80\n").hops
    assert (values(found)["listen_addresses"], values(found)["listen_ports"]) == expected


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("198.18.2.1", ("198.18.2.1", [80, 443])),
        ("198.18.2.1:+1000", ("198.18.2.1", [1080, 1443])),
        ("198.18.2.1:-20", ("198.18.2.1", [60, 423])),
        ("tcp4@198.18.2.1:70", ("198.18.2.1", 70)),
        ("[2001:db8::2]:70", ("2001:db8::2", 70)),
        ("db.example:70", (1, 70)),
    ],
)
def test_servers(server: str, expected: tuple[object, object]) -> None:
    (found,) = read(f"listen l\n bind :80\n bind :443\n server s {server}\n").services
    assert (values(found)["addresses"], values(found)["ports"]) == expected


def test_a_listener_that_is_transparent_at_an_address_may_also_be_addressed() -> None:
    plain, captured = read(
        "listen l\n bind 198.18.1.1:80\n bind 198.18.1.1:81 transparent\n server s 198.18.2.1:80\n"
    ).hops
    assert values(plain)["capture"] == "listen"
    assert values(captured)["capture"] == "tproxy"
    assert captured["capture"].unknown.startswith('"listen" where clients address it')


def test_a_transparent_proxy_that_keeps_its_clients_ports_cannot_be_under_strict_tracking() -> None:
    draft = read(
        "listen l\n bind :80 transparent\n source 0.0.0.0 usesrc client\n server s 198.18.2.1:80\n"
        "listen m\n bind :25\n server t 198.18.2.2:25\n"
    )
    assert {(each["tracking"].value, each["machine"].value) for each in draft.hops} == {("loose", "haproxy")}
    assert capacity(chain_of(draft)).flows > 0


def test_an_endpoint_of_two_ways_is_a_group_of_its_own() -> None:
    draft = read(
        "defaults\n mode tcp\nfrontend f\n bind :80\n use_backend a if TRUE\n default_backend b\n"
        "backend a\n source 198.18.1.1\n server s 198.18.2.1:80\n server t 198.18.2.2:80\n"
        "backend b\n source 198.18.1.2\n server s 198.18.2.1:80\n server u 198.18.2.3:80\n"
    )
    assert [values(kind)["services"] for kind in draft.kinds] == [["a", "a-2"], ["a", "b"]]
    assert [values(group)["addresses"] for group in draft.services] == [
        "198.18.2.1",
        "198.18.2.2",
        "198.18.2.3",
    ]


def test_a_port_that_is_not_known_stands_apart_from_those_that_are() -> None:
    draft = read("listen l\n bind :80\n bind :99 transparent\n server s 198.18.2.1\n")
    assert [(values(group)["ports"], unknown(group)) for group in draft.services] == [
        (80, {"share"}),
        (443, {"ports"}),
    ]


def test_files_of_a_folder_are_read_one_after_the_other() -> None:
    source = texts(
        b_cfg="frontend f\n bind :80\n default_backend b\nbackend b\n server s 198.18.2.1:80\n",
        a_cfg="global\n maxconn 10\n",
        c_http="HTTP/1.0 503 Service Unavailable\n",
    )
    assert READER.recognises(source)
    draft = READER.read(source)
    assert draft.hops[0]["max_files"] == (20, "a.cfg:2: maxconn × 2", "")
    assert draft.passed_over == {"files of another kind": 1}


def test_a_configuration_without_servers_is_an_error() -> None:
    with pytest.raises(InputError) as caught:
        READER.read(texts(a_cfg="global\n maxconn 10\n"))
    assert str(caught.value) == (
        "source: no frontend of this haproxy.cfg leads to a server; "
        "give all its files at once, as a folder or a tar"
    )


@pytest.mark.parametrize(
    "written",
    [
        "http {\n server {\n  listen 80;\n }\n}\n",
        "[global]\nmaxconn = 1\n",
        "*nat\n-A PREROUTING\n",
        "",
        '{"listen": 1}',
    ],
)
def test_other_sources_are_not_recognised(written: str) -> None:
    assert not READER.recognises(texts(a=written))


_SOME_WORDS = """
bind server source usesrc client :80 ::1:80 198.18.1.1:1-9 [::]:+5 transparent default_backend use_backend b
listen backend frontend defaults global from maxconn 7 99999999999 .if .elif .else .endif 0 !1 " ' \\ # "${X
server-template 1-3 default-server backup mode http unix@ 198.18.1.1:0 2001:db8::1:70 %[x] option no l
"""
_WORDS = st.sampled_from([*_SOME_WORDS.split(), "\n listen", "\n server s", "\n bind", "\n"])


@given(st.one_of(st.text(), st.lists(_WORDS, max_size=60).map(" ".join)))
def test_any_text_is_read_or_refused_in_our_words(written: str) -> None:
    start = "listen l\n bind :80\n server s 198.18.2.1:80\n"
    for source in (texts(a=written), texts(a=start + written)):
        READER.recognises(source)
        loads_or_is_refused(READER, source)


@given(st.data())
def test_mutated_files_load_or_are_refused_in_our_words(data: st.DataObject) -> None:
    (text,) = fixture(f"haproxy/{data.draw(st.sampled_from(['edge', 'sources', 'odd']))}.cfg").texts.values()
    at, length = data.draw(st.integers(0, len(text.text))), data.draw(st.integers(0, 40))
    loads_or_is_refused(
        READER, texts(a=text.text[:at] + data.draw(st.text(max_size=3)) + text.text[at + length :])
    )
