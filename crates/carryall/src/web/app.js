// Every page works without this file. With it, the page follows a running export by itself and the
// download starts by itself when the file is ready.
"use strict";

const POLL_MS = 700;
const running = document.querySelector("[data-status]");
const ready = document.querySelector("[data-download]");

if (running) {
  const text = running.querySelector("[data-progress-text]");
  const section = running.querySelector("[data-section]");
  const bar = running.querySelector("progress");
  const follow = async () => {
    try {
      const answer = await fetch(running.dataset.status, { headers: { accept: "application/json" } });
      const isStatus = (answer.headers.get("content-type") || "").startsWith("application/json");
      if (!answer.ok || !isStatus) {
        // Signed out in the meantime, or the export is gone: the page itself says so.
        if (answer.status < 500) return location.reload();
        throw new Error(String(answer.status));
      }
      const status = await answer.json();
      if (!status.is_running) return location.replace(running.dataset.page);
      text.textContent = status.text;
      // Spoken once a section, not at every glance.
      if (section.textContent !== status.section) section.textContent = status.section;
      if (status.percent === null) bar.removeAttribute("value");
      else bar.value = status.percent;
    } catch {
      text.textContent = "The connection is interrupted. Your export goes on; this page keeps trying.";
    }
    setTimeout(follow, POLL_MS);
  };
  setTimeout(follow, POLL_MS);
}

if (ready) location.assign(ready.dataset.download);

// What has just changed is announced, and is where the keyboard goes on.
const news = document.querySelector("[data-news]");
if (news) news.focus({ preventScroll: true });

// A form is sent once, and says that it is.
for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) return event.preventDefault();
    form.dataset.sent = "yes";
    const button = form.querySelector("button[type=submit]");
    button.setAttribute("aria-disabled", "true");
    button.textContent = button.dataset.busy || button.textContent;
  });
}
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

// How strong a passphrase looks, told while it is typed. The server decides what is too weak.
const typed = document.querySelector("[data-strength]");
if (typed) {
  const told = document.getElementById(typed.dataset.strength);
  const advice = told.textContent;
  typed.addEventListener("input", () => {
    const text = typed.value;
    const words = text.trim().split(/\s+/).length;
    if (!text) told.textContent = advice;
    else if ([...text].length < 12) told.textContent = "Too short: 12 characters at least.";
    else if (new Set(text).size < 5) told.textContent = "Too simple: use more different characters.";
    else if (text.length < 16) told.textContent = "Fair. Longer is better: four or five words.";
    else if (text.length < 24 && words < 4) told.textContent = "Good, if nobody can guess it.";
    else told.textContent = "Strong, if it is no quotation and you use it nowhere else.";
  });
}

// The user menu closes on Escape and on a click elsewhere.
const menu = document.querySelector("details.menu");
if (menu) {
  const summary = menu.querySelector("summary");
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    summary.focus();
  });
  addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
}
