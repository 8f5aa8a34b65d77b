/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The tables that a synthetic kernel carries, as bytes: kallsyms, packed as the kernel's build packs it, and BTF. */
#ifndef XENMM_TEST_KERNEL_TABLES_H
#define XENMM_TEST_KERNEL_TABLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/kernel.h"

struct kernel_row {
	char name[40];
	uint64_t value;
	bool is_percpu;
};

/* Offsets from the start of the bytes. */
struct kernel_tables {
	size_t names, num_syms, token_table, token_index, offsets, relative_base, end;
};

/* Writes kallsyms of these rows; base is the lowest address. Aborts where it does not fit. */
struct kernel_tables kernel_put_kallsyms(uint8_t *bytes, size_t size,
	const struct kernel_options *options, const struct kernel_row *rows, size_t count,
	uint64_t base);

/* Writes BTF with all rows of wanted.h, but of the struct options->no_row. Returns its size. */
size_t kernel_put_btf(uint8_t *bytes, size_t size, const struct kernel_options *options);

#endif
