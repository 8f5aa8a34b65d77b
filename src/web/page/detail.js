// SPDX-License-Identifier: GPL-3.0-or-later
// One guest in full: curves, histogram, numbers, and its decisions with their reasons.
import {byId, make, makeButton, setAttr, setFigure, setText} from './dom.js';
import {GUEST_LINES, Histogram, PRESSURE_LINES, TimeChart} from './charts.js';
import {DecisionList} from './feed.js';
import {percent, size, span} from './format.js';
import {WINDOW_WORDS} from './history.js';
import {ask} from './link.js';
import {hardOf, kindOf, lackOf, needOf} from './model.js';
import {outlook, outlookText} from './trend.js';

const ASK_MS = 2000; // its agent, bounds and decisions are asked for as often

// Name, help, member that is KiB, or what gives KiB or text
const NUMBERS = [
	['Holds', 'Memory that it has now', 'held_kib'],
	['Target', 'What its balloon was told', 'target_kib'],
	['Goal', 'What it shall hold in the end', 'wish_kib'],
	['Used, as it says', 'Its total less what is available', 'used_kib'],
	['Needs', 'Hard, warm and headroom together', (g) => needOf(g)],
	['· hard', 'It cannot give this back', 'hard_kib'],
	['· warm', 'Cache, or swapped memory, that is used again', 'warm_kib'],
	['· headroom', 'To grow by before the next answer', 'headroom_kib'],
	['Pressure', 'Share of time for which its tasks stall for memory', (g) => percent(g.pressure_ppm)],
	['Minimum', 'It gets no less', (g) => (g.max_kib ? g.min_kib : null)],
	['Maximum', 'It gets no more', (g) => g.max_kib || null],
	['Weight', 'Its share where memory is scarce; 100 is usual', (g) => String(g.weight ?? '–')],
	['Balloon', 'Does it follow its target?', (g) => g.balloon || '–'],
	['Agent', 'Who reports its memory, and when it did last', (g) => agentWords(g.agent)],
	['From outside', 'What its kernel says', (g) => outsideWords(g.introspection)],
	['Swap in use', 'As it says', (g) => swapWords(g.agent)],
];

function agentWords(agent) {
	if (!agent || agent.source === 'none')
		return 'none';
	return `${agent.source}, ${span(agent.age_ms)} ago`;
}

function outsideWords(seen) {
	if (!seen)
		return '–';
	if (seen.state !== 'ok' || seen.difference)
		return seen.difference || seen.text || seen.state;
	return `${size(seen.available_kib)} available, ${span(seen.age_ms)} ago`;
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
		const close = makeButton('close', '×');
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
		this.node.classList.remove('missing');
		this.node.scrollTop = 0;
		this.render();
	}

	// Nobody is called so.
	miss(key) {
		this.domid = null;
		this.node.hidden = false;
		this.node.classList.add('missing');
		setText(this.title, `there is no guest '${key}'`);
		setText(this.badge, '');
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
			for (const name of ['agent', 'introspection', 'min_kib', 'max_kib', 'weight', 'balloon', 'wish_kib', 'state', 'type'])
				if (answer.guest[name] !== undefined)
					guest[name] = answer.guest[name];
			this.list.show(answer.decisions, this.model.timeMs);
			this.showNumbers(guest);
		} catch {
			// a guest that is gone is about to leave the list
		}
	}

	showNumbers(guest) {
		NUMBERS.forEach(([, , what], i) => {
			const value = typeof what === 'string' ? guest[what] ?? null : what(guest);
			(typeof value === 'string' ? setText : setFigure)(this.values[i], value);
		});
	}

	showWords(guest) {
		setText(this.title, guest.name);
		setText(this.badge, this.model.kindWord(kindOf(guest)));
		setAttr(this.node, 'data-kind', kindOf(guest));
		setText(this.identity, `domain ${guest.domid} · ${guest.type} · ${guest.state} · ${guest.uuid}`);
		const lack = lackOf(guest);
		setText(this.sentence, this.model.reasonText(guest) + (lack > 0 ? `; lacks ${size(lack)}` : ''));
		const view = outlook(guest, ...this.history.usedOf(guest.domid), this.history.windowMs);
		setText(this.outlook, view ? outlookText(guest, view) : 'its hard use follows no steady trend in the time shown');
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
		setText(this.histogramTitle, `How often its hard use was how much, last ${WINDOW_WORDS[this.history.window]}`);
		this.histogram.show(past, hardOf(guest));
	}
}
