// SPDX-License-Identifier: GPL-3.0-or-later
// What was decided, newest first, and why.
import {byId, guestButton, make} from './dom.js';
import {exact, moment, percent, signed, size} from './format.js';

const SHOWN = 80;
const OUTCOMES = {'dry-run': ' (dry run: not set)', paused: ' (paused: not set)', refused: ' (REFUSED)'};

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
	words.push(`host had ${size(decision.spare_kib)} to spare`);
	return words.join(', ') + (decision.overcommitted ? ', overcommitted' : '');
}

// One decision as a list item; with the guest's name where that is not plain already.
export function decisionItem(decision, nowMs, withName) {
	const by = decision.new_kib - decision.old_kib;
	const isChange = decision.outcome !== 'none';
	const time = make('time', '', moment(decision.time_ms, nowMs));
	time.dateTime = new Date(decision.time_ms).toISOString();
	const head = make('div', 'head', time, ' ');
	if (withName)
		head.append(guestButton(decision.name, decision.domid), ' ');
	if (isChange) {
		const change = make('span', 'change',
			`${size(decision.old_kib)} → ${size(decision.new_kib)} (${signed(by)})${OUTCOMES[decision.outcome] || ''}`);
		change.title = `${exact(decision.old_kib)} → ${exact(decision.new_kib)}`;
		head.append(change);
	} else
		head.append(make('span', 'change same', `stays at ${size(decision.new_kib)}`));
	const item = make('li', '', head, make('div', 'reason', decision.reason_text), make('div', 'because', because(decision)));
	item.dataset.way = !isChange ? 'same' : by > 0 ? 'up' : 'down';
	item.dataset.outcome = decision.outcome;
	item.dataset.seq = decision.seq;
	return item;
}

export class Feed {
	constructor(model) {
		this.model = model;
		this.text = '';
		this.shown = new Map(); // seq -> item
		byId('feed-filter').addEventListener('input', (event) => {
			this.text = event.target.value.trim().toLowerCase();
			this.clear();
			this.render();
		});
	}

	clear() {
		this.shown.clear();
		byId('feed').replaceChildren();
	}

	render() {
		const list = byId('feed');
		const wanted = this.model.decisions
			.filter((decision) => !this.text || decision.name.toLowerCase().includes(this.text)).slice(0, SHOWN);
		const seqs = new Set(wanted.map((decision) => decision.seq));
		for (const [seq, item] of this.shown)
			if (!seqs.has(seq)) {
				item.remove();
				this.shown.delete(seq);
			}
		let before = list.firstChild;
		for (const decision of wanted) {
			const old = this.shown.get(decision.seq);
			if (old) {
				before = old.nextSibling;
				continue;
			}
			const item = decisionItem(decision, this.model.timeMs, true);
			this.shown.set(decision.seq, item);
			list.insertBefore(item, before);
		}
		list.classList.toggle('none', wanted.length === 0);
	}
}
