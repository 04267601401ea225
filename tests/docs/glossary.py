"""docs/glossary.md and docs/glossary.zh-CN.md: every word of the output, out of the package's glossary."""

from collections.abc import Iterator

from tuplecalc.render.glossary import sections


def page() -> str:
    """The whole page."""
    return "\n".join(_lines())


def chinese_page() -> str:
    """The same in Chinese."""
    return "\n".join(_chinese_lines())


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


def _chinese_lines() -> Iterator[str]:
    yield "# 术语表\n"
    yield "`tuplecalc` 的输出是英文的。这里列出输出和链文件里的词、中文说法和一两句解释。"
    yield "`tuplecalc explain 端口块` 在终端里打印同样的内容。本页由程序包生成。"
    for section in sections():
        yield f"\n## {section.zh}\n"
        yield "| 英文 | 中文 | 解释 |\n| --- | --- | --- |"
        for entry in section.entries:
            first, *others = entry.words
            words = ", ".join([f"**{first}**", *others])
            yield f"| {words} | {'、'.join(entry.zh_words)} | {entry.zh_text} |"
    yield "\n回到[首页](index.md)。\n"
