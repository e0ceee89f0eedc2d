"""Every call of the seekrai package about threads, messages, runs and spans: ``python seekrai_calls.py URL``.

It runs in an environment with that package and nothing of ours, and prints a line of JSON for each call.
"""

import asyncio
import contextlib
import inspect
import io
import json
import sys
from collections.abc import Callable
from typing import Any

import seekrai  # type: ignore[import-not-found, unused-ignore]

KEY = "sk-clients"


async def settle(value: Any) -> Any:
    """Return what a call leads to, of either client: a result, or the list of what it yields."""
    if inspect.isawaitable(value):
        value = await value
    if hasattr(value, "raw_events"):
        value = value.raw_events()
    if hasattr(value, "__aiter__"):
        return [item async for item in value]
    return list(value) if inspect.isgenerator(value) else value


class Caller:
    """Makes calls one by one, and reports each."""

    def __init__(self, kind: str, client: Any) -> None:
        self.kind = kind
        self.client = client

    async def call(self, name: str, make: Callable[[], Any], is_right: Callable[[Any], Any] = lambda _: True) -> Any:
        try:
            result = await settle(make())
            problem = "" if is_right(result) else f"unexpected: {str(result)[:200]}"
        except Exception as error:  # noqa: BLE001  whatever the client raises is told
            result, problem = None, f"{type(error).__name__}: {str(error)[:300]}"
        sys.stdout.write(json.dumps({"call": f"{self.kind} {name}", "problem": problem}) + "\n")
        return result

    async def call_all(self) -> None:
        threads, runs = self.client.agents.threads, self.client.agents.runs
        thread = await self.call("threads.create", lambda: threads.create(color="red"), lambda t: t.meta_data)
        await self.call("threads.list", threads.list, lambda found: thread.id in [each.id for each in found])
        await self.call("threads.retrieve", lambda: threads.retrieve(thread.id), lambda t: t.id == thread.id)
        await self._call_messages(threads, thread.id)
        await self._call_runs(runs, thread.id)
        await self._call_spans()
        await self.call("threads.delete", lambda: threads.delete(thread.id), lambda answer: answer["deleted"])

    async def _call_messages(self, threads: Any, thread: str) -> None:
        message = await self.call(
            "threads.create_message",
            lambda: threads.create_message(thread, "user", "Hello"),
            lambda m: m.content == "Hello",
        )
        await self.call("threads.list_messages", lambda: threads.list_messages(thread), lambda found: len(found) == 1)
        await self.call(
            "threads.retrieve_message",
            lambda: threads.retrieve_message(thread, message.id),
            lambda m: m.id == message.id,
        )
        await self.call(
            "threads.update_message",
            lambda: threads.update_message(thread, message.id, mood="good"),
            lambda changed: changed.content == "Hello" and changed.meta_data == {"mood": "good"},
        )
        await self.call(
            "threads.delete_message",
            lambda: threads.delete_message(thread, message.id),
            lambda answer: answer["deleted"],
        )

    async def _call_runs(self, runs: Any, thread: str) -> None:
        run = await self.call("runs.run", lambda: runs.run("agent", thread), lambda run: run.thread_id == thread)
        await self.call("runs.list", lambda: runs.list(thread), lambda found: run.run_id in [each.id for each in found])
        await self.call("runs.retrieve", lambda: runs.retrieve(run.run_id, thread), lambda one: one.id == run.run_id)
        await self.call("runs.attach", lambda: runs.attach(run.run_id, thread), has_types)
        await self.call("runs.run stream", lambda: runs.run("agent", thread, stream=True), has_types)
        other = await settle(runs.run("agent", thread))
        await self.call(
            "runs.cancel",
            lambda: runs.cancel("agent", other.run_id, thread),
            lambda answer: answer["run_id"] == other.run_id,
        )
        stream = runs.run("agent", thread, stream=True)
        stream = await stream if inspect.isawaitable(stream) else stream
        if hasattr(stream, "pretty_print"):  # of the newer release alone
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                await settle(stream.pretty_print())
            await self.call("runs.run pretty_print", printed.getvalue, lambda text: "invoices" in text)

    async def _call_spans(self) -> None:
        observability = self.client.observability
        found = await self.call("observability.query_spans", observability.query_spans, lambda each: each.spans)
        span = found.spans[0]["span_id"]
        await self.call("observability.retrieve_span", lambda: observability.retrieve_span(span), lambda one: one)


def has_types(events: list[Any]) -> bool:
    return len(events) > 2 and all(event["type"] for event in events)


async def call_without_version(url: str) -> None:
    """Make a call with an address that lacks ``/v1``, which the newer release takes too."""
    threads = seekrai.SeekrFlow(api_key=KEY, base_url=url).agents.threads
    await Caller("sync", None).call("threads.list at another address", threads.list)


def main(url: str, *, has_short_address: bool) -> None:
    address = f"{url}/v1"
    asyncio.run(Caller("sync", seekrai.SeekrFlow(api_key=KEY, base_url=address)).call_all())
    asyncio.run(Caller("async", seekrai.AsyncSeekrFlow(api_key=KEY, base_url=address)).call_all())
    if has_short_address:
        asyncio.run(call_without_version(url))


if __name__ == "__main__":
    main(sys.argv[1], has_short_address="short" in sys.argv[2:])
