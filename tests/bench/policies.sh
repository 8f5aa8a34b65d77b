#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What 'mmctl simulate' says of all shipped scenarios, and what policy need has to reach beside tax and the clairvoyant
# bound. Ends with status 1 when something is not met. Takes a few seconds.
#
# Usage: tests/bench/policies.sh [SCENARIO...] (after building into build/, or with XENMM_BUILD)
set -euo pipefail
build=${XENMM_BUILD:-$(dirname "${BASH_SOURCE[0]}")/../../build}
exec "$build/tests/bench_policies" "$@"
