/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vmi/phys.h"

#define GIB (UINT64_C(1) << 30)
#define MIB (UINT64_C(1) << 20)

static char path[64];

static int make_file(void **state)
{
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/xenmm-phys-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

/* Makes the file anew, a hole of this size. */
static void resize(uint64_t size)
{
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(truncate(path, (off_t)size), 0);
}

static void put(uint64_t offset, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, data, len, (off_t)offset), len);
	close(fd);
}

static void put_page(uint64_t offset, int byte)
{
	char page[MM_PAGE_SIZE];

	memset(page, byte, sizeof(page));
	put(offset, page, sizeof(page));
}

/* Blocks of the file system in use: reading must not add any. */
static long blocks(void)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return (long)st.st_blocks;
}

static struct mm_phys *open_file(uint64_t below)
{
	struct mm_phys *phys = NULL;

	assert_int_equal(mm_phys_file_open(path, below, &phys), 0);
	assert_non_null(phys);
	return phys;
}

static const struct {
	const char *name;
	uint64_t size, below, end;
	uint64_t offset; /* of the byte at 4 GiB; 0: not there */
} layouts[] = {
	{"small", 512 * MIB, 0, 512 * MIB, 0},
	{"all below the hole", 3 * GIB, 0, 3 * GIB, 0},
	{"as QEMU's pc", 4 * GIB, 0, 5 * GIB, 3 * GIB},
	{"as QEMU's q35", 4 * GIB, 2 * GIB, 6 * GIB, 2 * GIB},
	{"below more than there is", 1 * GIB, 3 * GIB, 1 * GIB, 0},
	{"without a hole", 6 * GIB, UINT64_MAX, 6 * GIB, 4 * GIB},
	{"all of a page", MM_PAGE_SIZE, 0, MM_PAGE_SIZE, 0},
	{"not whole pages", MM_PAGE_SIZE + 5, 0, MM_PAGE_SIZE, 0},
};

static void test_layout(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct mm_phys *phys;
		char c = 0;
		int r;

		resize(layouts[i].size);
		if (layouts[i].offset)
			put_page(layouts[i].offset, 'h');
		phys = open_file(layouts[i].below);
		r = phys->ops->read(phys, MM_PHYS_GUEST, 4 * GIB, &c, 1);
		if (phys->end != layouts[i].end || !phys->may_sweep || phys->is_pv ||
			r != (layouts[i].offset ? 0 : -ENXIO) || c != (layouts[i].offset ? 'h' : 0))
			fail_msg("%s: end %llx, %d, '%c'", layouts[i].name,
				(unsigned long long)phys->end, r, c);
		phys->ops->close(phys);
	}
}

static const struct {
	const char *name;
	uint64_t addr;
	size_t len;
	int result;
} reads[] = {
	{"a page", 2 * MM_PAGE_SIZE, MM_PAGE_SIZE, 0},
	{"over pages", 2 * MM_PAGE_SIZE + 100, MM_PAGE_SIZE, 0},
	{"a hole", 0, 1, -ENXIO},
	{"into a hole", 3 * MM_PAGE_SIZE, 2 * MM_PAGE_SIZE, -ENXIO},
	{"out of a hole", 2 * MM_PAGE_SIZE - 1, 2, -ENXIO},
	{"the last bytes", 3 * GIB - 4, 4, 0},
	{"into the hole for devices", 3 * GIB - 4, 5, -ENXIO},
	{"in it", 3 * GIB, 1, -ENXIO},
	{"in it, far", 4 * GIB - 1, 1, -ENXIO},
	{"behind it", 4 * GIB, 8, 0},
	{"the end", 5 * GIB - 1, 1, -ENXIO},
	{"beyond the end", 5 * GIB, 1, -ENXIO},
	{"over the end", 5 * GIB - 1, 2, -ENXIO},
	{"far beyond", UINT64_MAX, 2, -ENXIO},
	{"more than all", 0, SIZE_MAX, -ENXIO},
};

static void test_reads(void **state)
{
	static char buf[4 * MM_PAGE_SIZE];
	struct mm_phys *phys;
	long before;

	(void)state;
	resize(4 * GIB);
	put_page(2 * MM_PAGE_SIZE, 'b');
	put_page(3 * MM_PAGE_SIZE, 'c');
	put_page(3 * GIB - MM_PAGE_SIZE, 'd');
	put_page(3 * GIB, 'e');
	before = blocks();
	phys = open_file(0);
	for (size_t i = 0; i < ARRAY_SIZE(reads); i++) {
		int r = phys->ops->read(phys, MM_PHYS_MACHINE, reads[i].addr, buf, reads[i].len);

		if (r != reads[i].result)
			fail_msg("%s: %d", reads[i].name, r);
	}
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 3 * MM_PAGE_SIZE - 1, buf, 2), 0);
	assert_memory_equal(buf, "bc", 2);
	phys->ops->close(phys);
	assert_int_equal(blocks(), before);
}

/* 'b', 'c' at pages 2 and 3, 'd' before the hole for devices, 'e' after it. */
static void test_sweep(void **state)
{
	static char buf[8 * MM_PAGE_SIZE];
	struct mm_phys *phys;
	bool there[8];
	uint64_t addr;

	(void)state;
	resize(4 * GIB);
	put_page(2 * MM_PAGE_SIZE, 'b');
	put_page(3 * MM_PAGE_SIZE, 'c');
	put_page(3 * GIB - MM_PAGE_SIZE, 'd');
	put_page(3 * GIB, 'e');
	phys = open_file(0);
	assert_int_equal(phys->ops->sweep(phys, 0, 8, buf, there), 0);
	for (size_t i = 0; i < 8; i++)
		if (there[i] != (i == 2 || i == 3) ||
			(there[i] && buf[i * MM_PAGE_SIZE] != (int)('`' + i)))
			fail_msg("page %zu", i);
	addr = 3 * GIB - 2 * MM_PAGE_SIZE;
	assert_int_equal(phys->ops->sweep(phys, addr, 8, buf, there), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(there[i], i == 1);
	assert_int_equal(buf[MM_PAGE_SIZE], 'd');
	addr = 4 * GIB - 3 * MM_PAGE_SIZE;
	assert_int_equal(phys->ops->sweep(phys, addr, 8, buf, there), 0);
	for (size_t i = 0; i < 8; i++)
		assert_int_equal(there[i], i == 3);
	assert_int_equal(buf[3 * MM_PAGE_SIZE], 'e');
	addr = 5 * GIB - MM_PAGE_SIZE;
	assert_int_equal(phys->ops->sweep(phys, addr, 8, buf, there), 0);
	for (size_t i = 0; i < 8; i++)
		assert_false(there[i]);
	phys->ops->close(phys);
}

/* A running guest fills holes; its file may also become shorter, which is no reason to fail. */
static void test_live(void **state)
{
	struct mm_phys *phys;
	char c = 0;

	(void)state;
	resize(MIB);
	phys = open_file(0);
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 0x5000, &c, 1), -ENXIO);
	put_page(0x5000, 'x');
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 0x5000, &c, 1), 0);
	assert_int_equal(c, 'x');
	put_page(0x5000, 'y');
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 0x5fff, &c, 1), 0);
	assert_int_equal(c, 'y');
	put_page(0x7000, 'z');
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 0x6000, &c, 1), -ENXIO);
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 0x7fff, &c, 1), 0);
	resize(0);
	assert_int_equal(phys->ops->read(phys, MM_PHYS_GUEST, 0x5000, &c, 1), -ENXIO);
	phys->ops->close(phys);
}

static const struct {
	const char *name, *path; /* NULL: the test's own file */
	uint64_t size, below;
	int result;
} refused[] = {
	{"no such file", "/nonexistent/ram", 0, 0, -ENOENT},
	{"a folder", "/", 0, 0, -EINVAL},
	{"a device", "/dev/null", 0, 0, -EINVAL},
	{"empty", NULL, 0, 0, -ENODATA},
	{"less than a page", NULL, 4095, 0, -ENODATA},
	{"below not in whole pages", NULL, 8192, 4097, -EINVAL},
	{"below more than 4 GiB", NULL, 8192, 5 * GIB, -EINVAL},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		const char *name = refused[i].path ? refused[i].path : path;
		struct mm_phys *phys = NULL;
		int r;

		if (!refused[i].path)
			resize(refused[i].size);
		r = mm_phys_file_open(name, refused[i].below, &phys);
		if (r != refused[i].result || phys)
			fail_msg("%s: %d", refused[i].name, r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_layout, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_reads, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_sweep, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_live, make_file, remove_file),
		cmocka_unit_test_setup_teardown(test_refused, make_file, remove_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
