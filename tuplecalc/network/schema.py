"""The JSON Schema of a topology file, for editors and other programs."""

from __future__ import annotations

import ast
import inspect
from fractions import Fraction
from itertools import pairwise
from textwrap import dedent
from typing import Any

from tuplecalc.network.chain import Chain, Clients, Traffic
from tuplecalc.network.hops import Cone, Hourglass, Virtual
from tuplecalc.network.part import Part
from tuplecalc.network.preset_part import PresetPart
from tuplecalc.network.presets import NEEDED, presets
from tuplecalc.network.services import Services
from tuplecalc.network.values import plain


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12); each key is described by the docstring below its field.

    pydantic can read these docstrings too (``use_attribute_docstrings``), but does so whenever the
    classes are imported, and that took longer than all other imports of ours together.

    >>> json_schema()["$defs"]["Cone"]["properties"]["ports"]["description"]
    'Source ports of each of these addresses.'
    """
    schema = Chain.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    for part in (Traffic, Clients, Virtual, Cone, Hourglass, Services):
        _describe(schema["$defs"][part.__name__], part)
    for part in (Cone, Hourglass):  # which class it is, is a default here and a key in the file
        schema["$defs"][part.__name__]["required"].insert(0, "kind")
        _with_presets(schema["$defs"][part.__name__], part)
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
    conditions = ("required", "dependentRequired", "if", "then")
    schema["else"] = {key: schema.pop(key) for key in conditions if key in schema}
    schema["required"] = ["name"]
    schema["if"] = {"properties": {"preset": {"type": "string"}}, "required": ["preset"]}
    if part is Cone:  # at an hourglass, whether such a key fits depends on others
        needs = [(key, [each.name for each in fitting if key in each.needs]) for key in NEEDED]
        schema["then"] = {
            "allOf": [
                {"if": {"properties": {"preset": {"enum": those}}}, "then": {"required": [key]}}
                for key, those in needs
                if those
            ]
        }


def _describe(schema: dict[str, Any], part: type[Part]) -> None:
    schema["description"] = (part.__doc__ or "").split("\n\n")[0].split("\n")[0]
    for key, field in part.model_fields.items():
        if isinstance(field.default, Fraction):
            schema["properties"][key]["default"] = plain(field.default)
    for base in reversed(part.__mro__):
        if issubclass(base, Part):
            for key, text in _docstrings(base).items():
                if key in schema["properties"]:
                    schema["properties"][key]["description"] = text


def _docstrings(part: type[Part]) -> dict[str, str]:
    (body,) = ast.parse(dedent(inspect.getsource(part))).body
    assert isinstance(body, ast.ClassDef)  # the source of a class is a class
    found = {}
    for field, doc in pairwise(body.body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(doc, ast.Expr)
            and isinstance(doc.value, ast.Constant)
        ):
            found[ast.unparse(field.target)] = inspect.cleandoc(str(doc.value.value))
    return found
