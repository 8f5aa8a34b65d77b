// SPDX-License-Identifier: GPL-3.0-or-later
// The guests, one row each. All are in the document, for a browser's search; only those in sight are filled, and
// ask for their past.
import {byId, make, makeButton, setAttr, setStyle, setText} from './dom.js';
import {sizeShort} from './format.js';
import {hardOf, KINDS, kindOf, lackOf, needOf} from './model.js';
import {Row} from './row.js';

const SORT_MS = 3000; // rows do not jump about more often than this ...
const CALM_MS = 2500; // ... nor while somebody points at them
const URGENCY = {short: 0, grows: 1, gives: 2, steady: 3, apart: 4};

const collator = new Intl.Collator('en', {numeric: true});
const byName = (a, b) => collator.compare(a.name, b.name) || a.domid - b.domid;
const falling = (valueOf) => (a, b) => (valueOf(b) || 0) - (valueOf(a) || 0) || byName(a, b);
const SORTS = {
	urgency: ['by urgency', (a, b) => URGENCY[kindOf(a)] - URGENCY[kindOf(b)] || lackOf(b) - lackOf(a) || byName(a, b)],
	name: ['by name', byName],
	domid: ['by domain id', (a, b) => a.domid - b.domid],
	held: ['by held', falling((guest) => guest.held_kib)],
	used: ['by hard use', falling(hardOf)],
	need: ['by need', falling(needOf)],
	pressure: ['by pressure', falling((guest) => guest.pressure_ppm)],
};
// Heading, class, sort, second line
const HEADS = [
	['Guest', 'who', 'name', 'why'],
	['', 'strip', null, ''],
	['Trend', 'spark', null, ''],
	['Holds', 'num', 'held', 'target'],
	['Hard use', 'num', 'used', 'of its need'],
	['Pressure', 'num', 'pressure', 'stalled'],
];

export class List {
	constructor(model, history, onOpen) {
		this.model = model;
		this.history = history;
		this.onOpen = onOpen;
		this.rows = new Map();
		this.order = []; // domids, as shown
		this.sort = 'urgency';
		this.kind = 'all';
		this.text = '';
		this.ownScale = false;
		this.sortedMs = 0;
		this.touchedMs = 0;
		this.mustSort = true;
		this.selected = null;
		this.current = null; // the row that Tab goes to
		this.body = byId('rows');
		this.makeHead();
		this.makeTools();
		this.watch();
	}

	makeHead() {
		for (const [title, className, sort, second] of HEADS) {
			const cell = make('th', className);
			cell.setAttribute('role', 'columnheader');
			cell.scope = 'col';
			if (sort) {
				const button = makeButton('sort', title);
				button.addEventListener('click', () => this.setSort(sort));
				cell.append(button);
				cell.dataset.sort = sort;
			} else if (className === 'strip') {
				this.axis = make('div', 'axis');
				this.axis.setAttribute('aria-label', 'Memory');
				cell.append(this.axis);
			} else
				cell.append(make('span', 'sort', title));
			if (second)
				cell.append(make('span', 'second', second));
			byId('head').append(cell);
		}
	}

	makeTools() {
		for (const [value, [word]] of Object.entries(SORTS))
			byId('sort').append(new Option(word, value));
		byId('sort').addEventListener('change', (event) => this.setSort(event.target.value));
		byId('scale').addEventListener('change', (event) => {
			this.ownScale = event.target.value === 'own';
			this.render();
		});
		byId('filter').addEventListener('input', (event) => {
			this.text = event.target.value.trim().toLowerCase();
			this.resort();
		});
		this.kindButtons = new Map();
		for (const [kind] of KINDS) {
			const number = make('b', 'number');
			const name = make('span', '');
			const button = makeButton('', name, ' ', number);
			button.addEventListener('click', () => {
				this.kind = kind;
				this.resort();
			});
			byId('kinds').append(button);
			this.kindButtons.set(kind, {button, name, number});
		}
	}

	watch() {
		this.observer = new IntersectionObserver((entries) => this.onSight(entries), {rootMargin: '150px 0px'});
		this.body.addEventListener('click', (event) => {
			const node = event.target.closest('tr');
			if (node)
				this.onOpen(Number(node.dataset.domid));
		});
		this.body.addEventListener('keydown', (event) => this.onKey(event));
		this.body.addEventListener('pointermove', () => {
			this.touchedMs = Date.now();
		});
		this.body.addEventListener('focusin', (event) => {
			const node = event.target.closest('tr');
			if (node)
				this.setCurrent(Number(node.dataset.domid));
		});
	}

	onSight(entries) {
		for (const entry of entries) {
			const domid = Number(entry.target.dataset.domid);
			const row = this.rows.get(domid);
			if (!row)
				continue;
			row.isVisible = entry.isIntersecting;
			if (row.isVisible)
				this.showRow(row);
			else
				this.history.unwant(domid);
		}
	}

	onKey(event) {
		const at = this.order.indexOf(this.current);
		const page = Math.max(1, Math.floor(window.innerHeight / 60));
		const steps = {ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity};
		if (event.altKey || event.ctrlKey || event.metaKey)
			return;
		this.touchedMs = Date.now();
		if (event.key === 'Enter' || event.key === ' ') {
			event.preventDefault();
			this.onOpen(this.current);
		} else if (event.key in steps) {
			event.preventDefault();
			const to = Math.min(this.order.length - 1, Math.max(0, at + steps[event.key]));
			this.focus(this.order[to]);
		}
	}

	setCurrent(domid) {
		if (this.current === domid)
			return;
		const old = this.rows.get(this.current);
		if (old)
			old.node.tabIndex = -1;
		this.current = domid;
		const row = this.rows.get(domid);
		if (row)
			row.node.tabIndex = 0;
	}

	focus(domid) {
		const row = this.rows.get(domid);
		if (!row)
			return false;
		this.setCurrent(domid);
		row.node.focus();
		return true;
	}

	setSort(sort) {
		this.sort = sort;
		byId('sort').value = sort;
		this.resort();
	}

	resort() {
		this.mustSort = true;
		this.render();
	}

	select(domid) {
		this.selected = domid;
		for (const row of this.rows.values())
			setAttr(row.node, 'aria-selected', row.domid === domid);
		if (domid !== null)
			this.setCurrent(domid);
	}

	isShown(guest) {
		if (this.kind !== 'all' && kindOf(guest) !== this.kind)
			return false;
		if (!this.text)
			return true;
		return [guest.name, guest.domid, guest.uuid, guest.reason, this.model.reasonText(guest)].join(' ').toLowerCase()
			.includes(this.text);
	}

	hide(row) {
		this.observer.unobserve(row.node);
		row.isVisible = false;
		row.node.remove();
	}

	// Rows of guests that came and went.
	syncRows() {
		for (const [domid, row] of this.rows)
			if (!this.model.guests.has(domid)) {
				this.hide(row);
				this.rows.delete(domid);
				this.mustSort = true;
			}
		for (const [domid, guest] of this.model.guests)
			if (!this.rows.has(domid)) {
				const row = new Row(domid);
				this.rows.set(domid, row);
				row.showName(guest);
				setAttr(row.node, 'aria-selected', domid === this.selected);
				this.mustSort = true;
			}
	}

	sortRows() {
		const now = Date.now();
		const isCalm = now - this.touchedMs > CALM_MS && now - this.sortedMs > SORT_MS;
		if (!this.mustSort && !isCalm)
			return;
		this.mustSort = false;
		this.sortedMs = now;
		const shown = [...this.model.guests.values()].filter((guest) => this.isShown(guest)).sort(SORTS[this.sort][1]);
		this.order = shown.map((guest) => guest.domid);
		this.placeRows();
		if (!this.order.includes(this.current))
			this.setCurrent(this.order.length > 0 ? this.order[0] : null);
	}

	// Only rows that are out of place are moved; a moved row would lose the focus.
	placeRows() {
		const focused = document.activeElement;
		const wanted = new Set(this.order);
		for (const row of this.rows.values())
			if (!wanted.has(row.domid) && row.node.isConnected)
				this.hide(row);
		let next = this.body.firstChild;
		this.order.forEach((domid, i) => {
			const {node} = this.rows.get(domid);
			setAttr(node, 'aria-rowindex', i + 2);
			if (node === next)
				next = next.nextSibling;
			else {
				this.body.insertBefore(node, next);
				this.observer.observe(node);
			}
		});
		setAttr(byId('list'), 'aria-rowcount', this.order.length + 1);
		if (focused !== document.activeElement && this.body.contains(focused))
			focused.focus({preventScroll: true});
	}

	commonScale() {
		let largest = 0;
		for (const guest of this.model.guests.values())
			largest = Math.max(largest, guest.held_kib, guest.target_kib || 0, hardOf(guest) || 0, needOf(guest) || 0);
		return Math.max(largest * 1.05, 4096);
	}

	showAxis() {
		const step = 2 ** Math.floor(Math.log2(this.scale / 2.6));
		const labels = this.ownScale ? [['0', 0], ['half of its maximum', 50]] :
			[0, 1, 2, 3, 4, 5].map((i) => [sizeShort(i * step), i * step / this.scale * 100]).filter(([, at]) => at < 97);
		if (this.axis.dataset.labels === labels.join())
			return;
		this.axis.dataset.labels = labels.join();
		this.axis.replaceChildren(...labels.map(([label, at]) => {
			const node = make('span', '', label);
			setStyle(node, 'left', `${at}%`);
			return node;
		}));
	}

	showTools() {
		const counts = {all: this.model.guests.size};
		for (const guest of this.model.guests.values())
			counts[kindOf(guest)] = (counts[kindOf(guest)] || 0) + 1;
		for (const [kind, word, would] of KINDS) {
			const {button, name, number} = this.kindButtons.get(kind);
			setText(name, (this.model.setsNothing && would) || word);
			setText(number, String(counts[kind] || 0));
			setAttr(button, 'aria-pressed', kind === this.kind);
		}
		for (const cell of byId('head').children)
			setAttr(cell, 'aria-sort', !cell.dataset.sort ? null :
				cell.dataset.sort !== this.sort ? 'none' : this.sort === 'name' ? 'ascending' : 'descending');
		const empty = byId('empty');
		empty.hidden = this.order.length > 0;
		setText(empty, this.model.guests.size === 0 ? 'No guests run on this host.' : 'No guest fits the filter.');
	}

	showRow(row) {
		const guest = this.model.guests.get(row.domid);
		if (!guest || !this.scale)
			return;
		const scale = this.ownScale ? Math.max(guest.max_kib || 0, guest.held_kib, needOf(guest) || 0) || 1 : this.scale;
		row.show(guest, this.model, scale, this.history.get(row.domid), this.history);
	}

	render() {
		if (!this.model.server)
			return;
		this.scale = this.commonScale();
		this.syncRows();
		this.sortRows();
		this.showAxis();
		this.showTools();
		for (const row of this.rows.values())
			if (row.isVisible)
				this.showRow(row);
	}
}
