"""tuplecalc counts the reachable TCP tuples at every hop of a chain of NATs, balancers and proxies.

Data flows one way: a topology file becomes a :class:`Chain`, the chain becomes limits (pure data),
the limits become a result, the result becomes text, a table or a formula.  Each folder of the
package is one of these steps and imports only those before it::

    network   what the network is: address and port sets, the chain and its hops, the file
    limits    hop → limits; Hall's minimum over them; advice by evaluating changed chains
    algebra   limits → closed forms (sympy)
    under_load rate → what fails and when: blocking, port search, blind choice, bursts
    questions the questions of a design review: sweeps, least values, crossovers, which knob
    lab       a chain → network namespaces, real connections; predicted and measured side by side
    render    results → terminal, JSON, CSV, Markdown, LaTeX, notebooks, figures, the report

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

from tuplecalc.errors import InputError, TopologyError, TuplecalcError
from tuplecalc.limits.capacity import Capacity, capacity
from tuplecalc.limits.limit import Limit
from tuplecalc.network.addresses import AddressSet
from tuplecalc.network.builders import cone, hourglass, inverted_cone
from tuplecalc.network.chain import Chain, Clients, Traffic
from tuplecalc.network.file import example, from_dict, load, loads
from tuplecalc.network.hops import Cone, Hourglass, Virtual
from tuplecalc.network.ports import PortSet
from tuplecalc.network.replace import with_settings
from tuplecalc.network.services import Services
from tuplecalc.questions.advice import Advice, advise

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tuplecalc.algebra import Explanation
    from tuplecalc.questions.axis import axis as axis
    from tuplecalc.questions.comparison import Comparison
    from tuplecalc.questions.crossover import crossovers as crossovers
    from tuplecalc.questions.elasticity import elasticities as elasticities
    from tuplecalc.questions.solving import solve as solve
    from tuplecalc.questions.sweep import sweep as sweep

__version__ = "0.1.0"

__all__ = [
    "AddressSet",
    "Advice",
    "Capacity",
    "Chain",
    "Clients",
    "Cone",
    "Hourglass",
    "InputError",
    "Limit",
    "PortSet",
    "Services",
    "TopologyError",
    "Traffic",
    "TuplecalcError",
    "Virtual",
    "advise",
    "axis",
    "capacity",
    "compare",
    "cone",
    "crossovers",
    "elasticities",
    "example",
    "explain",
    "from_dict",
    "hourglass",
    "inverted_cone",
    "load",
    "loads",
    "report",
    "solve",
    "sweep",
    "with_settings",
]


_FOLDERS = {"under_load": "tuplecalc.under_load", "figures": "tuplecalc.render.figures"}
_HOMES = {
    "axis": "axis",
    "crossovers": "crossover",
    "elasticities": "elasticity",
    "solve": "solving",
    "sweep": "sweep",
}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _FOLDERS:  # tc.under_load.erlang_b, without a second import and only when asked for
        return import_module(_FOLDERS[name])
    if name in _HOMES:  # the same: some of these need numpy or sympy
        found = globals()[name] = getattr(import_module(f"tuplecalc.questions.{_HOMES[name]}"), name)
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_FOLDERS, *_HOMES})


def compare(old: Chain, new: Chain) -> Comparison:
    """What changes from one chain to another: every hop and limit, what binds, what the difference buys.

    See :class:`tuplecalc.questions.comparison.Comparison`.

    >>> outage = example("outage")
    >>> compare(outage, with_settings(outage, "hops.lvs.addresses=2"))
    <Comparison: flows 193,536 → 387,072 (2×), rate 586.473/s → 1,172.95/s (2×)>
    """
    from tuplecalc.questions.comparison import compare as compared  # no other command needs it

    return compared(capacity(old), capacity(new))


def explain(chain: Chain) -> Explanation:
    """The closed forms of a chain's limits; see :func:`tuplecalc.algebra.explain`.

    >>> explain(example("inverted-cone-tproxy")).result.flows
    1290240
    """
    from tuplecalc.algebra import explain as find_explanation  # sympy takes longer than all else

    return find_explanation(chain)


def report(chain: Chain, *, source: str | None = None, compare: Chain | None = None) -> str:
    """The result of a chain as one page of HTML, for a file or a mail.

    ``source`` is the text of its topology, to be shown with it; ``compare`` is an older chain.  See
    :func:`tuplecalc.render.report.report`.
    """
    from tuplecalc.render.report import report as render  # sympy, matplotlib and jinja2

    return render(capacity(chain), source=source, compare=None if compare is None else capacity(compare))
