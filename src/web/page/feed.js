// SPDX-License-Identifier: GPL-3.0-or-later
// What was decided, newest first, and why.
import {byId, guestButton, make, setAttr, setText} from './dom.js';
import {exact, moment, percent, signed, size} from './format.js';

const SHOWN = 80;
const RUN_MS = 10000;
const OUTCOMES = {'dry-run': ' (dry run)', paused: ' (paused)', refused: ' (REFUSED)'};

// The figures that it rests on.
function because(decision) {
	const need = decision.need || {};
	const words = [`held ${size(decision.held_kib)}`];
	if (decision.max_kib > 0) {
		words.push(`needed ${size(need.hard_kib + need.warm_kib + need.headroom_kib)}`);
		if (need.pressure_ppm > 0)
			words.push(`stalled ${percent(need.pressure_ppm)}`);
		words.push(`goal ${size(decision.wish_kib)}`);
	}
	words.push(`host could give ${size(decision.available_kib)}`);
	return words.join(', ') + (decision.overcommitted ? ', overcommitted' : '');
}

// Steps of a guest with one reason, soon after each other, are one line: from where the first began to the last. What was
// not set is no step, and adds up to nothing: the last one counts.
function fold(decisions) {
	const runs = [];
	const open = new Map(); // domid -> the run that older steps may join
	for (const decision of decisions) {
		const run = open.get(decision.domid);
		if (run && run.reason === decision.reason && run.outcome === decision.outcome && run.sinceMs - decision.time_ms < RUN_MS) {
			if (run.outcome === 'set') {
				run.old_kib = decision.old_kib;
				run.steps++;
			}
			run.first = decision.seq;
			run.sinceMs = decision.time_ms;
		} else {
			const fresh = {...decision, first: decision.seq, sinceMs: decision.time_ms, steps: 1};
			open.set(decision.domid, fresh);
			runs.push(fresh);
		}
	}
	return runs;
}

function changeWords({old_kib: old, new_kib: now, outcome, steps}) {
	if (outcome === 'none')
		return `stays at ${size(now)}`;
	const count = steps > 1 ? ` in ${steps} steps` : '';
	const would = outcome === 'dry-run' || outcome === 'paused' ? 'would go ' : '';
	return `${would}${size(old)} → ${size(now)} (${signed(now - old)}${count})${OUTCOMES[outcome] || ''}`;
}

// One line: what was done to the guest, and why. What a run gains is not read aloud again.
class Line {
	constructor(run, withName) {
		this.time = make('time', '');
		this.change = make('span', 'change');
		this.because = make('div', 'because');
		this.node = make('li', '', make('div', 'head', this.time, withName ? guestButton(run.name, run.domid) : null, this.change),
			make('div', '', run.reason_text), this.because);
		this.node.dataset.outcome = run.outcome;
	}

	show(run, nowMs) {
		setText(this.time, moment(run.time_ms, nowMs));
		setText(this.change, changeWords(run));
		setAttr(this.change, 'title', `${exact(run.old_kib)} → ${exact(run.new_kib)}`);
		setText(this.because, because(run));
		setAttr(this.node, 'data-way', run.outcome === 'none' ? 'same' : run.new_kib > run.old_kib ? 'up' : 'down');
	}
}

// Decisions in a list, newest first. Lines that are there stay the same elements.
export class DecisionList {
	constructor(node, withName) {
		this.node = node;
		this.withName = withName;
		this.lines = new Map(); // seq of a run's first step -> line
	}

	clear() {
		this.lines.clear();
		this.node.replaceChildren();
	}

	show(decisions, nowMs) {
		const old = this.lines;
		this.lines = new Map();
		let next = this.node.firstChild;
		for (const run of fold(decisions).slice(0, SHOWN)) {
			const line = old.get(run.first) || new Line(run, this.withName);
			line.show(run, nowMs);
			this.lines.set(run.first, line);
			if (line.node === next)
				next = next.nextSibling;
			else
				this.node.insertBefore(line.node, next);
		}
		for (const [first, line] of old)
			if (!this.lines.has(first))
				line.node.remove();
		this.node.classList.toggle('none', this.lines.size === 0);
	}
}

export class Feed extends DecisionList {
	constructor(model) {
		super(byId('feed'), true);
		this.model = model;
		byId('feed-filter').addEventListener('input', () => this.render());
	}

	render() {
		const text = byId('feed-filter').value.trim().toLowerCase();
		this.show(this.model.decisions.filter((decision) => decision.name.toLowerCase().includes(text)), this.model.timeMs);
	}
}
