/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "suggest.h"

#include <string.h>

#define WORD_MAX 24 /* no word of ours is longer */

/* Two slips in a long word, one in a short one: "mni" is min, but "log" is nothing. */
static unsigned int slips_allowed(size_t len)
{
	return len > 4 ? 2 : 1;
}

static unsigned int min3(unsigned int a, unsigned int b, unsigned int c)
{
	unsigned int least = a < b ? a : b;

	return least < c ? least : c;
}

/* Letters to add, drop, change or swap with the next until a is b. */
static unsigned int distance(const char *a, const char *b)
{
	unsigned int rows[3][WORD_MAX + 1];
	size_t b_len = strlen(b);

	for (unsigned int k = 0; k <= b_len; k++)
		rows[0][k] = k;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned int *row = rows[i % 3];
		const unsigned int *before = rows[(i + 2) % 3];
		const unsigned int *two_before = rows[(i + 1) % 3];

		row[0] = (unsigned int)i;
		for (size_t k = 1; k <= b_len; k++) {
			unsigned int change = before[k - 1] + (a[i - 1] != b[k - 1]);

			row[k] = min3(before[k] + 1, row[k - 1] + 1, change);
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1] &&
				two_before[k - 2] + 1 < row[k])
				row[k] = two_before[k - 2] + 1;
		}
	}
	return rows[strlen(a) % 3][b_len];
}

const char *mm_suggest(const char *(*word_of)(size_t i), const char *typed)
{
	const char *best = NULL;
	unsigned int least = slips_allowed(strlen(typed)) + 1;

	if (strlen(typed) > WORD_MAX)
		return NULL;
	for (size_t i = 0; word_of(i); i++) {
		unsigned int slips;

		if (strlen(word_of(i)) > WORD_MAX)
			continue;
		slips = distance(typed, word_of(i));
		if (slips < least) {
			least = slips;
			best = word_of(i);
		}
	}
	return best;
}
