// SPDX-License-Identifier: GPL-3.0-or-later
// Curves and bars, drawn by uPlot. Lines differ by colour and dashes; a hole in the past is one in the line.
/* global uPlot */
import {make, makeButton, setAttr, setText, token} from './dom.js';
import {clock, clockMinutes, percent, size, sizeShort} from './format.js';

const KIB_STEPS = Array.from({length: 40}, (_, i) => 2 ** i);
const MINUTE_MS = 60000;
const TIME_STEPS = [10e3, 15e3, 30e3, 60e3, 120e3, 300e3, 600e3, 900e3, 1800e3, 3600e3, 7200e3, 10800e3, 14400e3, 21600e3,
	28800e3, 43200e3];
const AXIS_FONT = '11px system-ui, sans-serif';
const BINS = 24;
const BIN_MIN_KIB = 512;

// Column, word, class of its line in style.css, its dashes, filled?
export const GUEST_LINES = [
	['held_kib', 'held', 'held', [], true],
	['hard_use_kib', 'hard use', 'used', [], false],
	['need_kib', 'need', 'need', [6, 3], false],
	['target_kib', 'target', 'target', [2, 3], false],
];
export const HOST_LINES = [
	['held_kib', 'guests hold', 'held', [], true],
	['used_kib', 'used, as agents say', 'used', [], false],
	['budget_kib', 'budget', 'target', [2, 3], false],
	['free_kib', 'free', 'need', [6, 3], false],
];
export const PRESSURE_LINES = [['pressure_ppm', 'pressure', 'pressure', [], true]];

// uPlot's table: times, then the lines; an empty sample in each hole.
function tableOf(past, lines, gapMs) {
	const {columns} = past;
	const times = columns.time_ms;
	const table = [[], ...lines.map(() => [])];
	times.forEach((time, i) => {
		if (i > 0 && time - times[i - 1] > gapMs) {
			table[0].push(times[i - 1] + 1);
			lines.forEach((_, line) => table[line + 1].push(null));
		}
		table[0].push(time);
		lines.forEach(([name], line) => table[line + 1].push(columns[name][i] ?? null));
	});
	return table;
}

function axisOf(extra) {
	return {stroke: token('--muted'), font: AXIS_FONT, grid: {stroke: token('--grid'), width: 1},
		ticks: {stroke: token('--grid'), width: 1, size: 4}, gap: 3, ...extra};
}

function timeWords(u, splits) {
	return splits.map((ms) => (ms % MINUTE_MS ? clock(ms) : clockMinutes(ms)));
}

function seriesOf([, word, kind, dash, isFilled]) {
	const line = {label: word, stroke: token(kind === 'held' ? '--held-line' : `--${kind}`), width: kind === 'used' ? 2 : 1.5, dash,
		points: {show: false}, spanGaps: false};
	if (isFilled)
		line.fill = token(`--${kind}-fill`);
	if (kind === 'target')
		line.paths = uPlot.paths.stepped({align: 1});
	return line;
}

// A plot as wide as its box.
class Chart {
	constructor(height) {
		this.height = height;
		this.plot = null;
		this.box = make('div', 'plot');
		this.box.setAttribute('role', 'img');
		new ResizeObserver(() => {
			const width = this.box.clientWidth;
			if (this.plot && width > 0 && width !== this.plot.width)
				this.plot.setSize({width, height});
		}).observe(this.box);
	}

	// Its colours were read when it was made.
	rebuild() {
		if (this.plot)
			this.plot.destroy();
		this.plot = null;
	}

	draw() {
		if (this.plot)
			this.plot.setData(this.table);
		else
			this.plot = new uPlot({width: this.box.clientWidth || 300, height: this.height, legend: {show: false},
				padding: [8, 28, 0, 0], ...this.setup()}, this.table, this.box);
	}
}

// Lines over time; the legend shows the figures under the pointer and switches lines off.
export class TimeChart extends Chart {
	// options: height, sync (a name shared by charts whose pointers go together), isPressure
	constructor(parent, lines, options) {
		super(options.height);
		this.lines = lines;
		this.sync = options.sync;
		this.isPressure = options.isPressure;
		this.format = this.isPressure ? percent : size;
		this.hidden = new Set();
		this.legend = make('div', 'legend');
		this.figures = lines.map(([, word, kind], i) => this.makeSwitch(word, kind, i));
		this.when = make('span', 'when');
		this.legend.append(this.when);
		this.box.tabIndex = 0;
		this.box.addEventListener('keydown', (event) => this.onKey(event));
		this.box.addEventListener('blur', () => this.plot && this.plot.setCursor({left: -10, top: -10}));
		parent.append(this.legend, this.box);
	}

	makeSwitch(word, kind, i) {
		const figure = make('b', '');
		const swatch = make('i', `swatch ${kind}`);
		const button = makeButton('', swatch, ` ${word} `, figure);
		button.setAttribute('aria-pressed', 'true');
		button.addEventListener('click', () => {
			const isOn = this.hidden.delete(i) || !this.hidden.add(i);
			setAttr(button, 'aria-pressed', isOn);
			if (this.plot)
				this.plot.setSeries(i + 1, {show: isOn});
		});
		this.legend.append(button);
		return figure;
	}

	// Left and right walk through the samples.
	onKey(event) {
		const steps = {ArrowLeft: -1, ArrowRight: 1};
		if (!(event.key in steps) || !this.plot || this.table[0].length === 0)
			return;
		event.preventDefault();
		const last = this.table[0].length - 1;
		const at = this.plot.cursor.idx ?? last;
		const to = Math.min(last, Math.max(0, at + steps[event.key]));
		this.plot.setCursor({left: this.plot.valToPos(this.table[0][to], 'x'), top: 5});
	}

	setup() {
		const words = (u, splits) => splits.map(this.isPressure ? percent : sizeShort);
		const least = this.isPressure ? 10000 : 4096;
		return {
			ms: 1,
			padding: [8, 28, this.isPressure ? 7 : 0, 0],
			cursor: {y: false, drag: {x: false, y: false}, points: {size: 6}, sync: this.sync ? {key: this.sync} : undefined},
			scales: {x: {range: () => this.bounds}, y: {range: (u, min, max) => [0, Math.max(least, max * 1.06)]}},
			axes: [
				axisOf({values: timeWords, incrs: TIME_STEPS, space: 70, size: 24, show: !this.isPressure}),
				axisOf({values: words, incrs: this.isPressure ? undefined : KIB_STEPS, size: 58, space: 24}),
			],
			series: [{}, ...this.lines.map((line, i) => ({...seriesOf(line), show: !this.hidden.has(i)}))],
			hooks: {setCursor: [() => this.showFigures()]},
		};
	}

	show(past, history) {
		this.table = past ? tableOf(past, this.lines, history.gapMs(past)) : [[], ...this.lines.map(() => [])];
		this.bounds = history.bounds;
		this.draw();
		this.showFigures();
		setAttr(this.box, 'aria-label', this.words());
	}

	showFigures() {
		const last = this.table[0].length - 1;
		const idx = this.plot ? this.plot.cursor.idx : null;
		const isPointed = idx !== null && idx !== undefined && this.plot.cursor.left >= 0;
		const at = isPointed ? idx : last;
		this.figures.forEach((figure, i) => setText(figure, at < 0 ? '' : this.format(this.table[i + 1][at])));
		setText(this.when, isPointed ? `at ${clock(this.table[0][at])}` : last < 0 ? 'no samples yet' : '');
	}

	words() {
		const parts = this.lines.map(([, word], i) => {
			const values = this.table[i + 1].filter((value) => value !== null);
			return values.length === 0 ? `${word}: not known` :
				`${word}: ${this.format(Math.min(...values))} to ${this.format(Math.max(...values))}, last ${this.format(values.at(-1))}`;
		});
		return `Curves over time. ${parts.join('; ')}`;
	}
}

// Shares of the time in which so much was in hard use: [left edges KiB, percent of the samples, width KiB].
export function binsOf(values) {
	const known = values.filter((value) => value !== null);
	if (known.length === 0)
		return null;
	const low = Math.min(...known), high = Math.max(...known);
	const width = Math.max(BIN_MIN_KIB, 2 ** Math.ceil(Math.log2(Math.max(1, (high - low) / BINS))));
	// a calm guest in the middle, not alone at the edge
	const spare = Math.max(0, BINS - Math.ceil((high - low) / width) - 1);
	const first = Math.max(0, Math.floor(low / width) - Math.floor(spare / 2)) * width;
	const counts = new Array(Math.max(BINS, Math.floor((high - first) / width) + 1)).fill(0);
	for (const value of known)
		counts[Math.floor((value - first) / width)]++;
	return [counts.map((_, i) => first + i * width), counts.map((n) => n / known.length * 100), width];
}

// How often a guest's hard use was how much.
export class Histogram extends Chart {
	constructor(parent, height) {
		super(height);
		parent.append(this.box);
	}

	setup() {
		return {
			cursor: {show: false},
			scales: {x: {time: false, range: () => this.bounds}, y: {range: (u, min, max) => [0, Math.max(10, max * 1.1)]}},
			axes: [
				axisOf({values: (u, splits) => splits.map(sizeShort), incrs: KIB_STEPS, space: 60, size: 24}),
				axisOf({values: (u, splits) => splits.map((value) => `${value} %`), size: 58, space: 24}),
			],
			series: [{}, {stroke: token('--used'), fill: token('--used-fill'), width: 1,
				paths: uPlot.paths.bars({size: [0.9, 60], align: 1}), points: {show: false}}],
			hooks: {draw: [(u) => this.drawNow(u)]},
		};
	}

	// Where it is now.
	drawNow(u) {
		if (this.nowKib === null || this.nowKib < this.bounds[0] || this.nowKib > this.bounds[1])
			return;
		const x = Math.round(u.valToPos(this.nowKib, 'x', true));
		u.ctx.save();
		u.ctx.strokeStyle = token('--text');
		u.ctx.setLineDash([4, 3]);
		u.ctx.beginPath();
		u.ctx.moveTo(x, u.bbox.top);
		u.ctx.lineTo(x, u.bbox.top + u.bbox.height);
		u.ctx.stroke();
		u.ctx.restore();
	}

	show(past, nowKib) {
		const bins = past ? binsOf(past.columns.hard_use_kib) : null;
		this.box.hidden = !bins;
		if (!bins)
			return;
		const [edges, shares, width] = bins;
		this.nowKib = nowKib;
		this.bounds = [edges[0], edges.at(-1) + width];
		this.table = [edges, shares];
		this.draw();
		const most = shares.indexOf(Math.max(...shares));
		setAttr(this.box, 'aria-label', `Hard use: ${size(edges[most])} to ${size(edges[most] + width)} most often, ` +
			`for ${shares[most].toFixed(0)} % of the time`);
	}
}
