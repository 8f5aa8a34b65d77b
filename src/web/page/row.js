// SPDX-License-Identifier: GPL-3.0-or-later
// One guest in the list: its name, why, its strip and its figures.
import {percent, size} from './format.js';
import {make, setAttr, setFigure, setStyle, setText} from './dom.js';
import {hardOf, isMoving, kindOf, lackOf, needOf} from './model.js';
import {drawSpark} from './spark.js';

// Where one more segment is filled: stalling hurts long before it fills all time.
const PRESSURE_STEPS_PPM = [1000, 10000, 50000, 100000, 200000];

function makeBar() {
	const bar = make('div', 'bar');
	bar.setAttribute('role', 'img');
	const parts = {};
	for (const name of ['range', 'held', 'lack', 'used', 'min', 'max', 'target', 'need']) {
		parts[name] = make('i', name);
		bar.append(parts[name]);
	}
	return {bar, parts};
}

function pair(className) {
	const first = make('span', 'first'), second = make('span', 'second');
	const cell = make('td', `num ${className}`, first, second);
	cell.setAttribute('role', 'gridcell');
	return {cell, first, second};
}

function makeMeter() {
	const meter = make('span', 'meter');
	for (let i = 0; i < PRESSURE_STEPS_PPM.length; i++)
		meter.append(make('i'));
	return meter;
}

function showMeter(meter, ppm) {
	PRESSURE_STEPS_PPM.forEach((step, i) => meter.children[i].classList.toggle('on', ppm !== null && ppm >= step));
}

function place(part, from, to, scale) {
	const left = Math.min(100, Math.max(0, from / scale * 100));
	const right = Math.min(100, Math.max(0, to / scale * 100));
	setStyle(part, 'left', `${left.toFixed(2)}%`);
	setStyle(part, 'width', `${(right - left).toFixed(2)}%`);
}

function mark(part, at, scale) {
	part.hidden = at === null || at === undefined || at <= 0;
	if (part.hidden)
		return;
	part.classList.toggle('beyond', at > scale);
	setStyle(part, 'left', `${Math.min(100, at / scale * 100).toFixed(2)}%`);
}

function barWords(guest) {
	const words = [`holds ${size(guest.held_kib)}`];
	if (guest.target_kib)
		words.push(`target ${size(guest.target_kib)}`);
	if (hardOf(guest) !== null)
		words.push(`hard use ${size(hardOf(guest))}`);
	if (needOf(guest) !== null)
		words.push(`needs ${size(needOf(guest))}`);
	if (guest.max_kib)
		words.push(`may hold ${size(guest.min_kib)} to ${size(guest.max_kib)}`);
	return words.join(', ');
}

function showBar(bar, parts, guest, scale) {
	const need = needOf(guest);
	const lack = lackOf(guest);
	const hasBounds = guest.max_kib > 0;
	place(parts.range, hasBounds ? guest.min_kib : 0, hasBounds ? guest.max_kib : guest.held_kib, scale);
	place(parts.held, 0, guest.held_kib, scale);
	place(parts.used, 0, hardOf(guest) || 0, scale);
	parts.lack.hidden = lack === 0;
	place(parts.lack, guest.held_kib, guest.held_kib + lack, scale);
	mark(parts.min, hasBounds ? guest.min_kib : null, scale);
	mark(parts.max, hasBounds ? guest.max_kib : null, scale);
	mark(parts.target, guest.target_kib, scale);
	mark(parts.need, need, scale);
	setAttr(bar, 'aria-label', barWords(guest));
	setAttr(bar, 'title', barWords(guest));
}

export class Row {
	constructor(domid) {
		this.domid = domid;
		this.isVisible = false;
		this.name = make('span', 'name');
		this.badge = make('span', 'badge');
		this.why = make('span', 'why');
		const who = make('td', 'who', make('span', 'line', this.name, this.badge), this.why);
		Object.assign(this, makeBar());
		this.canvas = make('canvas', 'sparkline');
		this.canvas.setAttribute('aria-hidden', 'true');
		const strip = make('td', 'strip', this.bar), spark = make('td', 'spark', this.canvas);
		for (const cell of [who, strip, spark])
			cell.setAttribute('role', 'gridcell');
		this.held = pair('held');
		this.used = pair('used');
		this.pressure = pair('pressure');
		this.meter = makeMeter();
		this.pressure.second.append(this.meter);
		this.node = make('tr', 'guest', who, strip, spark, this.held.cell, this.used.cell, this.pressure.cell);
		this.node.setAttribute('role', 'row');
		this.node.tabIndex = -1;
		this.node.dataset.domid = domid;
	}

	// What must be right even of a row that is out of sight: what is searched for.
	showName(guest) {
		setText(this.name, guest.name);
		setAttr(this.name, 'title', `${guest.name} (domain ${guest.domid})`);
	}

	show(guest, model, scale, past, history) {
		const kind = kindOf(guest);
		const need = needOf(guest);
		const words = model.reasonText(guest);
		this.showName(guest);
		setText(this.badge, model.kindWord(kind));
		setText(this.why, words);
		setAttr(this.why, 'title', words);
		setAttr(this.node, 'data-kind', kind);
		showBar(this.bar, this.parts, guest, scale);
		setFigure(this.held.first, guest.held_kib);
		setFigure(this.held.second, guest.target_kib,
			isMoving(guest) ? `→ ${size(guest.target_kib)}` : guest.target_kib ? 'at target' : 'no target');
		setFigure(this.used.first, hardOf(guest));
		setFigure(this.used.second, need, need === null ? '' : `of ${size(need)}`);
		setText(this.pressure.first, percent(guest.pressure_ppm));
		setAttr(this.pressure.first, 'data-ppm', guest.pressure_ppm);
		showMeter(this.meter, guest.pressure_ppm);
		drawSpark(this.canvas, past, history);
	}
}
