/* Ages age while a page stays open. The clock is the server's: a visitor's may be wrong, and a demonstration's runs faster. */
const { dataset } = document.documentElement;
const speed = Number(dataset.clockSpeed ?? 1) || 1;
let [serverNow, since] = [Number(dataset.nowMs ?? Date.now()), 0];

const now = () => serverNow + speed * (performance.now() - since);

/* The same words as the server's. */
export function age(ms: number): [words: string, ago: string] {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return ["just now", ""];
  if (minutes < 60) return [`${minutes} min`, " ago"];
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? [`${hours} h`, " ago"] : [`${Math.floor(hours / 24)} d`, " ago"];
}

function refresh() {
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    const [words, ago] = age(now() - at);
    if (time.textContent === words + ago) continue;
    const folded = document.createElement("span");
    folded.className = "no-phone";
    folded.textContent = ago;
    time.replaceChildren(words, ...(time.dataset.age === "fold" ? [folded] : [ago]));
  }
}

/* What is swapped in may carry a later reading of the server's clock. */
for (const swapped of ["htmx:load", "swapped-in"]) {
  document.addEventListener(swapped, (event) => {
    const fresh = event.target instanceof HTMLElement ? event.target.dataset.nowMs : undefined;
    if (fresh && performance.now() > 1_000) [serverNow, since] = [Number(fresh), performance.now()];
    refresh();
  });
}
document.addEventListener("visibilitychange", refresh);
setInterval(refresh, Math.max(1_000, 15_000 / speed));
refresh();
