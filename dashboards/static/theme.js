// Loaded in the head, before anything is drawn, so that no page flashes in the other theme. Without JavaScript the
// style sheet follows the system's theme.
(function () {
  "use strict";
  const KEY = "paydesk-theme";
  const system = window.matchMedia("(prefers-color-scheme: dark)");

  function choice() {
    try {
      const stored = window.localStorage.getItem(KEY);
      return stored === "light" || stored === "dark" ? stored : null;
    } catch {
      return null; // Storage may be forbidden; then the system decides.
    }
  }

  function apply() {
    document.documentElement.dataset.bsTheme = choice() || (system.matches ? "dark" : "light");
    document.dispatchEvent(new CustomEvent("paydesk:theme"));
  }

  function toggle() {
    const next = document.documentElement.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      // A choice that equals the system's is not stored, so that the page keeps following the system.
      if (next === (system.matches ? "dark" : "light")) window.localStorage.removeItem(KEY);
      else window.localStorage.setItem(KEY, next);
    } catch {
      // Not stored, but applied.
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
