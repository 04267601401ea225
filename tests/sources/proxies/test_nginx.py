"""nginx: servers, upstreams, binds and files of fixtures, with what they include, and odd ones."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sources.drafts import (
    FIXTURES,
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
from tuplecalc.sources.proxies.nginx import READER
from tuplecalc.sources.texts import Source, Text


def read(written: str) -> Draft:
    draft = READER.read(texts(a_conf=written))
    chain_of(draft)
    return draft


def test_without_its_grammar_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*filter(lambda each: each.partition(".")[0] == "crossplane", sys.modules), "crossplane"]:
        monkeypatch.setitem(sys.modules, name, None)
    said = "reading nginx's configuration needs nginx-crossplane, which is not installed; pip install "
    with pytest.raises(InputError, match=rf"^{said}'tuplecalc\[live\]'$"):
        READER.read(fixture("nginx/etc-nginx"))


def stream(lines: str, before: str = "") -> dict[str, object]:
    """The hop of one server of `stream`."""
    (hop,) = read(f"{before}\nstream {{ {lines} server {{ listen 25; proxy_pass 198.18.2.1:25; }} }}").hops
    return values(hop)


def test_a_folder_with_includes_is_read_as_one() -> None:
    draft = READER.read(fixture("nginx/etc-nginx"))
    http, mail = draft.hops
    assert values(http) == {
        "name": "nginx-app+2",
        "kind": "hourglass",
        "machine": "nginx",
        "traffic": ["nginx-app+2"],
        "capture": "listen",
        "preset": "nginx",
        "source": "own",
        "connections_per_flow": 1,
        "listen_addresses": 1,
        "listen_ports": 443,
        "max_files": 4 * 10240,
    }
    assert unknown(http) == {"ports", "connections_per_flow", "listen_addresses"}
    assert http["max_files"].where == "nginx.conf:3, 9, 4: 4 × 10240"
    assert http["connections_per_flow"].where == "nginx.conf:27"
    assert {key: values(mail)[key] for key in ("source", "listen_ports")} == {
        "source": "client",
        "listen_ports": 25,
    }
    assert mail["source"].where == "streams/mail.conf:8"
    assert "connections_per_flow" not in mail
    assert all_values(draft.services) == [
        {"name": "app", "addresses": ["198.18.2.1", "198.18.2.2", "2001:db8:2::3"], "ports": 8080},
        {"name": "198.18.3.1:9000", "addresses": ["198.18.3.1", "198.18.3.2"], "ports": 9000},
        {"name": "api.internal.example", "addresses": 1, "ports": 443},
        {"name": "mail", "addresses": ["198.18.4.1", "198.18.4.2"], "ports": 25},
    ]
    assert [values(kind)["services"] for kind in draft.kinds] == [
        ["app", "198.18.3.1:9000", "api.internal.example"],
        ["mail"],
    ]
    assert remarks(draft).keys() == {
        "conf.d/app.conf:1",
        "conf.d/app.conf:23",
        "nginx.conf:22",
        "nginx.conf:25",
        "nginx.conf:26",
        "sites-enabled/api:7",
        "streams/mail.conf:12",
    }
    assert draft.passed_over["types"] == 1
    assert draft.passed_over["server_name"] == 3
    chain_of(draft)


def test_addresses_by_split_clients_multiply_the_ports() -> None:
    draft = READER.read(fixture("nginx/split.conf"))
    (hop,) = draft.hops
    assert values(hop)["addresses"] == [f"198.18.1.{n}" for n in (1, 2, 3, 4)]
    assert hop["max_files"] == (None, "split.conf:2, 3", "4096 × the number of workers: nproc")
    assert capacity(chain_of(draft)).flows == 4 * 28232
    assert not draft.remarks


def test_what_is_odd_is_remarked_on_and_the_rest_is_read() -> None:
    draft = READER.read(fixture("nginx/odd.conf"))
    assert {where.partition(":")[2]: why for where, why in remarks(draft).items()} == {
        "": "it ends within a block, as if it were cut off",
        "11": "no such file is in the source",
        "12": "not understood: no directive of nginx that is known here",
        "13": "without `transparent` it can only bind addresses of its own",
        "18": "where it goes shows while it runs: write these services",
    }
    own, client = draft.hops
    assert [values(each)["source"] for each in draft.hops] == ["own", "client-port"]
    assert values(own)["listen_addresses"] == 5  # localhost:8080, 8081 to 8083, 127.0.0.1:80
    assert "connections_per_flow" not in client
    assert [sorted(unknown(each)) for each in draft.services] == [
        ["share"],
        ["addresses", "ports"],
        [],
        ["addresses"],
        ["ports"],
    ]
    chain_of(draft)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", {"source": "own", "addresses": None, "ports": None}),
        ("proxy_bind 198.18.1.9;", {"source": "own", "addresses": "198.18.1.9"}),
        ("proxy_bind 2001:db8::9;", {"source": "own", "addresses": 1}),  # the server is IPv4
        ("proxy_bind 198.18.1.9:5000;", {"addresses": "198.18.1.9", "ports": 5000}),
        ("proxy_bind off;", {"source": "own", "addresses": None}),
        ("proxy_bind $remote_addr transparent;", {"source": "client", "addresses": None}),
        ("proxy_bind ${remote_addr}:$remote_port transparent;", {"source": "client-port"}),
        ("grpc_bind 198.18.1.9;", {"source": "own", "addresses": None}),
        (
            "map $x $y { a 198.18.1.1; default 198.18.1.2; } proxy_bind $y;",
            {"addresses": ["198.18.1.1", "198.18.1.2"]},
        ),
    ],
)
def test_a_bind_says_where_connections_leave_from(lines: str, expected: dict[str, object]) -> None:
    found = stream(lines)
    assert {key: found.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ("", None),
        ("events { }", 512),
        ("events { worker_connections 2000; } worker_processes 3;", 6000),
        ("events { worker_connections 2000; } worker_processes 3; worker_rlimit_nofile 900;", 2700),
        ("events { } worker_rlimit_nofile 9000;", 512),
        ("events { worker_connections 2000; } worker_processes auto;", None),
        ("events { worker_connections many; }", 512),
    ],
)
def test_files_are_those_of_all_workers(before: str, expected: int | None) -> None:
    assert stream("", before).get("max_files") == expected


@pytest.mark.parametrize(
    ("listen", "expected"),
    [
        ("", (1, 80)),
        ("listen 8080;", (1, 8080)),
        ("listen 198.18.1.1;", ("198.18.1.1", 80)),
        ("listen [2001:db8::1]:443 ssl;", ("2001:db8::1", 443)),
        ("listen 198.18.1.1:80; listen 198.18.1.2:81;", (2, 80)),
        ("listen *:80; listen [::]:80; listen unix:/a; listen 443 quic;", (1, 80)),
    ],
)
def test_listeners(listen: str, expected: tuple[object, object]) -> None:
    (hop,) = read(f"http {{ server {{ {listen} proxy_pass http://198.18.2.1; }} }}").hops
    assert (values(hop)["listen_addresses"], values(hop)["listen_ports"]) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("proxy_pass http://198.18.2.1;", ("198.18.2.1", 80)),
        ("proxy_pass https://198.18.2.1/path?a=1;", ("198.18.2.1", 443)),
        ("proxy_pass http://[2001:db8::2]:81/;", ("2001:db8::2", 81)),
        ("fastcgi_pass 198.18.2.1:9000;", ("198.18.2.1", 9000)),
        ("grpc_pass grpcs://198.18.2.1;", ("198.18.2.1", 443)),
        ("uwsgi_pass up;", ("198.18.7.1", 80)),
        ("set $a up; proxy_pass http://$a;", ("198.18.7.1", 80)),
    ],
)
def test_where_connections_are_passed_on_to(lines: str, expected: tuple[object, object]) -> None:
    (group,) = read(
        f"http {{ upstream up {{ server 198.18.7.1; }} server {{ location / {{ {lines} }} }} }}"
    ).services
    assert (values(group)["addresses"], values(group)["ports"]) == expected


def test_a_transparent_listener_captures() -> None:
    (hop,) = read(
        "stream { server { listen 25 transparent; proxy_bind $remote_addr transparent; proxy_pass a:1; } }"
    ).hops
    assert values(hop)["capture"] == "tproxy"
    assert unknown(hop) == {"ports", "tracking", "max_files"}


def test_how_to_measure_depends_on_keepalive() -> None:
    pooled, single = (
        read(f"http {{ upstream u {{ server 198.18.2.1; {line} }} server {{ proxy_pass http://u; }} }}").hops[
            0
        ]
        for line in ("keepalive 8;", "")
    )
    assert "$upstream_connect_time" in pooled["connections_per_flow"].unknown
    assert "each request has a connection of its own" in single["connections_per_flow"].unknown


def test_includes_are_looked_up_in_the_source_then_beside_the_file(tmp_path: Path) -> None:
    site = "server { listen 81; proxy_pass http://198.18.2.1; }\n"
    main = "http { include /etc/nginx/sites/*; include /elsewhere/x.conf; include ../up.conf; }\n"
    tar = Source("box.tar", {n: Text(n, t) for n, t in {"a/nginx.conf": main, "a/sites/one": site}.items()})
    assert values(READER.read(tar).hops[0])["listen_ports"] == 81

    folder = tmp_path / "etc"
    (folder / "sites").mkdir(parents=True)
    (folder / "sites" / "one").write_text(site)
    (tmp_path / "up.conf").write_text(site)
    path = folder / "nginx.conf"
    path.write_text(main.replace("/etc/nginx", str(folder)))
    draft = READER.read(Source("nginx.conf", {"nginx.conf": Text("nginx.conf", path.read_text())}, path))
    assert draft.hops[0]["listen_ports"] == (81, f"{folder}/sites/one:1", "")
    assert [remark.why for remark in draft.remarks] == ["no such file is in the source"] * 2


def test_what_nginx_prints_of_all_its_files_is_read_with_its_lines_there() -> None:
    printed = (
        "nginx: configuration file /etc/nginx/nginx.conf test is successful\n"
        "# configuration file /etc/nginx/nginx.conf:\nevents {}\n"
        "http { include sites/*; include /etc/nginx/u; }\n\n"
        "# configuration file /etc/nginx/sites/one:\n\nserver { listen 81; proxy_pass http://u; }\n\n"
        "# configuration file /etc/nginx/u:\nupstream u {\n server 198.18.2.1;\n}\n"
    )
    draft = read(printed)
    assert draft.hops[0]["listen_ports"] == (81, "a.conf:8", "")
    assert draft.services[0]["addresses"].where == "a.conf:12"
    assert draft.remarks == ()
    assert draft.passed_over == {"what stands before the first file": 1}


def test_a_file_that_includes_itself_ends() -> None:
    draft = read(
        "user www; include a.conf; http { server { proxy_pass http://198.18.2.1; } include *.conf; }"
    )
    assert [remark.why for remark in draft.remarks] == ["it includes itself"] * 2
    assert draft.passed_over == {"user": 1}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "http { server { listen 80; return 301 https://a; } }",
            "no server of this nginx configuration passes connections on; "
            "a proxy has proxy_pass or the like; `nginx -T` prints all of it",
        ),
        (
            "http { include sites/*; server { listen 80; } }",
            "no server of this nginx configuration passes connections on; "
            "not in it: include sites/* (a.conf:1); `nginx -T` prints all of it",
        ),
        (
            "http { server { listen 80; } } }",
            'nginx does not take this configuration: a.conf:1: unexpected "}"',
        ),
    ],
)
def test_what_is_no_proxy_is_an_error(written: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        READER.read(texts(a_conf=written))
    assert str(caught.value) == f"source: {expected}"


@pytest.mark.parametrize(
    "written",
    ["", "frontend a\n bind :80\n server s 198.18.2.1:80\n", "server = { listen = 80 }", '{"http": {}}'],
)
def test_other_sources_are_not_recognised(written: str) -> None:
    assert not READER.recognises(texts(a=written))


_SOME_WORDS = """
http stream server { } ; listen 80 [::]:1-9 unix:/x udp proxy_pass http://a $b ${c} upstream u
server 198.18.2.1:0 proxy_bind $remote_addr transparent $remote_port split_clients map keepalive
7 include * " ' \\ # events
worker_connections worker_processes auto 99999999999 set if ( ~ ) location / weight=1 backup types
"""


@given(st.one_of(st.text(), st.lists(st.sampled_from(_SOME_WORDS.split()), max_size=60).map(" ".join)))
def test_any_text_is_read_or_refused_in_our_words(written: str) -> None:
    start = "http { server { listen 80; proxy_pass http://198.18.2.1; }\n"
    for source in (texts(a=written), texts(a=start + written)):
        READER.recognises(source)
        loads_or_is_refused(READER, source)


_FILES = {path.name: path.read_text() for path in (FIXTURES / "nginx").rglob("*.conf")}


@given(st.data())
def test_mutated_files_load_or_are_refused_in_our_words(data: st.DataObject) -> None:
    text = _FILES[data.draw(st.sampled_from(sorted(_FILES)))]
    at, length = data.draw(st.integers(0, len(text))), data.draw(st.integers(0, 40))
    loads_or_is_refused(READER, texts(a=text[:at] + data.draw(st.text(max_size=3)) + text[at + length :]))
