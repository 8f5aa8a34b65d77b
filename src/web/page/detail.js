// SPDX-License-Identifier: GPL-3.0-or-later
// One guest in full: curves, histogram, numbers, and its decisions with their reasons.
import {byId, make, setAttr, setText} from './dom.js';
import {GUEST_LINES, Histogram, PRESSURE_LINES, TimeChart} from './charts.js';
import {DecisionList} from './feed.js';
import {exact, percent, size, span} from './format.js';
import {WINDOW_WORDS} from './history.js';
import {ask} from './link.js';
import {kindOf, lackOf, needOf} from './model.js';
import {KIND_WORDS} from './row.js';
import {outlook, outlookText} from './trend.js';

const ASK_MS = 2000; // its agent, bounds and decisions are asked for as often

// Name, help, text, exact KiB or null
const NUMBERS = [
	['Holds', 'Memory that it has now', (g) => size(g.held_kib), 'held_kib'],
	['Target', 'What its balloon was told', (g) => size(g.target_kib), 'target_kib'],
	['Goal', 'What it shall hold in the end', (g) => size(g.wish_kib), 'wish_kib'],
	['Uses', 'Total less available, as its agent says', (g) => size(g.used_kib), 'used_kib'],
	['Needs', 'Hard, warm and headroom together', (g) => size(needOf(g)), null],
	['· hard', 'It cannot give this back', (g) => size(g.hard_kib), 'hard_kib'],
	['· warm', 'Cache, or swapped memory, that is used again', (g) => size(g.warm_kib), 'warm_kib'],
	['· headroom', 'To grow by before the next answer', (g) => size(g.headroom_kib), 'headroom_kib'],
	['Pressure', 'Share of time for which its tasks stall for memory', (g) => percent(g.pressure_ppm), null],
	['Minimum', 'It gets no less', (g) => size(g.max_kib ? g.min_kib : null), 'min_kib'],
	['Maximum', 'It gets no more', (g) => size(g.max_kib || null), 'max_kib'],
	['Weight', 'Its share where memory is scarce; 100 is usual', (g) => String(g.weight ?? '–'), null],
	['Balloon', 'Does it follow its target?', (g) => g.balloon || '–', null],
	['Agent', 'Who reports its memory, and when it did last', (g) => agentWords(g.agent), null],
	['Swap in use', 'As its agent says', (g) => swapWords(g.agent), null],
];

function agentWords(agent) {
	if (!agent || agent.source === 'none')
		return 'none';
	return `${agent.source}, ${span(agent.age_ms)} ago`;
}

function swapWords(agent) {
	if (!agent || !agent.swap_total_kib)
		return '–';
	return `${size(agent.swap_total_kib - agent.swap_free_kib)} of ${size(agent.swap_total_kib)}`;
}

export class Detail {
	constructor(model, history, onClose) {
		this.model = model;
		this.history = history;
		this.node = byId('detail');
		this.domid = null;
		this.askedMs = 0;
		const close = make('button', 'close', '×');
		close.type = 'button';
		close.setAttribute('aria-label', 'Close (Esc)');
		close.title = 'Close (Esc)';
		close.addEventListener('click', onClose);
		this.title = make('h2', '');
		this.title.id = 'detail-title';
		this.title.tabIndex = -1;
		this.badge = make('span', 'badge');
		this.identity = make('p', 'identity');
		this.sentence = make('p', 'sentence');
		this.outlook = make('p', 'outlook');
		const curves = make('div', 'curves');
		this.histogramTitle = make('h3', '');
		const histogram = make('div', 'histogram');
		this.makeNumbers();
		this.list = new DecisionList(make('ol', 'decisions'), false);
		this.node.append(make('div', 'head', this.title, this.badge, close), this.identity, this.sentence, this.outlook,
			curves, this.histogramTitle, histogram, make('h3', '', 'Numbers'), this.numbers,
			make('h3', '', 'Its decisions'), this.list.node);
		this.memory = new TimeChart(curves, GUEST_LINES, {height: 200, sync: 'guest'});
		this.pressure = new TimeChart(curves, PRESSURE_LINES, {height: 70, sync: 'guest', isPressure: true});
		this.histogram = new Histogram(histogram, 120);
	}

	makeNumbers() {
		this.numbers = make('dl', 'numbers');
		this.values = NUMBERS.map(([name, help]) => {
			const term = make('dt', '', name), value = make('dd', '');
			term.title = help;
			this.numbers.append(make('div', '', term, value));
			return value;
		});
	}

	open(domid) {
		if (domid === this.domid)
			return;
		this.domid = domid;
		this.askedMs = 0;
		this.list.clear();
		this.node.hidden = false;
		this.node.scrollTop = 0;
		this.render();
	}

	close() {
		this.domid = null;
		this.node.hidden = true;
	}

	recolour() {
		this.memory.rebuild();
		this.pressure.rebuild();
		this.histogram.rebuild();
		this.render();
	}

	// What the stream does not carry.
	async ask(domid) {
		this.askedMs = Date.now();
		try {
			const answer = await ask(`api/v1/domains/${encodeURIComponent(domid)}`);
			const guest = this.model.guests.get(domid);
			if (this.domid !== domid || !guest)
				return;
			for (const name of ['agent', 'min_kib', 'max_kib', 'weight', 'balloon', 'wish_kib', 'state', 'type'])
				if (answer.guest[name] !== undefined)
					guest[name] = answer.guest[name];
			this.list.show(answer.decisions, this.model.timeMs);
			this.showNumbers(guest);
		} catch {
			// the banner says it where nobody answers; a guest that is gone is about to leave the list
		}
	}

	showNumbers(guest) {
		NUMBERS.forEach(([, , textOf, name], i) => {
			setText(this.values[i], textOf(guest));
			if (name) {
				setAttr(this.values[i], 'data-kib', guest[name] ?? null);
				setAttr(this.values[i], 'title', exact(guest[name]));
			}
		});
	}

	showWords(guest) {
		setText(this.title, guest.name);
		setText(this.badge, KIND_WORDS[kindOf(guest)]);
		setAttr(this.node, 'data-kind', kindOf(guest));
		setText(this.identity, `domain ${guest.domid} · ${guest.type} · ${guest.state} · ${guest.uuid}`);
		const lack = lackOf(guest);
		setText(this.sentence, this.model.reasonText(guest) + (lack > 0 ? `; lacks ${size(lack)}` : ''));
		const view = outlook(guest, ...this.history.usedOf(guest.domid), this.history.windowMs);
		setText(this.outlook, view ? outlookText(guest, view) : 'its use follows no steady trend in the time shown');
	}

	render() {
		if (this.domid === null || !this.model.server)
			return;
		const guest = this.model.guests.get(this.domid);
		if (!guest) {
			setText(this.sentence, 'This guest is gone.');
			setText(this.outlook, '');
			return;
		}
		if (Date.now() - this.askedMs > ASK_MS)
			this.ask(this.domid);
		this.showWords(guest);
		this.showNumbers(guest);
		const past = this.history.get(this.domid, true);
		this.memory.show(past, this.history);
		this.pressure.show(past, this.history);
		setText(this.histogramTitle, `How often it used how much, last ${WINDOW_WORDS[this.history.window]}`);
		this.histogram.show(past, guest.used_kib);
	}
}
