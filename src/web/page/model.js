// SPDX-License-Identifier: GPL-3.0-or-later
// What is known: host, guests and decisions, as the last answer of mmserver had them. No element of the page is
// touched here.

// Left alone by the balancing, whatever they need.
const APART = new Set(['silent', 'no-agent', 'booting', 'paused', 'saving', 'building', 'foreign', 'dying', 'excluded',
	'stuck']);
const LACKING = new Set(['short', 'emergency', 'wait']);
const GIVING = new Set(['donate', 'press']);
const GROWING = new Set(['grow', 'step-back']);

const WORDS = {short: 'short', grows: 'grows', gives: 'gives', apart: 'left alone', steady: ''};
const WOULD = {grows: 'would grow', gives: 'would give'};
export const KINDS = [
	['all', 'All'],
	['short', 'Short'],
	['grows', 'Growing', 'Would grow'],
	['gives', 'Giving', 'Would give'],
	['apart', 'Left alone'],
];

// Differences below are noise of balloons and of rounding.
const SLACK_KIB = 4096;
const SLACK_SHARE = 0.02;
// Stalling for a tenth of the time is felt by everybody; much less is a sign where memory lacks.
const PRESSURE_HIGH_PPM = 100000;
const PRESSURE_FELT_PPM = 1000;
const FEED_KEPT = 2000;
const EVENT_DECISIONS = 32; // at most so many come with a round

export function needOf(guest) {
	return guest.hard_kib === null ? null : guest.hard_kib + guest.warm_kib + guest.headroom_kib;
}

// What it cannot give back, its kernel included: what need, target and held are set against. Of a guest that takes no
// part, what its agent says.
export function hardOf(guest) {
	return guest.hard_kib ?? guest.used_kib;
}

// What it needs and does not hold. Headroom that nobody misses counts only where the policy says that it is short.
export function lackOf(guest) {
	if (guest.hard_kib === null)
		return 0;
	const need = LACKING.has(guest.reason) ? needOf(guest) : guest.hard_kib + guest.warm_kib;
	const lack = need - guest.held_kib;
	return lack > Math.max(SLACK_KIB, guest.held_kib * SLACK_SHARE) ? lack : 0;
}

export function isMoving(guest) {
	return guest.target_kib > 0 &&
		Math.abs(guest.target_kib - guest.held_kib) > Math.max(SLACK_KIB / 4, guest.held_kib * SLACK_SHARE / 2);
}

// One word for what happens to a guest.
export function kindOf(guest) {
	if (LACKING.has(guest.reason) || guest.pressure_ppm >= (lackOf(guest) > 0 ? PRESSURE_FELT_PPM : PRESSURE_HIGH_PPM))
		return 'short';
	if (APART.has(guest.reason))
		return 'apart';
	if (GIVING.has(guest.reason) || (isMoving(guest) && guest.target_kib < guest.held_kib))
		return 'gives';
	if (GROWING.has(guest.reason) || isMoving(guest))
		return 'grows';
	return 'steady';
}

// A row of status, with the need flat as in the stream. Only a guest that takes part has one.
function guestOf(row, old) {
	const need = row.balanced && row.need ? row.need : {};
	const guest = {
		...row,
		used_kib: row.used_kib ?? null,
		hard_kib: need.hard_kib ?? null,
		warm_kib: need.warm_kib ?? null,
		headroom_kib: need.headroom_kib ?? null,
		pressure_ppm: need.pressure_ppm ?? null,
		target_kib: row.target_kib || null,
	};
	delete guest.need;
	return Object.assign(old || {}, guest);
}

export class Model {
	constructor() {
		this.reset();
		this.words = new Map(); // reason -> phrase, learned from what mmserver says
	}

	reset() {
		this.server = null;
		this.host = null;
		this.leases = [];
		this.guests = new Map();
		this.decisions = []; // newest first
		this.lastSeq = 0;
		this.round = -1;
		this.timeMs = null;
	}

	// Another life of mmserver: nothing that was counted goes on.
	isRestart(server) {
		return this.server !== null && server.start_ms !== this.server.start_ms;
	}

	applyServer(message, server) {
		this.server = server;
		this.host = message.host;
		this.round = server.rounds;
		this.timeMs = server.time_ms;
	}

	keepOnly(domids) {
		for (const domid of this.guests.keys())
			if (!domids.has(domid))
				this.guests.delete(domid);
	}

	// An answer of /api/v1/status, which may be older than what is known.
	applyStatus(status) {
		this.leases = status.leases || [];
		const isNews = status.server.rounds >= this.round;
		if (isNews)
			this.applyServer(status, status.server);
		const seen = new Set();
		for (const row of status.guests) {
			const old = this.guests.get(row.domid);
			seen.add(row.domid);
			if (row.reason)
				this.words.set(row.reason, row.reason_text);
			if (isNews || !old)
				this.guests.set(row.domid, guestOf(row, old));
		}
		if (isNews)
			this.keepOnly(seen);
	}

	// A message of /api/v1/events. Returns what else must be asked for.
	applyRound(message) {
		const decisions = message.decisions || [];
		const ask = {status: this.host !== null && message.host.reserved_kib !== this.host.reserved_kib,
			decisions: decisions.length >= EVENT_DECISIONS};
		this.applyServer(message, message.server);
		this.timeMs = message.time_ms;
		const seen = new Set();
		for (const values of message.guests)
			ask.status = !this.applyRow(message.columns, values, seen) || ask.status;
		for (const domid of message.gone || [])
			this.guests.delete(domid);
		if (message.full)
			this.keepOnly(seen);
		this.addDecisions(decisions);
		return ask;
	}

	// false: a guest that is not known yet, which has no name.
	applyRow(columns, values, seen) {
		const row = {};
		columns.forEach((column, i) => {
			row[column] = values[i] ?? null;
		});
		const guest = this.guests.get(row.domid);
		seen.add(row.domid);
		if (!guest)
			return false;
		row.target_kib = row.target_kib || null;
		if (guest.balanced === false && !row.hard_kib)
			row.hard_kib = row.warm_kib = row.headroom_kib = row.pressure_ppm = null;
		Object.assign(guest, row);
		return true;
	}

	// Those that are known already are skipped.
	addDecisions(list) {
		const known = new Set(this.decisions.map((decision) => decision.seq));
		const fresh = list.filter((decision) => !known.has(decision.seq));
		if (fresh.length === 0)
			return;
		for (const decision of fresh)
			if (decision.reason)
				this.words.set(decision.reason, decision.reason_text);
		this.decisions = [...fresh, ...this.decisions].sort((a, b) => b.seq - a.seq).slice(0, FEED_KEPT);
		this.lastSeq = this.decisions[0].seq;
	}

	reasonText(guest) {
		return this.words.get(guest.reason) || (guest.reason || 'not known').replaceAll('-', ' ');
	}

	sum(column) {
		let total = 0;
		for (const guest of this.guests.values())
			total += guest[column] || 0;
		return total;
	}

	// What guests cannot give back; of those that do not say, all that they hold.
	hardUse() {
		let total = 0;
		for (const guest of this.guests.values())
			total += Math.min(guest.held_kib, guest.hard_kib ?? guest.held_kib);
		return total;
	}

	// By uuid, domid or name, in this order.
	find(key) {
		const guests = [...this.guests.values()];
		for (const name of ['uuid', 'domid', 'name']) {
			const guest = guests.find((one) => String(one[name]) === key);
			if (guest)
				return guest;
		}
		return null;
	}

	// Is what is decided not done?
	get setsNothing() {
		return this.server.paused || this.server.dry_run;
	}

	// The badge of a guest, and what goes on with such guests.
	kindWord(kind) {
		return (this.setsNothing && WOULD[kind]) || WORDS[kind];
	}

	// From when on all decisions are known.
	get decidedMs() {
		const oldest = this.decisions.at(-1);
		return !oldest || oldest.seq === 1 ? 0 : oldest.time_ms;
	}

	// What was moved lately: domid -> KiB, negative where it was given.
	movedSince(sinceMs) {
		const moved = new Map();
		for (const decision of this.decisions) {
			if (decision.time_ms < sinceMs)
				break;
			if (decision.outcome === 'set')
				moved.set(decision.domid, (moved.get(decision.domid) || 0) + decision.new_kib - decision.old_kib);
		}
		return moved;
	}
}
