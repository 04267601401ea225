"""docs/glossary.md: every word of the output, out of the package's glossary."""

from collections.abc import Iterator

from tuplecalc.render.glossary import sections


def page() -> str:
    """The whole page."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Glossary\n"
    yield "`tuplecalc explain WORD` says the same in the terminal. This page is made from the package."
    for section in sections():
        yield f"\n## {section.title}\n"
        yield "| word | also | what it means |\n| --- | --- | --- |"
        for entry in section.entries:
            first, *others = entry.words
            yield f"| **{first}** | {', '.join(others)} | {entry.text} |"
    yield ""
