// SPDX-License-Identifier: GPL-3.0-or-later
// What the real mmserver will not do on demand, played by mock.mjs: hostile names, silence, holes; and what anybody must
// be able to do with the page: by keyboard, on a phone, without telling colours apart.
import assert from 'node:assert/strict';
import {after, before, test} from 'node:test';
import {Mock, openBrowser, openPage, until} from './lib.mjs';

let browser;
const mocks = [];

before(async () => {
	browser = await openBrowser();
});

after(async () => {
	await browser?.close();
	mocks.forEach((mock) => mock.close());
});

async function mockWith(...options) {
	const mock = new Mock();
	mocks.push(mock);
	await mock.start(...options);
	return mock;
}

test('a hostile name is text and nothing else', async () => {
	const mock = await mockWith('--guests', '12', '--hostile');
	const page = await openPage(browser, mock.url);
	const names = await page.locator('#rows .name').allTextContents();
	const image = '<img src=x onerror="document.title=1">';
	assert.ok(names.includes(image) && names.includes('"><script>alert(1)</script>') && names.includes('a&amp;b&lt;c'), names.join('\n'));
	await page.locator('#rows tr', {hasText: image}).first().click();
	await page.waitForSelector('#detail:not([hidden])');
	assert.equal(await page.locator('#detail-title').textContent(), image);
	await until('its decisions', async () => (await page.locator('#detail .decisions li').count()) > 0);
	assert.ok((await page.locator('#feed .head').allTextContents()).some((text) => text.includes(image)));
	assert.equal(await page.locator('main img, main script').count(), 0);
	assert.match(await page.title(), /xenmm/);
	assert.deepEqual(page.faults, []);
	await page.close();
});

test('a stream that is open and silent is noticed, and another taken', async () => {
	const mock = await mockWith('--interval', '500');
	const page = await openPage(browser, mock.url, {isBreakExpected: true});
	mock.say('silent');
	await until('the banner', () => page.locator('#banner').isVisible(), 15);
	assert.ok(await page.locator('body.stale').count());
	mock.say('mute'); // the open stream stays silent for ever: only a new one will do
	await until('all is well again', async () => !(await page.locator('#banner').isVisible()), 20);
	assert.equal(await page.locator('body.stale').count(), 0);
	assert.deepEqual(page.faults, []);
	await page.close();
});

test('another life of mmserver begins anew, and a guest that went is gone', async () => {
	const mock = await mockWith('--interval', '300', '--guests', '9');
	const page = await openPage(browser, mock.url, {isBreakExpected: true});
	await page.locator('#rows tr[data-domid="2"]').click();
	mock.say('drop 2');
	await until('it left the list', async () => (await page.locator('#rows tr[data-domid="2"]').count()) === 0);
	assert.match(await page.locator('#detail .sentence').textContent(), /gone/);
	mock.say('restart');
	await until('rounds count from one again', async () => Number(await page.locator('body').getAttribute('data-round')) < 12, 20);
	assert.equal(await page.locator('#rows tr').count(), 8);
	assert.deepEqual(page.faults, []);
	await page.close();
});

test('paused, dry run and over-commitment are said aloud', async () => {
	const mock = await mockWith('--flags');
	const page = await openPage(browser, mock.url);
	assert.deepEqual(await page.locator('.flag').allTextContents(), ['OVERCOMMITTED', 'PAUSED', 'DRY RUN']);
	assert.ok(await page.locator('#notice').isVisible());
	assert.match(await page.locator('#notice').textContent(), /^Paused: .*sets no target.*Dry run: /);
	assert.match(await page.locator('#kinds').textContent(), /Short.*Would grow.*Would give.*Left alone/);
	const words = await page.evaluate(async () => {
		const {Model} = await import('/page/model.js');
		const model = new Model();
		return [{}, {paused: true}, {dry_run: true}].map((server) => {
			model.server = server;
			return ['short', 'grows', 'gives', 'steady'].map((kind) => model.kindWord(kind)).join();
		});
	});
	assert.deepEqual(words, ['short,grows,gives,', 'short,would grow,would give,', 'short,would grow,would give,']);
	await page.close();
});

test('the page says which host it is', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url);
	assert.equal(await page.locator('h1').textContent(), 'xenmm xen-7');
	assert.match(await page.title(), /(^|· )xen-7 - xenmm$/);
	assert.equal(await page.locator('#notice').isVisible(), false);
	await page.close();
});

test('a guest is found by uuid, domid and name, and nobody by another word', async () => {
	const mock = await mockWith();
	for (const word of ['00000000-0000-4000-8000-000000000002', '2', 'db']) {
		const page = await openPage(browser, `${mock.url}/#guest=${word}`);
		await page.waitForSelector('#detail:not([hidden]) canvas');
		assert.equal(await page.locator('#detail-title').textContent(), 'db', word);
		await page.close();
	}
	const page = await openPage(browser, `${mock.url}/#guest=%3Cb%3Eno`);
	await page.waitForSelector('#detail:not([hidden])');
	assert.equal(await page.locator('#detail').innerText().then((text) => text.replace(/[\s×]+$/, '')), "there is no guest '<b>no'");
	await page.locator('#rows tr[data-domid="1"]').click();
	assert.equal(await page.locator('#detail-title').textContent(), 'web');
	assert.ok(await page.locator('#detail canvas').first().isVisible());
	await page.evaluate(() => {
		location.hash = '#guest=nobody';
	});
	await until('nobody is there', async () => /no guest 'nobody'/.test(await page.locator('#detail').innerText()));
	await page.keyboard.press('Escape');
	assert.equal(await page.locator('#detail').isVisible(), false);
	assert.ok(!page.url().includes('guest='));
	assert.deepEqual(page.faults, []);
	await page.close();
});

// Pixels of the curve's own colour, in three parts of the plot; the middle one is where nothing is known.
async function inkOf(page) {
	return page.locator('#detail canvas').first().evaluate((canvas) => {
		const pen = canvas.getContext('2d');
		const left = 70, right = 28, width = canvas.width - left - right; // the axis, and room for its last label
		return [[0.1, 0.35], [0.44, 0.56], [0.65, 0.9]].map(([from, to]) => {
			const {data} = pen.getImageData(left + width * from, 10, width * (to - from), canvas.height - 45);
			let ink = 0;
			for (let i = 0; i < data.length; i += 4)
				if (data[i + 3] > 200 && Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]) > 90)
					ink++;
			return ink;
		});
	});
}

test('a hole in the past is a hole in the line', async () => {
	for (const [options, isWhole] of [[[], true], [['--hole'], false]]) {
		const mock = await mockWith(...options);
		const page = await openPage(browser, mock.url, {deviceScaleFactor: 1});
		await page.locator('#rows tr[data-domid="3"]').click();
		const [before, middle, behind] = await until('curves', async () => {
			if (!(await page.locator('#detail canvas').count()))
				return null;
			const ink = await inkOf(page);
			return ink[0] > 0 && ink[2] > 0 ? ink : null;
		});
		assert.ok(before > 50 && behind > 50, `${before} ${behind}`);
		assert.equal(middle > 50, isWhole, `${middle} pixels in the middle`);
		await page.close();
	}
});

test('all can be done by keyboard', async () => {
	const mock = await mockWith('--guests', '40');
	const page = await openPage(browser, mock.url);
	const focused = () => page.evaluate(() => document.activeElement.closest('tr')?.dataset.domid ?? document.activeElement.id);
	await page.selectOption('#sort', 'domid');
	await page.keyboard.press('/');
	assert.equal(await focused(), 'filter');
	await page.keyboard.type('web');
	await until('the filter works', async () => (await page.locator('#rows tr').count()) === 5);
	await page.keyboard.press('Escape');
	await until('Escape empties it', async () => (await page.locator('#rows tr').count()) === 40);
	// to the rows: one stop for all of them
	for (let i = 0; i < 12 && !/^\d+$/.test(await focused()); i++)
		await page.keyboard.press('Tab');
	assert.equal(await focused(), '1');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('ArrowUp');
	assert.equal(await focused(), '2');
	await page.keyboard.press('End');
	assert.equal(await focused(), '40');
	await page.keyboard.press('Home');
	assert.equal(await focused(), '1');
	const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
	assert.notEqual(outline, 'none', 'the focus cannot be seen');
	await page.keyboard.press('ArrowDown');
	await page.keyboard.press('Enter');
	assert.equal(await focused(), 'detail-title');
	assert.match(page.url(), /#guest=00000000-0000-4000-8000-000000000002/);
	assert.equal(await page.locator('#rows tr[aria-selected=true]').getAttribute('data-domid'), '2');
	await page.keyboard.press('Escape');
	assert.equal(await page.locator('#detail').isVisible(), false);
	assert.equal(await focused(), '2');
	assert.ok(!page.url().includes('guest='));
	await page.goBack();
	await until('back opens it again', () => page.locator('#detail').isVisible());
	assert.deepEqual(page.faults, []);
	await page.close();
});

test('the focus stays with its guest when the order changes', async () => {
	const mock = await mockWith('--guests', '40', '--interval', '200');
	const page = await openPage(browser, mock.url);
	await page.locator('#rows tr').nth(3).focus();
	const domid = await page.evaluate(() => document.activeElement.dataset.domid);
	await page.selectOption('#sort', 'used', {noWaitAfter: true});
	await page.locator(`#rows tr[data-domid="${domid}"]`).focus();
	for (const sort of ['name', 'held', 'pressure', 'urgency'])
		await page.evaluate((value) => {
			document.getElementById('sort').value = value;
			document.getElementById('sort').dispatchEvent(new Event('change'));
		}, sort);
	assert.equal(await page.evaluate(() => document.activeElement.dataset.domid), domid);
	await page.close();
});

test('only rows in sight ask for their past', async () => {
	const mock = await mockWith('--guests', '300');
	const asked = new Set();
	const page = await browser.newPage({viewport: {width: 1280, height: 900}});
	page.on('request', (request) => {
		const match = /history\?domain=(\d+)/.exec(request.url());
		if (match)
			asked.add(match[1]);
	});
	await page.goto(mock.url);
	await until('some did', () => asked.size > 8);
	await page.waitForTimeout(1500);
	console.log(`300 guests: ${asked.size} pasts asked for at first`);
	assert.ok(asked.size < 60, `${asked.size} asked`);
	const names = await page.locator('#rows .name').allTextContents();
	assert.equal(names.filter(Boolean).length, 300, 'a name is missing from the document');
	await page.locator('#rows tr').nth(290).scrollIntoViewIfNeeded();
	await until('a row that comes into sight is filled', async () => (await page.locator('#rows tr').nth(290).locator('.first').first()
		.textContent()) !== '');
	for (let i = 10; i < 300; i += 10) // and through all of them: what was seen before makes room
		await page.locator('#rows tr').nth(i).scrollIntoViewIfNeeded();
	await page.locator('#rows tr').nth(299).scrollIntoViewIfNeeded();
	await until('the past of the last one is drawn', () => page.locator('#rows tr').nth(299).locator('canvas')
		.evaluate((canvas) => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((byte) => byte > 0)));
	await page.close();
});

test('another life with other guests does not show one of them for the one that was open', async () => {
	const mock = await mockWith('--interval', '300', '--guests', '9');
	const page = await openPage(browser, mock.url, {isBreakExpected: true});
	await page.locator('#rows tr[data-domid="3"]').click();
	await page.waitForSelector('#detail:not([hidden])');
	const uuid = /guest=([0-9a-f-]+)/.exec(page.url())[1];
	mock.say('restart other');
	await until('it is missed', async () => (await page.locator('#detail-title').textContent()) === `there is no guest '${uuid}'`);
	assert.ok(page.url().includes(uuid));
	assert.deepEqual(page.faults, []);
	await page.close();
});

test('an address that makes no sense is no trouble', async () => {
	const mock = await mockWith();
	for (const word of ['toString', '__proto__', 'constructor', '5 m', '']) {
		const page = await openPage(browser, `${mock.url}/#window=${word}`);
		assert.ok(await page.locator('#windows input[value="5m"]').isChecked(), word);
		assert.deepEqual(page.faults, [], word);
		await page.close();
	}
});

// ---- what is worked out in the page ---------------------------------------------------------------------
test('a trend is told only where use follows a line', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url);
	const said = await page.evaluate(async () => {
		const {outlook, outlookText} = await import('/page/trend.js');
		const MiB = 1024, windowMs = 300000;
		const told = (use) => {
			const times = Array.from({length: 150}, (_, i) => 1e12 + i * 2000);
			const values = times.map((_, i) => use(i));
			const guest = {used_kib: 7, hard_kib: values.at(-1), warm_kib: 0, headroom_kib: 0, max_kib: 1024 * MiB};
			const view = outlook(guest, times, values, windowMs);
			return view && outlookText(guest, view);
		};
		let seed = 7;
		const noise = () => {
			seed = seed * 16807 % 2147483647;
			return seed / 2147483647;
		};
		return {
			leak: told((i) => (300 + i) * MiB),
			leakWithHoles: told((i) => (i % 5 ? (300 + i) * MiB : null)),
			slow: told((i) => (300 + i / 10) * MiB),
			shrinks: told((i) => (600 - i) * MiB),
			step: told((i) => (i < 75 ? 200 : 600) * MiB),
			burstThatEnded: told((i) => (i < 100 ? 200 + i * 4 : 600) * MiB),
			calm: told((i) => (300 + noise() * 10 + i * 0) * MiB),
			wave: told((i) => (300 + 100 * Math.sin(i / 8)) * MiB),
			still: told(() => 300 * MiB),
			unknown: told(() => null),
		};
	});
	// 0.5 MiB a second: of 449 MiB to the maximum it takes 19 min, too far for a window of 5
	assert.equal(said.leak, 'hard use grows by 30.0 MiB a minute: ~749 MiB in 10 min (+300 MiB)');
	assert.match(said.leakWithHoles, /grows by 30\.0 MiB a minute/);
	assert.match(said.slow, /grows by 3\.00 MiB a minute: ~345 MiB in 10 min/);
	assert.match(said.shrinks, /falls by 30\.0 MiB a minute: ~151 MiB/);
	for (const none of ['step', 'burstThatEnded', 'calm', 'wave', 'still', 'unknown'])
		assert.equal(said[none], null, `${none}: ${said[none]}`);
	const full = await page.evaluate(async () => {
		const {outlook, outlookText} = await import('/page/trend.js');
		const times = Array.from({length: 150}, (_, i) => 1e12 + i * 2000);
		const guest = {used_kib: 7, hard_kib: 600000, warm_kib: 0, headroom_kib: 0, max_kib: 720000};
		return outlookText(guest, outlook(guest, times, times.map((_, i) => 451000 + i * 1000), 300000));
	});
	assert.match(full, /reaches its maximum, 703 MiB, in ~4 min/); // 120000 KiB at 500 a second
	await page.close();
});

test('steps of a guest are one line, and only those', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url);
	const lines = await page.evaluate(async () => {
		const {DecisionList} = await import('/page/feed.js');
		const list = new DecisionList(document.createElement('ol'), true);
		let seq = 0;
		const made = [];
		const add = (name, reason, s, from, to, outcome = 'set') => made.unshift({seq: ++seq, name, domid: name.charCodeAt(0), reason,
			reason_text: reason, outcome, time_ms: 1e12 + s * 1000, old_kib: from * 1024, new_kib: to * 1024, held_kib: 0, max_kib: 0, available_kib: 0});
		add('a', 'grow', 0, 100, 110);
		add('b', 'donate', 0, 500, 490);
		add('a', 'grow', 1, 110, 130);
		add('b', 'donate', 2, 490, 450);
		list.show(made, 1e12);
		const first = [...list.node.children];
		add('b', 'donate', 3, 450, 440);
		add('a', 'short', 4, 130, 200);
		add('a', 'short', 30, 200, 210);
		add('b', 'donate', 31, 440, 440, 'none');
		list.show(made, 1e12);
		return {texts: [...list.node.children].map((item) => item.querySelector('.head').textContent.slice(8)),
			kept: first.every((item) => list.node.contains(item))};
	});
	assert.deepEqual(lines.texts, ['bstays at 440 MiB', 'a200 MiB → 210 MiB (+10.0 MiB)', 'a130 MiB → 200 MiB (+70.0 MiB)',
		'b500 MiB → 440 MiB (−60.0 MiB in 3 steps)', 'a100 MiB → 130 MiB (+30.0 MiB in 2 steps)']);
	assert.ok(lines.kept, 'lines that were there were made anew');
	await page.close();
});

test('what was not done is no step, and what could be given is said', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url);
	const said = await page.evaluate(async () => {
		const {DecisionList} = await import('/page/feed.js');
		return ['paused', 'dry-run', 'refused'].map((outcome) => {
			const list = new DecisionList(document.createElement('ol'), false);
			const made = [3, 2, 1].map((seq) => ({seq, name: 'a', domid: 1, reason: 'donate', reason_text: 'gives', outcome, time_ms: 1e12 + seq,
				old_kib: 241 * 1024, new_kib: (221 - seq) * 1024, held_kib: 0, max_kib: 0, available_kib: 60 * 1024}));
			list.show(made, 1e12);
			return [...list.node.children].map((item) => item.querySelector('.change').textContent + item.querySelector('.because').textContent);
		});
	});
	assert.deepEqual(said, [['would go 241 MiB → 218 MiB (−23.0 MiB) (paused)held 0, host could give 60.0 MiB'],
		['would go 241 MiB → 218 MiB (−23.0 MiB) (dry run)held 0, host could give 60.0 MiB'],
		['241 MiB → 218 MiB (−23.0 MiB) (REFUSED)held 0, host could give 60.0 MiB']]);
	await page.close();
});

test('who paid is said of the time that is known', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url);
	const said = await page.evaluate(async () => {
		const {Model} = await import('/page/model.js');
		const {Now} = await import('/page/now.js');
		const told = (firstSeq, n) => {
			const model = new Model();
			let text = '';
			model.timeMs = 1e12;
			model.guests.set(1, {domid: 1, name: 'a'});
			model.addDecisions(Array.from({length: n}, (_, i) => ({seq: firstSeq + n - i, domid: 1, outcome: 'set', time_ms: 1e12 - 20 * i,
				old_kib: 2048, new_kib: 1024})));
			Now.prototype.showPays.call({model, line: (id, items, ifNone, before) => {
				text = before + items.map(([, words]) => words).join() + ifNone;
			}});
			return [text.replace(/nobody.*/, ''), model.decisions.length];
		};
		return [told(0, 1500), told(77, 1500), told(77, 5000)];
	});
	assert.deepEqual(said, [['−1.46 GiB within 60 s', 1500], ['−1.46 GiB within 30 s', 1500], ['−1.95 GiB within 40 s', 2000]]);
	await page.close();
});

test('an axis of memory has three ticks at least', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url);
	const ticks = await page.evaluate(async () => {
		const {HOST_LINES, TimeChart} = await import('/page/charts.js');
		const box = document.body.appendChild(document.createElement('div'));
		const history = {bounds: [1e12, 1e12 + 60000], gapMs: () => 6000};
		const counts = [];
		for (let gib = 100; gib <= 260; gib += 4) {
			const chart = new TimeChart(box, HOST_LINES, {height: 150});
			const columns = {time_ms: [1e12, 1e12 + 1000]};
			for (const [name] of HOST_LINES)
				columns[name] = [gib * 1048576, gib * 1048576];
			chart.show({columns}, history);
			await new Promise(requestAnimationFrame);
			counts.push(chart.plot.axes[1]._splits.length);
		}
		return counts;
	});
	assert.ok(ticks.every((n) => n >= 3 && n <= 8), ticks.join());
	await page.close();
});

// ---- who sees, hears or points differently ------------------------------------------------------------
function luminance([r, g, b]) {
	const part = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
	return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
}

function contrast(a, b) {
	const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x);
	return (high + 0.05) / (low + 0.05);
}

function mix(a, b, share) {
	return a.map((value, i) => value * share + b[i] * (1 - share));
}

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

test('the palette stands out from what is behind it', async () => {
	const mock = await mockWith();
	for (const colorScheme of ['light', 'dark']) {
		const page = await openPage(browser, mock.url, {colorScheme});
		const tokens = await page.evaluate(() => Object.fromEntries(['bg', 'panel', 'text', 'muted', 'selected', 'hover', 'focus', 'held',
			'held-line', 'used', 'need', 'target', 'pressure', 'short', 'gives', 'warn', 'bad-bg']
			.map((name) => [name, getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()])));
		const colour = (name) => rgb(tokens[name]);
		const check = (name, behind, least, what) => {
			const found = contrast(name, behind);
			assert.ok(found >= least, `${colorScheme}: ${what} ${found.toFixed(2)}, not ${least}`);
		};
		for (const text of ['text', 'muted', 'focus', 'short', 'gives', 'used'])
			for (const behind of ['panel', 'bg', 'selected', 'hover'])
				check(colour(text), colour(behind), 4.5, `${text} on ${behind}`);
		for (const badge of ['short', 'used', 'gives', 'muted', 'warn'])
			check(colour(badge), mix(colour(badge), colour('panel'), 0.14), 4.5, `badge ${badge}`);
		check([255, 255, 255], colour('bad-bg'), 4.5, 'the banner');
		for (const line of ['held-line', 'used', 'need', 'target', 'pressure', 'short'])
			check(colour(line), colour('panel'), 3, `line ${line}`);
		check(colour('used'), colour('held'), 3, 'used on held');
		await page.close();
	}
});

test('everything has a name, and tables are tables', async () => {
	const mock = await mockWith('--guests', '20');
	const page = await openPage(browser, mock.url);
	await page.locator('#rows tr').first().click();
	await page.waitForSelector('#detail canvas');
	const faults = await page.evaluate(() => {
		const list = [];
		const nameOf = (node) => (node.getAttribute('aria-label') || node.textContent || node.labels?.[0]?.textContent ||
			document.getElementById(node.getAttribute('aria-labelledby'))?.textContent || '').trim();
		for (const node of document.querySelectorAll('button, select, input, a, [role=img], [role=grid], [role=log], section'))
			if (!node.closest('[hidden], [aria-hidden=true], tr:not([data-kind])') && !nameOf(node) && !node.labels?.length)
				list.push(`no name: ${node.outerHTML.slice(0, 90)}`);
		const ids = [...document.querySelectorAll('[id]')].map((node) => node.id);
		for (const id of ids.filter((one, i) => ids.indexOf(one) !== i))
			list.push(`id twice: ${id}`);
		if (!document.querySelector('#rows tr[data-kind] .bar[aria-label]'))
			list.push('no strip');
		for (const row of document.querySelectorAll('#rows tr'))
			if (row.getAttribute('role') !== 'row' || row.children.length !== document.querySelectorAll('#head th').length)
				list.push('a row that fits not its heads');
		const levels = [...document.querySelectorAll('h1, h2, h3')].map((node) => Number(node.tagName[1]));
		if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1)
			list.push('not one heading of the first level, first');
		if (!document.documentElement.lang || !document.querySelector('main') || !document.querySelector('header'))
			list.push('no language or landmark');
		return list;
	});
	assert.deepEqual(faults, []);
	assert.equal(await page.locator('#list th[aria-sort=descending], #list th[aria-sort=ascending]').count(), 0, 'sorted by urgency: no head');
	await page.locator('#list th button', {hasText: 'Holds'}).click();
	assert.equal(await page.locator('#list th[aria-sort=descending]').count(), 1);
	await page.close();
});

test('nothing moves for who wants no motion', async () => {
	const mock = await mockWith();
	const page = await openPage(browser, mock.url, {reducedMotion: 'reduce'});
	const moving = await page.evaluate(() => [...document.querySelectorAll('*')].filter((node) => {
		const style = getComputedStyle(node);
		return style.animationName !== 'none' || style.transitionDuration.split(',').some((text) => parseFloat(text) > 0);
	}).length);
	assert.equal(moving, 0);
	await page.close();
});
