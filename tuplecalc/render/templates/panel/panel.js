// The panel: it reads the inputs, walks the decisions to the region that they lie in, and shows its formulas' values.
// The numbers, formulas, decisions and regions are printed by render/panel/javascript.py; nothing here knows a chain.
(() => {
"use strict";

// ---- exact numbers: fractions of whole numbers of any size --------------------------------------------------------
const gcd = (a, b) => { while (b) [a, b] = [b, a % b]; return a < 0n ? -a : a; };
const q = (n, d = 1n) => {
  if (d < 0n) { n = -n; d = -d; }
  const g = d === 1n ? 1n : gcd(n, d);
  return g > 1n ? { n: n / g, d: d / g } : { n, d };
};
const add = (a, b) => a.d === 1n && b.d === 1n ? { n: a.n + b.n, d: 1n } : q(a.n * b.d + b.n * a.d, a.d * b.d);
const subtract = (a, b) => add(a, { n: -b.n, d: b.d });
const times = (a, b) => a.d === 1n && b.d === 1n ? { n: a.n * b.n, d: 1n } : q(a.n * b.n, a.d * b.d);
const over = (a, b) => { if (!b.n) throw new RangeError("divided by 0"); return q(a.n * b.d, a.d * b.n); };
const below = (a) => a.n >= 0n || a.n % a.d === 0n ? a.n / a.d : a.n / a.d - 1n;
const floor = (a) => ({ n: below(a), d: 1n });
const ceil = (a) => ({ n: -below({ n: -a.n, d: a.d }), d: 1n });
const compare = (a, b) => { const x = a.n * b.d, y = b.n * a.d; return x < y ? -1 : x > y ? 1 : 0; };
const least = (a, b) => compare(b, a) < 0 ? b : a;
const ONE = q(1n), NONE = q(0n);
const float = (a) => {  // as near as a float gets, however large both are
  const most = 2n ** 60n, shift = (x) => { let s = 0n; x = x < 0n ? -x : x; while (x >> s > most) s += 32n; return s; };
  const up = shift(a.n), down = shift(a.d);
  return Number(a.n >> up) / Number(a.d >> down) * 2 ** Number(up - down);
};
const UNITS = { "": [1n, 1n], "%": [1n, 100n], k: [1000n, 1n], K: [1000n, 1n], M: [1000000n, 1n], ms: [1n, 1000n], s: [1n, 1n],
  m: [60n, 1n], min: [60n, 1n], h: [3600n, 1n], "/s": [1n, 1n] };
const read = (text) => {  // "0.25", "1/3", "4k", "90%", "500ms", exactly; null where it is no number
  const found = /^\s*(\d{1,40})?(?:\.(\d{1,40}))?\s*(?:\/\s*(\d{1,40})|(%|k|K|M|ms|s|min|m|h|\/s))?\s*$/.exec(text.replaceAll(",", ""));
  if (!found || (!found[1] && !found[2])) return null;
  const part = found[2] || "", above = BigInt((found[1] || "0") + part), under = BigInt(found[3] || "1");
  const [times, by] = UNITS[found[4] || ""];
  return under ? q(above * times, 10n ** BigInt(part.length) * under * by) : null;
};

// ---- the printed chain --------------------------------------------------------------------------------------------
const { inputs, hops, kinds, sentences, limits, regions, decisions, start, says } = CHAIN;
const present = inputs.map((each) => read(each.present));

const steps = FORMULAS({ q, add, subtract, times, over, floor, ceil });

const evaluated = (values) => {
  const known = new Array(steps.length);
  const value = (node) => known[node] ??= steps[node](value, values);
  return value;
};

// What holds for these values: {limits, kinds, withPorts, offered, flows, rate, …}, or why it is not known here.
const answer = (values) => {
  const value = evaluated(values);
  let place = start;
  while (place >= 0) {
    const [sign, one, other, holds, fails] = decisions[place];
    const order = compare(value(one), value(other));
    place = (sign ? order === 0 : order < 0) ? holds : fails;
  }
  const found = regions[-1 - place];
  if (place === UNKNOWN || typeof found === "string") return { why: found || "unknown" };
  const [which, parts, withPorts, offered, wanted, isBound] = found;
  const rows = which.map((at) => {
    const [hop, name, sentence, flows, rate, takes] = limits[at];
    return {
      hop: hops[hop], name: name.replace(/\ue000(\d+)\ue001/g, (_, node) => decimal(value(Number(node)))),
      because: sentences[sentence], takes: takes.map(([kind, node]) => [kinds[kind], value(node)]),
      flows: flows < 0 ? null : value(flows).n, rate: rate < 0 ? null : value(rate),
    };
  });
  const smallest = (key, less) => rows.reduce(
    (one, each) => each[key] !== null && (one === null || less(each[key], one[key])) ? each : one, null);
  return {
    limits: rows,
    flowsBy: smallest("flows", (a, b) => a < b), rateBy: smallest("rate", (a, b) => compare(a, b) < 0),
    kinds: parts.map(([kind, share, open]) => ({ name: kinds[kind], share: value(share), open: value(open) })),
    wanted: wanted.map(value), withPorts: value(withPorts), offered: offered < 0 ? null : value(offered),
    bound: Boolean(isBound) && values.some((each, number) => compare(each, present[number]) !== 0),
  };
};

// ---- words --------------------------------------------------------------------------------------------------------
const separated = (n) => n.toString().replace(/\B(?=(\d{3})+$)/g, ",");
const scientific = (x) => x.toExponential(3).replace("e+", "e");
const LONGEST = 10n ** 13n;
const countText = (n) => n === null ? "no limit" : n < LONGEST ? separated(n) : scientific(float(q(n)));
const rateText = (a) => {
  if (a === null) return "no limit";
  const x = float(a);
  if (x >= 1e13 || (x > 0 && x < 1e-3)) return scientific(x);
  if (x >= 999.95 || a.d === 1n) return separated(below(add(a, q(1n, 2n))));
  return x >= 100 ? x.toFixed(1) : String(Number(x.toPrecision(4)));
};
const percentText = (a) => {
  const x = float(a) * 100;
  if (x === 0) return "0%";
  if (x < 0.001) return "under 0.001%";
  if (x >= 1e6) return "over 1,000,000%";
  if (a.n !== a.d && x.toFixed(0) === "100") {
    for (const digits of [1, 2, 3]) if (Number(x.toFixed(digits)) !== 100) return `${x.toFixed(digits)}%`;
    return x > 100 ? "just over 100%" : "just under 100%";
  }
  return `${x >= 10 ? separated(BigInt(Math.round(x))) : Number(x.toPrecision(2))}%`;
};
const shareText = (a) => {
  const x = float(a) * 100;
  return x < 0.001 ? "under 0.001%" : x >= 99.95 && x < 100 ? "just under 100%" : `${Number(x.toPrecision(3))}%`;
};
const decimal = (a, digits = 12) => {  // all digits where these end soon, else so many
  if (a.d === 1n) return a.n.toString();
  let under = a.d, places = 0;
  for (const p of [2n, 5n]) { let k = 0; while (under % p === 0n) { under /= p; k += 1; } places = Math.max(places, k); }
  if (under === 1n && places <= 30) {
    const all = (a.n * 10n ** BigInt(places) / a.d).toString().padStart(places + 1, "0");
    return `${all.slice(0, -places)}.${all.slice(-places)}`.replace(/\.?0+$/, "");
  }
  return String(Number(float(a).toPrecision(digits)));
};

const exactly = (a) => { const text = decimal(a); return compare(read(text), a) === 0 ? text : `${a.n}/${a.d}`; };

globalThis.tuplecalcPanel = { answer, read, inputs, decimal };
if (typeof document === "undefined") return;

// ---- the page -----------------------------------------------------------------------------------------------------
const panel = document.getElementById("what-if");
const at = (name) => panel.querySelector(`[data-part="${name}"]`);
const values = [...present];
const chosen = [];  // the inputs that were set, in the order in which they were
let moved = Math.max(0, inputs.findIndex((each) => each.path === says.first));
const boxes = [...panel.querySelectorAll("input[data-box]")], sliders = [...panel.querySelectorAll("input[data-slider]")];
const STEPS = 1000;

const isWide = (each) => each.low >= 1 && each.high >= 1000 * each.low;
const onSlider = (number, value) => {
  const { low, high } = inputs[number], x = float(value);
  const part = isWide(inputs[number]) ? Math.log(x / low) / Math.log(high / low) : (x - low) / (high - low);
  return Math.round(Math.min(1, Math.max(0, part)) * STEPS);
};
const fromSlider = (number, step) => {
  const each = inputs[number], { low, high } = each, part = step / STEPS;
  const x = isWide(each) ? low * (high / low) ** part : low + (high - low) * part;
  if (each.whole) return q(BigInt(Math.min(high, Math.max(low, Math.round(x)))));
  const digits = each.share ? 3 : Math.max(0, 3 - Math.floor(Math.log10(high - low || 1)));
  return read(Math.min(high, Math.max(low, Number(x.toFixed(digits)))).toFixed(digits));
};

// Shares that nobody set keep the file's proportions, and take what those that were set leave.
const settle = (into, set) => {
  for (const table of new Set(inputs.map((each) => each.share).filter(Boolean))) {
    const all = inputs.flatMap((each, number) => each.share === table ? [number] : []);
    const free = all.filter((number) => !set.includes(number));
    const rest = all.filter((number) => set.includes(number)).reduce((left, number) => subtract(left, into[number]), ONE);
    const before = free.reduce((sum, number) => add(sum, present[number]), NONE);
    for (const number of free)
      into[number] = times(rest, before.n ? over(present[number], before) : q(1n, BigInt(free.length)));
  }
};
// The values after one is set, and which are set then: shares that were set first give way, where no other can.
const placed = (number, value) => {
  const set = chosen.filter((other) => other !== number), into = [...values];
  const table = inputs[number].share, several = inputs.filter((each) => each.share === table).length;
  const beside = () => table ? set.filter((other) => inputs[other].share === table) : [];
  const left = () => beside().reduce((rest, other) => subtract(rest, into[other]), subtract(ONE, value));
  while (beside().length && (beside().length > several - 2 || left().n < 0n)) set.splice(set.indexOf(beside()[0]), 1);
  if (compare(value, present[number]) !== 0 || beside().length) set.push(number);
  into[number] = value;
  settle(into, set.includes(number) ? set : [...set, number]);
  return [into, set];
};
const accepts = (number, value) => value !== null && (value.d === 1n || !inputs[number].whole)
  && compare(value, read(inputs[number].least)) >= 0 && compare(value, read(inputs[number].most)) <= 0;
const put = (number, value) => {  // set an input; false where it cannot be
  if (!accepts(number, value)) return false;
  const [into, set] = placed(number, value);
  into.forEach((each, other) => { values[other] = each; });
  chosen.splice(0, chosen.length, ...set);
  moved = number;
  return true;
};
const withValue = (number, value) => placed(number, value)[0];

const quoted = (text) => /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
const settingOf = (number, path) => {
  const each = inputs[number];
  if (!each.port) return `${path}=${exactly(values[number])}`;
  const last = each.port + Number(values[number].n) - 1;
  return `${path}=${each.port === last ? each.port : `${each.port}-${last}`}`;
};
const settings = () => [...chosen].sort((a, b) => a - b).flatMap((number) => inputs[number].paths.map((path) => settingOf(number, path)));
const commandText = () => [says.command, ...settings().map((each) => `--set ${quoted(each)}`)].join(" ");

const element = (name, attributes = {}, ...inside) => {
  const svg = ["svg", "rect", "line", "path", "text", "g", "circle", "title"].includes(name);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
};

// What surely fails at a limit, of kinds that take more of it or less: as if the greediest were refused first.
const refused = (limit, shares, offered) => {
  if (limit.rate === null) return NONE;
  if (!shares.length) return compare(limit.rate, offered) < 0 ? subtract(offered, limit.rate) : NONE;
  const takes = limit.takes.map(([kind, each]) => [each, shares.find((one) => one.name === kind).share])
    .filter(([each]) => each.n > 0n).sort(([one], [other]) => compare(other, one));
  const usual = takes.reduce((sum, [each, share]) => add(sum, times(each, share)), NONE);
  let over = times(subtract(offered, limit.rate), usual), lost = NONE;
  for (const [each, share] of takes) {
    if (over.n <= 0n) break;
    const all = times(offered, share), part = least(all, q(over.n * each.d, over.d * each.n));
    lost = add(lost, part);
    over = subtract(over, times(part, each));
  }
  return lost;
};

const verdictOf = (found) => {
  const { offered, rateBy, flowsBy, withPorts, wanted } = found;
  const limit = (each) => `${each.hop} ${each.name}`;
  const most = (figure) => found.bound || says.bounds[figure] ? "at most " : "";
  const open = `${most("flows")}${countText(flowsBy ? flowsBy.flows : null)} connections can be open at once`;
  const highest = rateBy ? rateBy.rate : null;
  const binds = !rateBy ? `${limit(flowsBy)} limits the connections, and nothing the rate.`
    : rateBy === flowsBy ? `${limit(rateBy)} limits both: ${rateBy.because}.`
    : `${limit(flowsBy)} limits the connections, ${limit(rateBy)} the rate: ${rateBy.because}.`;
  const why = found.bound ? says.why.bound : says.reasons;
  const can = [`${open[0].toUpperCase()}${open.slice(1)}, and ${highest === null ? "nothing limits the rate" : `the highest rate is ${most("rate")}${rateText(highest)}/s`}.`, chosen.length ? says.before : "", binds, why].filter(Boolean).join(" ");
  if (!chosen.length && says.verdict) return { kind: says.kind, first: says.verdict, can };
  const tooMany = flowsBy && wanted.find((each) => compare(each, q(flowsBy.flows)) > 0);
  if (tooMany) {
    const part = flowsBy.flows ? `are ${percentText(over(tooMany, q(flowsBy.flows)))} of those that can be open` : "cannot be: no connection gets through";
    return { kind: "fails", first: `Fails: ${countText(below(tooMany))} connections wanted at once ${part}.`, can };
  }
  if (offered === null || !offered.n) return { kind: "", first: "", can };
  const served = times(offered, withPorts), without = times(offered, subtract(ONE, withPorts));
  // Of several kinds, of which some clients have no ports, it is not known whose are refused: the larger of both is sure.
  const lost = found.limits.map((each) => refused(each, found.kinds, served)).reduce((one, other) => compare(other, one) > 0 ? other : one, NONE);
  const sure = !found.kinds.length ? add(lost, without) : without.n ? without : lost;
  const use = highest === null ? "nothing limits the rate"
    : !highest.n ? "no connection gets through"
    : `${rateText(served)}/s${without.n ? " of clients with ports" : ""} is ${percentText(over(served, highest))} of the highest rate`;
  const use1 = use[0].toUpperCase() + use.slice(1);
  if (sure.n) return { kind: "fails", first: `Fails: at least ${shareText(over(sure, offered))} of the connections at ${rateText(offered)}/s. ${use1}.`, can };
  if (found.bound) return { kind: "", first: `Not known here whether it fits: ${use}, or more.`, can };
  return { kind: "", first: `In the best case none fails. ${use1}.`, can };
};

const WIDEST = 720, NARROWEST = 330;  // words of figures keep their size on a phone
const widthOf = (name) => Math.min(WIDEST, Math.max(NARROWEST, at(name).clientWidth || WIDEST));
const bars = (found) => {
  const width = widthOf("bars"), from = Math.min(190, 0.4 * width);
  const rates = found.limits.filter((each) => each.rate !== null && each.rate.n), offered = found.offered;
  const known = [...rates.map((each) => float(each.rate)), ...(offered && offered.n ? [float(offered)] : [])];
  const low = Math.min(...known) / 3, high = Math.max(...known) * 1.2, x = (value) => from + (width - from - 100) * Math.log(value / low) / Math.log(high / low);
  const height = 22 * found.limits.length + 26;
  const drawn = element("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `The highest rate of each limit${offered ? ", and the offered rate" : ""}; the table beside says the same` });
  found.limits.forEach((each, row) => {
    const y = 22 * row + 4, binds = each === found.rateBy;
    drawn.append(element("text", { x: from - 6, y: y + 12, "text-anchor": "end", class: binds ? "binds" : "" }, `${each.hop} ${each.name}`));
    if (each.rate && each.rate.n) drawn.append(element("rect", { x: from, y, width: Math.max(1, x(float(each.rate)) - from).toFixed(1), height: 15, class: binds ? "binds" : "bar" }));
    const end = each.rate === null || !each.rate.n ? from : x(float(each.rate));
    drawn.append(element("text", { x: end + 6, y: y + 12 }, each.rate === null ? "no limit" : `${rateText(each.rate)}/s`));
  });
  if (offered && offered.n) {
    drawn.append(element("line", { x1: x(float(offered)), x2: x(float(offered)), y1: 0, y2: height - 20, class: "offered" }));
    drawn.append(element("text", { x: x(float(offered)), y: height - 6, "text-anchor": "middle", class: "offered" }, `offered ${rateText(offered)}/s`));
  }
  return drawn;
};

// One figure of the chain, as a fraction; null where it is not known here, undefined where nothing limits it.
const figureOf = (found, figure) => {
  if (found.why) return null;
  if (figure === "flows") return found.flowsBy ? q(found.flowsBy.flows) : undefined;
  return found.rateBy ? found.rateBy.rate : undefined;
};
const figureText = (a, figure) => figure === "flows" ? countText(below(a)) : `${rateText(a)}/s`;
const curve = (number) => {
  const each = inputs[number], points = [];
  const count = each.whole ? Math.min(60, each.high - each.low) : 60;
  for (let step = 0; step <= count; step++) {
    const value = fromSlider(number, Math.round(step * STEPS / count));
    points.push([value, answer(withValue(number, value))]);
  }
  return points;
};
const drawCurve = (number, points, figure) => {
  const each = inputs[number], now = figureOf(answerNow, figure);
  const offered = figure === "rate" && answerNow.offered && answerNow.offered.n ? float(answerNow.offered) : 0;
  const what = figure === "rate" ? "The highest rate" : "Connections open at once";
  const width = widthOf("rate-curve"), right = width - 20;
  const drawn = element("svg", { viewBox: `0 0 ${width} 240`, role: "img", "aria-label": `${what} against ${each.name}` });
  const known = points.map(([value, found]) => [value, figureOf(found, figure)]);
  const top = Math.max(...known.map(([, figure]) => figure ? float(figure) : 0), offered) * 1.08 || 1;
  const wide = isWide(each), { low, high } = each;
  const x = (value) => 90 + (right - 90) * (wide ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low));
  const y = (value) => 195 - 170 * value / top;
  let path = "", joined = false;
  for (const [value, figure] of known) {
    if (figure) path += `${joined ? "L" : "M"}${x(float(value)).toFixed(1)} ${y(float(figure)).toFixed(1)}`;
    joined = Boolean(figure);
  }
  drawn.append(element("text", { x: 4, y: 12 }, `${what}${figure === "rate" ? " (/s)" : ""}`));
  for (const part of [0, 0.5, 1]) {
    drawn.append(element("line", { x1: 90, x2: right, y1: y(top * part), y2: y(top * part), class: "grid" }));
    drawn.append(element("text", { x: 84, y: y(top * part) + 4, "text-anchor": "end" }, shortText(top * part)));
    const value = wide ? low * (high / low) ** part : low + (high - low) * part;
    drawn.append(element("text", { x: x(value), y: 214, "text-anchor": ["start", "middle", "end"][2 * part] }, shortText(value)));
  }
  drawn.append(element("text", { x: (90 + right) / 2, y: 234, "text-anchor": "middle" }, `${each.name}${each.unit && each.unit !== each.name.split(" ")[0] ? ` (${each.unit})` : ""}`));
  if (offered) {
    drawn.append(element("line", { x1: 90, x2: right, y1: y(offered), y2: y(offered), class: "offered" }));
    drawn.append(element("text", { x: right - 2, y: y(offered) - 4, "text-anchor": "end", class: "offered" }, "offered"));
  }
  drawn.append(element("path", { d: path, class: "curve" }));
  const here = float(values[number]);
  if (now && here >= low && here <= high) drawn.append(element("circle", { cx: x(here), cy: y(float(now)), r: 5, class: "now" }));
  return drawn;
};
const shortText = (x) => x >= 1e13 ? scientific(x) : x >= 1000 ? separated(BigInt(Math.round(x))) : String(Number(x.toPrecision(3)));

// The simplest fractions near a number: those of its continued fraction.
const near = (a) => {
  const found = [];
  let rest = a, [p0, q0, p1, q1] = [0n, 1n, 1n, 0n];
  for (let turn = 0; turn < 12; turn++) {
    const whole = below(rest);
    [p0, q0, p1, q1] = [p1, q1, whole * p1 + p0, whole * q1 + q0];
    if (q1 > 1000n) break;
    found.push(q(p1, q1));
    const part = subtract(rest, q(whole));
    if (!part.n) break;
    rest = over(ONE, part);
  }
  return found.filter((each) => each.n >= 0n && compare(each, ONE) <= 0);
};

// Where a share makes a figure highest: the highest point of its curve, then once more and again around that.
const best = (number, points, figure) => {
  const ranked = points.map(([value, found]) => [value, figureOf(found, figure)]).filter(([, each]) => each);
  const higher = (one, other) => compare(other[1], one[1]) > 0 ? other : one;
  if (!inputs[number].share || !ranked.length) return [];
  let top = ranked.reduce(higher), step = q(1n, 60n);
  for (let round = 0; round < 4; round++) {
    const around = [];
    for (let n = -8n; n <= 8n; n++) {
      const value = add(top[0], times(step, q(n, 8n)));
      if (value.n >= 0n && compare(value, ONE) <= 0) around.push([value, figureOf(answer(withValue(number, value)), figure)]);
    }
    top = around.filter(([, each]) => each).reduce(higher, top);
    step = q(step.n, step.d * 8n);
  }
  for (const value of near(top[0])) {  // corners are often at simple fractions
    const there = figureOf(answer(withValue(number, value)), figure);
    if (there && compare(there, top[1]) >= 0) top = [value, there];
  }
  const value = top[0].d < 10000n ? top[0] : read(float(top[0]).toFixed(5)), button = element("button", { type: "button" }, "Take it");
  button.addEventListener("click", () => { if (put(number, value)) { boxes[number].focus(); show(); } });
  const what = figure === "rate" ? "The rate is" : "Connections are", written = exactly(value);
  const also = written.includes("/") ? ` (${decimal(value, 4)})` : "";
  return [`${what} most at ${written}${also}: ${figureText(figureOf(answer(withValue(number, value)), figure) || top[1], figure)}. `, button, " "];
};

let answerNow = null;
const show = () => {
  answerNow = answer(values);
  inputs.forEach((each, number) => {
    const text = decimal(values[number]);
    if (document.activeElement !== boxes[number]) boxes[number].value = exactly(values[number]);
    boxes[number].removeAttribute("aria-invalid");
    sliders[number].value = onSlider(number, values[number]);
    sliders[number].setAttribute("aria-valuetext", `${text} ${each.unit}`.trim());
    boxes[number].closest(".knob").classList.toggle("set", chosen.includes(number));
  });
  const known = !answerNow.why;
  at("figures").hidden = !known;
  const said = known ? verdictOf(answerNow) : { kind: "", first: says.why[answerNow.why], can: "" };
  at("answer").className = `answer ${said.kind}`;
  at("verdict").textContent = said.first || said.can;
  at("can").textContent = said.first ? said.can : "";
  at("command").textContent = commandText();
  at("copied").textContent = "";
  at("reset").disabled = !chosen.length;
  if (known) {
    at("table").replaceChildren(...answerNow.limits.map((each) => {
      const binds = each === answerNow.rateBy || each === answerNow.flowsBy;
      const mark = each === answerNow.rateBy && each === answerNow.flowsBy ? "limits" : each === answerNow.rateBy ? "limits the rate" : each === answerNow.flowsBy ? "limits the flows" : "";
      const served = answerNow.offered && times(answerNow.offered, answerNow.withPorts);
      const use = !served || each.rate === null ? "–" : each.rate.n ? percentText(over(served, each.rate)) : "all";
      const name = element("th", { scope: "row", class: "name" }, `${each.hop} ${each.name} `, ...(mark ? [element("span", { class: "badge" }, mark)] : []));
      const cells = [["flows", countText(each.flows)], ["rate /s", rateText(each.rate)], ["used", use]];
      return element("tr", binds ? { class: "binds" } : {}, name, ...cells.map(([label, text]) => element("td", { class: "number", "data-label": label }, text)));
    }));
    at("kinds").hidden = !answerNow.kinds.length;
    at("parts").replaceChildren(...answerNow.kinds.map((each) => {
      const tightest = (key, less) => answerNow.limits.filter((limit) => limit.takes.some(([kind]) => kind === each.name) && limit[key] !== null)
        .reduce((one, other) => one === null || less(other[key], one[key]) ? other : one, null);
      const by = tightest("rate", (a, b) => compare(a, b) < 0);
      const cells = [["share", percentText(each.share)],
        ["offered /s", answerNow.offered ? rateText(times(answerNow.offered, each.share)) : "–"],
        ["flows", answerNow.flowsBy ? countText(below(times(q(answerNow.flowsBy.flows), each.open))) : "no limit"],
        ["rate /s", answerNow.rateBy ? rateText(times(answerNow.rateBy.rate, each.share)) : "no limit"],
        ["tightest limit", by ? `${by.hop} ${by.name}` : "none"]];
      return element("tr", {}, element("th", { scope: "row", class: "name" }, each.name),
        ...cells.map(([label, text], column) => element("td", { class: column === 4 ? "words" : "number", "data-label": label }, text)));
    }));
    at("bars").replaceChildren(bars(answerNow));
    const points = curve(moved);
    for (const figure of ["rate", "flows"]) {
      at(`${figure}-curve`).replaceChildren(drawCurve(moved, points, figure));
      at(`${figure}-best`).replaceChildren(...best(moved, points, figure));
    }
  }
  const state = [...chosen].sort((a, b) => a - b).map((number) => `${encodeURIComponent(inputs[number].path)}=${exactly(values[number])}`);
  try { history.replaceState(null, "", state.length ? `#what-if?${state.join("&")}` : location.pathname + location.search); } catch { /* a frame without an address of its own */ }
};

// Why a box was not taken: it stands below it until something else is.
const note = (number, text) => {
  const knob = boxes[number].closest(".knob"), there = knob.querySelector(".refused");
  if (there) there.textContent = text;
  else if (text) knob.append(element("small", { class: "refused", role: "status" }, text));
};
const rule = (each) => {
  const kind = each.whole ? "a whole number" : each.share ? "a part, as in 0.25, 25% or 1/4," : "a number";
  return `${kind} from ${decimal(read(each.least))} to ${decimal(read(each.most))}`;
};
const refuse = (number) => {
  boxes[number].setAttribute("aria-invalid", "true");
  note(number, `Not taken, ${exactly(values[number])} stays: write ${rule(inputs[number])}.`);
};
let waiting = false;
const soon = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; show(); }); } };
boxes.forEach((box, number) => box.addEventListener("input", () => {
  if (put(number, read(box.value))) { note(number, ""); soon(); }
  else refuse(number);
}));
// Nothing else is drawn anew when a box is left: what was about to be clicked has to stay where it is.
boxes.forEach((box, number) => box.addEventListener("change", () => { box.value = exactly(values[number]); box.removeAttribute("aria-invalid"); }));
sliders.forEach((slider, number) => slider.addEventListener("input", () => { note(number, ""); put(number, fromSlider(number, Number(slider.value))); soon(); }));
at("reset").addEventListener("click", () => { boxes.forEach((_, number) => note(number, "")); at("link").textContent = ""; chosen.length = 0; present.forEach((value, number) => { values[number] = value; }); show(); });
at("copy").addEventListener("click", async () => {
  const text = at("command").textContent;
  try { await navigator.clipboard.writeText(text); at("copied").textContent = "Copied."; }
  catch { getSelection().selectAllChildren(at("command")); at("copied").textContent = "Selected: copy it with Ctrl+C."; }
});
const restore = () => {
  const [, written] = /^#what-if\?(.*)$/.exec(location.hash) || [];
  if (!written) return;
  const asked = written.split("&").map((each) => {
    const [path, value = ""] = each.split("=").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
    return [each, inputs.findIndex((input) => input.path === path && !input.fixed), read(value)];
  });
  for (const [, number, value] of asked) if (number >= 0) put(number, value);
  const lost = asked.filter(([, number, value]) => number < 0 || value === null || compare(values[number], value) !== 0);
  if (lost.length) at("link").textContent = `Of the link, this was not taken: ${lost.map(([each]) => each).join(", ")}. What is shown does not have it.`;
};
addEventListener("resize", soon);
panel.hidden = false;
document.querySelectorAll("[data-with-panel]").forEach((each) => { each.hidden = false; });
restore();
show();
if (location.hash.startsWith("#what-if")) panel.scrollIntoView();
})();
