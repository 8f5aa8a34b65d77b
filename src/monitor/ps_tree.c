/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "monitor/ps_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE SIZE_MAX

/* A row among its relatives; all are places in the same array. */
struct node {
	size_t parent, child, brother; /* the first child, the next brother */
	bool is_done;
};

struct by_pid {
	int32_t pid;
	size_t row;
};

static int compare_pids(const void *a, const void *b)
{
	const struct by_pid *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

static size_t find(const struct by_pid *index, size_t count, int32_t pid)
{
	struct by_pid key = {.pid = pid};
	const struct by_pid *found = bsearch(&key, index, count, sizeof(key), compare_pids);

	return found ? found->row : NONE;
}

static void link_nodes(
	const struct mm_process_row *rows, size_t count, struct by_pid *index, struct node *nodes)
{
	for (size_t i = 0; i < count; i++)
		index[i] = (struct by_pid){rows[i].process->pid, i};
	qsort(index, count, sizeof(*index), compare_pids);
	for (size_t i = 0; i < count; i++)
		nodes[i] = (struct node){NONE, NONE, NONE, false};
	for (size_t i = count; i-- > 0;) { /* from the last: each comes before its brothers */
		size_t parent = find(index, count, rows[i].process->parent);

		if (parent == NONE || parent == i)
			continue;
		nodes[i].parent = parent;
		nodes[i].brother = nodes[parent].child;
		nodes[parent].child = i;
	}
}

/* The next one below a top, in order; *depth goes with it. NONE: all were seen. */
static size_t step(const struct node *nodes, size_t at, uint32_t *depth)
{
	if (nodes[at].child != NONE) {
		(*depth)++;
		return nodes[at].child;
	}
	while (nodes[at].parent != NONE && nodes[at].brother == NONE) {
		at = nodes[at].parent;
		(*depth)--;
	}
	return nodes[at].parent == NONE ? NONE : nodes[at].brother;
}

static void arrange(const struct mm_process_row *from, size_t count, struct node *nodes,
	struct mm_process_row *to, uint32_t *depths)
{
	size_t n = 0;

	for (size_t top = 0; top < count; top++) {
		uint32_t depth = 0;

		if (nodes[top].parent != NONE)
			continue;
		for (size_t at = top; at != NONE; n++) {
			nodes[at].is_done = true;
			to[n] = from[at];
			depths[n] = depth;
			at = step(nodes, at, &depth);
		}
	}
	/* What no top leads to goes round in a circle. */
	for (size_t i = 0; i < count; i++) {
		if (nodes[i].is_done)
			continue;
		to[n] = from[i];
		depths[n++] = 0;
	}
}

int mm_ps_tree(struct mm_process_row *rows, size_t count, uint32_t *ret_depths)
{
	struct by_pid *index = calloc(count ? count : 1, sizeof(*index));
	struct node *nodes = calloc(count ? count : 1, sizeof(*nodes));
	struct mm_process_row *copy = calloc(count ? count : 1, sizeof(*copy));
	int r = index && nodes && copy ? 0 : -ENOMEM;

	if (r == 0 && count > 0) {
		link_nodes(rows, count, index, nodes);
		memcpy(copy, rows, count * sizeof(*copy));
		arrange(copy, count, nodes, rows, ret_depths);
	}
	free(index);
	free(nodes);
	free(copy);
	return r;
}
