"""A mock that is made anew when a file of its documents or seed data changes, while the server and its port stay.

file changes ─ load again ─┬─ another document ─ new mock, with the sessions of the old one
                           └─ an error ───────── a line that says so; the old mock goes on
"""

import asyncio
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

from watchfiles import Change, awatch

from specduet.mocks.app import Mock, create_app
from specduet.mocks.responses import Message, Receive, Send
from specduet.mocks.seed_data import SUFFIXES as SEED_SUFFIXES
from specduet.mocks.settings import Settings
from specduet.specs import Api, SpecduetError
from specduet.specs.locations import display_path
from specduet.specs.printing import make_printable
from specduet.specs.problem_reports import count_problems
from specduet.specs.source import read_document

_SUFFIXES = {".yaml", ".yml", ".json"}
_TIMEOUT_MS = 1_000

ApiLoader = Callable[[], Sequence[Api]]
"""A function that loads the APIs from their files. Raises ``SpecduetError``."""
SettingsLoader = Callable[[Sequence[Api]], Settings]
"""A function that returns the settings with the seed data for some APIs. Raises ``SpecduetError``."""
Announce = Callable[[str], None]
"""A function that shows a line to the user."""


class ReloadingMock:
    """An ASGI application that hands each request to the mock of the last documents that could be loaded."""

    def __init__(
        self,
        mock: Mock,
        load_apis: ApiLoader,
        announce: Announce,
        load_settings: SettingsLoader | None = None,
        seed_source: Path | None = None,
    ) -> None:
        """``seed_source`` is the folder or file of seed data, which ``load_settings`` reads."""
        self.mock = mock
        self._load_apis = load_apis
        self._announce = announce
        self._load_settings = load_settings or (lambda _apis: mock.settings)
        self._seed_source = seed_source
        self._files = _list_files(mock.apis)
        self._is_broken = False

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "lifespan":
            await self.mock(scope, receive, send)
            return
        is_over = asyncio.Event()
        watcher = asyncio.create_task(self._watch(is_over))

        async def send_when_over(message: Message) -> None:
            """Send a message; before that of the end, wait for the watcher, as nothing may run after it."""
            if message["type"].startswith("lifespan.shutdown"):
                is_over.set()
                await watcher
            await send(message)

        await self.mock(scope, receive, send_when_over)

    async def _watch(self, is_over: asyncio.Event) -> None:
        """Load the documents again after each change of their files, until ``is_over`` is set.

        Folders are watched, and not files: many editors replace a file by a new one.
        """
        while not is_over.is_set():
            folders = self._list_folders()
            is_first = True
            changes = awatch(
                *folders,
                watch_filter=self._concerns_document,
                recursive=False,
                stop_event=is_over,
                rust_timeout=_TIMEOUT_MS,
                yield_on_timeout=True,
            )
            async for changed in changes:
                if changed or is_first:  # what was changed before the folders were watched has no event
                    await self.reload()
                is_first = False
                if self._list_folders() != folders:
                    break
            await changes.aclose()

    async def reload(self) -> None:
        """Load the documents again. Where they are others than before, a mock of them takes over."""
        try:
            apis = await asyncio.to_thread(self._load_whole)
            self._files |= _list_files(apis)
            settings = self._load_settings(apis)
            is_same = _are_same(apis, self.mock.apis) and settings.seed_data == self.mock.settings.seed_data
            if not self._is_broken and is_same:
                return
            self.mock = create_app(apis, settings, previous=self.mock)
        except SpecduetError as error:
            self._keep_serving(str(error).partition("\n")[0])
        except Exception as error:  # noqa: BLE001 - an edit must not end a server that runs
            self._keep_serving(f"{type(error).__name__}: {error}")
        else:
            self._is_broken = False
            for api in apis:
                count = len(api.operations)
                self._show(f"reloaded {display_path(api.path)}: {count} operation{'' if count == 1 else 's'}")
                if api.problems:
                    self._show(count_problems(api.path, api.problems))

    def _load_whole(self) -> Sequence[Api]:
        """Load the APIs. Raises ``SpecError`` also for a file that they refer to and that does not parse.

        When a mock starts, that is a problem like others. Between two edits it is a file that is being written.
        """
        apis = self._load_apis()
        for api in apis:
            if any("does not parse" in problem.message for problem in api.problems):
                for file in api.files:
                    if file.suffix in _SUFFIXES and file.is_file():
                        read_document(file, [])
        return apis

    def _keep_serving(self, reason: str) -> None:
        self._is_broken = True
        self._show(f"not reloaded: {reason}; what was served before is still served")

    def _show(self, line: str) -> None:
        self._announce(make_printable(line))

    def _list_folders(self) -> list[Path]:
        """Return the folders of all files that the documents were ever made of, as far as they exist."""
        files = {*self._files, *self._list_seed_places()}
        return sorted({folder for file in files for folder in _list_parents(file) if folder.is_dir()})

    def _list_seed_places(self) -> Iterator[Path]:
        """Yield the seed data's file; of a folder, a place in it and one in each folder within it."""
        source = self._seed_source.absolute() if self._seed_source is not None else None
        if source is not None and source.is_dir():
            yield from (folder / "*" for folder in (source, *source.iterdir()) if folder.is_dir())
        elif source is not None:
            yield source

    def _concerns_document(self, _change: Change, path: str) -> bool:
        """Return whether a document may have another content, now that a file or folder has changed."""
        changed = Path(path)
        suffixes = _SUFFIXES if self._seed_source is None else SEED_SUFFIXES
        return changed.suffix in suffixes or any(changed.name in {f.name, f.parent.name} for f in self._files)


def _list_files(apis: Sequence[Api]) -> set[Path]:
    return {file.absolute() for api in apis for file in api.files}


def _list_parents(file: Path) -> tuple[Path, Path]:
    """Return the folder of a file, and that of what it is a link to."""
    return file.parent, file.resolve().parent


def _are_same(left: Sequence[Api], right: Sequence[Api]) -> bool:
    return [(api.name, api.document, api.problems) for api in left] == [
        (api.name, api.document, api.problems) for api in right
    ]
