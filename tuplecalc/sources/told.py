"""What is said of sources on standard error: alike remarks in one line, none too long to read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuplecalc.sources.draft import Remark

_FEW = 3
_SHOWN = 2
_LONGEST = 200
"""Characters of what stands behind a value, or of a line of a source."""
_BETWEEN = ", "


def told(remarks: Iterable[Remark]) -> Iterator[str]:
    """Remarks as lines: in one line those of which more than three are for the same reason.

    A reason is the same where it differs in words of the source only.

    >>> rules = [Remark(f"r:{n}", f"-A POST -o br{n}", f"for fewer flows: -o br{n} too") for n in range(9)]
    >>> print(*told([*rules, Remark("a:1", "log x", "not understood: why")]), sep="\\n")
    for fewer flows: … too: 9 of them: r:0: -A POST -o br0; r:1: -A POST -o br1 and 7 more
    a:1: not understood: why: log x
    """
    alike: dict[str, list[Remark]] = {}
    for each in dict.fromkeys(remarks):
        alike.setdefault(_reason(each), []).append(each)
    for reason, several in alike.items():
        if len(several) <= _FEW:
            yield from (f"{each.where}: {each.why}: {cut(each.said)}" for each in several)
            continue
        whys = {each.why for each in several}
        shown = "; ".join(f"{each.where}: {cut(each.said)}" for each in several[:_SHOWN])
        why = whys.pop() if len(whys) == 1 else reason
        yield f"{why}: {len(several):,} of them: {shown} and {len(several) - _SHOWN:,} more"


def _reason(remark: Remark) -> str:
    theirs = {*remark.said.split()}
    words: list[str] = []
    for word in remark.why.split():
        new = "…" if word in theirs else word
        words += [] if words[-1:] == [new] == ["…"] else [new]
    return " ".join(words).rstrip("…: ")


def cut(text: str) -> str:
    """A text of 200 characters or fewer; of a longer list the first things, and how many more there are.

    >>> cut(", ".join(["haproxy.cfg:7"] * 999))[-43:]
    'haproxy.cfg:7, haproxy.cfg:7 … and 986 more'
    """
    if len(text) <= _LONGEST:
        return text
    first, *others = text.split(_BETWEEN)
    shown = first if len(first) <= _LONGEST else f"{first[: _LONGEST - 1]}…"
    for number, each in enumerate(others):
        if len(shown) + len(_BETWEEN) + len(each) > _LONGEST:
            return f"{shown} … and {len(others) - number:,} more"
        shown += _BETWEEN + each
    return shown
