"""The JSON Schema of a chain file, for editors and other programs."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Sequence
from itertools import pairwise
from textwrap import dedent
from typing import Any, get_args

from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.cone import Cone
from tuplecalc.network.forwarder import Forwarder
from tuplecalc.network.hop import Hop, Virtual
from tuplecalc.network.part import Part
from tuplecalc.network.presets import Preset, PresetPart, presets
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Kind, Traffic

DRAFT = "http://json-schema.org/draft-07/schema#"
"""The newest that editors' checkers of TOML know (taplo, and Even Better TOML which is made of it)."""

_KINDS = ["cone", "hourglass"]
_LAYERS = [2, 3, 4, 7]
_ALL = True
"""Beside what editors shall offer and explain in an ``anyOf``: what is right is then up to ``if``."""


def json_schema() -> dict[str, Any]:
    """The schema (draft-07); each key is described by the docstring below its field.

    A mistake breaks one rule: which table a hop is, is decided by ``if``, since a bare ``anyOf`` could only
    say that the hop is none of all.  pydantic can read the docstrings too (``use_attribute_docstrings``),
    but does so whenever the classes are imported, and that took longer than all other imports of ours
    together.

    >>> json_schema()["$defs"]["Cone"]["properties"]["ports"]["description"]
    'Source ports of each of these addresses.'
    """
    schema = Chain.model_json_schema()
    schema["$schema"] = DRAFT
    hops: list[type[Hop]] = Hop.__subclasses__()
    parts: list[type[Part]] = [Traffic, Kind, Clients, Virtual, *hops, Services]
    for part in parts:
        _describe(schema["$defs"][part.__name__], part)
    for hop in hops:  # which class it is, is a default here and a key in the file
        schema["$defs"][hop.__name__]["required"].insert(0, "kind")
        _with_presets(schema["$defs"][hop.__name__], hop)
    _with_presets(schema["$defs"]["Clients"], Clients)
    _describe(schema, Chain)
    for table in (schema, *schema["$defs"].values()):
        table["properties"] = {key: _or_null(each) for key, each in table["properties"].items()}
    for key, part in (("clients", Clients), ("services", Services)):
        schema["properties"][key] = _one_or_several(part, schema["properties"][key])
    schema["properties"]["hops"]["items"] = _any_hop(hops)
    return schema


def _ref(part: type[Part]) -> dict[str, str]:
    return {"$ref": f"#/$defs/{part.__name__}"}


def _one_or_several(part: type[Part], described: dict[str, Any]) -> dict[str, Any]:
    one, several = _ref(part), {"type": "array", "minItems": 1, "items": _ref(part)}
    choice = {"anyOf": [one, several, _ALL], "if": {"type": "array"}, "then": several, "else": one}
    return {key: each for key, each in described.items() if key != "anyOf"} | choice


def _or_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A key that JSON may have as null: one more type, not another branch."""
    branches = schema.get("anyOf", [])
    if len(branches) != 2 or branches[1] != {"type": "null"}:
        return schema
    one, rest = branches[0], {key: each for key, each in schema.items() if key != "anyOf"}
    if "$ref" in one:
        return rest | {"anyOf": [one, _ALL], "if": {"type": "null"}, "else": one}
    types = one["type"]
    merged: dict[str, Any] = one | rest | {"type": [*([types] if isinstance(types, str) else types), "null"]}
    return merged | ({"enum": [*one["enum"], None]} if "enum" in one else {})


def _any_hop(hops: Sequence[type[Hop]]) -> dict[str, Any]:
    """A hop by its kind and its layer, or by those of its preset."""
    of_kind: dict[str, list[str]] = {kind: [] for kind in _KINDS}
    for each in presets().values():
        of_kind.get(each.kind, []).append(each.name)
    every = sorted(name for names in of_kind.values() for name in names)
    passing_on = [each.name for each in presets().values() if each.values.get("layer") in _LAYERS[:-1]]
    no_kind, named = _no("kind"), _has("preset", {"type": "string"})
    cone = [_has("kind", {"const": "cone"}), no_kind | _has("preset", {"enum": of_kind["cone"]})]
    forwarder = [_has("layer", {"enum": _LAYERS[:-1]}), _no("layer") | _has("preset", {"enum": passing_on})]
    decided: list[tuple[dict[str, Any], dict[str, Any]]] = [
        (_has("kind", {"not": {"enum": _KINDS}}), _may("kind", _KINDS)),
        ({"not": {"anyOf": [{"required": ["kind"]}, named]}}, {"required": ["kind"]}),
        (no_kind | _has("preset", {"not": {"enum": every}}), _may("preset", every)),
        ({"anyOf": cone}, _ref(Cone)),
        (_has("layer", {"not": {"enum": _LAYERS}}), _may("layer", _LAYERS)),
        ({"anyOf": forwarder}, _ref(Forwarder)),
    ]
    rule: dict[str, Any] = _ref(Proxy)
    for condition, consequence in reversed(decided):
        rule = {"if": condition, "then": consequence, "else": rule}
    return {"type": "object", "anyOf": [*map(_ref, hops), _ALL], **rule}


def _has(key: str, rule: dict[str, Any]) -> dict[str, Any]:
    return {"required": [key], "properties": {key: rule}}


def _no(key: str) -> dict[str, Any]:
    return {"not": {"required": [key]}}


def _may(key: str, values: list[Any]) -> dict[str, Any]:
    return {"properties": {key: {"enum": values}}}


def _with_presets(schema: dict[str, Any], part: type[PresetPart]) -> None:
    """The names that fit, and what they change: a preset gives keys, and leaves some to the user."""
    fitting = [each for each in presets().values() if each.kind == part.preset_kind]
    names = {"type": "string", "enum": [each.name for each in fitting]}
    schema["properties"]["preset"] = {"anyOf": [names, {"type": "null"}], "default": None}
    if part is Clients:
        return  # no preset gives the addresses
    schema["else"] = {"required": schema.pop("required")}
    schema["required"] = ["name"]
    schema["if"] = {"properties": {"preset": {"type": "string"}}, "required": ["preset"]}
    named: dict[str, list[str]] = {}
    for each in fitting:
        for key in _needs(each, part):
            named.setdefault(key, []).append(each.name)
    rules = [
        {"if": {"properties": {"preset": {"enum": those}}}, "then": {"required": [key]}}
        for key, those in named.items()
    ]
    if rules:
        schema["then"] = {"allOf": rules}


def _needs(given: Preset, part: type[PresetPart]) -> Iterator[str]:
    """The keys that a hop of this class has to state beside a preset."""
    if part is not Proxy:  # there, whether such a key fits depends on others
        yield from (key for key in given.needs if key in part.model_fields)
    for key, field in part.model_fields.items():
        if field.is_required() and key not in ("name", *given.needs, *given.values):
            yield key
    layer = part.model_fields.get("layer")
    if layer is not None and given.values.get("layer", 7) not in get_args(layer.annotation):
        yield "layer"


def _describe(schema: dict[str, Any], part: type[Part]) -> None:
    schema["description"] = (part.__doc__ or "").split("\n\n")[0].split("\n")[0]
    made = part.model_construct().model_dump(mode="json")  # as a file has them
    for key in made.keys() & schema["properties"].keys():
        if "default" in schema["properties"][key]:
            schema["properties"][key]["default"] = made[key]
    for base in reversed(part.__mro__):
        if issubclass(base, Part):
            for key, text in _docstrings(base).items():
                if key in schema["properties"]:
                    schema["properties"][key]["description"] = text


def _docstrings(part: type[Part]) -> dict[str, str]:
    (body,) = ast.parse(dedent(inspect.getsource(part))).body
    assert isinstance(body, ast.ClassDef)  # the source of a class is a class
    found = {}
    for pair in pairwise(body.body):
        match pair:
            case ast.AnnAssign(target=ast.Name(id=key)), ast.Expr(value=ast.Constant(value=str(text))):
                found[key] = inspect.cleandoc(text)
    return found
