"""The command line: parse, one call, a renderer, an exit status.

Results go to standard output, messages to standard error.  Exit status: 0 answered, 1 over the
share that ``--fail-above`` allows, 2 bad input.  Heavy libraries are imported only by the command
that needs them, so that ``capacity`` starts as fast as the command-line library itself.
"""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from contextlib import suppress
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from tuplecalc.errors import InputError, TopologyError, TuplecalcError, show
from tuplecalc.limits.capacity import Capacity
from tuplecalc.limits.capacity import capacity as find_capacity
from tuplecalc.model.chain import Chain
from tuplecalc.model.file import EXAMPLES, example, example_text, load, read, show_path
from tuplecalc.model.values import number

if TYPE_CHECKING:
    from rich.console import Console

app = typer.Typer(
    name="tuplecalc",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

DEFAULT_EXAMPLE = "outage"


class Output(StrEnum):
    """How ``capacity`` writes its result."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "markdown"


class Explained(StrEnum):
    """How ``explain`` writes its result."""

    TEXT = "text"
    LATEX = "latex"
    MARKDOWN = "markdown"
    JSON = "json"


File = Annotated[
    str | None,
    typer.Argument(
        metavar="FILE",
        help='A topology in TOML or JSON, "-" for standard input, or the name of a bundled example.',
        show_default=f"the example {DEFAULT_EXAMPLE}",
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="PATH=VALUE", help="Change a value first: hops.lvs.addresses=4. Repeatable."
    ),
]


@app.callback()
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and stop.")] = False,
) -> None:
    """Counts the reachable TCP tuples at every hop of a chain of NATs, balancers and proxies."""
    if version:
        from tuplecalc import __version__

        print(__version__)
        raise typer.Exit


@app.command()
def capacity(
    file: File = None,
    settings: Settings = None,
    rate: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="New connections a second that are offered: sets traffic.rate."),
    ] = None,
    blocking: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Ask for the highest rate at which no more than this share fails."
        ),
    ] = None,
    output: Annotated[Output, typer.Option("-o", "--output", help="How to write the result.")] = Output.TABLE,
    fail_above: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE", help="Exit 1 where more than this share of the highest rate is offered."
        ),
    ] = None,
) -> None:
    """Reachable tuples at every hop, the limit that binds, and what would help."""
    offered = _option("--rate", rate, "a rate above 0 and up to 1e18", "700")
    share = _option("--blocking", blocking, "a share above 0 and below 1", "1e-3", below=1)
    gate = _option("--fail-above", fail_above, "a share above 0", "0.8")
    chain = _chain(file, [*(settings or []), *([] if offered is None else [f"traffic.rate={rate}"])])
    if gate is not None and chain.traffic.rate is None:
        raise InputError("--fail-above needs an offered rate; write `rate` under [traffic], or --rate 700")
    result, lost = find_capacity(chain), None if share is None else float(share)
    match output:
        case Output.TABLE:
            from tuplecalc.render.table import print_table

            print_table(result, _console(), result.under_load(lost))
        case Output.JSON:
            print(_json(result.to_dict(lost)))
        case Output.CSV:
            from tuplecalc.render.plain import csv_rows

            sys.stdout.write(csv_rows(result))
            if offered is not None or share is not None:
                print("The limits only; -o json has what becomes of the rate.", file=sys.stderr)
        case Output.MARKDOWN:
            from tuplecalc.render.plain import markdown

            sys.stdout.write(markdown(result, result.under_load(lost)))
    if gate is not None and _is_above(result, gate):
        raise typer.Exit(1)


@app.command()
def explain(
    file: File = None,
    settings: Settings = None,
    output: Annotated[
        Explained, typer.Option("-o", "--output", help="How to write the result.")
    ] = Explained.TEXT,
) -> None:
    """The closed form of every limit and of the chain, with the numbers put in step by step."""
    chain = _chain(file, settings)
    from tuplecalc.algebra import explain as find_explanation
    from tuplecalc.render import explanation as render

    explanation = find_explanation(chain)
    match output:
        case Explained.TEXT:
            sys.stdout.write(render.text(explanation))
        case Explained.LATEX:
            sys.stdout.write(render.latex(explanation))
        case Explained.MARKDOWN:
            sys.stdout.write(render.markdown(explanation))
        case Explained.JSON:
            print(_json(explanation.to_dict()))


@app.command()
def examples(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="Print this one.")] = None,
    write: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH", help="Write it to this file, or all of them into this folder; never over a file."
        ),
    ] = None,
) -> None:
    """The bundled topologies: list them, print one, or write them out to start from."""
    if name is None and write is None:
        width = max(map(len, EXAMPLES))
        for each in EXAMPLES:
            print(f"{each:<{width}}  {example(each).title}")
    elif write is None and name is not None:
        sys.stdout.write(example_text(name))
    elif write is not None:
        if name is None and os.path.isfile(write):  # noqa: PTH113 - unlike pathlib it takes any length
            raise InputError(f"{show_path(write)}: this is a file; name a folder, or one example to write")
        names = EXAMPLES if name is None else (name,)
        for each in names:
            path = write / f"{each}.toml" if name is None or os.path.isdir(write) else write  # noqa: PTH112
            _write_new(path, example_text(each))
            print(f"wrote {show_path(path)}", file=sys.stderr)


@app.command()
def schema() -> None:
    """The JSON Schema of a topology file."""
    from tuplecalc.model.schema import json_schema

    print(_json(json_schema()))


def _json(record: dict[str, Any]) -> str:
    """JSON for standard output, with escapes where its encoding lacks characters."""
    is_unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    return json.dumps(record, indent=2, ensure_ascii=not is_unicode)


def _chain(file: str | None, settings: list[str] | None) -> Chain:
    changes = settings or []
    if file is None:
        print(f"No file given: this is the bundled example {DEFAULT_EXAMPLE}.", file=sys.stderr)
        return example(DEFAULT_EXAMPLE, changes)
    if not file:
        raise InputError("the name of the file is empty; leave it out for the bundled example")
    if file == "-":
        if sys.stdin is None:
            raise InputError("standard input: closed; there is nothing to read")
        return read(sys.stdin.buffer, "standard input", "standard input", changes)
    if file in EXAMPLES and not Path(file).is_file():
        return example(file, changes)
    if os.path.sep not in file and "." not in file and not os.path.lexists(file):
        example_text(file)  # a bare name that is neither: says which examples there are
    return load(file, changes)


def _option(
    name: str, written: str | None, rule: str, example: str, below: int | None = None
) -> Fraction | None:
    """An option's number, exactly: a decimal or a fraction, as in a file."""
    if written is None:
        return None
    with suppress(TopologyError):
        try:
            value = number(Decimal(written), name)
        except InvalidOperation:
            value = number(written, name)  # a fraction, or none
        if value > 0 and (below is None or value < below):
            return value
    raise InputError(f"{name} {show(written)}: this is {rule}; write it as in {name} {example}")


def _is_above(result: Capacity, share: Fraction) -> bool:
    offered = result.offered
    if offered is None or offered.rate is None or offered.highest is None:
        return False
    return offered.rate > offered.highest * share


def _write_new(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise InputError(f"{show_path(path)}: there is a file already; choose another path") from error
    except OSError as error:
        raise InputError(
            f"{show_path(path)}: cannot be written: {(error.strerror or str(error)).lower()}"
        ) from error


def _console() -> Console:
    from rich.console import Console

    return Console(highlight=False, emoji=False, markup=False)


def main() -> None:
    """Run the command line; the only place where errors become messages and exit statuses."""
    if hasattr(signal, "SIGPIPE"):  # a closed pipe ends us as it ends other tools
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without these characters
    try:
        if sys.stdout is None:
            raise InputError("standard output: closed; there is nowhere to write to")
        try:
            app()
        finally:
            sys.stdout.flush()
    except TuplecalcError as error:
        _fail(str(error))
    except OSError as error:
        _fail(f"cannot write the result: {(error.strerror or str(error)).lower()}")


def _fail(message: str) -> NoReturn:
    with suppress(OSError, AttributeError):  # standard error may be full or closed as well
        print(f"error: {message}", file=sys.stderr)
        sys.stderr.flush()
    os._exit(2)  # what is left in a full buffer would fail again on the way out


if __name__ == "__main__":
    main()
