#!/bin/bash
# crash_table.sh JOBS: ./demo --crash at every fault point, JOBS at a time, and the table of what was covered. Called by
# ./demo --crash-all, which has built the program and names it in REVERTD.
set -euo pipefail
jobs=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
logs=$(mktemp -d "${TMPDIR:-/tmp}/revertd-crash-all.XXXXXX")
trap 'rm -rf "$logs"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

run_one() {
  local point=$1 answer=failed
  if "$root/demo" --crash "$point" >"$logs/$point" 2>&1; then answer=passed; fi
  printf '%-28s %s\n' "$point" "$answer" | tee "$logs/$point.row"
  [[ $answer == passed ]] || sed 's/^/    /' "$logs/$point"
}
export -f run_one
export root logs

mapfile -t points < <("$REVERTD" check --list-fault-points)
echo "kill -9 at each of ${#points[@]} fault points, then a restart; passed: exactly one revert commit on the remote,"
echo "read back, deployed, production recovered, the other service untouched"
printf '%s\n' "${points[@]}" | xargs -P "$jobs" -I{} bash -c 'run_one {}'

passed=$(cat "$logs"/*.row | grep -c ' passed$' || true)
printf '\n%-28s %s\n' "fault point" "one revert?"
for point in "${points[@]}"; do cat "$logs/$point.row"; done
echo "$passed of ${#points[@]} fault points covered"
((passed == ${#points[@]} && passed > 0))
