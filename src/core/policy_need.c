/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Policy `need`: tiers, served one after the other. First every guest's guarantee (hard use and a
 * margin), then the warm part, then headroom, and what is left is surplus. In the tier that does
 * not fit, the price of memory decides who yields. Of the surplus the host keeps a part for bursts;
 * guests share the rest by weight, and move only when they are far from their part of it.
 */
#include "need.h"
#include "share.h"
#include "xenmm/units.h"

/* AUTO has no meaning here; ESX's rate (Waldspurger 2002) then holds. */
#define TAX_AUTO_PPM 750000

/* An idle page costs 1 / (1 - tax) used ones; more than a hundred is no other price. */
#define TAX_MAX_PPM 990000

/* Prices are in hundred-millionths; every guest has shares for so much besides its hard use. */
#define PRICE_ONE 100000000
#define PRICE_MAX (UINT64_C(1) << 62)
#define PURSE_MAX_KIB                                                                              \
	(MM_SIZE_MAX_KIB * 128) /* more than the largest guest pays at the highest tax */
#define SHARES_BASE_KIB (128 * MM_KIB_PER_MIB)

/*
 * Of its part of the surplus a guest may have as little as a quarter, and on top of it three quarters of
 * what the host keeps for it, before it is moved. The host then has an eighth of the surplus at least,
 * a half as a rule. The wider, the less is moved; chosen with mmctl simulate.
 */
#define BAND_LOW_PART  4
#define BAND_HIGH_PART 4

enum tier {
	TIER_CORE,     /* hard use, and a margin of which a guest with swap may lose a part */
	TIER_WARM,     /* what it is really using again */
	TIER_MARGIN,   /* the whole margin: its guarantee as long as that fits */
	TIER_URGENT,   /* headroom of those that grow or stall now */
	TIER_HEADROOM, /* headroom of all */
	TIER_COUNT
};

/* What it needs up to a tier, whatever it holds. */
static uint64_t need_up_to(const struct mm_share *row, enum tier tier)
{
	uint64_t kib = row->core_kib;

	if (tier >= TIER_WARM)
		kib += row->need.warm_kib;
	if (tier >= TIER_MARGIN)
		kib += mm_sub_floor(row->need_kib, row->core_kib);
	if (tier >= TIER_HEADROOM || (tier == TIER_URGENT && row->is_urgent))
		kib += row->need.headroom_kib;
	return mm_min_u64(kib, row->high_kib);
}

/*
 * The same of the budget: what a balloon does not give back is spent, and from a guest in an
 * emergency nothing is taken that it has of its margin.
 */
static uint64_t tier_top(const struct mm_share *row, enum tier tier)
{
	uint64_t kib = need_up_to(row, tier);

	if (!row->may_shrink)
		kib = mm_max_u64(kib, row->held_kib);
	else if (row->is_urgent)
		kib = mm_max_u64(kib, mm_min_u64(row->held_kib, need_up_to(row, TIER_MARGIN)));
	return mm_min_u64(kib, row->high_kib);
}

static uint64_t tier_sum(const struct mm_shares *shares, enum tier tier)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shares->count; i++)
		sum += tier_top(&shares->rows[i], tier);
	return sum;
}

/*
 * What a guest holds at a price: ESX's rho = S / (P * (f + k (1 - f))) solved for P, with P f its
 * active memory (hard use and the warm part), k = 1 / (1 - tax) and 1/rho = `price`.
 * ESX gives shares S by configured size; here they go by hard use, times the weight, so that a
 * large guest is not short while small ones keep all their headroom.
 */
static uint64_t size_at(const struct mm_share *row, uint64_t price, uint32_t tax_ppm)
{
	uint64_t shares =
		mm_scale(row->need.hard_kib + SHARES_BASE_KIB, row->weight, MM_WEIGHT_DEFAULT);
	unsigned __int128 wide = (unsigned __int128)price * shares / PRICE_ONE;
	uint64_t purse = wide < PURSE_MAX_KIB ? (uint64_t)wide : PURSE_MAX_KIB;
	uint64_t active = row->need.hard_kib + row->need.warm_kib;

	if (purse <= active)
		return purse;
	return active + mm_scale(purse - active, MM_TAU_ONE - tax_ppm, MM_TAU_ONE);
}

static uint64_t clamp(uint64_t value, uint64_t low, uint64_t high)
{
	return mm_max_u64(low, mm_min_u64(value, high));
}

static uint64_t sum_at(
	const struct mm_shares *shares, enum tier tier, uint64_t price, uint32_t tax_ppm)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < shares->count; i++) {
		const struct mm_share *row = &shares->rows[i];

		sum += clamp(
			size_at(row, price, tax_ppm), tier_top(row, tier - 1), tier_top(row, tier));
	}
	return sum;
}

/* The highest price at which the tier fits; each guest gets its size at that price, within the tier. */
static void share_tier(struct mm_shares *shares, enum tier tier, uint32_t tax_ppm)
{
	uint64_t low = 0;
	uint64_t high = 1;

	while (high < PRICE_MAX && sum_at(shares, tier, high, tax_ppm) <= shares->budget_kib)
		high *= 2;
	while (high - low > 1) {
		uint64_t middle = low + (high - low) / 2;

		if (sum_at(shares, tier, middle, tax_ppm) <= shares->budget_kib)
			low = middle;
		else
			high = middle;
	}
	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];

		row->wish_kib = clamp(
			size_at(row, low, tax_ppm), tier_top(row, tier - 1), tier_top(row, tier));
		row->soft_kib = row->wish_kib;
		row->low_kib = mm_min_u64(
			mm_max_u64(row->low_kib, tier_top(row, TIER_CORE)), row->wish_kib);
	}
}

/* Not even hard use fits: the guard shares what there is. */
static void leave_to_guard(struct mm_shares *shares)
{
	for (size_t i = 0; i < shares->count; i++)
		shares->rows[i].wish_kib = shares->rows[i].low_kib =
			tier_top(&shares->rows[i], TIER_CORE);
}

/* What it holds, unless that is far from its need and its part of the surplus. */
static uint64_t wish_within(const struct mm_share *row, uint64_t part_kib, uint64_t pool_part_kib)
{
	uint64_t need = need_up_to(row, TIER_HEADROOM);
	uint64_t extra_kib = mm_min_u64(part_kib, pool_part_kib);
	uint64_t low = need + part_kib / BAND_LOW_PART;
	uint64_t high = need + part_kib + extra_kib - extra_kib / BAND_HIGH_PART;
	uint64_t wish = clamp(row->held_kib, low, high);

	if (row->cap_kib)
		wish = mm_min_u64(wish, row->cap_kib);
	return clamp(wish, row->soft_kib, row->high_kib);
}

/* Everybody has what it needs. Whoever is at its maximum leaves its part to the host. */
static void share_surplus(struct mm_shares *shares, uint64_t surplus_kib, uint32_t pool_percent)
{
	uint64_t pool_kib = mm_scale(surplus_kib, pool_percent, 100);
	uint64_t weights = 0;

	for (size_t i = 0; i < shares->count; i++)
		weights += shares->rows[i].weight;
	for (size_t i = 0; i < shares->count; i++) {
		struct mm_share *row = &shares->rows[i];

		row->low_kib = mm_max_u64(row->low_kib, tier_top(row, TIER_CORE));
		row->soft_kib = tier_top(row, TIER_HEADROOM);
		row->wish_kib =
			wish_within(row, mm_scale(surplus_kib - pool_kib, row->weight, weights),
				mm_scale(pool_kib, row->weight, weights));
	}
}

/* Of a claim that is in doubt only so much counts. */
static void doubt(struct mm_share *row)
{
	uint64_t believed_kib = mm_max_u64(row->doubt_kib, row->min_kib);

	if (!row->doubt_kib || !row->may_shrink || row->need_kib <= believed_kib)
		return;
	row->need_kib = row->low_kib = mm_min_u64(believed_kib, row->high_kib);
	row->core_kib = row->low_kib;
	row->use_kib = mm_min_u64(row->use_kib, row->low_kib);
	row->need.hard_kib = row->use_kib;
	row->need.warm_kib = row->need.headroom_kib = 0;
	row->reason = MM_REASON_DOUBT;
}

uint32_t mm_policy_need(const struct mm_config *cfg, struct mm_shares *shares)
{
	uint32_t tax_ppm = cfg->is_tax_auto ? TAX_AUTO_PPM : cfg->tax_ppm;
	uint64_t sum = 0;

	if (tax_ppm > TAX_MAX_PPM)
		tax_ppm = TAX_MAX_PPM;
	shares->is_rest_kept = true;
	for (size_t i = 0; i < shares->count; i++)
		doubt(&shares->rows[i]);
	for (int tier = TIER_CORE; tier < TIER_COUNT; tier++) {
		sum = tier_sum(shares, (enum tier)tier);
		if (sum <= shares->budget_kib)
			continue;
		if (tier == TIER_CORE)
			leave_to_guard(shares);
		else
			share_tier(shares, (enum tier)tier, tax_ppm);
		return tax_ppm;
	}
	share_surplus(shares, shares->budget_kib - sum, cfg->burst_percent);
	return tax_ppm;
}
