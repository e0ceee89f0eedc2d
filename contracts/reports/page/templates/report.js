// Findings: filtered by words and severity.
const findings = [...document.querySelectorAll(".finding")];
const findingFilter = byId("finding-filter");
if (findingFilter) {
  const ticks = [...document.querySelectorAll("input[name=severity]")];
  const showFindings = () => {
    const words = findingFilter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const severities = new Set(ticks.filter((tick) => tick.checked).map((tick) => tick.value));
    let shown = 0;
    for (const finding of findings) {
      const isShown = severities.has(finding.dataset.severity) && words.every((word) => finding.dataset.text.includes(word));
      finding.hidden = !isShown;
      shown += isShown;
    }
    byId("finding-count").textContent = shown === findings.length ? "" : `${shown} of ${findings.length}`;
  };
  findingFilter.addEventListener("input", showFindings);
  ticks.forEach((tick) => tick.addEventListener("change", showFindings));
  byId("open-all").addEventListener("click", (event) => {
    const open = findings.some((finding) => !finding.hidden && !finding.open);
    findings.forEach((finding) => { if (!finding.hidden) finding.open = open; });
    event.target.textContent = open ? "Close all" : "Open all";
  });
}
document.querySelectorAll("form").forEach((form) => form.addEventListener("submit", (event) => event.preventDefault()));

// A link to a finding opens it.
const openTarget = () => {
  const target = location.hash && byId(location.hash.slice(1));
  if (target && target.tagName === "DETAILS") { target.open = true; target.scrollIntoView(); }
};
addEventListener("hashchange", openTarget);
openTarget();
findings.forEach((finding) => finding.addEventListener("toggle", () => {
  if (finding.open) history.replaceState(null, "", `#${finding.id}`);
}));
addEventListener("beforeprint", () => findings.forEach((finding) => { finding.open = true; }));

// Exchanges: only the rows that are looked at are in the page.
const data = JSON.parse(byId("exchange-data").textContent);
const STEP = 200;
const classes = { 0: "failed", 2: "good", 3: "moved", 4: "refused", 5: "broken" };
let matching = data.rows;
let shownRows = 0;
const addCell = (row, text, className) => {
  const cell = row.insertCell();
  cell.textContent = text;
  if (className) cell.className = className;
};
const showMore = () => {
  const body = byId("exchange-rows");
  for (const [number, operation, method, address, status, milliseconds, origin] of matching.slice(shownRows, shownRows + STEP)) {
    const row = body.insertRow();
    addCell(row, number, "number");
    addCell(row, status || "none", `status ${classes[Math.floor(status / 100)] || "moved"}`);
    addCell(row, `${method} ${address}`);
    addCell(row, data.operations[operation] || "");
    addCell(row, milliseconds === null ? "" : milliseconds, "number");
    addCell(row, origin);
  }
  shownRows = Math.min(shownRows + STEP, matching.length);
  byId("more-exchanges").hidden = shownRows >= matching.length;
  byId("exchange-count").textContent = `${shownRows.toLocaleString("en")} of ${matching.length.toLocaleString("en")} shown`;
};
const filterExchanges = () => {
  const words = byId("exchange-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  matching = data.rows.filter((row) => {
    const text = `${row[0]} ${row[4]} ${row[2]} ${row[3]} ${data.operations[row[1]] || ""} ${row[6]}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  byId("exchange-rows").replaceChildren();
  shownRows = 0;
  showMore();
};
byId("exchange-filter").addEventListener("input", filterExchanges);
byId("more-exchanges").addEventListener("click", showMore);
showMore();
