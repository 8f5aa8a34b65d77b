/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "unit/test.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vmi/virt.h"

#define PAGES	64
#define BASE4	UINT64_C(0xffff888000000000)
#define BASE5	UINT64_C(0xff11000000000000)
#define PRESENT 1u
#define HUGE	0x80u
#define NX	(UINT64_C(1) << 63)
#define FLAGS	0x063u

/* Frame n of the guest's own counting is machine frame n + SHIFT: told apart by reads in the wrong space. */
#define SHIFT (UINT64_C(0x100) * MM_PAGE_SIZE)

struct guest {
	struct mm_phys phys;
	uint8_t mem[PAGES * MM_PAGE_SIZE];
	uint64_t reads, expected;
	int fail_with;
};

static int guest_read(
	struct mm_phys *phys, enum mm_phys_space space, uint64_t addr, void *buf, size_t len)
{
	struct guest *guest = (struct guest *)phys;

	if (space == MM_PHYS_MACHINE)
		addr -= SHIFT;
	guest->reads++;
	if (guest->fail_with)
		return guest->fail_with;
	if (addr > sizeof(guest->mem) || len > sizeof(guest->mem) - addr)
		return -ENXIO;
	memcpy(buf, guest->mem + addr, len);
	return 0;
}

static void guest_expect(
	struct mm_phys *phys, enum mm_phys_space space, const uint64_t *addrs, size_t count)
{
	assert_int_equal(space, MM_PHYS_MACHINE);
	assert_true(count > 0 && addrs[0] % MM_PAGE_SIZE == 0);
	((struct guest *)phys)->expected += count;
}

static const struct mm_phys_ops ops = {.name = "test", .read = guest_read, .expect = guest_expect};

/* Sets entry `index` of the table at `frame` to lead to frame `to`. */
static void put(struct guest *guest, unsigned frame, uint64_t vaddr, unsigned level, uint64_t entry)
{
	uint64_t index = vaddr >> (12 + 9 * (level - 1)) & 511;

	memcpy(guest->mem + frame * MM_PAGE_SIZE + index * 8, &entry, 8);
}

static uint64_t to(uint64_t frame)
{
	return frame * MM_PAGE_SIZE + SHIFT;
}

/* Tables at frames 1 (level 4), 2, 3, 4 and 9 (level 5); pages 16 to 31 mapped from BASE on, in reverse order. */
static struct guest *make_guest(unsigned levels)
{
	struct guest *guest = calloc(1, sizeof(*guest));
	uint64_t base = levels == 5 ? BASE5 : BASE4;

	assert_non_null(guest);
	guest->phys.ops = &ops;
	guest->phys.end = sizeof(guest->mem);
	put(guest, 9, base, 5, to(1) | FLAGS);
	put(guest, 1, base, 4, to(2) | FLAGS);
	put(guest, 2, base, 3, to(3) | FLAGS);
	put(guest, 3, base, 2, to(4) | FLAGS);
	for (unsigned i = 0; i < 16; i++) {
		put(guest, 4, base + i * MM_PAGE_SIZE, 1, to(31 - i) | FLAGS | NX);
		memset(guest->mem + (31 - i) * MM_PAGE_SIZE, (int)('a' + i), MM_PAGE_SIZE);
	}
	return guest;
}

static void start(struct guest *guest, unsigned levels, struct mm_virt *virt)
{
	assert_int_equal(mm_virt_init(virt, &guest->phys, to(levels == 5 ? 9 : 1) | 3, levels), 0);
}

static const struct {
	const char *name;
	unsigned levels;
	uint64_t vaddr;
	uint64_t addr; /* 0: -EFAULT */
} places[] = {
	{"first byte", 4, BASE4, 31 * MM_PAGE_SIZE + SHIFT},
	{"within a page", 4, BASE4 + 0x1234, 30 * MM_PAGE_SIZE + 0x234 + SHIFT},
	{"last byte", 4, BASE4 + 0xffff, 16 * MM_PAGE_SIZE + 0xfff + SHIFT},
	{"beyond", 4, BASE4 + 0x10000, 0},
	{"5 levels", 5, BASE5 + 0x1234, 30 * MM_PAGE_SIZE + 0x234 + SHIFT},
	{"5 levels, beyond", 5, BASE5 + 0x10000, 0},
	{"user's half", 4, BASE4 & 0x7fffffffffff, 0},
	{"not canonical with 4 levels", 4, BASE4 & ~(UINT64_C(1) << 62), 0},
	{"canonical with 5 levels alone", 4, BASE5, 0},
	{"user's half of 5 levels", 5, BASE5 & 0xffffffffffffff, 0},
	{"not canonical with 5 levels", 5, UINT64_C(0xfe11000000000000), 0},
	{"no table", 4, BASE4 + (UINT64_C(1) << 39), 0},
	{"no table of level 2", 4, BASE4 + (UINT64_C(1) << 30), 0},
	{"no table of level 1", 4, BASE4 + (UINT64_C(1) << 21), 0},
	{"null", 4, 0, 0},
	{"last address", 4, UINT64_MAX, 0},
};

static void test_places(void **state)
{
	struct mm_virt virt;
	uint64_t addr;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct guest *guest = make_guest(places[i].levels);
		int r;

		start(guest, places[i].levels, &virt);
		addr = 0;
		r = mm_virt_translate(&virt, places[i].vaddr, &addr);
		if (r != (places[i].addr ? 0 : -EFAULT) || addr != places[i].addr)
			fail_msg("%s: %d, %llx", places[i].name, r, (unsigned long long)addr);
		mm_virt_fini(&virt);
		free(guest);
	}
}

static const struct {
	const char *name;
	unsigned level;
	uint64_t entry, offset, addr;
} huge[] = {
	{"2 MiB", 2, 0x40000000 | FLAGS | HUGE, 0x123456, 0x40123456},
	{"1 GiB", 3, 0x80000000 | FLAGS | HUGE, 0x12345678, 0x92345678},
	{"2 MiB, another way of caching", 2, 0x40000000 | FLAGS | HUGE | 0x1000, 1, 0x40000001},
	{"2 MiB, not aligned", 2, 0x40002000 | FLAGS | HUGE, 0, 0},
	{"1 GiB, not aligned", 3, 0x80200000 | FLAGS | HUGE, 0, 0},
	{"huge where none may be", 4, 0x80000000 | FLAGS | HUGE, 0, 0},
	{"not present", 2, (0x40000000 | FLAGS | HUGE) & ~PRESENT, 0, 0},
	{"key and no-execute bits", 2, 0x40000000 | FLAGS | HUGE | UINT64_C(0xfff) << 52, 8,
		0x40000008},
	{"a small page with the bit for caching", 1, 0x40000000 | FLAGS | HUGE, 8, 0x40000008},
};

static void test_huge(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(huge); i++) {
		struct guest *guest = make_guest(4);
		unsigned level = huge[i].level;
		struct mm_virt virt;
		uint64_t addr = 0;
		int r;

		put(guest, 5 - level, BASE4, level, huge[i].entry);
		start(guest, 4, &virt);
		r = mm_virt_translate(&virt, BASE4 + huge[i].offset, &addr);
		if (r != (huge[i].addr ? 0 : -EFAULT) || addr != huge[i].addr)
			fail_msg("%s: %d, %llx", huge[i].name, r, (unsigned long long)addr);
		mm_virt_fini(&virt);
		free(guest);
	}
}

static void test_read(void **state)
{
	struct guest *guest = make_guest(4);
	struct mm_virt virt;
	char buf[3 * MM_PAGE_SIZE];

	(void)state;
	start(guest, 4, &virt);
	assert_int_equal(mm_virt_read(&virt, BASE4 + 0xfff, buf, MM_PAGE_SIZE + 2), 0);
	assert_int_equal(buf[0], 'a');
	assert_int_equal(buf[1], 'b');
	assert_int_equal(buf[MM_PAGE_SIZE], 'b');
	assert_int_equal(buf[MM_PAGE_SIZE + 1], 'c');
	assert_int_equal(guest->expected, 3);
	assert_int_equal(virt.reads, 4 + 3); /* a table of each level, and three pages */
	assert_int_equal(guest->reads, 7);
	assert_int_equal(mm_virt_read(&virt, BASE4 + 0xff00, buf, 0x101), -EFAULT);
	assert_int_equal(mm_virt_read(&virt, UINT64_MAX - 7, buf, 9), -EFAULT);
	assert_int_equal(mm_virt_read(&virt, BASE4, buf, 0), 0);
	mm_virt_fini(&virt);
	free(guest);
}

/* Tables and translations are kept for a sample, and no longer. */
static void test_forget(void **state)
{
	struct guest *guest = make_guest(4);
	struct mm_virt virt;
	char c;

	(void)state;
	start(guest, 4, &virt);
	assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), 0);
	put(guest, 4, BASE4, 1, to(20) | FLAGS);
	put(guest, 4, BASE4 + MM_PAGE_SIZE, 1, to(20) | FLAGS);
	assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), 0);
	assert_int_equal(c, 'a');
	assert_int_equal(mm_virt_read(&virt, BASE4 + MM_PAGE_SIZE, &c, 1), 0);
	assert_int_equal(c, 'b');
	mm_virt_forget(&virt);
	assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), 0);
	assert_int_equal(c, 'a' + 11);
	mm_virt_fini(&virt);
	free(guest);
}

static void test_budget(void **state)
{
	struct guest *guest = make_guest(4);
	struct mm_virt virt;
	char buf[3 * MM_PAGE_SIZE];

	(void)state;
	start(guest, 4, &virt);
	virt.budget = 6;
	assert_int_equal(mm_virt_read(&virt, BASE4, buf, sizeof(buf)), -EDQUOT);
	assert_int_equal(guest->reads, 6);
	assert_int_equal(mm_virt_read(&virt, BASE4, buf, 1), -EDQUOT);
	virt.reads = 0;
	assert_int_equal(mm_virt_read(&virt, BASE4, buf, sizeof(buf)), 0);
	virt.budget = 3;
	mm_virt_forget(&virt);
	virt.reads = 0;
	assert_int_equal(mm_virt_read(&virt, BASE4, buf, 1), -EDQUOT); /* among the tables */
	assert_int_equal(virt.reads, 3);
	mm_virt_fini(&virt);
	free(guest);
}

static const struct {
	int error, result;
} errors[] = {{-ENXIO, -EFAULT}, {-EIO, -EIO}, {-EPERM, -EPERM}};

/* What failed is not kept: the same page may be there at the next try. */
static void test_errors(void **state)
{
	struct guest *guest = make_guest(4);
	struct mm_virt virt;
	char c;

	(void)state;
	start(guest, 4, &virt);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		guest->fail_with = errors[i].error;
		mm_virt_forget(&virt);
		assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), errors[i].result);
		guest->fail_with = 0;
		assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), 0);
		guest->fail_with = errors[i].error;
		assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), errors[i].result);
	}
	mm_virt_fini(&virt);
	free(guest);
}

/* A table that leads to itself ends at level 1 all the same. */
static void test_loop(void **state)
{
	struct guest *guest = make_guest(5);
	struct mm_virt virt;
	uint64_t addr;

	(void)state;
	for (unsigned i = 0; i < 512; i++)
		put(guest, 9, (uint64_t)i << 12, 1, to(9) | FLAGS);
	start(guest, 5, &virt);
	assert_int_equal(mm_virt_translate(&virt, UINT64_MAX - 1, &addr), 0);
	assert_true(addr == to(9) + 0xffe);
	assert_int_equal(virt.reads, 1);
	mm_virt_fini(&virt);
	free(guest);
}

/* The root may be known by what the guest takes for its address: the rest is the machine's. */
static void test_root_space(void **state)
{
	struct guest *guest = make_guest(4);
	struct mm_virt virt;
	char c = 0;

	(void)state;
	assert_int_equal(mm_virt_init(&virt, &guest->phys, 1 * MM_PAGE_SIZE, 4), 0);
	assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), -EFAULT);
	virt.root_space = MM_PHYS_GUEST;
	assert_int_equal(mm_virt_read(&virt, BASE4, &c, 1), 0);
	assert_int_equal(c, 'a');
	mm_virt_fini(&virt);
	free(guest);
}

static void test_init(void **state)
{
	struct guest *guest = make_guest(4);
	struct mm_virt virt;

	(void)state;
	assert_int_equal(mm_virt_init(&virt, &guest->phys, 0x1000, 3), -EINVAL);
	assert_int_equal(mm_virt_init(&virt, &guest->phys, 0x1000, 6), -EINVAL);
	assert_int_equal(mm_virt_init(&virt, &guest->phys, MM_PHYS_MAX, 4), -EINVAL);
	assert_true(mm_virt_is_kernel(BASE4) && mm_virt_is_kernel(BASE5));
	assert_false(mm_virt_is_kernel(0x7fffffffffff) || mm_virt_is_kernel(0));
	free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_huge),
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_forget),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_loop),
		cmocka_unit_test(test_root_space),
		cmocka_unit_test(test_init),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
