/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a synthetic guest's kernel keeps things: what a bootstrap finds in BTF. */
#ifndef XENMM_TEST_IMAGE_LAYOUT_H
#define XENMM_TEST_IMAGE_LAYOUT_H

#include "lib/image.h"

/* Where all memory is mapped, as Linux does by default: page_offset_base of x86-64. */
static inline uint64_t image_base(unsigned levels)
{
	return levels == 5 ? UINT64_C(0xff11000000000000) : UINT64_C(0xffff888000000000);
}

/* Fills offsets, sizes and values. */
void image_lay_out(struct mm_vmi *vmi, const struct image_options *options);

#endif
