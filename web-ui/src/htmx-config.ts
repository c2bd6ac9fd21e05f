/* htmx refreshes what a sync changes. It may only request this site, runs no script from a response, and adds no styles. */
import htmx from "htmx.org";

Object.assign(htmx.config, {
  allowEval: false,
  allowScriptTags: false,
  includeIndicatorStyles: false,
  selfRequestsOnly: true,
  historyEnabled: false,
  historyCacheSize: 0,
  disableInheritance: true,
  defaultSettleDelay: 0,
  attributesToSettle: [],
  timeout: 20_000,
});

interface SwapDetail {
  xhr: XMLHttpRequest;
  shouldSwap: boolean;
  pathInfo: { finalRequestPath: string };
}

/* After a session expires, a refresh returns the sign-in page: keep the old numbers rather than put that page inside this one. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = (event as CustomEvent<SwapDetail>).detail;
  const requested = new URL(detail.pathInfo.finalRequestPath, location.href).pathname;
  if (detail.xhr.responseURL && new URL(detail.xhr.responseURL).pathname !== requested) detail.shouldSwap = false;
});

/* A hidden tab does not refresh. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
