"""docs/keys.md: every key of a chain file, out of its JSON Schema, each with an example that loads."""

import json
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop, Virtual
from tuplecalc.network.part import Part
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.schema import json_schema
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Kind, Traffic

EXAMPLES: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("examples.toml").read_text(encoding="utf-8")
)
"""By table and key, the lines that a file may have there: the key, and those that it needs beside it."""

TABLES: dict[str, tuple[type[Part], str]] = {
    "[traffic]": (Traffic, "What is offered to the whole chain. The table may be left out."),
    "[[traffic.kinds]]": (
        Kind,
        "Kinds of traffic, where not all connections are alike: one table for each.",
    ),
    "[clients]": (Clients, "Where connections come from. `[[clients]]` where there are several groups."),
    "[[hops]]": (
        Hop,
        "One table for each hop, in the order in which a connection meets them. Every hop has:",
    ),
    "NAT": (Cone, '`[[hops]]` with `kind = "cone"`: a NAT, or a balancer that translates source addresses.'),
    "Forwarder": (
        Forwarder,
        '`[[hops]]` with `kind = "hourglass"` and `layer` 2, 3 or 4: a switch, a router, a firewall, a '
        "balancer that passes connections on.",
    ),
    "Proxy": (
        Proxy,
        '`[[hops]]` with `kind = "hourglass"` and `layer` 7, or without it: it ends each connection and '
        "opens another one.",
    ),
    "virtual": (
        Virtual,
        "A table within a NAT or a forwarder that is a balancer: its virtual service, `virtual = { … }`.",
    ),
    "[services]": (
        Services,
        "Where connections go. `[[services]]` where there are several groups.",
    ),
}
"""The sections of the page after the title: the table, its class, what it is."""

VALUES = {
    "Title": ("text", "a line in quotes"),
    "AddressSet": (
        "addresses",
        'a count (`4`: that many of their own), a block `"198.18.0.0/16"`, a range, one address, or a '
        "list of these; IPv4 or IPv6, a count up to 2^128",
    ),
    "PortSet": (
        "ports",
        'a range `"1024-65535"` with both ends included, one port `80`, a list `[80, 443, "8000-8099"]`, or '
        "`{ count = 55000 }`: that many from 1024 on",
    ),
    "Seconds": ("duration", 'seconds as a number, or a text: `90`, `"500ms"`, `"1m30s"`, `"2 min"`, `"5d"`'),
    "Count": ("count", 'a whole number of 1 or more: `10000`, `"10,000"`, `"10k"`'),
    "Rate": ("connections a second", 'a number above 0: `670`, `"10k"`, `"670/s"`, `"40k/min"`'),
    "Share": ("share", ""),
    "Portion": ("share", 'a number up to 1, or a text: `0.25`, `"1/3"`, `"30%"`'),
    "PerFlow": ("connections", 'a number above 0, or a text: `0.25`, `4`, `"2/35"`'),
    "Files": ("files", 'a number above 0, or a text: `0.25`, `4`, `"2/35"`'),
    "FirstClose": ("who closes", '`"client"`, `"server"`, or the client\'s share of the closes from 0 to 1'),
    "Name": ("name", "a text that is not empty; `clients` and `services` are taken"),
    "Names": ("names", "one name, or a list of them"),
    "Flag": ("yes or no", "`true` or `false`"),
    "Block": ("ports of a client", 'a count, `"even"`, or a table of `[clients, ports]`'),
    "PortSearch": (
        "probes",
        '`"exhaustive"`, `"linux"`, a count of random probes, or `{ sequential = 64 }`',
    ),
    "Most": ("counts by key", "a table: `{ addresses = 8 }`"),
    "Virtual": ("table", "keys and values: `{ addresses = 1, ports = 443 }`"),
    "str": ("preset", "a name that `tuplecalc presets` lists"),
    "tuple": ("tables", ""),
}
"""By the type of a field: what its values are called on the page, and how they are written."""

UNSAID = {
    "kind": "What the hop is; without it a preset says it.",
    "preset": "A device's own defaults by name, each from a cited source; what is written here wins.",
}
"""Keys that the schema has no words for."""

INTRODUCTION = """# Keys of a chain file

A chain file is TOML; JSON with the same keys is read as well. A key that is not on this page is an error,
and so is one that does not fit the hop that it stands in. `tuplecalc schema` prints the JSON Schema that this
page is made from: editors complete and check with it.

```toml
title = "Office NAT"  # the file's name where it is left out

[clients]
addresses = "198.18.0.0/16"

[[hops]]
name = "nat"
kind = "cone"
addresses = 4

[services]
addresses = 10
ports = 443
```

## Values

| value | how it is written |
| --- | --- |
"""


def page() -> str:
    """The whole page."""
    return INTRODUCTION + "".join(
        [
            *dict.fromkeys(f"| {name} | {written} |\n" for name, written in VALUES.values() if written),
            *(line for section in TABLES for line in _section(section)),
        ]
    )


def keys_of(section: str) -> dict[str, dict[str, Any]]:
    """The keys that a section of the page has, each as in the schema."""
    tables = _tables()
    hops = [tables[part.__name__]["properties"] for part in Hop.__subclasses__()]
    common = [key for key in hops[0] if key != "kind" and all(key in others for others in hops)]
    part, _ = TABLES[section]
    if part is Hop:
        return {"kind": hops[0]["kind"]} | {key: hops[0][key] for key in common if _alike(key)}
    own = tables[part.__name__]["properties"]
    if issubclass(part, Hop):
        return {
            key: said for key, said in own.items() if key != "kind" and not (key in common and _alike(key))
        }
    return dict(own)


@cache
def _tables() -> dict[str, Any]:
    return dict(json_schema()["$defs"])


def _alike(key: str) -> bool:
    """Whether a key is said once for all hops: no kind of hop says it anew."""
    return any(key in base.__annotations__ for base in Hop.__mro__ if issubclass(base, Part))


def _section(section: str) -> Iterator[str]:
    part, words = TABLES[section]
    yield f"\n## {section}\n\n{words}\n"
    for key, said in sorted(keys_of(section).items(), key=_place):
        yield f"\n### {key}\n\n{_meaning(key, said)}\n\n{_facts(part, key, said)}\n\n"
        yield f"```toml\n{example(section, key)}\n```\n"


def _place(item: tuple[str, dict[str, Any]]) -> int:
    """Names first, then what is required; what keeps values where they are, last."""
    key, said = item
    return {"name": 0, "kind": 1, "preset": 4, "fixed": 5, "most": 5}.get(key, 3 if "default" in said else 2)


def _meaning(key: str, said: dict[str, Any]) -> str:
    meaning: str = said.get("description") or UNSAID[key]
    return " ".join(meaning.replace("``", "`").split())


def example(section: str, key: str) -> str:
    """The lines that show a key."""
    return EXAMPLES[section][key].strip()


def beside(section: str, key: str) -> dict[str, Any]:
    """The other keys of the example: what the key needs to fit."""
    return {other: value for other, value in tomllib.loads(example(section, key)).items() if other != key}


def _facts(part: type[Part], key: str, said: dict[str, Any]) -> str:
    """One line: how the value is written, what holds without it, where the key fits."""
    facts = [_value(part, key, said), _default(part, key, said)]
    section = next(name for name, (each, _) in TABLES.items() if each is part)
    if fits := _fits(part, section, key):
        facts.append(f"fits {fits}")
    return " · ".join(facts)


def _fits(part: type[Part], section: str, key: str) -> str:
    """The values of other keys that a key fits: all that the schema has, or those of the example."""
    rules = _tables().get(part.__name__, {}).get("dependencies", {}).get(key, {}).get("properties", {})
    others = {other: rule["enum"] for other, rule in rules.items()}
    others = others or {other: [value] for other, value in beside(section, key).items()}
    return " and ".join(
        f"`{other} = {'` or `'.join(map(written, those))}`" for other, those in others.items()
    )


def type_of(part: type[Part], key: str) -> str:
    """The name of a field's type, as its class writes it."""
    bases = [each for each in part.__mro__ if issubclass(each, Part)]
    found = next((base.__annotations__[key] for base in bases if key in base.__annotations__), "")
    return str(found).removesuffix(" | None")


def _value(part: type[Part], key: str, said: dict[str, Any]) -> str:
    if key == "kind":
        return '`"cone"` or `"hourglass"`'
    kind = type_of(part, key)
    if kind == "Protocol" or kind.startswith("Literal"):
        choices = said.get("enum", [said.get("const")])
        return " or ".join(f"`{written(each)}`" for each in choices if each is not None)
    return VALUES[re.split(r"\W", kind)[0]][0]


def _default(part: type[Part], key: str, said: dict[str, Any]) -> str:
    if key == "kind" or "default" not in said:
        return "required"
    default = said["default"]
    if default in (None, [], {}):
        return "default none"
    match type_of(part, key):
        case "Seconds":
            default = f"{default}s"
        case "FirstClose":
            default = {0: "server", 1: "client"}.get(default, default)
    return f"default `{written(default)}`"


def written(value: Any) -> str:
    """A value as TOML has it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {written(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(written, value))}]"
    return json.dumps(value, ensure_ascii=False)
