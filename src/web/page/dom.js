// SPDX-License-Identifier: GPL-3.0-or-later
// Making and changing elements. Text is only ever set as text: guests' names are their owners'.

import {exact, size} from './format.js';

export function byId(id) {
	return document.getElementById(id);
}

// make('td', 'num', 'text' or node, ...)
export function make(tag, className, ...children) {
	const node = document.createElement(tag);
	if (className)
		node.className = className;
	node.append(...children.filter((child) => child !== null && child !== undefined));
	return node;
}

// Writing what is there already would still cost a layout, and make screen readers speak.
export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export function setAttr(node, name, value) {
	if (value === null)
		node.removeAttribute(name);
	else if (node.getAttribute(name) !== String(value))
		node.setAttribute(name, value);
}

// A size, and all of it under the pointer and for tests.
export function setFigure(node, kib, text = size(kib)) {
	setText(node, text);
	setAttr(node, 'data-kib', kib);
	setAttr(node, 'title', exact(kib));
}

export function setStyle(node, name, value) {
	if (node.style.getPropertyValue(name) !== value)
		node.style.setProperty(name, value);
}

// A colour, or another token, of style.css.
export function token(name) {
	return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function makeButton(className, ...children) {
	const button = make('button', className, ...children);
	button.type = 'button';
	return button;
}

// A button that opens a guest; app.js listens for all of them.
export function guestButton(name, domid) {
	const button = makeButton('link', name);
	button.dataset.open = domid;
	return button;
}
