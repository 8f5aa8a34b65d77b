#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# A virtual day under every policy: random guests, faults, restarts and leases, every rule checked in every round. Takes
# about a minute of CPU time, at low priority; prints the seed, which --seed repeats.
# Usage: soak.sh [--seed N] [--policy NAME] [--hours N] [BUILD]
set -euo pipefail

hours=24
build=build
while [ $# -gt 0 ]; do
	case $1 in
	--seed | --policy | --hours)
		[ $# -gt 1 ] || { echo "soak.sh: $1 wants a value" >&2; exit 2; }
		case $1 in
		--seed) export XENMM_SEED=$2 ;;
		--policy) export XENMM_SOAK_POLICY=$2 ;;
		*) hours=$2 ;;
		esac
		shift 2
		;;
	-*)
		echo "usage: soak.sh [--seed N] [--policy NAME] [--hours N] [BUILD]" >&2
		exit 2
		;;
	*)
		build=$1
		shift
		;;
	esac
done
[[ $hours =~ ^[0-9]+$ ]] || { echo "soak.sh: --hours: '$hours' is not a number" >&2; exit 2; }
[ -x "$build/tests/test_soak" ] || { echo "soak.sh: no $build/tests/test_soak: build first" >&2; exit 1; }

XENMM_SOAK=$((hours * 3600)) exec nice "$build/tests/test_soak"
