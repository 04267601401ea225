"""The JSON Schema of a chain file, for editors and other programs."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from itertools import pairwise
from textwrap import dedent
from typing import Any, get_args

from tuplecalc.network.chain import Chain
from tuplecalc.network.clients import Clients
from tuplecalc.network.hop import Hop, Virtual
from tuplecalc.network.part import Part
from tuplecalc.network.presets import Preset, PresetPart, presets
from tuplecalc.network.proxy import Proxy
from tuplecalc.network.services import Services
from tuplecalc.network.traffic import Kind, Traffic


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12); each key is described by the docstring below its field.

    pydantic can read these docstrings too (``use_attribute_docstrings``), but does so whenever the
    classes are imported, and that took longer than all other imports of ours together.

    >>> json_schema()["$defs"]["Cone"]["properties"]["ports"]["description"]
    'Source ports of each of these addresses.'
    """
    schema = Chain.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    hops: list[type[Hop]] = Hop.__subclasses__()
    parts: list[type[Part]] = [Traffic, Kind, Clients, Virtual, *hops, Services]
    for part in parts:
        _describe(schema["$defs"][part.__name__], part)
    for hop in hops:  # which class it is, is a default here and a key in the file
        schema["$defs"][hop.__name__]["required"].insert(0, "kind")
        _with_presets(schema["$defs"][hop.__name__], hop)
    _with_presets(schema["$defs"]["Clients"], Clients)
    _describe(schema, Chain)
    return schema


def _with_presets(schema: dict[str, Any], part: type[PresetPart]) -> None:
    """The names that fit, and what they change: a preset gives keys, and leaves some to the user."""
    fitting = [each for each in presets().values() if each.kind == part.preset_kind]
    names = {"enum": [each.name for each in fitting]}
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
