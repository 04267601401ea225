"""Results in IPython: shown by the names of their types, registered when tuplecalc meets a shell."""

import subprocess
import sys
from typing import Any

import pytest
from IPython.core.formatters import DisplayFormatter

import tuplecalc as tc


class Shell:
    """As much of IPython's as an extension needs."""

    def __init__(self) -> None:
        self.display_formatter = DisplayFormatter()

    def shows(self, result: object) -> dict[str, str]:
        found: dict[str, str] = self.display_formatter.format(result)[0]  # type: ignore[no-untyped-call]
        return found


@pytest.fixture
def shell() -> Shell:
    shell = Shell()
    tc.load_ipython_extension(shell)
    return shell


OUTAGE = tc.example("outage")
RESULTS: dict[str, tuple[Any, str, str]] = {
    "capacity": (tc.capacity(OUTAGE), "text/html", '<div class="tuplecalc">'),
    "offered": (tc.offered(OUTAGE), "text/html", "<p>Fails: 47.8% to 64.8% of the connections"),
    "comparison": (tc.compare(OUTAGE, tc.cone(title="<b>")), "text/html", "<pre>The login outage"),
    "solution": (
        tc.solve(OUTAGE, "hops.lvs.addresses", rate=700),
        "text/html",
        "<pre>addresses of lvs",
    ),
    "crossovers": (tc.crossovers(OUTAGE, "traffic.hold"), "text/html", "<pre>Tightest limit by hold"),
    "sweep": (tc.sweep(OUTAGE, ["hops.lvs.addresses=1..2"]), "text/html", "<pre>hops.lvs.addresses"),
    "explanation": (tc.explain(OUTAGE), "text/latex", "$$\n\\begin{aligned}\n\\text{flows} &="),
    "forms": (tc.explain(OUTAGE).limits[0], "text/latex", "$$\n\\begin{aligned}\n\\text{flows} &="),
}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_shown(name: str, shell: Shell) -> None:
    result, kind, start = RESULTS[name]
    shown = shell.shows(result)
    assert shown.keys() == {"text/plain", kind}
    assert shown[kind].strip().startswith(start)
    for own in ("<p><b>What else", "<p><b>First", "<p><b>Fails"):
        shown[kind] = shown[kind].replace(own, "")
    assert "<b>" not in shown[kind]
    assert Shell().shows(result).keys() == {"text/plain"}  # where nobody has asked for it


def test_an_import_within_ipython_is_enough() -> None:
    code = "import tuplecalc as tc; html = get_ipython().display_formatter.formatters['text/html']; "
    code += "print(html.lookup(tc.capacity(tc.example('cone'))).__module__)"
    command = [sys.executable, "-m", "IPython", "--quick", "--no-banner", "--colors=nocolor", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "tuplecalc.render.notebook\n"
