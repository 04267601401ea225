"""Presets as text: the list of them, one of them as a table to paste, and what a result took from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from tuplecalc.network.chain import Chain
from tuplecalc.network.presets import NEEDED, Preset
from tuplecalc.network.replace import written_setting
from tuplecalc.network.used import Use, used
from tuplecalc.render.table import PAGE, Page, lines, prose, squeezed

_MOST_USES = 12  # a screen; JSON has all
_KINDS = ("clients", "cone", "hourglass")
_TIMES = ("time_wait", "reuse_after", "tracking_time_wait")


def listing(presets: Iterable[Preset], page: Page = PAGE) -> str:
    """One line for each: name, kind and title; those of a kind together.

    >>> from tuplecalc.network.presets import preset
    >>> print(listing([preset("haproxy"), preset("linux-client")]), end="")
    linux-client  clients    Linux client
    haproxy       hourglass  HAProxy as a reverse proxy
    """
    shown = sorted(presets, key=lambda each: _KINDS.index(each.kind))
    rows = [(each.name, each.kind, each.title) for each in shown]
    return "\n".join([*lines(squeezed(rows, page.table, 2), left={0, 1, 2}), ""])


def as_toml(preset: Preset, page: Page = PAGE) -> str:
    """A table of a chain file that names the preset, with its values and the words around it as comments.

    Values that are written are no longer the preset's: its bounds would be lost.

    >>> from tuplecalc.network.presets import preset
    >>> print(as_toml(preset("tencent-nat-gateway")).partition("\\n\\n")[2], end="")
    [[hops]]
    name = "tencent-nat-gateway"
    kind = "cone"
    preset = "tencent-nat-gateway"
    addresses = 4  # needed: this is an example
    # It stands for these; write one to have it otherwise:
    # ports = { count = 55000 }
    """
    said = [f"# {preset.title}", "#"]
    for label, words in _words(preset):
        said += prose(f"{label}: {words}", page.prose, start="# ", hang="#   ")
    hop = preset.kind != "clients"
    said += ["", "[[hops]]" if hop else "[clients]"]
    said += [f"name = {in_toml(preset.name)}", f"kind = {in_toml(preset.kind)}"] if hop else []
    said += [f"preset = {in_toml(preset.name)}"]
    said += [f"{key} = {NEEDED[key]}  # needed: this is an example" for key in preset.needs]
    said += ["# It stands for these; write one to have it otherwise:"] if preset.values else []
    said += [f"# {key} = {in_toml(value)}" for key, value in preset.values.items()]
    return "\n".join(said) + "\n"


def _words(preset: Preset) -> Iterator[tuple[str, str]]:
    yield "Why", preset.why
    yield from (("Source", each) for each in preset.source)
    yield "Date", preset.date
    if preset.caveats:
        yield "Caveats", preset.caveats
    if preset.unknown:
        keys = ", ".join(preset.unknown)
        yield "Unknown", f"no source gives {keys}; tuplecalc's own default stands for it."
    if preset.fixed:
        yield "Fixed", f"no advice asks to change {', '.join(preset.fixed)}."
    if preset.most or preset.least or preset.multiples or preset.powers:
        most = [f"at most {value:,} {key}" for key, value in preset.most.items()]
        most += [f"at least {value:,} {key}" for key, value in preset.least.items()]
        said = [*most, *(f"{key} in multiples of {value}" for key, value in preset.multiples.items())]
        said += [f"{key} a power of two" for key in preset.powers]
        yield "Bounds", f"{', '.join(said)}."
    if preset.knobs:
        yield "Knobs", f"{'; '.join(f'{key} is {knob}' for key, knob in preset.knobs.items())}."


def in_toml(value: object) -> str:
    """A value of a preset as a file says it.

    >>> in_toml({"count": 55000}), in_toml([[50, 1024]]), in_toml("60s")
    ('{ count = 55000 }', '[[50, 1024]]', '"60s"')
    """
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{key} = {in_toml(each)}' for key, each in value.items())} }}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(in_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def contradictions(chain: Chain) -> Iterator[str]:
    """Where the file says something else of a key than its preset, whose product does not leave it open.

    >>> from tuplecalc.network.file import from_dict
    >>> nat = {"name": "nat", "preset": "rfc-nat", "addresses": 1, "mapping": "endpoint-dependent"}
    >>> chain = {"clients": {"addresses": 9}, "hops": [nat], "services": {"addresses": 1, "ports": 80}}
    >>> print(next(contradictions(from_dict(chain)))[:69])
    hops.nat.mapping=endpoint-dependent stands against the preset rfc-nat
    """
    for path, part in chain.parts():
        for key in part.contradicted:
            assert part.given is not None
            written = written_setting(f"{path}.{key}", getattr(part, key))
            has = f"{key} = {in_toml(part.given.values[key])}"
            yield (
                f"{written} stands against the preset {part.given.name}, which has {has}: its product does "
                f"not let you change it. The value of the file is used. If this is that product, leave {key} "
                f"out; if not, leave the preset out. Why: {part.given.why}"
            )


def citations(chain: Chain) -> Iterator[str]:
    """What a result took from presets, one sentence for each hop that names one.

    >>> from tuplecalc.network.file import from_dict
    >>> nat = {"name": "nat", "preset": "tencent-nat-gateway", "addresses": 1}
    >>> chain = {"clients": {"addresses": 9}, "hops": [nat], "services": {"addresses": 1, "ports": 80}}
    >>> print(*citations(from_dict(chain)))
    nat uses the preset tencent-nat-gateway: ports from \
https://www.tencentcloud.com/document/product/1015/30230 (2024-01-04). No source gives its time_wait: \
tuplecalc's own default of 120 s stands.
    """
    uses = list(used(chain))
    yield from map(citation, uses[:_MOST_USES])
    if (more := len(uses) - _MOST_USES) > 0:
        yield f"{more:,} more hop{'s use' if more > 1 else ' uses'} a preset."


def citation(use: Use) -> str:
    """One of these sentences."""
    hop, preset = use.hop, use.preset
    verb = "use" if hop == "clients" else "uses"
    if use.values:
        said = f"{hop} {verb} the preset {preset.name}: {', '.join(use.values)} from {origin(preset)}."
    else:
        said = f"{hop} {verb} nothing of the preset {preset.name}: all of its values are written otherwise."
    if use.left_out:
        said += f" Left out, since it does not fit what is written: {', '.join(use.left_out)}."
    return " ".join([said, *unknown(use)])


def origin(preset: Preset) -> str:
    """The first source and the date; where there are more, which value stands in which is in the preset."""
    more = len(preset.source) - 1
    others = f" and {more} more source{'s' if more > 1 else ''}" if more else ""
    return f"{preset.reference}{others} ({preset.date})"


def unknown(use: Use) -> Iterator[str]:
    """What no source gives, and what stands for it."""
    for key, value in use.unknown.items():
        default = f"{value} s" if key in _TIMES and value is not None else in_toml(value)
        yield f"No source gives its {key}: tuplecalc's own default of {default} stands."
