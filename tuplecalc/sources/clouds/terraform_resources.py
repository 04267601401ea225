"""Terraform's resources: those of `terraform show -json` of a state or a plan, or of a state file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from tuplecalc.sources.draft import Remark, Table
from tuplecalc.sources.json_node import Node
from tuplecalc.sources.routes import Route
from tuplecalc.sources.texts import Text

LATER = "known after apply: terraform show -json of the state"
"""How to find out what a plan does not know."""
_EMPTY = re.compile(
    r'\{\s*"format_version"\s*:\s*"[\d.]+"\s*(,\s*"values"\s*:\s*\{\s*"root_module"\s*:\s*\{\s*\}\s*\}\s*)?\}\s*$'
)
"""What `terraform show -json` writes where nothing was applied."""
_IDENTITIES = ("id", "arn", "self_link")


class Resource(NamedTuple):
    """A resource: its address and type, and its values, which a plan knows in part."""

    address: str
    type: str
    values: Node

    def names(self) -> set[str]:
        """What other resources refer to it by, in lower case."""
        return {self.values.at(key).text.casefold() for key in _IDENTITIES} - {""}


class Estate(NamedTuple):
    """All resources of a source."""

    resources: tuple[Resource, ...]

    def of(self, *types: str) -> list[Resource]:
        """The resources of some types."""
        return [each for each in self.resources if each.type in types]

    def named(self, reference: str, *types: str) -> Resource | None:
        """The resource that a reference means."""
        return next((each for each in self.of(*types) if reference.casefold() in each.names()), None)

    def belonging(self, parent: Resource, key: str, *types: str) -> list[Resource]:
        """The resources that refer to another by a key; where that is not known yet, those of an only one."""
        alone = len(self.of(parent.type)) == 1
        return [
            each
            for each in self.of(*types)
            if each.values.at(key).text.casefold() in parent.names()
            or (alone and each.values.at(key).value is None)
        ]


class Made(NamedTuple):
    """A hop, and the routes to its services where the resources name them."""

    hop: Table
    routes: tuple[Route, ...] = ()


@dataclass
class Reading:
    """The resources, and what is gathered on the way."""

    estate: Estate
    remarks: list[Remark] = field(default_factory=list)

    def remark(self, node: Node, said: str, why: str) -> None:
        """Add a remark on what stands at a path."""
        self.remarks.append(Remark(node.where, said, why))


def is_terraform(text: Text) -> bool:
    """Whether it is what Terraform or OpenTofu writes as JSON, as far as some words tell."""
    start = text.text.lstrip()
    named = '"terraform_version"' in start and any(
        part in start for part in ('"format_version"', '"resources"')
    )
    return start.startswith("{") and (named or _EMPTY.match(start) is not None)


def estate_of(documents: Sequence[Node]) -> Estate:
    """The resources of all documents that Terraform manages or looks up."""
    return Estate(tuple(each for document in documents for each in _resources(document)))


def _resources(document: Node) -> Iterator[Resource]:
    planned = document.at("planned_values", "root_module")
    modules = [planned if planned.names() else document.at("values", "root_module")]
    while modules:
        module = modules.pop()
        modules += reversed([*module.at("child_modules").each()])
        for each in module.at("resources").each():
            yield from _resource(each, each.at("address").text, each.at("values").value, document)
    for each in document.at("resources").each():  # a state file, version 4
        module_, data = each.at("module").text, "data" if each.at("mode").text == "data" else ""
        address = ".".join(filter(None, (module_, data, each.at("type").text, each.at("name").text)))
        for instance in each.at("instances").each():
            key = instance.at("index_key").value
            index = "" if key is None else f'["{key}"]' if isinstance(key, str) else f"[{key}]"
            yield from _resource(each, address + index, instance.at("attributes").value, document)


def _resource(each: Node, address: str, values: object, document: Node) -> Iterator[Resource]:
    kind = each.at("type").text
    if kind:
        prefix = "data." if each.at("mode").text == "data" else ""
        yield Resource(address or kind, prefix + kind, Node(values, f"{document.where}: {address or kind}"))
