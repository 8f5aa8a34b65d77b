/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "budget.h"

void mm_budget_init(struct mm_budget *budget, uint64_t now_us)
{
	budget->credit_us = MM_BUDGET_SAVED_US;
	budget->last_us = now_us;
}

static void earn(struct mm_budget *budget, uint64_t now_us)
{
	uint64_t elapsed_us = now_us - budget->last_us;

	/* the remainder is not lost to those who ask often */
	budget->last_us = now_us - elapsed_us % MM_BUDGET_SHARE;
	elapsed_us /= MM_BUDGET_SHARE;
	if (elapsed_us >= (uint64_t)(MM_BUDGET_SAVED_US - budget->credit_us))
		budget->credit_us = MM_BUDGET_SAVED_US;
	else
		budget->credit_us += (int64_t)elapsed_us;
}

void mm_budget_spend(struct mm_budget *budget, uint64_t now_us, uint64_t spent_us)
{
	earn(budget, now_us);
	budget->credit_us -= (int64_t)spent_us;
}

uint64_t mm_budget_wait_us(struct mm_budget *budget, uint64_t now_us)
{
	earn(budget, now_us);
	if (budget->credit_us > 0)
		return 0;
	return (uint64_t)(1 - budget->credit_us) * MM_BUDGET_SHARE;
}
