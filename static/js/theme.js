// Light or dark before the first paint: the person's choice kept on this device, else the system's.
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    let kept = null;
    try { kept = localStorage.getItem("theme"); } catch { /* private windows refuse storage */ }
    root.dataset.bsTheme = kept === "dark" || kept === "light" ? kept : system.matches ? "dark" : "light";
  };
  apply();
  system.addEventListener("change", apply);
  addEventListener("storage", apply);
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (!button) return;
    try { localStorage.setItem("theme", button.dataset.themeChoice); } catch { /* stays for this page only */ }
    apply();
  });
})();
