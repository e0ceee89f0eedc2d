"""The requests that are measured, by the name that they have in the table."""

from benchmarks.load import Call

KEY = {"Authorization-PSK": "bench"}
LIST = Call("GET", "/api/crew-runs?limit=10", 200, KEY)
START = Call(
    "POST",
    "/api/crews/run",
    200,
    {**KEY, "Content-Type": "application/json"},
    '{"crew_type": "ask", "task_input": {"question": "How did revenue develop by region?"}}',
)
REFUSED = Call("GET", "/api/crew-runs?limit=abc", 422, KEY)
# Its window moves with the clock, so that no response can be cached.
MOVING = Call("GET", "/runs?limit=10", 200, {"cc-key": "bench"})
RESET = Call("POST", "/__mock__/reset", 204)
CASES = {"list": LIST, "list of the last day": MOVING, "start": START, "422": REFUSED}
