/* Server-sent events for an open page. A browser allows few connections to one host, so a hidden tab closes its own, and
   catches up when it is shown again. */
import { captureState, restoreState } from "./preserve-state";

const retryDelaysMs = [15_000, 30_000, 60_000, 300_000];

let source: EventSource | null = null;
let retryTimer = 0;
let failures = 0;

/* The main element says where to connect and which version it shows; a refresh brings a new one. */
const main = () => document.querySelector<HTMLElement>("main[data-live]");

function connect() {
  const element = main();
  if (source || document.hidden || !element?.dataset.live) return;
  const url = new URL(element.dataset.live, location.href);
  if (element.dataset.version) url.searchParams.set("v", element.dataset.version);
  source = new EventSource(url);
  for (const type of ["freshness", "row"]) {
    source.addEventListener(type, (event) => swapIn((event as MessageEvent<string>).data));
  }
  source.addEventListener("landed", (event) => {
    if (main()?.dataset.version !== (event as MessageEvent<string>).data) document.body.dispatchEvent(new Event("data-landed"));
  });
  source.addEventListener("open", () => (failures = 0));
  source.addEventListener("error", () => {
    /* The browser reconnects by itself, unless it was refused: the session expired, or a proxy answered. */
    if (source?.readyState !== EventSource.CLOSED) return;
    disconnect();
    retryTimer = window.setTimeout(connect, retryDelaysMs[Math.min(failures++, retryDelaysMs.length - 1)]);
  });
}

function disconnect() {
  clearTimeout(retryTimer);
  source?.close();
  source = null;
}

/* Replaces the element that has the same id. */
function swapIn(markup: string) {
  const template = document.createElement("template");
  template.innerHTML = markup;
  const fresh = template.content.firstElementChild as HTMLElement | null;
  const old = fresh?.id ? document.getElementById(fresh.id) : null;
  if (!fresh || !old) return;
  const state = captureState(old);
  fresh.hidden = old.hidden;
  old.replaceWith(fresh);
  restoreState(state);
  fresh.dispatchEvent(new Event("swapped-in", { bubbles: true }));
}

document.addEventListener("visibilitychange", () => (document.hidden ? disconnect() : connect()));
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);
/* A swap can end the need for events, as when a run finishes, or start it, as when one is requested. */
document.addEventListener("htmx:afterSwap", () => (main() ? connect() : disconnect()));
connect();
