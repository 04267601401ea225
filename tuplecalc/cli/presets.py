"""``tuplecalc presets``: named sets of defaults for products, each with its source."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from tuplecalc.cli.inputs import in_json
from tuplecalc.errors import ChainError, InputError, show
from tuplecalc.network.preset_words import with_word
from tuplecalc.network.presets import preset
from tuplecalc.network.presets import presets as all_presets
from tuplecalc.render.json import preset as as_record
from tuplecalc.render.json import to_dict, versioned
from tuplecalc.render.presets import as_toml, listing
from tuplecalc.render.table import page


def _begun(incomplete: str) -> list[str]:
    return [name for name in all_presets() if name.startswith(incomplete)]


def presets(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NAME…",
            help="Print these, or list those that the words are about.",
            autocompletion=_begun,
        ),
    ] = None,
    output: Annotated[
        Literal["text", "json"], typer.Option("-o", "--output", help="How to write them.")
    ] = "text",
) -> None:
    """What products do unless told otherwise: list the presets, or print one with its sources.

    Another word lists those that it is about: `presets aws`, `presets kubernetes`.
    """
    known = all_presets()
    found, are_named = ([*known], False) if names is None else _meant(names)
    if are_named and len(found) == 1:
        one = known[found[0]]
        sys.stdout.write(f"{in_json(to_dict(one))}\n" if output == "json" else as_toml(one, page()))
        return
    shown = [known[each] for each in found]
    if output == "json":
        sys.stdout.write(f"{in_json(versioned({'presets': [*map(as_record, shown)]}))}\n")
    elif are_named:
        sys.stdout.write("\n".join(as_toml(each, page()) for each in shown))
    else:
        sys.stdout.write(listing(shown, page()))


def _meant(names: list[str]) -> tuple[list[str], bool]:
    """The presets that some words are about, and whether each word means only one, which is printed.

    First all words together, as in ``aws nat``; then those that each of the words is about, else that any is.
    """
    known, together = all_presets(), " ".join(names)
    words = together.replace("/", " ").split()
    if len(words) < 2 or (near := with_word(" ".join(words), known)):
        near = _of_word(" ".join(words) if words else together)
        return near, len(near) == 1
    of_each = [_of_word(word) for word in words]
    every = list(dict.fromkeys(each for near in of_each for each in near))
    common = [each for each in every if all(each in near for near in of_each)]
    return common or every, all(len(near) == 1 for near in of_each)


def _of_word(word: str) -> list[str]:
    """The presets that a word is about; of one that is in no name it is said what comes nearest."""
    known = all_presets()
    near = with_word(word, known)
    if not near:
        try:
            return [preset(word).name]
        except ChainError as error:
            raise InputError(str(error)) from None
    plain = "-".join(word.lower().split())
    if not any(plain in each for each in near):
        several = f"{len(near)} presets for {word}:"
        one = f"{show(word)}: no preset has this name; this comes nearest."
        print(one if len(near) == 1 else several, file=sys.stderr)
    return near
