const control = document.body.dataset.control;
const state = { session: "default", token: "", stream: null };

const showMessage = (text) => {
  byId("message").textContent = text;
  byId("message").hidden = !text;
};

const buildHeaders = (more) => {
  const headers = { "X-Mock-Session": state.session, ...more };
  if (state.token) headers["X-Mock-Token"] = state.token;
  return headers;
};

// The control API: every button names its method and path.
const callControl = async (method, path, body) => {
  const headers = buildHeaders(body ? { "Content-Type": "application/json" } : {});
  try {
    const response = await fetch(control + path, { method, headers, body });
    const problem = response.ok ? null : await response.json().catch(() => ({}));
    showMessage(problem ? `${method} ${path}: ${problem.detail || problem.title || response.status}` : "");
  } catch {
    showMessage("The mock does not answer.");
  }
};

// The parts that change come as HTML in a stream of events. EventSource sends no headers, so the stream is read by hand.
const showEvent = (data) => {
  for (const [id, html] of Object.entries(JSON.parse(data))) {
    const part = byId(id);
    const top = part.scrollTop;
    part.innerHTML = html;
    part.scrollTop = top;
  }
};
const setLive = (isLive) => {
  byId("connection").textContent = isLive ? "live" : "not live";
  byId("connection").classList.toggle("live", isLive);
};
const readStream = async (response) => {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += value;
    const events = text.split("\n\n");
    text = events.pop();
    events.forEach((event) => showEvent(event.replace(/^data: /, "")));
  }
};
const follow = async () => {
  if (state.stream) state.stream.abort();
  const stream = new AbortController();
  state.stream = stream;
  while (!stream.signal.aborted) {
    try {
      const headers = buildHeaders({ Accept: "text/event-stream" });
      const response = await fetch(`${control}live`, { headers, signal: stream.signal });
      setLive(response.ok);
      if (response.status === 403) {
        showMessage("The mock wants another token.");
        return;
      }
      if (response.ok) {
        showMessage("");
        await readStream(response);
      }
    } catch { /* the mock is gone, or another stream was chosen */ }
    if (stream.signal.aborted) return;
    setLive(false);
    await new Promise((resolve) => { setTimeout(resolve, 1000); });
  }
};

document.addEventListener("click", async (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.path) {
    await callControl(button.dataset.method, button.dataset.path, button.dataset.body);
  } else if (button.classList.contains("try")) {
    await tryOperation(button);
  }
});

const tryOperation = async (button) => {
  const answer = button.closest(".operation").querySelector(".answer");
  const headers = { ...JSON.parse(button.dataset.headers), "X-Mock-Session": state.session };
  delete headers.Cookie; // a page may not set it
  try {
    const response = await fetch(button.dataset.address, { headers });
    const text = await response.text();
    let shown = text;
    try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* no JSON */ }
    answer.textContent = `${response.status} ${response.headers.get("content-type") || ""}\n\n${shown}`;
  } catch (error) {
    answer.textContent = String(error);
  }
  answer.hidden = false;
};

document.querySelectorAll(".operation-filter").forEach((filter) => filter.addEventListener("input", () => {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  filter.closest(".api").querySelectorAll(".operation").forEach((operation) => {
    operation.hidden = !words.every((word) => operation.dataset.text.includes(word));
  });
}));

const onSubmit = (id, act) => {
  const form = byId(id);
  if (form) form.addEventListener("submit", (event) => { event.preventDefault(); act(form); });
};
onSubmit("token-form", () => { state.token = byId("token").value; follow(); });
onSubmit("snapshot-form", (form) => callControl("POST", "snapshots", JSON.stringify({ name: form.elements.name.value })));
onSubmit("fault-form", ({ elements }) => {
  const kind = elements.kind.value;
  const fault = { kind };
  if (kind === "error") fault.status = Number(elements.status.value);
  if (kind === "latency") fault.delay = { distribution: "fixed", seconds: Number(elements.seconds.value) };
  if (elements.operation.value) fault.operation = elements.operation.value;
  callControl("POST", "faults", JSON.stringify(fault));
});

if (control) {
  byId("sessions").addEventListener("change", (event) => { state.session = event.target.value; follow(); });
  if (!("token" in document.body.dataset)) follow();
}
