/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "phys_xen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "mapped.h"
#include "p2m.h"

struct xen_phys {
	struct mm_phys phys;
	struct mm_mapped mapped;
	struct mm_p2m p2m; /* PV only */
};

static struct xen_phys *of(struct mm_phys *p)
{
	return (struct xen_phys *)p; /* its first member */
}

/* The frame to be mapped for an address. */
static int find_frame(
	struct xen_phys *x, enum mm_phys_space space, uint64_t addr, uint64_t *ret_frame)
{
	uint64_t page = addr >> MM_PAGE_SHIFT;
	int r;

	if (addr >= MM_PHYS_MAX)
		return -ENXIO;
	*ret_frame = page;
	if (space == MM_PHYS_MACHINE || !x->phys.is_pv)
		return 0;
	r = mm_p2m_lookup(&x->p2m, page, 1, ret_frame);
	if (r < 0)
		return r == -EIO ? r : -ENXIO;
	return *ret_frame == MM_P2M_ABSENT ? -ENXIO : 0;
}

static int read_memory(
	struct mm_phys *p, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	uint8_t *to = buf;

	while (len) {
		size_t offset = (size_t)(addr % MM_PAGE_SIZE);
		size_t part = (size_t)MM_PAGE_SIZE - offset;
		const uint8_t *page;
		uint64_t frame;
		int r = find_frame(of(p), space, addr, &frame);

		if (r == 0)
			r = mm_mapped_page(&of(p)->mapped, frame, &page);
		if (r < 0)
			return r;
		if (part > len)
			part = len;
		memcpy(to, page + offset, part);
		to += part;
		addr += part;
		len -= part;
	}
	return 0;
}

/* Which frames a sweep's batch consists of. Absent ones are left out: a hypercall that fails costs as much as one that does not. */
static int list_frames(struct xen_phys *x, uint64_t page, size_t count, uint64_t *frames)
{
	if (x->phys.is_pv)
		return mm_p2m_lookup(&x->p2m, page, count, frames);
	for (size_t i = 0; i < count; i++)
		frames[i] = page + i;
	return 0;
}

static int sweep_batch(struct xen_phys *x, uint64_t page, size_t count, uint8_t *buf, bool *there)
{
	uint64_t frames[MM_MAP_BATCH];
	bool is_copied[MM_MAP_BATCH];
	size_t n = 0;
	int r = list_frames(x, page, count, frames);

	memset(there, 0, count * sizeof(*there));
	if (r < 0)
		return r == -EIO ? r : 0;
	for (size_t i = 0; i < count; i++) {
		there[i] = frames[i] != MM_P2M_ABSENT;
		if (there[i])
			frames[n++] = frames[i];
	}
	r = n ? mm_mapped_copy(&x->mapped, frames, n, buf, is_copied) : 0;
	/* Apart again, from the last one on: what is moved goes up. */
	for (size_t i = count; r == 0 && i-- > 0;) {
		if (!there[i])
			continue;
		n--;
		there[i] = is_copied[n];
		if (n != i && is_copied[n])
			memcpy(buf + i * MM_PAGE_SIZE, buf + n * MM_PAGE_SIZE, MM_PAGE_SIZE);
	}
	return r;
}

static int sweep(struct mm_phys *p, uint64_t addr, size_t pages, void *buf, bool *ret_there)
{
	uint8_t *to = buf;
	int r = 0;

	memset(ret_there, 0, pages * sizeof(*ret_there));
	while (r == 0 && pages && addr < p->end) {
		size_t count = pages < MM_MAP_BATCH ? pages : MM_MAP_BATCH;

		if (count > (p->end - addr) / MM_PAGE_SIZE)
			count = (size_t)((p->end - addr) / MM_PAGE_SIZE);
		r = sweep_batch(of(p), addr >> MM_PAGE_SHIFT, count, to, ret_there);
		addr += count * MM_PAGE_SIZE;
		to += count * MM_PAGE_SIZE;
		ret_there += count;
		pages -= count;
	}
	return r;
}

static void expect(struct mm_phys *p, enum mm_phys_space space, const uint64_t *addrs, size_t count)
{
	uint64_t frames[MM_MAP_BATCH];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		if (find_frame(of(p), space, addrs[i], &frames[n]) == 0)
			n++;
		if (n == MM_MAP_BATCH || i + 1 == count) {
			mm_mapped_expect(&of(p)->mapped, frames, n);
			n = 0;
		}
	}
}

static void release(struct mm_phys *p)
{
	p->is_gone = of(p)->mapped.is_gone;
	mm_mapped_release(&of(p)->mapped);
	mm_p2m_forget(&of(p)->p2m);
}

static void close_xen(struct mm_phys *p)
{
	mm_mapped_fini(&of(p)->mapped);
	free(p);
}

static const struct mm_phys_ops xen_ops = {
	.name = "xen",
	.read = read_memory,
	.sweep = sweep,
	.expect = expect,
	.release = release,
	.close = close_xen,
};

/* ---- opening ----------------------------------------------------------------------------------- */

/* From now on the handle is good for this domain alone. A kernel that cannot restrict it (before 4.12) is not good enough. */
static enum mm_vmi_reason open_handle(uint32_t domid, xenforeignmemory_handle **ret_fmem)
{
	xenforeignmemory_handle *fmem = xenforeignmemory_open(NULL, 0);

	if (!fmem)
		return MM_VMI_NO_ACCESS;
	if (xenforeignmemory_restrict(fmem, (domid_t)domid) < 0) {
		(void)xenforeignmemory_close(fmem);
		return MM_VMI_NO_ACCESS;
	}
	*ret_fmem = fmem;
	return MM_VMI_OK;
}

static enum mm_vmi_reason read_p2m(struct xen_phys *x)
{
	int r = mm_p2m_read(&x->p2m);

	if (r == -EAGAIN)
		return MM_VMI_NOT_BOOTED;
	if (r < 0)
		return r == -ENXIO ? MM_VMI_GONE : MM_VMI_NO_ACCESS;
	return MM_VMI_OK;
}

static enum mm_vmi_reason open_guest(struct xen_phys *x, uint32_t domid)
{
	xenforeignmemory_handle *fmem;
	struct mm_xen_facts facts;
	enum mm_vmi_reason reason = mm_xen_facts_read(domid, &facts);

	if (reason == MM_VMI_OK)
		reason = open_handle(domid, &fmem);
	if (reason != MM_VMI_OK)
		return reason;
	if (mm_mapped_init(&x->mapped, fmem, domid) < 0)
		return MM_VMI_LIMIT;
	x->phys.ops = &xen_ops;
	x->phys.end = facts.end_page << MM_PAGE_SHIFT;
	x->phys.is_pv = facts.is_pv;
	x->phys.may_sweep = !facts.has_pod;
	x->phys.root = facts.root;
	x->phys.root_levels = facts.root_levels;
	x->p2m.mapped = &x->mapped;
	x->p2m.shared_info_frame = facts.shared_info_page;
	return facts.is_pv ? read_p2m(x) : MM_VMI_OK;
}

enum mm_vmi_reason mm_phys_xen_open(uint32_t domid, struct mm_phys **ret_phys)
{
	struct xen_phys *x = calloc(1, sizeof(*x));
	enum mm_vmi_reason reason;

	if (!x)
		return MM_VMI_LIMIT;
	reason = open_guest(x, domid);
	if (reason != MM_VMI_OK) {
		close_xen(&x->phys);
		return reason;
	}
	release(&x->phys);
	*ret_phys = &x->phys;
	return MM_VMI_OK;
}

const unsigned long *mm_phys_xen_ioctls(size_t *ret_count)
{
	static const unsigned long requests[] = {IOCTL_PRIVCMD_MMAPBATCH_V2};

	*ret_count = sizeof(requests) / sizeof(requests[0]);
	return requests;
}
