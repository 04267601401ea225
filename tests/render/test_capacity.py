"""The table, as text and in colours."""

import io

import pytest
from rich.console import Console

import tuplecalc as tc
from tuplecalc.network.file import EXAMPLES
from tuplecalc.render.capacity import print_table

OUTAGE = """\
The login outage: a NAT-mode balancer in front of regional login proxies
Inverted cone, port constraint

hop           kind        tuple space   reachable flows      rate /s     used
─────────────────────────────────────────────────────────────────────────────
clients       clients   8,455,716,864     8,455,716,864   23,488,102   0.003%
lvs           cone            387,072           387,072        921.6      76%
login-proxy   layer 7         387,072           193,536        586.5     119%

hop           limit         keys × scopes           flows      rate /s
────────────────────────────────────────────────────────────────────────────────
clients       ports      64,512 × 131,072   8,455,716,864   23,488,102
lvs           ports            64,512 × 6         387,072        921.6
login-proxy   accepted         64,512 × 6         387,072        1,290
              upstream         64,512 × 6         387,072        1,075
              shared     ⌊64,512 / 2⌋ × 6         193,536        586.5   ◀ binds

193,536 flows open at once and 586.5/s: login-proxy shared binds, because both
legs of a flow need a port of their own (one table).
"""


def printed(chain: tc.Chain, *, terminal: bool = False, width: int = 80) -> str:
    """The table of a chain."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=terminal,
        color_system="standard" if terminal else None,
        highlight=False,
    )
    print_table(tc.capacity(chain), console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_outage() -> None:
    assert printed(tc.example("outage")).startswith(OUTAGE)


def test_flows_and_rate_are_marked_apart_where_they_differ() -> None:
    lines = printed(tc.example("inverted-cone-tproxy")).splitlines()
    assert [line.split()[0] for line in lines if line.endswith("◀ rate")] == ["nat"]
    assert [line.split()[0] for line in lines if line.endswith("◀ flows")] == ["shared"]


def test_settings_are_written_as_a_shell_wants_them() -> None:
    named = tc.with_settings(tc.example("cone"), 'hops.nat.name="edge nat"')
    assert "\n    --set 'hops.\"edge nat\".addresses=5'\n" in printed(named)


def test_styles_end_with_their_line() -> None:
    lines = printed(tc.example("outage"), terminal=True).splitlines()
    coloured = [line for line in lines if "\x1b[" in line]
    assert len(coloured) > 5
    assert all(line.endswith("\x1b[0m") for line in coloured)


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("name", EXAMPLES)
def test_a_terminal_is_never_overrun(name: str, width: int) -> None:
    text = printed(tc.example(name), terminal=True, width=width)
    lines = [line for line in text.splitlines() if "--set" not in line]
    assert max(len(line) for line in map(_bare, lines)) <= width


def _bare(line: str) -> str:
    from rich.text import Text

    return Text.from_ansi(line).plain


def test_markup_in_names_is_only_text() -> None:
    chain = tc.with_settings(tc.cone(title="[red]hot[/red]", name="[b]"), "clients.addresses=9")
    text = printed(chain)
    assert text.startswith("[red]hot[/red]\n")
    assert "\n[b] " in text
