// Tooltips for charts, on hover and on focus, and arrow keys from mark to mark. Charts work without this file.
(() => {
  "use strict";
  const STEPS = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
  let tip = null;
  let current = null;

  // The native tooltip would cover ours, so its text moves from <title> to a name and a data attribute.
  const textOf = (mark) => {
    const title = mark.querySelector(":scope > title");
    if (title) {
      mark.dataset.tip = title.textContent;
      if (mark.localName === "a") mark.setAttribute("aria-label", title.textContent);
      title.remove();
    }
    return mark.dataset.tip || "";
  };

  const hide = () => {
    if (current) current.classList.remove("chart-at");
    if (tip) tip.remove();
    current = tip = null;
  };

  const show = (mark) => {
    if (mark === current) return;
    hide();
    const figure = mark.closest(".chart");
    const text = textOf(mark);
    if (!figure || !text) return;
    tip = document.createElement("div");
    tip.className = "chart-tip";
    tip.setAttribute("aria-hidden", "true");
    tip.textContent = text;
    figure.append(tip);
    current = mark;
    mark.classList.add("chart-at");
    const box = mark.getBoundingClientRect();
    const around = figure.getBoundingClientRect();
    const room = { left: 0, right: around.width - tip.offsetWidth };
    let left = box.left + Math.min(box.width, 240) / 2 - around.left - tip.offsetWidth / 2;
    let top = box.top - around.top - tip.offsetHeight - 6;
    if (top < 0 || box.height > 120) {
      // A mark as tall as the chart has its tip beside it, so that it stays in sight.
      top = Math.max(0, box.top - around.top);
      left = box.right - around.left + 8;
      if (left > room.right) left = box.left - around.left - tip.offsetWidth - 8;
    }
    left = Math.max(room.left, Math.min(left, room.right));
    // A property set by script is no inline style to the content security policy.
    tip.style.left = `${left}px`;
    tip.style.top = `${top}px`;
  };

  const markOf = (event) => (event.target instanceof Element ? event.target.closest(".chart-mark") : null);

  document.addEventListener("pointerover", (event) => {
    const mark = markOf(event);
    if (mark) show(mark);
    else hide();
  });
  document.addEventListener("pointerleave", hide);
  document.addEventListener("focusin", (event) => {
    const mark = markOf(event);
    if (mark) show(mark);
    else hide();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      hide();
      return;
    }
    const mark = markOf(event);
    const step = STEPS[event.key];
    if (!mark || !step || event.ctrlKey || event.metaKey || event.altKey) return;
    const links = [...mark.closest(".chart-svg").querySelectorAll("a.chart-mark")];
    const next = links[links.indexOf(mark) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
})();
