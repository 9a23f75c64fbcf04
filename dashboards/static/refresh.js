// Keeps a page current without reloading it: fetches the same address and replaces the changed parts that are marked
// data-live. The page works without this file; its Refresh link reloads it.
(() => {
  "use strict";
  const box = document.querySelector("[data-refresh]");
  const printed = document.querySelector("[data-printed]");
  // A printed time needs its zone: the dashboard's, as everywhere on the page.
  const stamp = {
    year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit",
    timeZone: printed?.dataset.printed, timeZoneName: "short",
  };
  if (printed) window.addEventListener("beforeprint", () => { printed.textContent = new Date().toLocaleString([], stamp); });
  if (!box) return;

  const every = Number(box.dataset.refresh) * 1000;
  const status = box.querySelector("[data-refresh-status]");
  const pause = box.querySelector("[data-refresh-pause]");
  const now = box.querySelector("[data-refresh-now]");
  const failed = document.querySelector("[data-refresh-failed]");
  const seen = new Map();
  let paused = false;
  let ended = false;
  let busy = false;
  let requested = Date.now();

  const clock = () => new Date().toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const say = (text) => { status.textContent = text; };
  const fail = (text) => {
    failed.textContent = text;
    failed.hidden = false;
  };

  // Restores open details, scroll positions and the focus in the new content, each by its position.
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
      // The page has other parts now: the first payment arrived, or the figures are ready.
      window.location.reload();
      return;
    }
    for (const part of parts) {
      const name = part.dataset.live;
      const content = fresh.querySelector(`[data-live="${name}"]`).innerHTML;
      // Unchanged parts stay, so that nothing moves under the pointer.
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
    requested = Date.now();
    try {
      const answer = await fetch(window.location.href, {
        credentials: "same-origin", cache: "no-store", signal: AbortSignal.timeout(30000),
      });
      if (new URL(answer.url).pathname !== window.location.pathname) {
        ended = true;
        pause.hidden = true;
        fail("Your session has ended, so the figures are no longer refreshed. Reload the page to sign in again.");
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
      fail(`Refreshing failed at ${clock()}: ${why}. The figures are the previous ones; the next attempt is in a minute.`);
    } finally {
      busy = false;
    }
  };

  const due = () => !paused && !document.hidden && Date.now() - requested >= every - 500;
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
