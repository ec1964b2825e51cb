// Keys, the side panel and the row in hand. Every action here also works as a link or a form.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const panel = $("#panel");
  const page = $("#page");
  let opener = null;

  const say = (text) => { const live = $("#live"); live.textContent = ""; requestAnimationFrame(() => { live.textContent = text; }); };

  // -- the panel: the page behind it is inert, focus goes in and comes back ---------------------
  const panelOpen = () => Boolean($(".log", panel));
  const closePanel = () => {
    panel.replaceChildren();
    page.inert = false;
    document.body.classList.remove("logging");
    if (opener && document.contains(opener)) {
      opener.focus();
      // What stands only where the pointer is cannot take focus once the pointer has left: its row's name can.
      const name = document.activeElement !== opener && opener.closest("li") && $(".name", opener.closest("li"));
      if (name) name.focus({ preventScroll: true });
    }
    opener = null;
  };
  const settlePanel = () => {
    if (!panelOpen()) { page.inert = false; document.body.classList.remove("logging"); return; }
    page.inert = true;
    document.body.classList.add("logging");
    const wanted = $(":is(input, select, textarea):is([aria-invalid=true], .is-invalid)", panel) || $("[autofocus]", panel) || $("input:not([type=hidden]), textarea, select, button", panel);
    // htmx focuses what is marked so once more when it settles: only the wanted field keeps the mark.
    for (const other of $$("[autofocus]", panel)) if (other !== wanted) other.removeAttribute("autofocus");
    if (wanted) wanted.focus();
  };
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-panel]")) opener = event.target.closest("[data-panel]");
    if (event.target.closest("[data-close-panel]") || event.target.classList.contains("veil")) {
      if (panelOpen()) { event.preventDefault(); closePanel(); }
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target.id === "panel") settlePanel();
  });
  // An `autofocus` of the form is followed while it settles; what is wrong comes before it.
  document.addEventListener("htmx:afterSettle", (event) => {
    const wrong = event.detail.target.id === "panel" && $("[aria-invalid=true], .is-invalid", panel);
    if (wrong) wrong.focus();
  });
  document.addEventListener("crm:close", () => closePanel());
  document.addEventListener("crm:say", (event) => say(event.detail.value));
  document.addEventListener("htmx:responseError", (event) => {
    const text = document.body.dataset.failed;
    if (text) say(text);
    if (event.detail.xhr.status === 403 || event.detail.xhr.status === 401) location.reload();
  });

  // -- the row in hand ---------------------------------------------------------------------------
  const rows = () => $$("[data-row]");
  const inHand = () => $("[data-row].hand");
  const take = (row, focus = true) => {
    if (!row || row === inHand()) return;
    const before = inHand();
    if (before) { before.classList.remove("hand"); before.removeAttribute("aria-current"); const more = $(".more-in", before); if (more) more.replaceChildren(); }
    row.classList.add("hand");
    row.setAttribute("aria-current", "true");
    const more = $(".more-in", row);
    if (more && more.dataset.url && !more.childElementCount) htmx.ajax("GET", more.dataset.url, { target: more, swap: "innerHTML" });
    if (focus) { const name = $(".name", row); if (name) name.focus({ preventScroll: true }); }
    row.scrollIntoView({ block: "nearest" });
  };
  const move = (step) => {
    const all = rows();
    if (!all.length) return false;
    const at = all.indexOf(inHand());
    take(all[Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + step))]);
    return true;
  };
  document.addEventListener("click", (event) => {
    const row = event.target.closest("[data-row]");
    if (row && !event.target.closest("a, button, input, label, select, textarea, summary")) take(row, false);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target.id === "today-list") {
      const wanted = $("[data-row].hand .name", event.detail.target);
      if (wanted && !panelOpen()) wanted.focus({ preventScroll: true });
    }
  });

  // -- keys -----------------------------------------------------------------------------------------
  const typing = (element) => element.matches("input:not([type=radio]):not([type=checkbox]), textarea, select, [contenteditable]");
  const press = (key) => {
    const scope = panelOpen() ? panel : document;
    const target = (inHand() && !panelOpen() && $(`[data-key="${key}"]`, inHand())) || $(`[data-key="${key}"]`, scope);
    if (!target || target.closest("[inert]")) return false;
    if (target.matches("input:not([type=checkbox])")) { target.focus(); target.select(); } else target.click();
    return true;
  };
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (panelOpen()) { event.preventDefault(); closePanel(); }
      else if (typing(event.target)) event.target.blur();
      return;
    }
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.closest("form");
      const save = form && $("[data-save]", form);
      if (save) { event.preventDefault(); save.click(); }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || $("dialog[open]")) return;
    const key = event.key.toLowerCase();
    if (event.key === "?") { event.preventDefault(); $("#keys").showModal(); return; }
    if (!panelOpen() && (key === "j" || key === "k")) { if (move(key === "j" ? 1 : -1)) event.preventDefault(); return; }
    if (/^[a-z/]$/.test(key) && press(key)) event.preventDefault();
  });

  // -- news while the page stays open: asked for once a minute, never while nobody looks -------------
  const LOOK_EVERY = 60000;
  let looked = Date.now();
  const look = () => {
    if (document.hidden || Date.now() - looked < LOOK_EVERY) return;
    looked = Date.now();
    htmx.trigger(document.body, "crm:look");
  };
  setInterval(look, 5000);
  document.addEventListener("visibilitychange", look);
  // What the page asks by itself after the session has ended brings the login page: it has no place here.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asked = event.detail.requestConfig.triggeringEvent;
    const byHand = asked && ["click", "submit", "change", "input", "keyup"].includes(asked.type);
    if (!byHand && event.detail.xhr.responseURL.includes("/accounts/login/")) event.detail.shouldSwap = false;
  });

  // -- small behaviours -----------------------------------------------------------------------------
  // A revealed phone or email hides again.
  const hideLater = (root) => {
    const shown = root.matches?.("[data-hide-after]") ? [root] : $$("[data-hide-after]", root);
    for (const element of shown) {
      if (element.dataset.ticking) continue;
      element.dataset.ticking = "yes";
      setTimeout(() => htmx.ajax("GET", element.dataset.hideUrl, { target: element, swap: "outerHTML" }), Number(element.dataset.hideAfter) * 1000);
    }
  };
  document.addEventListener("htmx:afterSettle", (event) => hideLater(event.detail.elt));
  // "Other" channels open a list; details close when focus leaves.
  document.addEventListener("change", (event) => {
    // What the client allows depends on channel and theme: the form's head asks again.
    if (event.target.matches("#log-form [name=channel], #log-form [name=theme]")) htmx.trigger(document.body, "crm:channel");
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
    const shows = event.target.closest("[data-shows]");
    if (shows) for (const part of $$(`[data-shown-by="${shows.dataset.shows}"]`)) part.hidden = !part.dataset.when.split(" ").includes(event.target.value);
  });
  // One submission a form: a second click does nothing while the first is under way.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || form.hasAttribute("hx-post") || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
  });
  // What works with a script alone is shown by it.
  for (const part of $$(".by-script")) part.hidden = false;
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) print(); });
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const from = $(button.dataset.copy);
    from.select();
    try { await navigator.clipboard.writeText(from.value); } catch { document.execCommand("copy"); }
    button.textContent = button.dataset.copied;
    say(button.dataset.copied);
  });
  addEventListener("pageshow", () => { for (const form of $$("form[data-sent]")) delete form.dataset.sent; });
  settlePanel();
})();
