"""What is under way, on a terminal, where it takes its time: a line that goes away again."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

_PATIENCE = 1.0  # seconds until a line appears: what is faster needs none
_EVERY = 0.1  # seconds between two looks at how far it is
T = TypeVar("T")


@dataclass
class Work:
    """How far it is: ``done`` of ``total`` steps, where these are known."""

    what: str
    total: int | None = None
    done: int = 0
    _over: threading.Event = field(default_factory=threading.Event)

    def begin(self, what: str) -> None:
        """Now something else is under way."""
        self.what = what

    def advance(self, steps: int = 1) -> None:
        """So many steps more are done."""
        self.done += steps

    def _show(self) -> None:
        """In a thread of its own: rich is loaded only once it is needed."""
        if self._over.wait(_PATIENCE):
            return
        from rich import progress
        from rich.console import Console

        bar = [] if self.total is None else [progress.BarColumn(), progress.TaskProgressColumn()]
        columns = (
            progress.SpinnerColumn(),
            progress.TextColumn("{task.description}", markup=False),
            *bar,
            progress.TimeElapsedColumn(),
        )
        shown = progress.Progress(
            *columns,
            console=Console(stderr=True),
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        with shown:
            task = shown.add_task(self.what, total=self.total)
            while not self._over.wait(_EVERY):
                shown.update(task, description=self.what, completed=self.done)


@contextmanager
def working(what: str, total: int | None = None, *, is_shown: bool = True) -> Iterator[Work]:
    """Say on standard error what is under way, after a second, on a terminal only, until the block ends."""
    work = Work(what, total)
    if not is_shown or sys.stderr is None or not sys.stderr.isatty():
        yield work
        return
    thread = threading.Thread(target=work._show, daemon=True)
    thread.start()
    try:
        yield work
    finally:
        work._over.set()
        thread.join()  # the line is gone, and the cursor back, before anything else is written


def followed(items: Iterable[T], what: str, total: int) -> Iterator[T]:
    """The items, with a bar of how many there have been."""
    with working(what, total) as work:
        for item in items:
            yield item
            work.advance()
