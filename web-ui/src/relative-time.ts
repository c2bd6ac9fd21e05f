/* Keeps relative times current while a page stays open. The clock is the server's: the visitor's may be wrong, and a demo's runs
   faster. */
const { dataset } = document.documentElement;
const speed = Number(dataset.clockSpeed ?? 1) || 1;
let [serverMs, readAt] = [Number(dataset.nowMs ?? Date.now()), 0];

const now = () => serverMs + speed * (performance.now() - readAt);

/* Same wording as the server: `age` in parts/time.rs. */
function relativeTime(ms: number): [age: string, suffix: string] {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return ["just now", ""];
  if (minutes < 120) return [`${minutes} min`, " ago"];
  const hours = Math.floor(minutes / 60);
  return hours < 72 ? [`${hours} hours`, " ago"] : [`${Math.floor(hours / 24)} days`, " ago"];
}

function update() {
  for (const time of document.querySelectorAll<HTMLTimeElement>("time[data-age]")) {
    const at = Date.parse(time.dateTime);
    if (Number.isNaN(at)) continue;
    const [age, suffix] = relativeTime(now() - at);
    if (time.textContent === age + suffix) continue;
    const desktopOnly = document.createElement("span");
    desktopOnly.className = "no-phone";
    desktopOnly.textContent = suffix;
    time.replaceChildren(age, ...(time.dataset.age === "fold" ? [desktopOnly] : [suffix]));
  }
}

/* Swapped-in markup may carry a newer reading of the server's clock. */
for (const type of ["htmx:load", "swapped-in"]) {
  document.addEventListener(type, (event) => {
    const nowMs = event.target instanceof HTMLElement ? event.target.dataset.nowMs : undefined;
    if (nowMs && performance.now() > 1_000) [serverMs, readAt] = [Number(nowMs), performance.now()];
    update();
  });
}
document.addEventListener("visibilitychange", update);
setInterval(update, Math.max(1_000, 15_000 / speed));
update();
