/* htmx refreshes what a sync changes. It may only read this site, run nothing that a page says, and add no style. */
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

/* A session that ended answers a refresh with the sign-in page: better the old numbers than that page inside this one. */
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = (event as CustomEvent<SwapDetail>).detail;
  const asked = new URL(detail.pathInfo.finalRequestPath, location.href).pathname;
  if (detail.xhr.responseURL && new URL(detail.xhr.responseURL).pathname !== asked) detail.shouldSwap = false;
});

/* Nobody looks at a hidden tab: it asks nothing. */
document.addEventListener("htmx:beforeRequest", (event) => {
  if (document.hidden) event.preventDefault();
});
