"""Every call of the PyPI package cloudcruise about workflows, runs, webhooks: ``python cloudcruise_calls.py URL``.

It runs in an environment with that package and nothing of ours, and prints a line of JSON for each call.
"""

import json
import queue
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from cloudcruise import CloudCruise, CloudCruiseParams  # type: ignore[import-not-found, unused-ignore]

WAITING = "7c1a3f5e-2b4d-4e6f-8a90-1b2c3d4e5f60"
STRICT = "e4d3c2b1-a0f9-4e8d-9c7b-6a5f4e3d2c1b"
SECRET = "a key of the test"  # noqa: S105
TIMEOUT_S = 60


def report_call(name: str, make: Callable[[], Any], is_right: Callable[[Any], Any] = lambda _: True) -> Any:
    """Make a call, print whether it works, and return its result."""
    try:
        result = make()
        problem = "" if is_right(result) else f"unexpected: {str(result)[:200]}"
    except Exception as error:  # noqa: BLE001  whatever the client raises is told
        result, problem = None, f"{type(error).__name__}: {str(error)[:300]}"
    sys.stdout.write(json.dumps({"call": name, "problem": problem}) + "\n")
    return result


def raise_type(make: Callable[[], Any]) -> str:
    """Return the name of what a call raises."""
    try:
        make()
    except Exception as error:  # noqa: BLE001
        return type(error).__name__
    return ""


def open_receiver() -> tuple[str, "queue.Queue[tuple[bytes, str]]"]:
    """Return the address of a receiver of webhooks, and what it gets: bodies with their signatures."""
    received: queue.Queue[tuple[bytes, str]] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            received.put((body, self.headers["x-hmac-signature"]))

        def log_message(self, *_: Any) -> None:
            """Print nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/", received


def call_workflows(client: Any) -> str:
    """Make the calls about workflows; return the id of one."""
    flows = report_call("workflows.get_all_workflows", client.workflows.get_all_workflows, len)
    flow = str(flows[0].id)
    get, check = client.workflows.get_workflow_metadata, client.workflows.validate_workflow_input
    report_call("workflows.get_workflow_metadata", lambda: get(STRICT), lambda meta: meta.input_schema.required)
    report_call("workflows.validate_workflow_input", lambda: check(STRICT, {"member_id": "0123456789"}))
    report_call("workflows.validate_workflow_input, wrong", lambda: raise_type(lambda: check(STRICT, {})), bool)
    return flow


def call_runs(client: Any, flow: str) -> None:
    """Make the calls about a run that succeeds and about one that is interrupted."""
    runs, url_and_hooks = client.runs, open_receiver()
    webhook = {
        "url": url_and_hooks[0],
        "event_types_subscribed": ["execution.queued", "execution.start", "execution.success", "execution.failed"],
        "secret": SECRET,
        "validity": 300,
    }
    request = {"workflow_id": flow, "run_input_variables": {"account": "42"}, "webhook": webhook}
    run = report_call("runs.start", lambda: runs.start(request), lambda run: run.sessionId)
    events: list[str] = []
    report_call("handle.on", lambda: run.on("run.event", lambda event: events.append(event.type)))
    live = runs.get_live_view_connection
    report_call("runs.get_live_view_connection", lambda: live(run.sessionId), lambda found: found.auth_token)
    report_call("runs.submit_user_interaction", lambda: runs.submit_user_interaction(run.sessionId, {"answer": "yes"}))
    result = report_call("handle.wait", run.wait, lambda found: found.input_variables == {"account": "42"})
    report_call("handle.on, events", lambda: events, lambda found: found[0] == "execution.queued" and len(found) > 3)
    report_call(
        "runs.get_results", lambda: runs.get_results(run.sessionId), lambda found: found.status == result.status
    )
    again = report_call("runs.subscribe_to_session", lambda: runs.subscribe_to_session(run.sessionId))
    report_call("handle.close", again.close)
    call_webhooks(client, url_and_hooks[1])
    replay = runs.replay_webhooks
    report_call("runs.replay_webhooks", lambda: replay(run.sessionId), lambda found: found.nr_success >= 3)
    other = runs.start({"workflow_id": flow, "run_input_variables": {}})
    report_call("runs.interrupt", lambda: runs.interrupt(other.sessionId))
    report_call("handle.wait, interrupted", other.wait, lambda found: found.status == "execution.stopped")
    third = runs.start(
        {"workflow_id": flow, "run_input_variables": {}, "dry_run": None, "additional_context": {"a": 1}}
    )
    report_call("handle, iterated", lambda: list(third), lambda found: len(found) > 2)


def call_webhooks(client: Any, received: "queue.Queue[tuple[bytes, str]]") -> None:
    """Verify the first webhooks of a run."""
    for name in ("execution.queued", "execution.start"):
        body, signature = received.get(timeout=TIMEOUT_S)
        report_call(
            f"webhook.verify_signature {name}",
            lambda body=body, signature=signature: client.webhook.verify_signature(body, signature, SECRET),  # type: ignore[misc]
            lambda message, name=name: message.event == name and message.payload["session_id"],  # type: ignore[misc]
        )
    report_call("webhook of the end", lambda: received.get(timeout=TIMEOUT_S), lambda pair: b'"status":' in pair[0])


def call_recovery(client: Any) -> None:
    """Make the calls about runs that wait for a person."""
    runs = client.runs
    request = {"workflow_id": WAITING, "run_input_variables": {"invoice": "7"}}
    for name, send in (
        ("submit_input_variables", lambda session: runs.submit_input_variables(session, {"approver": "Ada"})),
        ("submit_modal_action", lambda session: runs.submit_modal_action(session, "dismiss")),
    ):
        run, waits = runs.start(dict(request)), threading.Event()
        run.on("execution.input_required", lambda _event, waits=waits: waits.set())
        report_call(f"{name}, waiting", lambda waits=waits: waits.wait(TIMEOUT_S), bool)  # type: ignore[misc]
        report_call(f"runs.{name}", lambda run=run, send=send: send(run.sessionId))  # type: ignore[misc]
        report_call(f"{name}, wait", run.wait, lambda found: found.status in {"execution.success", "execution.failed"})
        refused = raise_type(lambda run=run, send=send: send(run.sessionId))  # type: ignore[misc]
        report_call(f"{name}, too late", lambda refused=refused: refused, bool)  # type: ignore[misc]
    run = runs.start(dict(request))
    answer = runs.on_input_variables_required
    report_call("runs.on_input_variables_required", lambda: answer(run, lambda _payload: {"approver": "Bob"}))
    report_call("on_input_variables_required, wait", run.wait, lambda found: found.input_variables["approver"] == "Bob")


def main(url: str) -> None:
    client = CloudCruise(CloudCruiseParams(api_key="sk_clients", base_url=url, encryption_key="0" * 64))
    flow = call_workflows(client)
    call_runs(client, flow)
    call_recovery(client)


if __name__ == "__main__":
    main(sys.argv[1])
