// SPDX-License-Identifier: GPL-3.0-or-later
// The small curve in a row: held (pale) and hard use (dark), each on its own scale.
import {token} from './dom.js';

let colours = null;

export function forgetColours() {
	colours = null;
}

function getColours() {
	if (!colours)
		colours = {held: token('--held-line'), used: token('--used'), fill: token('--held-fill')};
	return colours;
}

function prepare(canvas) {
	const box = canvas.getBoundingClientRect();
	const ratio = window.devicePixelRatio || 1;
	const width = Math.round(box.width * ratio), height = Math.round(box.height * ratio);
	if (width === 0 || height === 0)
		return null;
	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	const pen = canvas.getContext('2d');
	pen.setTransform(ratio, 0, 0, ratio, 0, 0);
	pen.clearRect(0, 0, box.width, box.height);
	return {pen, width: box.width, height: box.height};
}

// Runs of samples without a hole, as [x, y] points.
function runsOf(times, values, xOf, yOf, gapMs) {
	const runs = [];
	let run = null, lastMs = 0;
	times.forEach((time, i) => {
		if (values[i] === null) {
			run = null;
			return;
		}
		if (!run || time - lastMs > gapMs) {
			run = [];
			runs.push(run);
		}
		run.push([xOf(time), yOf(values[i])]);
		lastMs = time;
	});
	return runs;
}

function stroke(pen, run, colour, width) {
	pen.beginPath();
	run.forEach(([x, y], i) => (i ? pen.lineTo(x, y) : pen.moveTo(x, y)));
	if (run.length === 1)
		pen.lineTo(run[0][0] + 1, run[0][1]);
	pen.strokeStyle = colour;
	pen.lineWidth = width;
	pen.stroke();
}

function fill(pen, run, colour, bottom) {
	pen.beginPath();
	pen.moveTo(run[0][0], bottom);
	for (const [x, y] of run)
		pen.lineTo(x, y);
	pen.lineTo(run[run.length - 1][0], bottom);
	pen.fillStyle = colour;
	pen.fill();
}

export function drawSpark(canvas, past, history) {
	const area = prepare(canvas);
	if (!area || !past)
		return;
	const {time_ms: times, held_kib: held, hard_use_kib: used} = past.columns;
	const [startMs, endMs] = history.bounds;
	const top = Math.max(...held, ...used, 1) * 1.05;
	const xOf = (time) => (time - startMs) / (endMs - startMs) * area.width;
	const yOf = (value) => area.height - 1 - value / top * (area.height - 2);
	const gapMs = history.gapMs(past);
	const {held: heldColour, used: usedColour, fill: fillColour} = getColours();
	for (const run of runsOf(times, held, xOf, yOf, gapMs)) {
		fill(area.pen, run, fillColour, area.height);
		stroke(area.pen, run, heldColour, 1);
	}
	for (const run of runsOf(times, used, xOf, yOf, gapMs))
		stroke(area.pen, run, usedColour, 1.5);
}
