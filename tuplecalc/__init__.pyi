from typing import Any

from tuplecalc import under_load as under_load
from tuplecalc.algebra.explanation import explain as explain
from tuplecalc.errors import ChainError as ChainError
from tuplecalc.errors import InputError as InputError
from tuplecalc.errors import TuplecalcError as TuplecalcError
from tuplecalc.limits.capacity import Capacity as Capacity
from tuplecalc.limits.capacity import capacity as capacity
from tuplecalc.limits.limit import Limit as Limit
from tuplecalc.network.addresses import AddressSet as AddressSet
from tuplecalc.network.builders import cone as cone
from tuplecalc.network.builders import hourglass as hourglass
from tuplecalc.network.builders import inverted_cone as inverted_cone
from tuplecalc.network.chain import Chain as Chain
from tuplecalc.network.clients import Clients as Clients
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
from tuplecalc.network.traffic import Kind as Kind
from tuplecalc.network.traffic import Traffic as Traffic
from tuplecalc.questions.advice import Advice as Advice
from tuplecalc.questions.advice import advise as advise
from tuplecalc.questions.axis import axis as axis
from tuplecalc.questions.best_mix import best_mix as best_mix
from tuplecalc.questions.comparison import compare as compare
from tuplecalc.questions.crossover import crossovers as crossovers
from tuplecalc.questions.elasticity import elasticities as elasticities
from tuplecalc.questions.region import region as region
from tuplecalc.questions.solving import solve as solve
from tuplecalc.questions.sweep import sweep as sweep
from tuplecalc.render import figures as figures
from tuplecalc.render.json import to_dict as to_dict
from tuplecalc.render.report import report as report
from tuplecalc.under_load.offered import offered as offered
from tuplecalc.whatif.explore import explore as explore

__version__: str

def load_ipython_extension(shell: Any) -> None: ...
