"""Rate → what fails and when: blocking, port search, blind choice, bursts.

Numbers are answered by the standard library alone, so that the command line starts fast; numpy and scipy
are loaded for arrays.

>>> from tuplecalc import under_load
>>> round(under_load.erlang_b(64512, 64000), 6)
0.000208
"""

from tuplecalc.under_load.blind import blind_blocking as blind_blocking
from tuplecalc.under_load.blind import blind_burst_admitted as blind_burst_admitted
from tuplecalc.under_load.chains import Bracket as Bracket
from tuplecalc.under_load.chains import blocking as blocking
from tuplecalc.under_load.chains import max_rate as max_rate
from tuplecalc.under_load.erlang import erlang_b as erlang_b
from tuplecalc.under_load.erlang import log_erlang_b as log_erlang_b
from tuplecalc.under_load.erlang import max_load as max_load
from tuplecalc.under_load.erlang import min_circuits as min_circuits
from tuplecalc.under_load.offered import Offered as Offered
from tuplecalc.under_load.search import failure_lower as failure_lower
from tuplecalc.under_load.search import failure_upper as failure_upper
from tuplecalc.under_load.search import usable_share as usable_share
