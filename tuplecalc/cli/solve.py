"""``tuplecalc solve``: the least count or the largest time that meets a target."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from tuplecalc.cli import words
from tuplecalc.cli.inputs import OUTPUT, File, Settings, blocking_share, chain, option, put, whole
from tuplecalc.cli.progress import working
from tuplecalc.errors import InputError, show
from tuplecalc.network.chain import Chain
from tuplecalc.network.values import rate as as_rate


class Command(words.Command):
    """A command whose --rate and --flows may stand alone: nothing, or another option, follows them."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Give an option that stands alone an empty value."""
        following = [*args[1:], "-"]
        pairs = zip(args, following, strict=True)
        alone = [
            f"{arg}=" if arg in ("--rate", "--flows") and next_[:1] == "-" else arg for arg, next_ in pairs
        ]
        found: list[str] = super().parse_args(ctx, alone)
        return found


def solve(
    file: File = None,
    paths: Annotated[
        list[str] | None,
        typer.Option(
            "--for",
            metavar="PATH",
            help="What to solve for, as of --set: hops.lvs.addresses; =1..64 keeps a range. Or: mix.",
        ),
    ] = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Connections a second to carry; else the file's rate."),
    ] = None,
    flows: Annotated[
        str | None, typer.Option(metavar="COUNT", help="Connections that should be open at once.")
    ] = None,
    blocking: Annotated[
        str | None, typer.Option(metavar="SHARE", help="No more than this share of the rate may fail.")
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(metavar="NAME,NAME", help="For a mix: whose shares are free; the others keep theirs."),
    ] = None,
    settings: Settings = None,
    output: Annotated[Literal["text", "json", "markdown", "csv"], OUTPUT] = "text",
) -> None:
    """The least number of addresses, ports, … (or the longest time) with which the chain meets a target.

    --for mix: the shares of the kinds of traffic for which the chain carries most; then --rate and --flows
    say of what, and take no number.
    """
    if paths == ["mix"]:
        _put_mix(chain(file, settings), rate, flows, blocking, kinds, output)
        return
    if kinds:
        raise InputError(
            f"--kinds {show(kinds)}: only a mix has free kinds; write --for mix, or leave it out"
        )
    if output not in ("text", "json"):
        raise InputError(f"-o {output}: only a mix has a table; write -o text or -o json")
    if not paths:
        raise InputError("--for: this says what to solve for, and is missing; write --for hops.lvs.addresses")
    if len(paths) > 1:
        raise InputError("--for: one number is solved for at a time; leave all but one out")
    wanted = option("--rate", rate, "a rate above 0 and up to 1e18", "700", read=as_rate)
    share = blocking_share(blocking)
    rule = "a whole number of 1 or more, of less than 50 digits"
    open_at_once = whole("--flows", flows, rule, "100000", 49)
    design = chain(file, settings)
    from tuplecalc.questions.solving import solve as find_solution
    from tuplecalc.render import solved

    lost = None if share is None else float(share)
    with working(f"solving for {paths[0]}"):
        found = find_solution(design, paths[0], flows=open_at_once, rate=wanted, blocking=lost)
    put(found, output, solved)
    if found.value is None:
        raise typer.Exit(1)


def _put_mix(
    design: Chain, rate: str | None, flows: str | None, blocking: str | None, kinds: str | None, output: str
) -> None:
    """The best mix of the kinds."""
    for name, given in (("--rate", rate), ("--flows", flows)):
        if given:
            raise InputError(f"{name} {show(given)}: the best mix has no target; write {name} alone")
    if blocking is not None:
        raise InputError(f"--blocking {show(blocking)}: the best mix has no target; leave it out")
    if rate is not None and flows is not None:
        raise InputError("--rate --flows: a mix is the best for one of them; leave the other out")
    from tuplecalc.questions.best_mix import best_mix
    from tuplecalc.render import mixed

    names = [name.strip() for name in kinds.split(",")] if kinds else []
    with working("the best mix"):
        found = best_mix(design, "flows" if rate is None else "rate", names)
    put(found, {"csv": "csv_rows"}.get(output, output), mixed)
