/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest's memory in a file: a raw image, or the file that a running QEMU shares. What the file does not hold (holes of a
 * sparse file) is absent memory: it is asked for with SEEK_DATA, and neither read nor filled.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmi/phys.h"

#define GIB	 (UINT64_C(1) << 30)
#define HOLE_END (4 * GIB) /* the hole for devices ends here */
#define PC_SPLIT (7 * GIB / 2)
#define PC_BELOW (3 * GIB)
#define BITS	 64 /* of a word of the bitmap */

struct phys_file {
	struct mm_phys phys;
	int fd;
	uint64_t size;
	uint64_t below;
	/*
	 * Pages that were seen to hold data. One that the guest gives away later reads as zeros: that fills nothing, and
	 * asking each time would cost more than the read.
	 */
	uint64_t *there;
};

/* Where addr is in the file, and how many bytes follow it there. */
static uint64_t find_offset(const struct phys_file *file, uint64_t addr, uint64_t *ret_left)
{
	*ret_left = 0;
	if (addr < file->below) {
		*ret_left = file->below - addr;
		return addr;
	}
	if (addr < HOLE_END || addr >= file->phys.end)
		return 0;
	*ret_left = file->phys.end - addr;
	return addr - HOLE_END + file->below;
}

/* Where data is next, at or after offset. In whole pages: one that is filled in part is there. False: nowhere. */
static bool seek_data(const struct phys_file *file, uint64_t offset, uint64_t *ret_start)
{
	off_t start = lseek(file->fd, (off_t)offset, SEEK_DATA);

	if (start < 0)
		return false;
	*ret_start = (uint64_t)start & ~(MM_PAGE_SIZE - 1);
	return true;
}

static bool has_page(struct phys_file *file, uint64_t offset)
{
	uint64_t page = offset / MM_PAGE_SIZE, bit = UINT64_C(1) << page % BITS, start;

	if (file->there[page / BITS] & bit)
		return true;
	if (!seek_data(file, offset & ~(MM_PAGE_SIZE - 1), &start) || start > offset)
		return false;
	file->there[page / BITS] |= bit;
	return true;
}

/* Copies what is known to hold data. */
static int read_data(const struct phys_file *file, uint64_t offset, void *buf, size_t len)
{
	ssize_t got;

	while (len) {
		got = pread(file->fd, buf, len, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? -EIO : -ENXIO; /* 0: it became shorter */
		offset += (uint64_t)got;
		buf = (char *)buf + got;
		len -= (size_t)got;
	}
	return 0;
}

/* A part of memory that is one piece in the file, too. */
static int read_part(struct phys_file *file, uint64_t offset, void *buf, size_t len)
{
	uint64_t page;

	for (page = offset & ~(MM_PAGE_SIZE - 1); page < offset + len; page += MM_PAGE_SIZE)
		if (!has_page(file, page))
			return -ENXIO;
	return read_data(file, offset, buf, len);
}

static int file_read(
	struct mm_phys *phys, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct phys_file *file = (struct phys_file *)phys;
	uint64_t offset, left;
	size_t part;
	int r;

	(void)space; /* one and the same where the hypervisor translates */
	if (len > phys->end || addr > phys->end - len)
		return -ENXIO;
	while (len) {
		offset = find_offset(file, addr, &left);
		if (!left)
			return -ENXIO;
		part = len < left ? len : (size_t)left;
		r = read_part(file, offset, buf, part);
		if (r < 0)
			return r;
		addr += part;
		buf = (char *)buf + part;
		len -= part;
	}
	return 0;
}

/* Reads the pages that hold data out of `pages` from offset on, all of which are in the file. */
static int sweep_part(
	struct phys_file *file, uint64_t offset, size_t pages, char *buf, bool *ret_there)
{
	uint64_t end = offset + pages * MM_PAGE_SIZE, at = offset, stop;
	size_t first, count;
	off_t hole;
	int r;

	while (at < end && seek_data(file, at, &at) && at < end) {
		hole = lseek(file->fd, (off_t)at, SEEK_HOLE);
		stop = hole < 0 ? at : ((uint64_t)hole + MM_PAGE_SIZE - 1) & ~(MM_PAGE_SIZE - 1);
		if (stop <= at)
			stop = at +
			       MM_PAGE_SIZE; /* data in the page's middle, or changed meanwhile */
		if (stop > end)
			stop = end;
		first = (size_t)((at - offset) / MM_PAGE_SIZE);
		count = (size_t)((stop - at) / MM_PAGE_SIZE);
		r = read_data(file, at, buf + first * MM_PAGE_SIZE, count * MM_PAGE_SIZE);
		if (r == -EIO)
			return r;
		if (!r)
			memset(ret_there + first, true, count * sizeof(*ret_there));
		at = stop;
	}
	return 0;
}

static int file_sweep(struct mm_phys *phys, uint64_t addr, size_t pages, void *buf, bool *ret_there)
{
	struct phys_file *file = (struct phys_file *)phys;
	uint64_t offset, left;
	size_t done = 0, part;
	int r;

	memset(ret_there, 0, pages * sizeof(*ret_there));
	while (done < pages && addr < phys->end) {
		offset = find_offset(file, addr, &left);
		part = (size_t)(left / MM_PAGE_SIZE);
		if (part > pages - done)
			part = pages - done;
		if (part) {
			r = sweep_part(file, offset, part, (char *)buf + done * MM_PAGE_SIZE,
				ret_there + done);
			if (r < 0)
				return r;
		} else {
			part = 1; /* in the hole for devices */
		}
		done += part;
		addr += part * MM_PAGE_SIZE;
	}
	return 0;
}

static void file_close(struct mm_phys *phys)
{
	struct phys_file *file = (struct phys_file *)phys;

	close(file->fd);
	free(file->there);
	free(file);
}

static const struct mm_phys_ops file_ops = {
	.name = "file",
	.read = file_read,
	.sweep = file_sweep,
	.close = file_close,
};

static int lay_out(struct phys_file *file, uint64_t below)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (below != UINT64_MAX && below % MM_PAGE_SIZE))
		return -EINVAL;
	file->size = (uint64_t)st.st_size & ~(MM_PAGE_SIZE - 1);
	if (!file->size)
		return -ENODATA;
	if (file->size > MM_PHYS_MAX - HOLE_END)
		return -EFBIG;
	if (!below) /* as QEMU's pc; q35 differs from 2.75 GiB on */
		below = file->size < PC_SPLIT ? file->size : PC_BELOW;
	if (below != UINT64_MAX && below > HOLE_END)
		return -EINVAL;
	file->below = below < file->size ? below : file->size;
	file->phys.end =
		file->below < file->size ? HOLE_END + (file->size - file->below) : file->size;
	file->there = calloc(file->size / MM_PAGE_SIZE / BITS + 1, sizeof(*file->there));
	return file->there ? 0 : -ENOMEM;
}

int mm_phys_file_open(const char *path, uint64_t below, struct mm_phys **ret_phys)
{
	struct phys_file *file = calloc(1, sizeof(*file));
	int r;

	if (!file)
		return -ENOMEM;
	file->phys.ops = &file_ops;
	file->phys.may_sweep = true;
	/* Not blocking: a fifo is refused, not waited for. */
	file->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file->fd < 0) {
		r = -errno;
		free(file);
		return r;
	}
	r = lay_out(file, below);
	if (r < 0) {
		file_close(&file->phys);
		return r;
	}
	*ret_phys = &file->phys;
	return 0;
}
