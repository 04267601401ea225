"""tuplecalc counts the reachable TCP tuples at every hop of a chain of NATs, balancers and proxies.

Data flows one way: a topology file becomes a :class:`Chain`, the chain becomes limits (pure data),
the limits become a result, the result becomes text, a table or a formula.  Each folder of the
package is one of these steps and imports only those before it::

    network     what the network is: address and port sets, the chain and its hops, the file
    limits      hop → legs in key spaces; the theorem → limits; the smallest of them
    under_load  rate → what fails and when: blocking, port search, blind choice, bursts
    algebra     limits → closed forms (sympy)
    questions   the questions of a design review: advice, sweeps, least values, crossovers, which knob
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
<Capacity cone: 2,580,480 flows, rate 21,504/s, binding nat/ports>
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tuplecalc import under_load as under_load
    from tuplecalc.algebra.explanation import explain as explain
    from tuplecalc.errors import InputError as InputError
    from tuplecalc.errors import TopologyError as TopologyError
    from tuplecalc.errors import TuplecalcError as TuplecalcError
    from tuplecalc.limits.capacity import Capacity as Capacity
    from tuplecalc.limits.capacity import capacity as capacity
    from tuplecalc.limits.limit import Limit as Limit
    from tuplecalc.network.addresses import AddressSet as AddressSet
    from tuplecalc.network.builders import cone as cone
    from tuplecalc.network.builders import hourglass as hourglass
    from tuplecalc.network.builders import inverted_cone as inverted_cone
    from tuplecalc.network.chain import Chain as Chain
    from tuplecalc.network.chain import Clients as Clients
    from tuplecalc.network.chain import Traffic as Traffic
    from tuplecalc.network.cone import Cone as Cone
    from tuplecalc.network.file import example as example
    from tuplecalc.network.file import from_dict as from_dict
    from tuplecalc.network.file import load as load
    from tuplecalc.network.file import loads as loads
    from tuplecalc.network.forwarder import Forwarder as Forwarder
    from tuplecalc.network.hop import Virtual as Virtual
    from tuplecalc.network.ports import PortSet as PortSet
    from tuplecalc.network.proxy import Proxy as Proxy
    from tuplecalc.network.replace import replace as replace
    from tuplecalc.network.replace import with_settings as with_settings
    from tuplecalc.network.services import Services as Services
    from tuplecalc.questions.advice import Advice as Advice
    from tuplecalc.questions.advice import advise as advise
    from tuplecalc.questions.axis import axis as axis
    from tuplecalc.questions.comparison import compare as compare
    from tuplecalc.questions.crossover import crossovers as crossovers
    from tuplecalc.questions.elasticity import elasticities as elasticities
    from tuplecalc.questions.solving import solve as solve
    from tuplecalc.questions.sweep import sweep as sweep
    from tuplecalc.render import figures as figures
    from tuplecalc.render.json import to_dict as to_dict
    from tuplecalc.render.report import report as report
    from tuplecalc.under_load.offered import offered as offered

__version__ = "0.1.0"

_FOLDERS = {"figures": "tuplecalc.render.figures", "under_load": "tuplecalc.under_load"}
_HOMES = {
    "algebra.explanation": "explain",
    "errors": "InputError TopologyError TuplecalcError",
    "limits.capacity": "Capacity capacity",
    "limits.limit": "Limit",
    "network.addresses": "AddressSet",
    "network.builders": "cone hourglass inverted_cone",
    "network.chain": "Chain Clients Traffic",
    "network.file": "example from_dict load loads",
    "network.cone": "Cone",
    "network.forwarder": "Forwarder",
    "network.hop": "Virtual",
    "network.proxy": "Proxy",
    "network.ports": "PortSet",
    "network.replace": "replace with_settings",
    "network.services": "Services",
    "questions.advice": "Advice advise",
    "questions.axis": "axis",
    "questions.comparison": "compare",
    "questions.crossover": "crossovers",
    "questions.elasticity": "elasticities",
    "questions.solving": "solve",
    "questions.sweep": "sweep",
    "render.json": "to_dict",
    "render.report": "report",
    "under_load.offered": "offered",
}
"""Module → its public names: imported when they are first used, since some need sympy or numpy."""
_MODULES = {name: f"tuplecalc.{module}" for module, names in _HOMES.items() for name in names.split()}

__all__ = sorted([*_MODULES, *_FOLDERS])  # noqa: PLE0605 - mypy reads the imports


def __getattr__(name: str) -> Any:
    if name in _FOLDERS:
        return import_module(_FOLDERS[name])
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(_MODULES[name]), name)
    return found


def __dir__() -> list[str]:
    return __all__


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext tuplecalc``: results are shown as tables and formulas, also where tuplecalc came first."""
    from tuplecalc.render.notebook import show_results_in

    show_results_in(shell)


if "IPython" in sys.modules and (_shell := sys.modules["IPython"].get_ipython()):
    load_ipython_extension(_shell)
