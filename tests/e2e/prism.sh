#!/bin/bash
# Every request that revertd can send to GitHub's REST API against GitHub's own OpenAPI description of it: Prism mocks
# the API from the description and says what breaks it. What is sent and judged stands in
# tests/actions/forge_prism_test.cc; GraphQL is not in the description.
#
# usage: [PRISM_TEST=PATH] prism.sh
# REVERTD_SHARED_DATA: the folder with the description; default ../shared/data beside the tree.
# Exit code: 0 only if no request breaks the description; 77 where npm, the network or the shared data is missing.
set -euo pipefail
export LC_ALL=C
version=5.16.0
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
prism=$root/build/prism
description=${REVERTD_SHARED_DATA:-$root/../shared/data}/deploys/openapi/github_subset_vnd.json.gz
test_program=${PRISM_TEST:-$root/build/release/tests/actions/prism_test}

skip() {
  echo "SKIPPED: GitHub's requests were NOT judged by its own description: $*" >&2
  exit 77
}

for tool in node npm gzip timeout; do
  command -v $tool >/dev/null || skip "$tool is not installed"
done
[[ -r $description ]] || skip "$description is not there (REVERTD_SHARED_DATA)"
[[ -x $test_program ]] || { echo "$test_program is not built" >&2; exit 1; }

# Installed beside and moved when whole: a half of it is never taken for it.
if [[ ! -e $prism/installed-$version ]]; then
  mkdir -p "$root/build"
  fresh=$(mktemp -d "$root/build/prism.XXXXXX")
  trap 'rm -rf "$fresh"' EXIT
  timeout 300 npm install --prefix "$fresh" --no-audit --no-fund --ignore-scripts --fetch-retries=1 --loglevel=error \
    "@stoplight/prism-cli@$version" >"$fresh/npm.log" 2>&1 ||
    skip "npm cannot install @stoplight/prism-cli@$version: $(head -n 3 "$fresh/npm.log" | tr '\n' ' ')"
  touch "$fresh/installed-$version"
  rm -rf "$prism"
  mv -T "$fresh" "$prism"
  trap - EXIT
fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/revertd-prism.XXXXXX")
server=''
clean_up() {
  local code=$?
  trap - EXIT INT TERM
  [[ -z $server ]] || kill -TERM "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
  exit "$code"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

gzip -dc "$description" >"$folder/github.json"

# Another program may take the port between the choice and the start: then once more.
start_prism() {
  local attempt end
  for attempt in 1 2 3 4 5; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    "$prism/node_modules/.bin/prism" mock -h 127.0.0.1 -p "$port" "$folder/github.json" >"$folder/prism.log" 2>&1 &
    server=$!
    end=$((SECONDS + 60))
    while kill -0 "$server" 2>/dev/null && ((SECONDS < end)); do
      if grep -q "Prism is listening" "$folder/prism.log"; then return 0; fi
      sleep 0.1
    done
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
    server=''
    echo "attempt $attempt: prism did not start on port $port" >&2
  done
  tail -n 20 "$folder/prism.log" >&2
  return 1
}
start_prism || { echo "NOT OBSERVED: prism mock answers" >&2; exit 1; }

REVERTD_PRISM_URL=http://127.0.0.1:$port timeout 120 "$test_program" --gtest_filter='GitHubPrism.*' \
  --gtest_output="json:$folder/result.json" | tee "$folder/test.log" ||
  { grep -E "violation|error" "$folder/prism.log" | tail -n 20 >&2; exit 1; }
judged=$(grep -c '^JUDGED ' "$folder/test.log" || true)
((judged > 0)) || { echo "NOT OBSERVED: any request judged" >&2; exit 1; }
echo "$judged kinds of request fit GitHub's description ($(basename "$description")); prism $version"
