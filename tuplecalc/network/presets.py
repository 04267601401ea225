"""Presets: named sets of defaults for one hop or for the clients, each with its source.

They are data, in ``presets.toml``, which is read when the first preset is asked for.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

from pydantic import PrivateAttr

from tuplecalc.errors import ChainError, Problem, nearest, reject
from tuplecalc.network.bounds import Bounded
from tuplecalc.network.preset_words import OTHER_NAMES, with_word

_FILE = Path(__file__).with_name("presets.toml")

NEEDED = {
    "addresses": "4",
    "ports": '"20000-29999"',
    "block": "1024",
    "blocks_per_client": "8",
    "virtual": "{ addresses = 1, ports = 443 }",
}
"""Keys that presets leave to the user, each with an example as a file says it."""


@dataclass(frozen=True, kw_only=True)
class Preset:
    """A named set of defaults: what a device does unless it is told otherwise, and who says so.

    >>> preset("aws-nat-gateway").values["ports"]
    {'count': 55000}
    """

    name: str
    title: str
    kind: str
    """What it is for: a hop of this kind, or the clients."""
    needs: tuple[str, ...]
    """Keys that the user still gives."""
    source: tuple[str, ...]
    """Where the values stand; the first is the one that results cite."""
    date: str
    """Of the source, or of the version that was read."""
    why: str
    caveats: str = ""
    nat64: bool = False
    """Whether it turns IPv6 into IPv4, as few NATs do."""
    platform: str = ""
    """``"linux"`` where it runs on that, and tables and files have Linux's usual sizes."""
    unknown: tuple[str, ...] = ()
    """Keys that no source gives: the tool's own default applies."""
    fixed: tuple[str, ...] = ()
    """Keys that the product or the standard does not leave open, also where their values are unknown."""
    most: Mapping[str, int]
    """The largest values that the product allows, by key."""
    least: Mapping[str, int]
    """The smallest values that the product takes, by key."""
    multiples: Mapping[str, int]
    """Keys of which the product takes multiples of so many only."""
    powers: tuple[str, ...] = ()
    """Keys of which the product takes powers of two only."""
    knobs: Mapping[str, str]
    """What the platform itself calls a key: where an administrator changes it."""
    values: Mapping[str, Any]
    """Keys of a chain file."""

    @property
    def reference(self) -> str:
        """The first source without the remark behind it.

        >>> preset("tencent-nat-gateway").reference
        'https://www.tencentcloud.com/document/product/1015/30230'
        """
        return self.source[0].partition(" (")[0]


@cache
def presets() -> Mapping[str, Preset]:
    """All presets by their names, in the order of the list.

    >>> len(presets()) > 40, next(iter(presets()))
    (True, 'aws-nat-gateway')
    """
    written = tomllib.loads(_FILE.read_text(encoding="utf-8"))
    return MappingProxyType({name: _read(name, table) for name, table in written.items()})


def _read(name: str, table: dict[str, Any]) -> Preset:
    lists = {key: tuple(table.get(key, ())) for key in ("needs", "source", "unknown", "fixed", "powers")}
    mappings = "most", "least", "multiples", "knobs", "values"
    tables = {key: MappingProxyType(table.get(key, {})) for key in mappings}
    return Preset(name=name, **table | lists | tables)


def preset(name: str, kind: str | None = None) -> Preset:
    """The preset of a name; where there is none, those of a kind are offered.

    Raises :class:`~tuplecalc.errors.ChainError` where there is none.

    >>> preset("haproxi")
    Traceback (most recent call last):
    tuplecalc.errors.ChainError: "haproxi": no preset has this name; did you mean "haproxy"? \
`tuplecalc presets` lists them
    """
    known, lists = presets(), "`tuplecalc presets` lists them"
    if not isinstance(name, str):
        raise reject(name, "a preset is named by a text", lists)
    if name in known:
        return known[name]
    fitting = {each: found for each, found in known.items() if kind in (None, found.kind)}
    near = with_word(name, fitting)[:3] or with_word(name, known)[:3]
    near = near or list(filter(None, [nearest(name.lower(), fitting)]))
    alike = [each for each in OTHER_NAMES if each[:1] == name[:1].lower()]  # few mistype the first letter
    near = near or with_word(nearest(name.lower(), alike) or "", known)[:3]
    if near:
        meant = " or ".join(f'"{each}"' for each in near)
        raise reject(name, "no preset has this name", f"did you mean {meant}? {lists}")
    rule = "no preset has this name or tells of it" if name else "no preset has this name"
    raise reject(name, rule, f"{lists}; without one, write the ports and timers that its maker documents")


def preset_for(name: str, kind: str | None) -> Preset:
    """The preset of a name, which must be one for this kind; None stands for a hop of any kind.

    >>> preset_for("linux-client", "cone")
    Traceback (most recent call last):
    tuplecalc.errors.ChainError: "linux-client": this is a preset for the clients, and stands at a \
hop of kind = "cone"; write it under [clients]
    """
    found = preset(name, kind)
    if found.kind == kind or (kind is None and found.kind != "clients"):
        return found
    ends = {"clients": "the clients", None: "a hop"}
    there, here = (ends.get(each, f'a hop of kind = "{each}"') for each in (found.kind, kind))
    if found.kind == "clients":
        remedy = "write it under [clients]"
    elif kind == "clients":
        remedy = f"write it in {there}"
    else:
        remedy = f'write kind = "{found.kind}", or leave `kind` out'
    raise reject(name, f"this is a preset for {there}, and stands at {here}", remedy)


def kind_and_layer(hop: Mapping[str, Any]) -> tuple[Any, Any]:
    """What a hop says that it is, or else its preset; None where neither does.

    >>> kind_and_layer({"name": "lb", "preset": "haproxy"})
    ('hourglass', 7)
    """
    kind, layer = hop.get("kind"), hop.get("layer")
    if hop.get("preset") is None or None not in (kind, layer) or not isinstance(kind, str | None):
        return kind, layer
    try:
        found = preset_for(hop["preset"], kind)
    except ChainError as error:
        if kind is None:
            raise error.below("preset") from None
        return kind, layer  # the hop says what is wrong with its preset, beside all else
    return found.kind, found.values.get("layer") if layer is None else layer


class PresetPart(Bounded, defer_build=True):
    """A part that may name a preset: its values are defaults, and what is written wins.

    A preset's value that does not fit what is written is left out: a proxy that speaks as its client
    has no addresses of its own, whatever the preset says.  The part says that it was given the name
    of the preset and what was written, no more: :meth:`written`, :meth:`to_dict` and
    ``model_fields_set`` know nothing of the values, so that a changed part is settled again.

    >>> from tuplecalc.network.cone import Cone
    >>> nat = Cone(name="nat", preset="aws-nat-gateway", addresses=2, time_wait="30s")
    >>> nat
    Cone(preset='aws-nat-gateway', name='nat', time_wait=Fraction(30, 1), addresses=AddressSet(2))
    >>> nat.ports.size, nat.preset_keys
    (55000, ('ports',))
    """

    preset: str | None = None
    """A named set of defaults; `tuplecalc presets` lists them."""

    preset_kind: ClassVar[str] = "clients"
    """Which presets fit here."""

    _preset_keys: tuple[str, ...] = PrivateAttr(())

    def __init__(self, /, **data: Any) -> None:
        if data.get("preset") is None:
            super().__init__(**data)
            return
        try:
            found = preset_for(data["preset"], self.preset_kind)
        except ChainError as error:
            problems = *error.below("preset").problems, *self._other_problems(data)
            raise ChainError(problems) from None
        self._settle(found, data)

    @property
    def preset_keys(self) -> tuple[str, ...]:
        """The keys whose values come from the preset."""
        return self._preset_keys

    @property
    def given(self) -> Preset | None:
        """The preset that it names."""
        return None if self.preset is None else preset(self.preset)

    @property
    def kept(self) -> frozenset[str]:
        """Those of the preset too, but for what was written otherwise; what the user has to write stays."""
        if self.given is None:
            return super().kept
        return super().kept | set(self.given.fixed) - (self.model_fields_set - set(self.given.needs))

    @property
    def contradicted(self) -> tuple[str, ...]:
        """Keys that the preset's product does not leave open, and that are written with another value.

        >>> from tuplecalc.network.cone import Cone
        >>> aws = {"name": "nat", "preset": "aws-nat-gateway", "addresses": 1}
        >>> Cone(**aws, ports="1024-65535").contradicted, Cone(**aws, ports="1024-56023").contradicted
        (('ports',), ())
        """
        if self.given is None:
            return ()
        found = []
        for key in self.given.fixed:
            if key in self.model_fields_set and key in self.given.values:
                without = {name: value for name, value in self.written().items() if name != key}
                if getattr(type(self)(**without), key) != getattr(self, key):
                    found.append(key)
        return tuple(found)

    @property
    def largest(self) -> dict[str, int]:
        """Those of the preset too, where the table says nothing else."""
        return {**(self.given.most if self.given else {}), **super().largest}

    def too_many(self, key: str, size: int) -> Problem:
        """The same, and of a preset's largest value how to say another one."""
        if key in dict(self.most):
            return super().too_many(key, size)
        most, value = self.largest[key], getattr(self, key)
        rule = f'the preset "{self.preset}" allows {most:,} at most'
        way_out = f"write no more, or most = {{ {key} = {size} }} where yours allows them"
        return Problem(key, getattr(value, "spec", value), rule, way_out)

    @property
    def knobs(self) -> Mapping[str, str]:
        """What its platform calls a key, where that is known."""
        return self.given.knobs if self.given else {}

    @property
    def least(self) -> Mapping[str, int]:
        """The smallest values that it takes."""
        return self.given.least if self.given else {}

    @property
    def multiples(self) -> Mapping[str, int]:
        """Keys that take multiples of a number only."""
        return self.given.multiples if self.given else {}

    @property
    def powers(self) -> tuple[str, ...]:
        """Keys that take powers of two only."""
        return self.given.powers if self.given else ()

    def rounded_down(self, key: str, count: int) -> int:
        """The largest count up to this one that the key takes; 0 where there is none.

        >>> from tuplecalc.network.cone import Cone
        >>> nat = Cone(name="nat", preset="a10-lsn", addresses=1, block=64, blocks_per_client=1)
        >>> nat.rounded_down("block", 300), nat.rounded_down("block", 63)
        (256, 0)
        """
        multiple = self.multiples.get(key, 1)
        whole = 1 << count.bit_length() >> 1 if key in self.powers else count
        whole = whole // multiple * multiple
        return whole if whole >= self.least.get(key, 1) else 0

    @property
    def stated(self) -> frozenset[str]:
        """The keys that the file or the preset states; all others have the tool's own defaults."""
        return frozenset((*self.model_fields_set, *self._preset_keys))

    @classmethod
    def fits(cls, key: str, data: Mapping[str, Any]) -> bool:
        """Whether a key may stand beside these."""
        return key in cls.model_fields

    def _settle(self, found: Preset, data: dict[str, Any]) -> None:
        defaults = {key: value for key, value in found.values.items() if key not in data}
        while True:  # ends: each round leaves a default out
            needs = list(self._needs(found, defaults | data))
            try:
                super().__init__(**defaults, **data)
            except ChainError as error:
                unfit = {_key(problem) for problem in error.problems} & defaults.keys()
                if not unfit:
                    missing = {problem.place for problem in needs}
                    rest = [problem for problem in error.problems if problem.place not in missing]
                    raise ChainError([*needs, *rest]) from None
                defaults = {key: value for key, value in defaults.items() if key not in unfit}
            else:
                break
        if needs:
            raise ChainError(needs)
        self.__pydantic_fields_set__.difference_update(defaults)
        self._preset_keys = tuple(defaults)

    @classmethod
    def _needs(cls, found: Preset, data: Mapping[str, Any]) -> Iterable[Problem]:
        for key in found.needs:
            if data.get(key) is None and cls.fits(key, data):
                rule = f'the preset "{found.name}" needs this key'
                yield Problem(key, None, rule, f"add it, as in {key} = {NEEDED[key]}")

    @classmethod
    def _other_problems(cls, data: dict[str, Any]) -> Iterable[Problem]:
        """What is wrong besides the preset; what is missing may be what it would give."""
        try:
            cls(**data | {"preset": None})
        except ChainError as error:
            return [problem for problem in error.problems if problem.value is not None]
        return ()


def _key(problem: Problem) -> str:
    """The key of a part that a problem is about: ``block`` of ``block[1]``."""
    return re.split(r"[.\[]", problem.place)[0]
