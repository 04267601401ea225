"""Words of other tools, each with ours: what a first guess at a key or a value is answered with."""

from __future__ import annotations

from collections.abc import Iterable

_MANY_FILES = ("max_files", "open files, of which a proxy has two for each connection")
_ADDRESSES = ("addresses", 'a count or the addresses themselves, as in addresses = 4 or "198.18.0.0/29"')
_PORTS = ("ports", 'as in ports = "32768-60999"')
_LISTEN = ("listen_ports", "as in listen_ports = 443")
_TABLE = ("max_entries", "as in max_entries = 262144")
_RATE = ("traffic.rate", "new connections a second, as in rate = 670")
_HOLD = ("traffic.hold", 'how long a connection stays open, as in hold = "30s"')
_FLOWS = ("traffic.flows", "connections open at once, as in flows = 10000")
_EACH = ("flows_each", "connections that each address wants open at once")
_UDP = ("udp_timeout", 'how long a mapping outlives its last UDP packet, as in udp_timeout = "30s"')
_POOLED = ("connections_per_flow", "below 1 for pooling or keep-alive, as in connections_per_flow = 0.1")
_REUSE = ("reuse_after", 'as in reuse_after = "1s"')
_WAIT = ("time_wait", 'as in time_wait = "60s"')
_INSTANCES = ("instances", "as in instances = 2")
_SHARE = ("share", "as in share = 0.25; all of them sum to 1")
_LEFT_OUT = ("ports", 'leave the reserved ones out, as in ports = "32768-39999, 40100-60999"')
_SERVICES = ("services", "as in services = { addresses = 2, ports = 443 }")

KEYS: dict[str, tuple[tuple[str, str], ...]] = {
    "maxconn": (_MANY_FILES, _TABLE, _EACH, _FLOWS),
    "max_connections": (_MANY_FILES, _TABLE, _EACH, _FLOWS),
    "worker_connections": (("max_files", "of all workers: nginx counts both sides of a connection"),),
    **dict.fromkeys(
        ("ulimit", "nofile", "rlimit_nofile", "worker_rlimit_nofile", "open_files", "fds", "maxsock"),
        (("max_files", "file descriptors, as in max_files = 65536"),),
    ),
    **dict.fromkeys(("keepalive", "keep_alive", "pooling", "http_reuse", "reuse", "multiplex"), (_POOLED,)),
    "pool": (_POOLED, _ADDRESSES),
    **dict.fromkeys(("pool_size", "max_requests", "keepalive_requests"), (_POOLED,)),
    **dict.fromkeys(("reserved_ports", "ip_local_reserved_ports", "excluded_ports"), (_LEFT_OUT,)),
    **dict.fromkeys(
        ("ip_local_port_range", "local_port_range", "port_range", "ephemeral_ports", "source_ports", "port"),
        (_PORTS,),
    ),
    **dict.fromkeys(("snat_ports", "nat_ports", "min_port", "max_port", "sports"), (_PORTS,)),
    **dict.fromkeys(
        ("listen", "listen_port", "bind", "frontend_port"), (_LISTEN, ("ports", "as in ports = 443"))
    ),
    **dict.fromkeys(
        ("nf_conntrack_max", "conntrack_max", "conntrack", "max_states", "states", "table_size"), (_TABLE,)
    ),
    **dict.fromkeys(("sessions", "max_sessions", "session_limit"), (_TABLE, _EACH, _FLOWS)),
    **dict.fromkeys(("conns", "connections", "concurrent", "concurrency", "users"), (_FLOWS, _EACH, _TABLE)),
    **dict.fromkeys(
        ("cps", "rps", "qps", "tps", "conn_rate", "req_rate", "requests", "load", "arrival_rate"), (_RATE,)
    ),
    **dict.fromkeys(("duration", "lifetime", "hold_time", "session_time", "keepalive_time"), (_HOLD,)),
    **dict.fromkeys(
        ("idle_timeout", "timeout", "timeouts", "idle", "ttl", "client_timeout", "server_timeout"),
        (_UDP, _HOLD),
    ),
    **dict.fromkeys(
        ("ip", "ips", "address", "addrs", "addr", "hosts", "host", "count", "cidr", "subnet", "network"),
        (_ADDRESSES,),
    ),
    **dict.fromkeys(
        ("nat_ips", "public_ips", "external_ips", "source_ips", "snat_pool", "eips", "vip"), (_ADDRESSES,)
    ),
    **dict.fromkeys(("replicas", "nodes", "workers", "machines", "pods", "number"), (_INSTANCES, _ADDRESSES)),
    **dict.fromkeys(("tcp_tw_reuse", "tw_reuse", "tw_recycle", "so_reuseaddr"), (_REUSE,)),
    **dict.fromkeys(("timewait", "tw", "tcp_timewait", "msl", "tcptimedwaitdelay"), (_WAIT,)),
    **dict.fromkeys(
        ("fin_timeout", "tcp_fin_timeout"),
        (("time_wait", "Linux's is always 60 s: tcp_fin_timeout is not about TIME_WAIT"),),
    ),
    "nf_conntrack_tcp_timeout_time_wait": (("tracking_time_wait", 'as in tracking_time_wait = "120s"'),),
    "nf_conntrack_udp_timeout": (_UDP,),
    "type": (("kind", 'as in kind = "cone" (a NAT) or kind = "hourglass" (a proxy, a firewall, a router)'),),
    "device": (("preset", "`tuplecalc presets` lists them"),),
    "product": (("preset", "`tuplecalc presets` lists them"),),
    "mode": (("capture", 'as in capture = "listen"'), ("mapping", 'as in mapping = "endpoint-independent"')),
    **dict.fromkeys(("weight", "ratio", "percent", "fraction"), (_SHARE,)),
    **dict.fromkeys(("name", "description", "label"), (("title", 'as in title = "the shop at noon"'),)),
    **dict.fromkeys(
        ("hop", "chain", "nat", "nats", "proxy", "proxies", "firewall", "router", "lb", "path", "devices"),
        (("hops", "one [[hops]] table for each, in the order in which connections cross them"),),
    ),
    **dict.fromkeys(("client", "source", "sources"), (("clients", "as in clients.addresses = 1000"),)),
    **dict.fromkeys(
        ("service", "server", "servers", "backend", "backends", "upstream", "upstreams", "destinations"),
        (_SERVICES, _ADDRESSES),
    ),
    **dict.fromkeys(("destination", "target", "targets"), (_SERVICES, _ADDRESSES)),
}
"""A key of another tool → ours, and how to write it; the first that the table has is meant."""

_NAT = 'a NAT is kind = "cone"'
_PROXY = 'a proxy is kind = "hourglass" with capture = "listen" (or "tproxy", "nat")'
_ROUTER = 'is kind = "hourglass" with layer = 3'
_BALANCER = (
    'one that ends connections is kind = "hourglass" with capture = "listen", one that passes them on '
    'kind = "hourglass" with layer = 4, one that translates their sources kind = "cone"'
)

VALUES: dict[str, dict[str, str]] = {
    "kind": {
        **dict.fromkeys(("nat", "snat", "napt", "pat", "masquerade", "cgn", "cgnat", "nat gateway"), _NAT),
        **dict.fromkeys(("nat64", "ds lite", "natgw", "source nat", "translator"), _NAT),
        **dict.fromkeys(
            ("proxy", "reverse proxy", "forward proxy", "transparent proxy", "l7", "http proxy"), _PROXY
        ),
        **dict.fromkeys(("api gateway", "ingress", "sidecar", "waf", "web server"), _PROXY),
        **dict.fromkeys(("router", "gateway", "forwarder"), f"a {{}} {_ROUTER}"),
        "firewall": f"a firewall {_ROUTER}, and max_entries for its table",
        **dict.fromkeys(("switch", "bridge"), 'a {} is kind = "hourglass" with layer = 2'),
        **dict.fromkeys(("load balancer", "loadbalancer", "balancer", "lb", "elb", "vip"), _BALANCER),
        **dict.fromkeys(("nlb", "l4", "ipvs"), 'that is kind = "hourglass" with layer = 4, or a preset'),
        **dict.fromkeys(("clients", "client"), "clients are no hop: write them under [clients]"),
        **dict.fromkeys(
            ("services", "server", "service"), "services are no hop: write them under [services]"
        ),
    },
    "capture": {
        **dict.fromkeys(("redirect", "dnat", "iptables", "nftables", "intercept"), 'write "nat"'),
        **dict.fromkeys(("transparent", "tproxy4", "ip_transparent"), 'write "tproxy"'),
        **dict.fromkeys(
            ("bind", "explicit", "forward", "reverse", "vip", "none", "connect"), 'write "listen"'
        ),
    },
    "source": {
        **dict.fromkeys(("snat", "self", "proxy", "masquerade", "auto"), 'write "own"'),
        **dict.fromkeys(("clientip", "client ip", "spoof", "transparent", "tproxy"), 'write "client"'),
        **dict.fromkeys(
            ("preserve", "original", "usesrc"), 'write "client-port", or "client" for a new port'
        ),
    },
    "mapping": {
        **dict.fromkeys(("symmetric", "address dependent", "edm", "random"), 'write "endpoint-dependent"'),
        **dict.fromkeys(("full cone", "fullcone", "cone", "eim"), 'write "endpoint-independent"'),
    },
    "tracking": {
        **dict.fromkeys(("none", "false", "notrack", "no"), 'write "off"'),
        **dict.fromkeys(("true", "on", "conntrack", "yes"), 'write "strict"'),
    },
    "allocation": {
        **dict.fromkeys(("connect", "default", "linux", "ip_bind_address_no_port"), 'write "tuple"')
    },
    "protocol": {
        **dict.fromkeys(("http", "https", "tls", "http2", "h2"), 'write "tcp"'),
        "quic": 'write "udp"',
    },
}
"""A value of another tool → ours, by key."""


def for_key(word: str, known: Iterable[str]) -> str:
    """What the key of another tool is called here; empty where that is not known.

    >>> for_key("ulimit", ["name", "max_files"]), for_key("cps", ["addresses"])
    ('here this is `max_files`: file descriptors, as in max_files = 65536', \
'here this is `rate` in [traffic]: new connections a second, as in rate = 670')
    """
    meant, there = KEYS.get(_plain(word, "_"), ()), set(known)
    for ours, how in meant:
        table, _, key = ours.rpartition(".")
        if ours in there or (table and key in there):
            return f"here this is `{key}`: {how}"
    for ours, how in meant:
        table, _, key = ours.rpartition(".")
        if table:
            return f"here this is `{key}` in [{table}]: {how}"
    return ""


def for_value(key: str, word: object) -> str:
    """What the value of another tool is called here; empty where that is not known.

    >>> for_value("kind", "NAT"), for_value("kind", "Load-Balancer")[:44]
    ('a NAT is kind = "cone"', 'one that ends connections is kind = "hourgla')
    """
    plain = _plain(str(word), " ")
    return VALUES.get(key, {}).get(plain, "").format(plain)


def _plain(word: str, blank: str) -> str:
    """In lower case, and with one sign for what stands between words."""
    for sign in " -_.":
        word = word.replace(sign, blank)
    return word.strip().lower()
