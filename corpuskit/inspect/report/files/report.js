// The page works without this script: it makes tabs of the sections, charts of the drawings, and tokens that a
// keyboard and a finger reach. `vegaEmbed` is what it is bundled with.

const sections = [...document.querySelectorAll("main > section")];
const tabs = [...document.querySelectorAll("header nav a")];
const nav = document.querySelector("header nav");
const specs = JSON.parse(document.getElementById("specs").textContent);
const drawn = new Set();

function draw(section) {
  for (const place of section.querySelectorAll(".chart")) {
    const name = place.id.slice("chart-".length);
    if (drawn.has(name)) continue;
    drawn.add(name);
    vegaEmbed(place, specs[name], {
      mode: "vega", ast: true, renderer: "svg", actions: false, defaultStyle: false, hover: true,
      tooltip: { disableDefaultStyle: true },
    }).catch((error) => console.error(error));
  }
}

function show(chosen, focus) {
  sections.forEach((section, number) => {
    const isChosen = number === chosen;
    section.classList.toggle("away", !isChosen); // as wide as ever, so that charts in it keep their size
    tabs[number].setAttribute("aria-selected", String(isChosen));
    tabs[number].tabIndex = isChosen ? 0 : -1;
  });
  draw(sections[chosen]);
  if (focus) tabs[chosen].focus();
}

document.documentElement.classList.add("tabs"); // a link to a part does not scroll the tabs away
nav.setAttribute("role", "tablist");
tabs.forEach((tab, number) => {
  tab.setAttribute("role", "tab");
  tab.id = `tab-${sections[number].id}`;
  tab.setAttribute("aria-controls", sections[number].id);
  sections[number].setAttribute("role", "tabpanel");
  sections[number].setAttribute("aria-labelledby", tab.id);
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    show(number, true);
    history.replaceState(null, "", tab.hash);
  });
});
nav.addEventListener("keydown", (event) => {
  const now = tabs.indexOf(document.activeElement);
  const last = tabs.length - 1;
  const next = {
    ArrowRight: now === last ? 0 : now + 1, ArrowLeft: now === 0 ? last : now - 1, Home: 0, End: last,
  }[event.key];
  if (next === undefined || now < 0) return;
  event.preventDefault();
  tabs[next].click();
});
const wanted = () => Math.max(0, tabs.findIndex((tab) => tab.hash === location.hash));
addEventListener("hashchange", () => show(wanted(), false));
show(wanted(), false);

// One token at a time, for keyboards and fingers; what a mouse hovers has titles.
const reading = document.getElementById("reading");
let token = null;

function read(next) {
  if (token) token.classList.remove("at");
  token = next;
  reading.hidden = !token;
  if (!token) return;
  token.classList.add("at");
  token.scrollIntoView({ block: "nearest" });
  const place = token.closest("[data-place]");
  const masked = token.classList.contains("m") ? " · no target" : "";
  const where = place ? ` · ${place.dataset.place}` : "";
  reading.textContent = `id ${token.title} · ${JSON.stringify(token.textContent)}${masked}${where}`;
}

for (const box of document.querySelectorAll(".tokens")) {
  box.addEventListener("click", (event) => read(event.target.closest("i")));
  box.addEventListener("blur", () => read(null));
  box.addEventListener("keydown", (event) => {
    const all = [...box.querySelectorAll("i")];
    const now = all.indexOf(token);
    const next = { ArrowRight: now + 1, ArrowLeft: now - 1, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape") read(null);
    if (next === undefined || !all.length) return;
    event.preventDefault();
    read(all[Math.min(Math.max(next, 0), all.length - 1)]);
  });
}
