// Keeps a page fresh without loading it again: fetches the same address, and puts what has changed in the place of what
// is marked data-live. The page does without this file; its Refresh link loads it anew.
(() => {
  "use strict";
  const box = document.querySelector("[data-refresh]");
  const printed = document.querySelector("[data-printed]");
  // On paper a time needs its zone: the dashboard's, as everywhere on the page.
  const stamp = {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
    timeZone: printed?.dataset.printed, timeZoneName: "short",
  };
  if (printed) window.addEventListener("beforeprint", () => { printed.textContent = new Date().toLocaleString([], stamp); });
  if (!box) return;

  const every = Number(box.dataset.refresh) * 1000;
  const told = box.querySelector("[data-refresh-told]");
  const pause = box.querySelector("[data-refresh-pause]");
  const now = box.querySelector("[data-refresh-now]");
  const failed = document.querySelector("[data-refresh-failed]");
  const seen = new Map();
  let paused = false;
  let ended = false;
  let busy = false;
  let asked = Date.now();

  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const say = (text) => { told.textContent = text; };
  const fail = (text) => {
    failed.textContent = text;
    failed.hidden = false;
  };

  // What somebody has opened, scrolled to and stands on, told by its place, so that it is found in the new content.
  const keep = (part) => {
    const open = [...part.querySelectorAll("details")].map((one) => one.open);
    const scrolls = [...part.querySelectorAll(".chart-scroll, .scroll, .switch")].map((one) => [one.scrollLeft, one.scrollTop]);
    const focusable = "a, button, summary, [tabindex]";
    const focus = part.contains(document.activeElement)
      ? [...part.querySelectorAll(focusable)].indexOf(document.activeElement)
      : -1;
    return () => {
      part.querySelectorAll("details").forEach((one, index) => { if (open[index]) one.open = true; });
      part.querySelectorAll(".chart-scroll, .scroll, .switch").forEach((one, index) => {
        if (scrolls[index]) [one.scrollLeft, one.scrollTop] = scrolls[index];
      });
      if (focus >= 0) part.querySelectorAll(focusable)[focus]?.focus({ preventScroll: true });
    };
  };

  const take = (fresh) => {
    const parts = [...document.querySelectorAll("[data-live]")];
    const names = (page) => [...page.querySelectorAll("[data-live]")].map((one) => one.dataset.live).join();
    if (names(document) !== names(fresh)) {
      // Another kind of page: the first payment has come, or the figures are ready.
      window.location.reload();
      return;
    }
    for (const part of parts) {
      const name = part.dataset.live;
      const content = fresh.querySelector(`[data-live="${name}"]`).innerHTML;
      // Unchanged parts stay as they are, so that nothing moves under the pointer.
      if (seen.get(name) === content) continue;
      seen.set(name, content);
      const restore = keep(part);
      part.innerHTML = content;
      restore();
    }
  };

  const refresh = async () => {
    if (busy || ended) return;
    busy = true;
    asked = Date.now();
    try {
      const answer = await fetch(window.location.href, {
        credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(30000),
      });
      if (new URL(answer.url).pathname !== window.location.pathname) {
        ended = true;
        pause.hidden = true;
        fail("Your session has ended, so the figures are not refreshed any more. Reload the page to sign in again.");
        return;
      }
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.querySelector("[data-live]")) {
        throw new Error(answer.status === 429 ? "too many requests" : `the server answered ${answer.status}`);
      }
      take(page);
      failed.hidden = true;
      say(`Updated ${clock()}${paused ? " · paused" : ""}`);
    } catch (error) {
      const why = error instanceof TypeError ? "the server cannot be reached"
        : error.name === "TimeoutError" ? "the server did not answer in time" : error.message;
      fail(`Refreshing failed at ${clock()}: ${why}. The figures are those of before; the next try is in a minute.`);
    } finally {
      busy = false;
    }
  };

  const due = () => !paused && !document.hidden && Date.now() - asked >= every - 500;
  window.setInterval(() => { if (due()) refresh(); }, 1000);
  document.addEventListener("visibilitychange", () => { if (due()) refresh(); });
  pause.hidden = false;
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.textContent = paused ? "Resume" : "Pause";
    say(paused ? `Paused at ${clock()}` : `Resumed at ${clock()}`);
    if (!paused) refresh();
  });
  now.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || ended) return;
    event.preventDefault();
    refresh();
  });
})();
