"""tuplecalc counts the reachable TCP tuples at every hop of a chain of NATs, balancers and proxies.

Data flows one way: a chain file becomes a :class:`Chain`, the chain becomes limits (pure data),
the limits become a result, the result becomes text, a table or a formula.  Each folder of the
package is one of these steps and imports only those before it::

    network     what the network is: address and port sets, the chain and its hops, the file
    limits      hop → legs in key spaces; the theorem → limits; the smallest of them
    under_load  rate → what fails and when: blocking, port search, blind choice, bursts
    algebra     limits → closed forms (sympy)
    questions   the questions of a design review: advice, sweeps, least values, crossovers, which knob
    sources     a machine's own files → a chain; its tables → what is busy now
    lab         a chain → network namespaces, real connections; predicted and measured side by side
    render      results → terminal, JSON, CSV, Markdown, LaTeX, notebooks, figures, the report

The model is docs/model.md, the design docs/architecture.md.

>>> import tuplecalc as tc
>>> chain = tc.Chain(
...     clients=tc.Clients(addresses="198.18.0.0/16"),
...     hops=[tc.Cone(name="nat", addresses=4)],
...     services=tc.Services(addresses=10, ports=[80]),
... )
>>> tc.capacity(chain)
<Capacity cone: 2,580,480 flows, rate 21,504/s, limited by nat/ports>
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

__version__ = "0.2.0"

_STUB = Path(__file__).with_suffix(".pyi").read_text(encoding="utf-8")
_HOMES = {name: module for module, name in re.findall(r"^from (tuplecalc\S*) import (\w+) as", _STUB, re.M)}
"""Each public name's module, as the type checker is told: imported when the name is first used."""

__all__ = sorted(_HOMES)  # noqa: PLE0605 - the type checker reads the stub


def __getattr__(name: str) -> object:
    from tuplecalc.called import CALLS, ELSEWHERE, led

    if name not in _HOMES:
        hint = f"; {ELSEWHERE[name]}" if name in ELSEWHERE else ""
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}{hint}")
    home = import_module(_HOMES[name])
    found = vars(home).get(name) or import_module(f"{_HOMES[name]}.{name}")
    globals()[name] = found = led(found, name) if name in CALLS else found
    return found


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: object) -> None:
    """``%load_ext tuplecalc``: results are shown as tables and formulas, also where tuplecalc came first."""
    from tuplecalc.render.notebook import show_results_in

    show_results_in(shell)


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    load_ipython_extension(_shell)
