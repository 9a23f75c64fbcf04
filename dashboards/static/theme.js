// Loaded in the head, before anything is drawn, so that no page flashes in the other theme. Without JavaScript the
// style sheet follows the system by itself.
(function () {
  "use strict";
  const KEY = "paydesk-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function chosen() {
    try {
      const kept = window.localStorage.getItem(KEY);
      return kept === "light" || kept === "dark" ? kept : null;
    } catch {
      return null; // Storage may be forbidden; then the system decides.
    }
  }

  function apply() {
    document.documentElement.dataset.bsTheme = chosen() || (system.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("paydesk:theme"));
  }

  function toggle() {
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      // What the system says anyway is not kept, so that the page goes on following it.
      if (next === (system.matches ? "dark" : "light")) window.localStorage.removeItem(KEY);
      else window.localStorage.setItem(KEY, next);
    } catch {
      // Not remembered, but shown.
    }
    document.documentElement.dataset.bsTheme = next;
    document.dispatchEvent(new CustomEvent("paydesk:theme"));
  }

  document.documentElement.classList.add("js");
  apply();
  system.addEventListener("change", apply);
  window.addEventListener("storage", (event) => { if (event.key === KEY) apply(); });
  window.paydeskTheme = { toggle };
})();
