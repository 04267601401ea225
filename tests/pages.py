"""The documentation's pages: their fenced blocks, and what their commands write.

`python -m tests.pages` runs every command again and writes what it gives into page and pictures.
"""

import contextlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from typer.testing import CliRunner

from tuplecalc.cli import app

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", ROOT / "README.zh-CN.md", *sorted((ROOT / "docs").rglob("*.md"))]
WIDTH = {"COLUMNS": "80", "NO_COLOR": None, "FORCE_COLOR": None}  # as the pages were written: no colours
FENCE = re.compile(r"^```(\w+)(?: title=\"([^\"\n]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
MORE = re.compile(r"[|>&;]")  # than one command: a shell's line


class Block(NamedTuple):
    """A fenced block; one with a title is the file of that name, for the commands below it."""

    language: str
    title: str
    text: str


def blocks(page: Path, language: str = "") -> list[Block]:
    found = [Block(*groups) for groups in FENCE.findall(page.read_text(encoding="utf-8"))]
    return [block for block in found if not language or block.language == language]


def title(page: Path) -> str:
    return str(page.relative_to(ROOT))


def written(command: str) -> str:
    """What one line of a page writes in this folder: both streams, the command in this process.

    Where the line has more than the command (a pipe, an exit status), a shell has the rest: the command
    is a function there that gives what was written here.
    """
    first, *rest = MORE.split(command, maxsplit=1)
    assert first.startswith("tuplecalc "), command
    assert "tuplecalc " not in "".join(rest), f"one command a line: {command}"
    run = CliRunner().invoke(app, shlex.split(first)[1:], env=WIDTH, catch_exceptions=False)
    if not rest:
        return run.output
    with TemporaryDirectory() as folder:
        for stream, text in (("out", run.stdout), ("err", run.stderr)):
            (Path(folder) / stream).write_text(text, encoding="utf-8")
        replay = f'tuplecalc() {{ cat "{folder}/out"; cat "{folder}/err" >&2; return {run.exit_code}; }}'
        shell = ["bash", "-c", f"{replay}\n{command}"]
        return subprocess.run(
            shell, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        ).stdout.decode()


def rewritten(page: Path) -> str:
    """The page's text with each command's output as it is now."""

    def again(match: re.Match[str]) -> str:
        language, title, text = match.groups()
        if title:
            Path(title).write_text(text, encoding="utf-8")
        if language != "console":
            return match[0]
        commands = [line for line in text.splitlines() if line.startswith("$ ")]
        assert text.startswith("$ "), f"a console block begins with its command: {text}"
        return "```console\n" + "".join(f"{line}\n{written(line[2:])}" for line in commands) + "```"

    return FENCE.sub(again, page.read_text(encoding="utf-8"))


@contextlib.contextmanager
def empty_folder() -> Iterator[Path]:
    with TemporaryDirectory() as folder, contextlib.chdir(folder):
        yield Path(folder)


def main() -> None:
    for page in [ROOT / each for each in sys.argv[1:]] or PAGES:
        before = page.read_text(encoding="utf-8")
        with empty_folder() as folder:
            after = rewritten(page)
            for picture in (ROOT / "docs").glob("*.png"):
                # The Chinese README has a title of its own; the pictures are the English one's.
                if (folder / picture.name).exists() and page.name != "README.zh-CN.md":
                    shutil.copy(folder / picture.name, picture)
        if after != before:
            page.write_text(after, encoding="utf-8")
            print(f"{title(page)}: written again", flush=True)


if __name__ == "__main__":
    main()
