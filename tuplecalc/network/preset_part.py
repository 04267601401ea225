"""A table of a topology whose defaults may come from a preset."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from pydantic import PrivateAttr

from tuplecalc.errors import Problem, TopologyError
from tuplecalc.network.part import Part
from tuplecalc.network.presets import NEEDED, Kind, Preset, preset_for


class PresetPart(Part, defer_build=True):
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

    preset_kind: ClassVar[Kind] = "clients"
    """Which presets fit here."""

    _preset_keys: tuple[str, ...] = PrivateAttr(())

    def __init__(self, /, **data: Any) -> None:
        if data.get("preset") is None:
            super().__init__(**data)
            return
        try:
            found = preset_for(data["preset"], self.preset_kind)
        except TopologyError as error:
            problems = [problem.below("preset") for problem in error.problems]
            raise TopologyError([*problems, *self._other_problems(data)]) from None
        self._settle(found, data)

    @property
    def preset_keys(self) -> tuple[str, ...]:
        """The keys whose values come from the preset."""
        return self._preset_keys

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
            except TopologyError as error:
                unfit = {_key(problem) for problem in error.problems} & defaults.keys()
                if not unfit:
                    missing = {problem.place for problem in needs}
                    rest = [problem for problem in error.problems if problem.place not in missing]
                    raise TopologyError([*needs, *rest]) from None
                defaults = {key: value for key, value in defaults.items() if key not in unfit}
            else:
                break
        if needs:
            raise TopologyError(needs)
        self.__pydantic_fields_set__.difference_update(defaults)
        self._preset_keys = tuple(defaults)

    @classmethod
    def _needs(cls, found: Preset, data: Mapping[str, Any]) -> Iterable[Problem]:
        for key in found.needs:
            if data.get(key) is None and cls.fits(key, data):
                example = NEEDED[key][1]
                yield Problem(
                    key, None, f'the preset "{found.name}" needs this key', f"add it, as in {key} = {example}"
                )

    @classmethod
    def _other_problems(cls, data: dict[str, Any]) -> Iterable[Problem]:
        """What is wrong besides the preset; what is missing may be what it would give."""
        try:
            cls(**data | {"preset": None})
        except TopologyError as error:
            return [problem for problem in error.problems if problem.value is not None]
        return ()


def _key(problem: Problem) -> str:
    """The key of a part that a problem is about.

    >>> _key(Problem("block[1]", 0, "", "")), _key(Problem("virtual.ports", 0, "", ""))
    ('block', 'virtual')
    """
    return re.split(r"[.\[]", problem.place)[0]
