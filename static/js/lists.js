// Lists: what is ticked says what can be done with it; menus close; addresses stay short. All of it works without this.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const picks = () => $$("#picked [data-pick]:enabled, #picked [name=pick]:enabled");
  let last = null;

  // -- ticks ----------------------------------------------------------------------------------------
  const settle = () => {
    const form = $("#picked");
    if (!form) return;
    const boxes = picks();
    const all = $("[name=all]", form);
    const ticked = boxes.filter((box) => box.checked).length;
    const part = $("[data-if-picked]", form);
    const any = ticked > 0 || Boolean(all && all.checked);
    part.hidden = !any;
    for (const button of $$("button", part)) button.disabled = !any;
    $("[data-picked-count]", form).textContent = all && all.checked ? "" : String(ticked);
    const page = $("[data-pick-page]", form);
    page.hidden = false;
    page.disabled = !boxes.length;
    page.checked = ticked > 0 && ticked === boxes.length;
    page.indeterminate = ticked > 0 && ticked < boxes.length;
  };
  document.addEventListener("change", (event) => {
    if (!event.target.closest("#picked")) return;
    if (event.target.matches("[data-pick-page]")) for (const box of picks()) box.checked = event.target.checked;
    settle();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.matches("#picked [data-pick], #picked [name=pick]")) return;
    const boxes = picks();
    if (event.shiftKey && last && boxes.includes(last)) {
      const [from, to] = [boxes.indexOf(last), boxes.indexOf(event.target)].sort((a, b) => a - b);
      for (const box of boxes.slice(from, to + 1)) box.checked = event.target.checked;
      settle();
    }
    last = event.target;
  });
  document.addEventListener("htmx:afterSettle", settle);
  addEventListener("pageshow", settle);
  settle();

  // -- addresses: what is not set, or as usual, is not said ---------------------------------------------
  const shorten = (data, form) => {
    for (const name of [...new Set(data.keys())]) {
      const values = data.getAll(name).filter(Boolean);
      data.delete(name);
      for (const value of values) data.append(name, value);
    }
    if (data.get("order") === "name") data.delete("order");
    const boxes = $$("[type=checkbox][name=columns]", form);
    if (boxes.every((box) => box.checked === ("usual" in box.dataset))) data.delete("columns");
  };
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.target.id === "filters") shorten(event.detail.formData, event.target);
  });

  // -- menus: one at a time, closed by Escape and by looking elsewhere -----------------------------------
  const menus = () => $$("details.menu[open]");
  document.addEventListener("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of menus()) { menu.open = false; $("summary", menu).focus(); }
  });
  document.addEventListener("toggle", (event) => {
    if (event.target.matches("details.menu[open]")) { const field = $("input:not([type=hidden])", event.target); if (field) field.focus(); }
  }, true);
})();
