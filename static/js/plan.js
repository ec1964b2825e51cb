// The plan: a row goes to another day by pointer or by keyboard. Without this, "Another day" does the same.
const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const plan = () => $("#plan");
const said = (name, who) => plan().dataset[name].replace("{name}", who);
const say = (text) => document.dispatchEvent(new CustomEvent("crm:say", { detail: { value: text } }));
const dayOf = (element) => element && element.closest("[data-day]");
let carried = null; // { row, from, to }, picked up by key or pointer

// -- what the day under a carried row would hold -----------------------------------------------------
const mark = (day) => {
  for (const other of $$("[data-day].target", plan())) {
    const load = $("[data-load]", other);
    other.classList.remove("target");
    load.textContent = load.dataset.was;
    load.classList.toggle("late", load.dataset.late === "yes");
  }
  if (!day || !carried || day === carried.from) return;
  const load = $("[data-load]", day);
  if (!day.classList.contains("target")) { load.dataset.was = load.textContent; load.dataset.late = load.classList.contains("late") ? "yes" : ""; }
  day.classList.add("target");
  load.textContent = day.dataset.after;
  load.classList.toggle("late", "full" in day.dataset);
};
const pick = (row) => { carried = { row, from: dayOf(row), to: dayOf(row) }; row.classList.add("carried"); };
const letGo = () => { if (carried) carried.row.classList.remove("carried"); mark(null); carried = null; };
const aim = (day) => { carried.to = day; mark(day); };

// -- the move itself: the server decides, the page is read anew ------------------------------------------
const refresh = async (id) => {
  const answer = await fetch(location.href, { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["#plan", "#told", ".page-head"]) {
    $(part).replaceWith(document.importNode($(part, page), true));
    htmx.process($(part));
  }
  const name = $(`[data-id="${id}"] .name`, plan());
  if (name) name.focus({ preventScroll: true });
};
const tell = (text) => {
  const line = document.createElement("p");
  line.className = "told";
  line.setAttribute("role", "status");
  line.append(Object.assign(document.createElement("span"), { textContent: text }));
  $("#told").replaceChildren(line);
};
const drop = async () => {
  const { row, from, to } = carried;
  letGo();
  if (to === from) { say(said("back", row.dataset.who)); return; }
  const body = new URLSearchParams({ to: to.dataset.day, next: location.pathname + location.search });
  const headers = { Accept: "application/json", ...JSON.parse(document.body.getAttribute("hx-headers")) };
  try {
    const answer = await fetch(row.dataset.move, { method: "POST", body, headers });
    if (answer.status === 401 || answer.status === 403 || answer.redirected) { location.reload(); return; }
    const words = (await answer.json()).said;
    if (answer.ok) { say(words); await refresh(row.dataset.id); } else tell(words);
  } catch {
    tell(plan().dataset.failed);
  }
};

// -- by keyboard: m on a row, arrows, Enter; Escape puts it back ---------------------------------------------
const STEPS = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (!carried) {
    const row = event.key.toLowerCase() === "m" && event.target.closest && event.target.closest("[data-move]");
    if (!row || event.target.matches("input, textarea, select")) return;
    event.preventDefault();
    pick(row);
    say(said("picked", row.dataset.who));
    return;
  }
  if (event.key in STEPS) {
    event.preventDefault();
    const days = $$("[data-day]", plan());
    const next = days[days.indexOf(carried.to) + STEPS[event.key]];
    if (!next) { say(plan().dataset.edge); return; }
    aim(next);
    $("[data-load]", next).scrollIntoView({ block: "nearest", inline: "nearest" });
    say(`${next.dataset.name}, ${next === carried.from ? $("[data-load]", next).textContent : next.dataset.after}`);
  } else if (event.key === "Enter") {
    event.preventDefault();
    drop();
  } else if (event.key === "Escape" || event.key === "Tab") {
    if (event.key === "Escape") event.preventDefault();
    say(said("back", carried.row.dataset.who));
    letGo();
  }
}, true);

// -- by pointer ------------------------------------------------------------------------------------------------
document.addEventListener("dragstart", (event) => {
  const row = event.target.closest && event.target.closest("[data-move]");
  if (!row) return;
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.dataset.who);
  pick(row);
});
document.addEventListener("dragover", (event) => {
  const day = carried && dayOf(event.target);
  if (!day) return;
  event.preventDefault();
  if (day !== carried.to) aim(day);
});
document.addEventListener("drop", (event) => {
  if (!carried || !dayOf(event.target)) return;
  event.preventDefault();
  carried.to = dayOf(event.target);
  drop();
});
document.addEventListener("dragend", letGo);
