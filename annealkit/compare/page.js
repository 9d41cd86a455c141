"use strict";
// Hover only: every chart is drawn without this.
const tip = document.getElementById("tip");

function show(text, event) {
  tip.textContent = text;
  tip.style.display = "block";
  const box = tip.getBoundingClientRect(), gap = 14, room = document.documentElement;
  const right = event.clientX + gap + box.width <= room.clientWidth;
  tip.style.left = Math.max(4, right ? event.clientX + gap : event.clientX - gap - box.width) + "px";
  const below = event.clientY + gap + box.height <= room.clientHeight;
  tip.style.top = Math.max(4, below ? event.clientY + gap : event.clientY - gap - box.height) + "px";
}

function hide() { tip.style.display = "none"; }

function nearest(values, at) {
  let low = 0, high = values.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < at) low = middle; else high = middle;
  }
  return at - values[low] <= values[high] - at ? low : high;
}

for (const mark of document.querySelectorAll("[data-tip]")) {
  for (const kind of ["pointerover", "pointermove", "pointerdown"]) {
    mark.addEventListener(kind, event => { show(mark.dataset.tip, event); event.stopPropagation(); });
  }
  mark.addEventListener("pointerleave", hide);
}

for (const chart of document.querySelectorAll("[data-curves]")) {
  const curves = JSON.parse(chart.dataset.curves);
  const areas = [...chart.querySelectorAll(".area")];
  const leave = () => {
    hide();
    for (const line of chart.querySelectorAll(".cross")) line.style.display = "none";
  };
  const move = event => {
    const box = areas[0].getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    if (share < 0 || share > 1) return leave();
    const at = share * curves.end, known = curves.groups.filter(one => one.x.length);
    if (!known.length) return leave();
    const first = known[0].x[nearest(known[0].x, at)], lines = ["weight update " + first.toLocaleString("en")];
    for (const one of known) {
      const place = nearest(one.x, at);
      const where = one.x[place] === first ? "" : " at " + one.x[place].toLocaleString("en");
      const rate = one.rate[place] === null ? "" : ", rate " + Number(one.rate[place].toPrecision(3));
      lines.push(one.name + where + ": " + (100 * one.accuracy[place]).toFixed(2) + " %" + rate);
    }
    for (const line of chart.querySelectorAll(".cross")) {
      line.style.display = "block";
      line.style.left = 100 * share + "%";
    }
    show(lines.join("\n"), event);
  };
  for (const area of areas) {
    area.addEventListener("pointermove", move);
    area.addEventListener("pointerdown", move);
    area.addEventListener("pointerleave", leave);
  }
  for (const item of chart.querySelectorAll("[data-group]")) {
    if (item.tagName !== "LI") continue;
    const others = [...chart.querySelectorAll("svg [data-group]")].filter(mark => mark.dataset.group !== item.dataset.group);
    item.addEventListener("pointerenter", () => others.forEach(mark => mark.classList.add("dim")));
    item.addEventListener("pointerleave", () => others.forEach(mark => mark.classList.remove("dim")));
  }
}
