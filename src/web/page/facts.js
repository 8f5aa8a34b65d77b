// SPDX-License-Identifier: GPL-3.0-or-later
// The host in one row of facts, and in one bar.
import {byId, make, setAttr, setFigure, setStyle, setText} from './dom.js';
import {clock, micros, size} from './format.js';

// Name, its explanation, text, exact KiB
const FACTS = [
	['total', 'Total', 'All memory of this machine', (m) => m.host.total_kib],
	['held', 'Guests hold', 'What all guests hold now', (m) => m.sum('held_kib')],
	['free', 'Free', 'Free memory of the host, reserve and burst pool included', (m) => m.host.free_kib],
	['reserve', 'Reserve', 'Never handed out', (m) => m.host.reserve_kib],
	['pool', 'Burst pool', 'Of what nobody needs, kept free to answer bursts at once', (m) => m.host.pool_kib],
	['reserved', 'Set aside', 'Kept for guests that are about to start', (m) => m.host.reserved_kib],
	['budget', 'Budget', 'What the balanced guests may hold in all', (m) => m.host.budget_kib],
];
const SERVER_FACTS = [
	['policy', 'Policy', 'How the memory is shared', (m) => m.server.policy],
	['round', 'Round took', 'Deciding and setting targets, the last time', (m) => micros(m.server.round_us)],
	['rounds', 'Rounds', 'Since mmserver began', (m) => String(m.server.rounds)],
	['updated', 'Figures of', 'When these figures were taken', (m) => clock(m.timeMs)],
];
const PARTS = [
	['used', 'hard use of guests', (h, m) => m.hardUse()],
	['idle', 'idle in guests', (h, m) => m.sum('held_kib') - m.hardUse()],
	['other', 'dom0 and Xen', (h, m) => Math.max(0, h.total_kib - h.free_kib - m.sum('held_kib'))],
	['free', 'free', (h) => h.free_kib],
];

export class Facts {
	constructor(model) {
		this.model = model;
		this.values = new Map();
		for (const [id, name, help] of [...FACTS, ...SERVER_FACTS]) {
			const value = make('dd', '', '–');
			value.id = `fact-${id}`;
			const term = make('dt', '', name);
			term.title = help;
			byId('facts').append(make('div', '', term, value));
			this.values.set(id, value);
		}
		this.parts = PARTS.map(([id]) => {
			const fill = make('i', `part-${id}`), words = make('span', '');
			byId('hostbar').append(fill);
			byId('hostkey').append(make('span', '', make('i', `part-${id}`), words));
			return {fill, words};
		});
	}

	render() {
		for (const [id, , , valueOf] of FACTS)
			setFigure(this.values.get(id), valueOf(this.model));
		for (const [id, , , textOf] of SERVER_FACTS)
			setText(this.values.get(id), textOf(this.model));
		this.showLeases();
		this.showBar();
		this.showFlags();
		const {version, backend} = this.model.server;
		setText(byId('about'), `mmserver ${version}, ${backend}, guests: ${this.model.guests.size}.`);
	}

	showLeases() {
		const waiting = this.model.leases.map((lease) =>
			`${lease.name || `lease ${lease.id}`}: ${size(lease.left_kib)}${lease.granted ? '' : ' (not yet)'}`);
		if (waiting.length > 0)
			setAttr(this.values.get('reserved'), 'title', waiting.join(', '));
	}

	showBar() {
		PARTS.forEach(([, name, valueOf], i) => {
			const kib = valueOf(this.model.host, this.model);
			setStyle(this.parts[i].fill, 'flex-grow', String(kib));
			setText(this.parts[i].words, `${name} ${size(kib)}`);
		});
	}

	showFlags() {
		const flags = [];
		if (this.model.host.overcommitted)
			flags.push(['OVERCOMMITTED', 'bad', 'What the guests cannot give back exceeds what they may share']);
		if (this.model.server.paused)
			flags.push(['PAUSED', 'warn', 'Paused: mmserver decides, but sets no target. mmctl resume ends it.']);
		if (this.model.server.dry_run)
			flags.push(['DRY RUN', 'warn', 'Dry run: mmserver decides, but sets no target.']);
		const key = flags.map(([word]) => word).join();
		if (byId('flags').dataset.key === key)
			return;
		byId('flags').dataset.key = key;
		byId('flags').replaceChildren(...flags.map(([word, level, help]) => {
			const chip = make('strong', `flag ${level}`, word);
			chip.title = help;
			return chip;
		}));
		const notes = flags.filter(([, level]) => level === 'warn').map(([, , help]) => help);
		byId('notice').hidden = notes.length === 0;
		setText(byId('notice'), notes.join(' '));
	}
}
