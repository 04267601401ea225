"""Which presets a word is about: by their names, by what else people call them, by what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

_CGN = (
    *("rfc-cgn", "vyos-cgnat", "juniper-pba", "a10-lsn", "fortigate-pba"),
    *("nokia-7750-deterministic", "vpp-det44", "rfc7422-deterministic"),
)
_GOOGLE = ("google-cloud-nat", "google-cloud-nat-dynamic", "google-cloud-nat-before-2026")
_AWS = ("aws-nat-gateway", "aws-nlb-ip", "aws-nlb-client-ip")
_AZURE = ("azure-nat-gateway", "azure-load-balancer", "azure-load-balancer-default")
_LINUX = ("linux-snat", "linux-router")
_SIDECARS = ("istio-outbound", "istio-inbound-redirect", "istio-inbound-tproxy")
_PROXIES = ("nginx", "haproxy", "envoy", "traefik")

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("kubernetes", "k8s"), ("linux-snat", "lvs-nat", "cilium-egress-gateway", *_SIDECARS)),
    "kube-proxy": ("linux-snat", "lvs-nat"),
    "eks": ("linux-snat", *_AWS),
    "gke": ("linux-snat", *_GOOGLE),
    "aks": ("linux-snat", *_AZURE),
    **dict.fromkeys(("docker", "podman", "openwrt", "mikrotik"), ("linux-snat",)),
    **dict.fromkeys(("iptables", "nftables", "nft", "netfilter", "conntrack", "kernel", "6.1"), _LINUX),
    "gcp": _GOOGLE,
    **dict.fromkeys(("amazon", "elb"), _AWS),
    "microsoft": _AZURE,
    **dict.fromkeys(("linkerd", "mesh", "service-mesh", "sidecar"), _SIDECARS),
    "ingress": _PROXIES,
    "reverse-proxy": _PROXIES,
    **dict.fromkeys(("cgnat", "cgn", "cg-nat", "isp", "carrier"), _CGN),
    "starlink": ("rfc-cgn",),
    **dict.fromkeys(("pfsense", "opnsense"), ("pf-nat",)),
}
"""What people call it, and the presets that come nearest, the most likely one first."""


class Told(Protocol):
    """What a preset says of itself."""

    @property
    def title(self) -> str:
        """What it is."""

    @property
    def why(self) -> str:
        """Why it has its values."""

    @property
    def caveats(self) -> str:
        """What it leaves out."""


def with_word(word: str, known: Mapping[str, Told]) -> list[str]:
    """The names of the presets that a word is about: only the name where it is one.

    Else those that have it in their names, those first that begin with it, and what it is another name
    of; where there are none, those that say it where they say what they are.

    >>> from tuplecalc.network.presets import presets
    >>> with_word("Squid", presets()), with_word("lvs", presets()), with_word("docker", presets())
    (['squid'], ['lvs-nat', 'lvs-fullnat'], ['linux-snat'])
    >>> with_word("masquerade", presets())[0], with_word("cloudflare", presets())
    ('linux-snat', [])
    """
    plain = "-".join(word.lower().replace("_", " ").split())
    if not plain or plain in known:
        return [plain] if plain else []
    named = sorted((each for each in known if plain in each), key=lambda each: not each.startswith(plain))
    others = (each for each in OTHER_NAMES.get(plain, ()) if each in known)
    return list(dict.fromkeys([*others, *named])) or list(_said(plain, known))


def _said(plain: str, known: Mapping[str, Told]) -> Iterator[str]:
    word = re.compile(rf"\b{re.escape(plain).replace('-', '[- ]')}\b", re.IGNORECASE)
    in_titles = [name for name, each in known.items() if word.search(each.title)]
    yield from in_titles
    for name, each in known.items():
        if name not in in_titles and word.search(f"{each.why} {each.caveats}"):
            yield name
