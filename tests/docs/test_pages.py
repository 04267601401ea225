"""The pages that are made from the package are as it is, and each of their examples loads."""

import re
import tomllib
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
import yaml

from tests.docs import FOLDER, PAGES, keys
from tuplecalc.errors import ChainError
from tuplecalc.network.chain import Chain

SHOWN = [(section, key) for section in keys.TABLES for key in keys.keys_of(section)]
LEAST: dict[str, dict[str, Any]] = {
    "[traffic]": {},
    "[[traffic.kinds]]": {"name": "login", "share": 0.1},
    "[clients]": {"name": "office", "addresses": 9},
    "[[hops]]": {"name": "nat", "kind": "cone", "addresses": 1},
    "NAT": {"name": "nat", "kind": "cone", "addresses": 1},
    "Forwarder": {"name": "firewall", "kind": "hourglass", "layer": 3},
    "Proxy": {"name": "proxy", "kind": "hourglass", "capture": "tproxy"},
    "virtual": {"addresses": 1, "ports": 443},
    "[services]": {"name": "web", "addresses": 9, "ports": 443},
}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_as_the_package_is(name: str) -> None:
    same = (FOLDER / name).read_text(encoding="utf-8") == PAGES[name]()
    assert same, "python -m tests.docs writes it anew"


def test_every_key_has_an_example_and_no_other() -> None:
    assert {section: set(keys.keys_of(section)) for section in keys.TABLES} == {
        section: set(examples) for section, examples in keys.EXAMPLES.items()
    }


def with_table(section: str, table: dict[str, Any]) -> Chain:
    """A chain with one table written as given; what others name is there."""
    tables = LEAST | {section: table}
    kind = tables["[[traffic.kinds]]"]
    other = {"name": "other"} | ({"rate": 1} if "rate" in kind else {"share": 0.9})
    shared = {"share": "2/3"} if "share" in tables["[services]"] else {}
    database = {"name": "database", "addresses": 1, "ports": 5432} | shared
    hop = tables[section] if section in ("[[hops]]", "NAT", "Forwarder", "Proxy") else LEAST["NAT"]
    if section == "virtual":
        hop = LEAST["NAT"] | {"virtual": table}
    return Chain(
        traffic={"kinds": [kind, other]} | tables["[traffic]"],
        clients=tables["[clients]"],
        hops=[hop],
        services=[tables["[services]"], database],
    )


@pytest.mark.parametrize(("section", "key"), SHOWN)
def test_an_example_loads_and_needs_what_stands_beside_it(section: str, key: str) -> None:
    table = tomllib.loads(keys.example(section, key))
    least = LEAST[section] if "rate" not in table else {"name": "login"} if "kinds" in section else {}
    assert key in table
    with_table(section, least | table)
    for other, value in keys.beside(section, key).items():
        if least.get(other) != value:
            alone = {name: each for name, each in table.items() if name != other}
            with pytest.raises(ChainError):
                with_table(section, least | alone)


WRITTEN = [
    (name, value) for name, (_, words) in keys.VALUES.items() for value in re.findall("`([^`]+)`", words)
]


@pytest.mark.parametrize(("name", "value"), WRITTEN)
def test_a_value_is_written_so(name: str, value: str) -> None:
    """Some key of the type takes it; what is no value of TOML is a command, or how a table looks."""
    try:
        read = tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        assert value in {"clients", "services", "[clients, ports]", "tuplecalc presets"}
        return
    taken = 0
    for section, key in SHOWN:
        if keys.type_of(keys.TABLES[section][0], key) == name:
            with suppress(ChainError):
                with_table(section, LEAST[section] | tomllib.loads(keys.example(section, key)) | {key: read})
                taken += 1
    assert taken


def test_every_page_is_in_the_sites_navigation() -> None:
    def pages(part: Any) -> Iterator[str]:
        for each in part.values() if isinstance(part, dict) else part:
            yield from [each] if isinstance(each, str) else pages(each)

    listed = pages(yaml.safe_load((FOLDER.parent / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    there = {str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*.md")}
    notebooks = {f"notebooks/{path.stem}.md" for path in (FOLDER.parent / "notebooks").glob("*.ipynb")}
    assert not (there | notebooks) - set(listed)
