// Conveniences; every page works without them.
(function () {
  "use strict";

  const buttons = document.querySelectorAll("[data-theme-toggle]");
  function label() {
    const dark = document.documentElement.dataset.bsTheme === "dark";
    buttons.forEach((button) => {
      const name = dark ? "Use the light theme" : "Use the dark theme";
      button.setAttribute("aria-label", name);
      button.title = name;
    });
  }
  buttons.forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => window.paydeskTheme.toggle());
  });
  document.addEventListener("paydesk:theme", label);
  label();

  // Menus close on a click elsewhere and on Escape; Escape also hides definitions (WCAG 1.4.13).
  const menus = () => document.querySelectorAll("details[data-menu][open]");
  document.addEventListener("click", (event) => {
    menus().forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    menus().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
    document.querySelectorAll(".definition").forEach((one) => one.classList.add("put-away"));
  });
  for (const name of ["pointerover", "focusin"]) {
    document.addEventListener(name, (event) => {
      const one = event.target instanceof Element && event.target.closest(".definition");
      if (one) keepInside(one);
      document.querySelectorAll(".definition.put-away").forEach((other) => {
        if (other !== one || name === "focusin") other.classList.remove("put-away");
      });
    });
  }

  // A definition near the right edge opens to the left.
  function keepInside(one) {
    one.classList.toggle("to-left", one.getBoundingClientRect().left > window.innerWidth / 2);
  }

  // A form is sent once, and its button shows that it is busy. The server does not rely on this.
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    form.dataset.sent = "yes";
    form.querySelectorAll("button[type=submit], button:not([type])").forEach((b) => b.setAttribute("aria-busy", "true"));
  });
  // After the browser's back button, forms must work again.
  window.addEventListener("pageshow", () => {
    document.querySelectorAll("form[data-sent]").forEach((form) => {
      delete form.dataset.sent;
      form.querySelectorAll("[aria-busy]").forEach((b) => b.removeAttribute("aria-busy"));
    });
  });
})();
