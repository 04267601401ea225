"""The faces that come out of time, against every schedule of flows that start one by one."""

from collections.abc import Iterator

from tests.oracle.scheduling import SingleLeg, true_rate
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.kinds import GAPS, IN_TURN, JOINT
from tuplecalc.limits.legs import Alone, Leg, Membership, Table

OF_TIME = {GAPS, IN_TURN, JOINT}
"""Kinds whose limits may lie below the program, which counts means."""


def is_of_time(result: Capacity) -> bool:
    """Whether a limit binds that may lie below the program."""
    return result.rate_binding is not None and result.rate_binding.kind in OF_TIME


def rates_by_schedule(result: Capacity) -> Iterator[float]:
    """The best schedule of the legs that meet where the rate's limit binds, for each choice of these.

    A leg is scheduled in the spaces that have as many keys as the limit: a space that is left out could only
    lower the truth. Raises ValueError where that is too much to try.
    """
    binding = result.rate_binding
    assert binding is not None
    declared = [each for hop in result.declared for each in hop]
    tables = [each for each in declared if isinstance(each, Table) and each.entering.hop == binding.hop]
    choices: list[list[Membership]] = [[each.entering, each.leaving] for each in tables]
    if binding.kind is IN_TURN:
        choices = [[each.membership] for each in declared if isinstance(each, Alone)]
    for members in choices:
        legs = [_single(each.leg, each, float(binding.scopes.value)) for each in members]
        if all(leg.waits for leg in legs):
            hold, share = int(result.chain.traffic.hold), float(result.chain.traffic.first_close)
            yield true_rate(legs, hold=hold, share=share) * float(binding.scopes.value)


def _single(leg: Leg, here: Membership, copies: float) -> SingleLeg:
    waits = {
        "table" if each is here else f"{number} of {id(leg)}": (
            int(each.times.client.value),
            int(each.times.service.value),
        )
        for number, each in enumerate(leg.memberships)
        if each.copies.value == copies
    }
    ports = (port for low, high in here.ports.ports.ranges for port in range(low, high + 1))
    return SingleLeg(frozenset(ports), waits)
