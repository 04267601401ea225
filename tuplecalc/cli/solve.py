"""``tuplecalc solve``: the least count or the largest time that meets a target."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from fractions import Fraction
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
        str | None,
        typer.Option(
            metavar="SHARE", help="No more than this share of the rate may fail, in the best case only."
        ),
    ] = None,
    most_failing: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE",
            help="No more than this share may be expected to fail, as in 1%, of all, of any kind or of any "
            "group of clients. With --for traffic.rate: the highest such rate.",
        ),
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
    typed = {
        "--rate": rate,
        "--flows": flows,
        "--blocking": blocking,
        "--most-failing": most_failing,
    }
    if paths == ["mix"]:
        best_case = {"--blocking": blocking, "--most-failing": most_failing}
        _put_mix(chain(file, settings), rate, flows, best_case, kinds, output)
        return
    if kinds:
        raise InputError(
            f"--kinds {show(kinds)}: only a mix has free kinds; write --for mix, or leave it out"
        )
    if output not in ("text", "json"):
        raise InputError(f"-o {output}: only a mix has a table; write -o text or -o json")
    if not paths:
        raise InputError(_what_to_ask(chain(file, settings), file, settings or [], typed))
    if len(paths) > 1:
        raise InputError("--for: one number is solved for at a time; leave all but one out")
    wanted = option("--rate", rate, "a rate above 0 and up to 1e18", "700", read=as_rate)
    share, really = blocking_share(blocking), _share_failing(most_failing)
    if share is not None and really is not None:
        rule = "--blocking is the best case only, --most-failing what is expected"
        raise InputError(f"--blocking {blocking}: {rule}; leave one of them out")
    rule = "a whole number of 1 or more, of less than 50 digits"
    open_at_once = whole("--flows", flows, rule, "100000", 49)
    design = chain(file, settings)
    from tuplecalc.questions.solving import solve as find_solution
    from tuplecalc.render import solved

    lost, failing = (None if each is None else float(each) for each in (share, really))
    with working(f"solving for {paths[0]}"):
        found = find_solution(
            design, paths[0], flows=open_at_once, rate=wanted, blocking=lost, most_failing=failing
        )
    put(found, output, solved)
    if found.value is None:
        raise typer.Exit(1)


def _what_to_ask(
    design: Chain, file: str | None, settings: Sequence[str], typed: Mapping[str, str | None]
) -> str:
    """What limits the chain, which keys raise it, and a command that asks for the first of them."""
    from tuplecalc.questions.asking import asking

    limit, figure, paths, wanted = asking(design)
    given = [word for name, value in typed.items() if value is not None for word in (name, value)]
    if wanted is not None and not given:
        given = ["--rate" if figure == "rate" else "--flows", f"{wanted}"]
    words = ["tuplecalc", "solve", *([] if file is None else [file]), "--for", paths[0], *given]
    for setting in settings:
        words += ["--set", setting]
    others = f"; others are {', '.join(paths[1:])}" if paths[1:] else ""
    return (
        f"--for: this says what to solve for, and is missing; {limit.hop} {limit.name} limits the {figure}: "
        f"write {shlex.join(words)}{others}"
    )


def _share_failing(written: str | None) -> Fraction | None:
    rule = "a share above 0 and below 1"
    return option("--most-failing", written, rule, "1e-3 or 0.1%", lambda value: 0 < value < 1, percent=True)


def _put_mix(
    design: Chain,
    rate: str | None,
    flows: str | None,
    shares: Mapping[str, str | None],
    kinds: str | None,
    output: str,
) -> None:
    """The best mix of the kinds."""
    for name, given in (("--rate", rate), ("--flows", flows)):
        if given:
            raise InputError(f"{name} {show(given)}: the best mix has no target; write {name} alone")
    for name, given in shares.items():
        if given is not None:
            raise InputError(f"{name} {show(given)}: the best mix has no target; leave it out")
    if rate is not None and flows is not None:
        raise InputError("--rate --flows: a mix is the best for one of them; leave the other out")
    from tuplecalc.questions.best_mix import best_mix
    from tuplecalc.render import mixed

    names = [name.strip() for name in kinds.split(",")] if kinds else []
    with working("the best mix"):
        found = best_mix(design, "flows" if rate is None else "rate", names)
    put(found, {"csv": "csv_rows"}.get(output, output), mixed)
