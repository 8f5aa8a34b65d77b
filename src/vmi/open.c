/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finding a guest's kernel: first where the page table in use maps one, then where kernels are that no loader moved (PV, and PVH
 * started by Xen), then by the vmcoreinfo page, last by the form of kallsyms anywhere. What kernel.c then makes of a find decides whether it counts.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/fallback.h"
#include "vmi/image.h"
#include "vmi/kernel.h"
#include "vmi/sweep.h"
#include "vmi/virt.h"
#include "xenmm/units.h"

/* In an image tables come after the text, of which there is this much at least. */
#define TEXT_MIN (UINT64_C(8) << 20)

/* One page in this many shows what kind of memory it is that no kernel was found in. */
#define KIND_EVERY 16
#define KIND_MIN   64 /* pages seen, before anything is said of them */

/* vmcoreinfo pages tried: besides the kernel's own there may be stale ones; more are somebody's game. */
#define INFOS_MAX 8

struct opening {
	struct mm_kernel kernel;
	enum mm_vmi_reason reason; /* of the find that came furthest */
	enum mm_kernel_stage stage;
	const struct mm_vmcoreinfo *info; /* of the find that is being tried, or NULL */
	unsigned infos;			  /* vmcoreinfo pages seen */
	uint64_t seen, empty, full;	  /* pages whose kind was looked at */
};

/* Keeps the reason of the find that came furthest. Returns 1, enough, when the kernel was opened, or is beyond doubt. */
static int note(struct opening *open, enum mm_vmi_reason reason, enum mm_kernel_stage stage)
{
	if (reason == MM_VMI_OK || stage > open->stage) {
		open->reason = reason;
		open->stage = stage;
	}
	return reason == MM_VMI_OK || stage >= MM_KERNEL_CERTAIN;
}

static int try_place(void *arg, const struct mm_kallsyms_place *place)
{
	struct opening *open = arg;
	enum mm_kernel_stage stage = MM_KERNEL_NONE;
	enum mm_vmi_reason reason = mm_kernel_open(&open->kernel, place, open->info, &stage);

	return note(open, reason, stage);
}

/* Between these MM_PHYS_GUEST addresses is an image: the tables first, which lie behind the text. */
static int try_image(struct opening *open, uint64_t start, uint64_t end)
{
	struct mm_phys *phys = open->kernel.phys;
	uint64_t middle = mm_min_u64(start + TEXT_MIN, end);
	int r = mm_fallback_find(phys, middle, end, try_place, open);

	return r ? r : mm_fallback_find(phys, start, middle, try_place, open);
}

/* Where a page table maps a kernel's image, in one piece, with nothing mapped below it. Returns false where it maps none. */
static bool find_mapped(struct mm_virt *virt, uint64_t *ret_start, uint64_t *ret_end)
{
	uint64_t at = 0, first, addr;

	while (at < MM_IMAGE_SPREAD && mm_virt_translate(virt, MM_IMAGE_MAP + at, ret_start) < 0)
		at += MM_IMAGE_ALIGN;
	if (at >= MM_IMAGE_SPREAD)
		return false;
	*ret_end = *ret_start + MM_IMAGE_ALIGN;
	first = at;
	for (at += MM_IMAGE_ALIGN; at < MM_IMAGE_SPREAD && at - first < MM_IMAGE_MAX;
		at += MM_IMAGE_ALIGN)
		if (mm_virt_translate(virt, MM_IMAGE_MAP + at, &addr) == 0 &&
			addr == *ret_start + (at - first))
			*ret_end = addr + MM_IMAGE_ALIGN;
	return true;
}

static int try_table(struct opening *open, uint64_t root)
{
	struct mm_phys *phys = open->kernel.phys;
	struct mm_virt virt;
	uint64_t start, end;
	int r = mm_virt_init(&virt, phys, root, phys->root_levels);

	if (r < 0)
		return r == -EINVAL ? 0 : r;
	if (find_mapped(&virt, &start, &end))
		r = try_image(open, start, end);
	mm_virt_fini(&virt);
	return r;
}

/*
 * The kernel that is running, by the page table in use: no page is read but the table's and the image's, which are there. With page-table
 * isolation the table may be the half for programs, which has next to nothing of the kernel: its other half is the page before.
 */
static int try_mapped(struct opening *open)
{
	uint64_t root = open->kernel.phys->root;
	int r;

	if (!root)
		return 0;
	r = try_table(open, root & ~MM_PAGE_SIZE);
	if (!r && root & MM_PAGE_SIZE)
		r = try_table(open, root);
	return r;
}

/* By the addresses in the page, since Linux 6.0; otherwise by the form, in the image that it tells the place of. */
static int try_info(struct opening *open, const struct mm_vmcoreinfo *info)
{
	struct mm_image image = {.phys = open->kernel.phys, .phys_base = info->phys_base};
	struct mm_kallsyms_place place;
	uint64_t start = mm_image_phys(&image, info->stext) & ~(MM_PAGE_SIZE - 1);
	int r = 0;

	open->info = info;
	note(open, MM_VMI_NO_SYMBOLS, MM_KERNEL_NAMED);
	if (mm_kernel_place(&image, info, &place))
		r = try_place(open, &place);
	if (!r && start < open->kernel.phys->end)
		r = mm_fallback_find(
			open->kernel.phys, start, start + MM_IMAGE_MAX, try_place, open);
	open->info = NULL;
	return r;
}

/* What a page is like: nothing in it, or nothing in it but what looks random, as encrypted memory does. */
static void see_kind(struct opening *open, const uint8_t *page)
{
	uint64_t word, any = 0;
	bool has_zero = false;
	size_t at;

	for (at = 0; at < MM_PAGE_SIZE; at += sizeof(word)) {
		memcpy(&word, page + at, sizeof(word));
		any |= word;
		has_zero = has_zero || !word;
	}
	open->seen++;
	open->empty += !any;
	open->full += !has_zero;
}

static int look_for_info(void *arg, uint64_t addr, const uint8_t *page)
{
	struct opening *open = arg;
	struct mm_vmcoreinfo info;

	if (!open->infos && (addr >> MM_PAGE_SHIFT) % KIND_EVERY == 0)
		see_kind(open, page);
	if (memcmp(page, MM_VMCOREINFO_MARK, MM_VMCOREINFO_MARK_SIZE) != 0 ||
		mm_vmcoreinfo_parse((const char *)page, MM_PAGE_SIZE, &info) < 0)
		return 0;
	if (++open->infos > INFOS_MAX) {
		open->reason = MM_VMI_LIMIT;
		return 1;
	}
	return try_info(open, &info);
}

/* What to say of a guest in which nothing like a Linux kernel was. */
static enum mm_vmi_reason name_kind(const struct opening *open)
{
	if (open->seen == open->empty)
		return MM_VMI_NOT_BOOTED;
	/* Even a busy guest has zeros in most of its pages; encrypted zeros are none. */
	if (open->seen >= KIND_MIN && open->full > open->seen / 100 * 95)
		return MM_VMI_ENCRYPTED;
	return MM_VMI_NOT_LINUX;
}

static int find_kernel(struct opening *open)
{
	struct mm_phys *phys = open->kernel.phys;
	int r = try_mapped(open);

	if (r || !phys->may_sweep)
		return r;
	r = try_image(
		open, MM_IMAGE_START, MM_IMAGE_START + MM_IMAGE_MAX); /* where loaders put it */
	/* The page comes from the kernel's own pool: hardly ever from what lies below its image. */
	if (!r)
		r = mm_sweep(phys, MM_IMAGE_START, phys->end, look_for_info, open);
	if (!r)
		r = mm_sweep(phys, 0, MM_IMAGE_START, look_for_info, open);
	if (!r && !open->infos)
		r = mm_fallback_find(phys, 0, phys->end, try_place, open);
	return r;
}

static enum mm_vmi_reason name_error(int r)
{
	if (r == -EPERM)
		return MM_VMI_NO_ACCESS;
	return r == -ENOMEM ? MM_VMI_LIMIT : MM_VMI_GONE;
}

static enum mm_vmi_reason open_kernel(struct mm_phys *phys, struct mm_vmi *vmi)
{
	struct opening open = {
		.kernel = {.phys = phys, .vmi = vmi},
		.reason = MM_VMI_NOT_LINUX,
		.stage = MM_KERNEL_NONE,
	};
	int r = find_kernel(&open);

	if (phys->ops->release)
		phys->ops->release(phys);
	if (r < 0)
		return name_error(r);
	if (open.stage != MM_KERNEL_NONE)
		return open.reason;
	return phys->may_sweep ? name_kind(&open) : MM_VMI_POD;
}

enum mm_vmi_reason mm_vmi_open(struct mm_phys *phys, struct mm_vmi **ret_vmi)
{
	enum mm_vmi_reason reason;
	struct mm_vmi *vmi;

	if (!phys->may_sweep && !phys->root)
		return MM_VMI_POD;
	vmi = calloc(1, sizeof(*vmi));
	if (!vmi)
		return MM_VMI_LIMIT;
	vmi->phys = phys;
	reason = open_kernel(phys, vmi);
	if (reason == MM_VMI_OK)
		*ret_vmi = vmi;
	else
		mm_vmi_free(vmi);
	return reason;
}

void mm_vmi_free(struct mm_vmi *vmi)
{
	if (!vmi)
		return;
	mm_virt_fini(&vmi->virt);
	mm_vmi_memory_free(vmi->memory);
	free(vmi);
}
