// Every call of the cloudcruise package from npm about workflows, runs and webhooks: node cloudcruise_calls.mjs URL
// It prints a line of JSON for each call. The client calls https://api.cloudcruise.com alone, so fetch leads it elsewhere.
import { createServer } from "node:http";
import { CloudCruise } from "cloudcruise";

const [url] = process.argv.slice(2);
const reach = globalThis.fetch;
globalThis.fetch = (target, options) => reach(String(target).replace("https://api.cloudcruise.com", url), options);

const STRICT = "e4d3c2b1-a0f9-4e8d-9c7b-6a5f4e3d2c1b";
const SECRET = "a key of the test";
const client = new CloudCruise({ apiKey: "sk_clients", encryptionKey: "0".repeat(64) });

async function reportCall(call, make, isRight = () => true) {
  let result = null;
  let problem = "";
  try {
    result = await make();
    if (!(await isRight(result))) problem = `unexpected: ${JSON.stringify(result)}`.slice(0, 200);
  } catch (error) {
    problem = `${error.name}: ${error.message}`;
  }
  console.log(JSON.stringify({ call, problem }));
  return result;
}

async function raisesError(make) {
  try {
    await make();
  } catch {
    return true;
  }
  return false;
}

const received = [];
const waiting = [];
const receiver = createServer((request, response) => {
  const pieces = [];
  request.on("data", (piece) => pieces.push(piece));
  request.on("end", () => {
    const webhook = { body: Buffer.concat(pieces).toString(), signature: request.headers["x-hmac-signature"] };
    response.end("thanks");
    const take = waiting.shift();
    if (take) take(webhook);
    else received.push(webhook);
  });
});
await new Promise((resolve) => receiver.listen(0, "127.0.0.1", resolve));
const takeWebhook = () => (received.length ? Promise.resolve(received.shift()) : new Promise((take) => waiting.push(take)));

const flows = await reportCall("workflows.getAllWorkflows", () => client.workflows.getAllWorkflows(), (all) => all.length);
const flow = flows[0].id;
await reportCall("workflows.getWorkflowMetadata", () => client.workflows.getWorkflowMetadata(STRICT), (meta) => meta.input_schema.required);
const member = { member_id: "0123456789" };
await reportCall("workflows.validateWorkflowInput", () => client.workflows.validateWorkflowInput(STRICT, member));
await reportCall("workflows.validateWorkflowInput, wrong", () => raisesError(() => client.workflows.validateWorkflowInput(STRICT, {})), (raised) => raised);

const { runs } = client;
const webhook = {
  url: `http://127.0.0.1:${receiver.address().port}/`,
  event_types_subscribed: ["execution.queued", "execution.success", "execution.failed"],
  secret: SECRET,
  validity: 300,
};
const started = { workflow_id: flow, run_input_variables: { account: "42" }, webhook };
const run = await reportCall("runs.start", () => runs.start(started), (handle) => handle.sessionId);
const events = [];
await reportCall("handle.on", () => run.on("run.event", (message) => events.push(message.data.event)));
await reportCall("runs.submitUserInteraction", () => runs.submitUserInteraction(run.sessionId, { answer: "yes" }));
const result = await reportCall("handle.wait", () => run.wait(), (found) => found.status.startsWith("execution."));
await reportCall("handle.on, events", () => events, (found) => found.length > 3);
await reportCall("runs.getResults", () => runs.getResults(run.sessionId), (found) => found.status === result.status);
const first = await takeWebhook();
const verify = client.webhook.verifySignature.bind(client.webhook);
await reportCall("webhook.verifySignature, text", () => verify(first.body, first.signature, SECRET), (message) => message.payload.session_id === run.sessionId);
const second = await takeWebhook();
await reportCall("webhook.verifySignature, object", () => verify(JSON.parse(second.body), second.signature, SECRET), (message) => message.event === result.status);
await reportCall("runs.replayWebhooks", () => runs.replayWebhooks(run.sessionId), (found) => found.nr_success === 2);
const again = await reportCall("runs.subscribeToSession", () => runs.subscribeToSession(run.sessionId), (handle) => handle.sessionId);
await reportCall("handle.close", () => again.close());

const other = await runs.start({ workflow_id: flow, run_input_variables: {} });
await reportCall("runs.interrupt", () => runs.interrupt(other.sessionId));
await reportCall("handle.wait, interrupted", () => other.wait(), (found) => found.status === "execution.stopped");
const third = await runs.start({ workflow_id: flow, run_input_variables: {} });
await reportCall("handle, iterated", async () => {
  const messages = [];
  for await (const message of third) messages.push(message);
  return messages;
}, (found) => found.length > 2);
process.exit(0);
