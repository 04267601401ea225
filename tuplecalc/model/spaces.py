"""Both sets."""

from tuplecalc.model.addresses import AddressSet as AddressSet
from tuplecalc.model.ports import PortSet as PortSet
