// SPDX-License-Identifier: GPL-3.0-or-later
// Three lines that answer at once: who is short, who pays, and what it will be in ten minutes.
import {byId, guestButton, make} from './dom.js';
import {percent, signed, size, span} from './format.js';
import {HOST} from './history.js';
import {kindOf, lackOf, needOf} from './model.js';
import {hostOutlook, hostOutlookText, outlook, outlookText} from './trend.js';

const NAMED = 4; // guests a line names; the rest is a number
const LATELY_MS = 60000;
const NOTABLE_KIB = 1024;

export class Now {
	constructor(model, history) {
		this.model = model;
		this.history = history;
		this.lines = new Map();
		for (const [id, name] of [['short', 'Short'], ['pays', 'Pays'], ['next', 'In 10 min']]) {
			const value = make('dd');
			value.id = `now-${id}`;
			byId('now').append(make('div', id, make('dt', '', name), value));
			this.lines.set(id, {value, key: null});
		}
	}

	// items: [guest, text]; made anew only when it says something else, or a click could miss its button.
	line(id, items, ifNone, before) {
		const line = this.lines.get(id);
		const key = JSON.stringify([before || '', ifNone, items.length, items.slice(0, NAMED).map(([guest, text]) =>
			[guest.domid, guest.name, text])]);
		if (line.key === key)
			return;
		line.key = key;
		line.value.parentNode.classList.toggle('none', items.length === 0 && !before);
		const parts = before ? [make('span', 'item', before)] : [];
		for (const [guest, text] of items.slice(0, NAMED))
			parts.push(make('span', 'item', guestButton(guest.name, guest.domid), ` ${text}`));
		if (items.length > NAMED)
			parts.push(make('span', 'item more', `and ${items.length - NAMED} more`));
		if (parts.length === 0)
			parts.push(make('span', 'item', ifNone));
		line.value.replaceChildren(...parts);
	}

	render() {
		this.showShort();
		this.showPays();
		this.showNext();
	}

	showShort() {
		const short = [...this.model.guests.values()].filter((guest) => kindOf(guest) === 'short')
			.sort((a, b) => lackOf(b) - lackOf(a) || b.pressure_ppm - a.pressure_ppm || a.domid - b.domid);
		const items = short.map((guest) => {
			const facts = [];
			if (lackOf(guest) > 0)
				facts.push(`lacks ${size(lackOf(guest))}`);
			if (guest.pressure_ppm >= 1000)
				facts.push(`stalls ${percent(guest.pressure_ppm)} of the time`);
			if (guest.reason !== 'steady')
				facts.push(this.model.reasonText(guest));
			return [guest, facts.join(', ')];
		});
		const tight = [...this.model.guests.values()].filter((guest) => needOf(guest) > guest.held_kib + NOTABLE_KIB).length;
		const words = tight === 1 ? 'has less headroom than it needs' : 'have less headroom than they need';
		this.line('short', items, tight > 0 ? `nobody, but ${tight} of ${this.model.guests.size} ${words}` :
			'nobody: every guest has what it needs');
	}

	// Who gave memory, or is giving it.
	showPays() {
		const sinceMs = Math.max(this.model.timeMs - LATELY_MS, this.model.decidedMs);
		const moved = this.model.movedSince(sinceMs);
		const given = [...moved].filter(([domid, kib]) => kib < -NOTABLE_KIB && this.model.guests.has(domid))
			.sort((a, b) => a[1] - b[1]);
		const total = given.reduce((sum, [, kib]) => sum + kib, 0);
		const items = given.map(([domid, kib]) => [this.model.guests.get(domid), signed(kib)]);
		const got = [...moved.values()].reduce((sum, kib) => sum + Math.max(0, kib), 0);
		const pool = got + total; // more was given than taken back: the host paid
		const lately = `within ${span(this.model.timeMs - sinceMs)}`;
		const before = given.length > 1 ? `${given.length} guests gave ${size(-total)} ${lately}:` : '';
		if (given.length === 1)
			items[0][1] += ` ${lately}`;
		const ifNone = pool > NOTABLE_KIB ? `the host, out of its free memory: ${size(pool)} ${lately}` : `nobody, ${lately}`;
		this.line('pays', items, ifNone, before);
	}

	showNext() {
		const items = [];
		for (const guest of this.model.guests.values()) {
			const view = outlook(guest, ...this.history.usedOf(guest.domid), this.history.windowMs);
			if (view && view.perMs > 0)
				items.push([guest, view]);
		}
		items.sort(([, a], [, b]) => (a.fullMs ?? Infinity) - (b.fullMs ?? Infinity) || b.perMs - a.perMs);
		this.line('next', items.map(([guest, view]) => [guest, outlookText(guest, view)]),
			'no guest grows steadily', this.hostLine());
	}

	hostLine() {
		const past = this.history.get(HOST);
		const room = this.model.host.budget_kib - this.model.sum('hard_kib') - this.model.sum('warm_kib');
		const view = past ? hostOutlook(past, room, this.history.windowMs) : null;
		return view ? `${hostOutlookText(view)};` : '';
	}
}
