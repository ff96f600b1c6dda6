#!/bin/bash
# The API of a running sidecar from outside, with the tools that people have: curl, openssl, sentry-cli; the answers held
# to the description by Prism; the gate by the sample jobs of config/samples themselves; and what attackers do: a slow
# head, a body of a gigabyte, a gzip bomb.
#
# usage: REVERTD=PATH api.sh
# The log's clock lies in the past, so that nothing waits for a verdict. Exit code: 0 only if everything was observed; 77
# where curl, jq or openssl is missing. What needs npm and has none is said, loudly, and left out.
set -euo pipefail
export LC_ALL=C
: "${REVERTD:?REVERTD=PATH of the program}"
for tool in curl jq openssl awk git; do
  command -v $tool >/dev/null || { echo "SKIPPED: the API from outside: $tool is not installed" >&2; exit 77; }
done
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(realpath "$(mktemp -d "${TMPDIR:-/tmp}/revertd-api.XXXXXX")")
trap 'kill $(jobs -p) 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$folder"' EXIT
token=sesame secret=knock
left_out=0

# shellcheck source=tests/e2e/observe.sh
source "$root/tests/e2e/observe.sh"

# --- the sidecar, and a log of 40 minutes: one good deploy of checkout, one bad deploy of catalog -----------------------

port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
url=http://127.0.0.1:$port
printf '%s' $token >"$folder/token"
printf '%s' $secret >"$folder/secret"
cat >"$folder/revertd.yaml" <<YAML
services:
  checkout: {match: {host: checkout.test}, repo: shop}
  catalog: {match: {host: catalog.test}, repo: shop, known_as: [shop-catalog]}
repos:
  shop: {url: "https://git.example.com/acme/shop.git", deploys_from: [deployment, push]}
http: {listen: "127.0.0.1:$port", token: {file: $folder/token}, webhook_secret: {file: $folder/secret}}
manifest: {write: $folder/manifest.json}
guard: {kill_switch: $folder/kill-switch}
detect: {lateness: 1s}
state: $folder/state.db
YAML
mkfifo "$folder/log"
"$REVERTD" run --config "$folder/revertd.yaml" <"$folder/log" >"$folder/events" 2>"$folder/revertd.log" &
sidecar=$!
exec 7>"$folder/log"
is_ready() { curl -fs "$url/readyz" >/dev/null; }
wait_for "the API is ready" is_ready

ask() { curl -sS --max-time 300 -H "Authorization: Bearer $token" "$@"; }
code() { ask -o "$folder/answer" -w '%{http_code}' "$@"; }

good=3f2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3 bad=91ab34de0f1e2d3c4b5a69788796a5b4c3d2e1f0
begun=$((($(date +%s) / 60 - 120) * 60))
deployed=$((begun + 1500))
# What runs beside must not hold the log's pipe open.
ask -N "$url/v1/events/stream?after=0" >"$folder/stream" 2>/dev/null 7>&- &
equals "a deploy is told" 202 "$(code "$url/v1/deploys" -d "{\"service\":\"checkout\",\"commit\":\"$good\",\"id\":\"good\",\"at\":$deployed,\"until\":$((deployed + 5))}")"
equals "a deploy begins" 202 "$(code "$url/v1/deploys" -d "{\"service\":\"catalog\",\"commit\":\"$bad\",\"id\":\"bad\",\"at\":$deployed}")"
equals "and ends" 202 "$(code -X POST "$url/v1/deploys/bad/finish" -d "{\"at\":$((deployed + 5))}")"
is_known() { [[ $(code "$url/v1/deploys/bad") == 200 ]]; }
wait_for "the deploy is taken up" is_known
awk -v from="$begun" -v seconds=2400 -v deployed="$((deployed + 5))" 'BEGIN {
  srand(7)
  for (second = from; second < from + seconds; ++second) {
    time = strftime("%d/%b/%Y:%H:%M:%S +0000", second, 1)
    for (i = 0; i < 60; ++i) {
      host = i % 2 ? "checkout.test" : "catalog.test"
      rate = i % 2 == 0 && second >= deployed ? 0.2 : 0.005
      printf "%s:443 192.0.2.1 - - [%s] \"GET /x HTTP/1.1\" %d 12 \"-\" \"e2e\" 0.010\n", host, time, rand() < rate ? 500 : 200
    }
  }
}' >&7

# --- the gate: by curl, and by the sample jobs themselves ---------------------------------------------------------------

equals "the gate of the good deploy" pass "$(ask "$url/v1/gate?deploy=good&wait=60" | jq -r .gate)"
equals "the gate of the bad deploy" fail "$(ask "$url/v1/gate?service=catalog&commit=$bad&wait=60" | jq -r .gate)"
equals "the gate names its evidence" errors "$(ask "$url/v1/gate?deploy=bad" | jq -r '.verdict.signals[0].signal')"
equals "the gate of nobody's deploy" 404 "$(code "$url/v1/gate?deploy=nobody")"

# The block of a sample that asks the gate: the lines of its block scalar, without their indentation.
gate_script() {
  awk '/\|$/ { text = ""; indent = -1; next }
       { match($0, /^ */); if (indent < 0) indent = RLENGTH
         if (RLENGTH < indent && $0 !~ /^ *$/) { if (text ~ /v1\/gate/) { print text; exit } text = ""; indent = 99 }
         text = text substr($0, indent + 1) "\n" }
       END { if (text ~ /v1\/gate/) print text }' "$1"
}
run_sample() {
  local status=0
  REVERTD_URL=$url REVERTD_TOKEN=$token REVERTD_DEPLOY=$2 bash -e -c "$1" >"$folder/sample.log" 2>&1 || status=$?
  echo $status
}
actions=$(gate_script "$root/config/samples/github-actions/deploy.yml")
[[ -n $actions ]] || fail "the gate's step stands in the GitHub Actions sample"
# shellcheck disable=SC2016
expression='${{ steps.start.outputs.id }}'
equals "GitHub Actions' sample lets the good deploy on" 0 "$(run_sample "${actions//"$expression"/good}" good)"
equals "GitHub Actions' sample stops the bad deploy" 1 "$(run_sample "${actions//"$expression"/bad}" bad)"
gitlab=$(gate_script "$root/config/samples/gitlab-ci/gitlab-ci.yml")
[[ -n $gitlab ]] || fail "the gate's job stands in the GitLab CI sample"
equals "GitLab CI's sample lets the good deploy on" 0 "$(run_sample "$gitlab" good)"
equals "GitLab CI's sample stops the bad deploy" 1 "$(run_sample "$gitlab" bad)"

# --- deliveries ---------------------------------------------------------------------------------------------------------

now=$(date -u +%Y-%m-%dT%H:%M:%SZ)
newer=77aa91c0d4e5f60718293a4b5c6d7e8f90a1b2c3
delivery="{\"action\":\"created\",\"deployment_status\":{\"state\":\"success\",\"environment\":\"production\",\"created_at\":\"$now\",\"updated_at\":\"$now\"},\"deployment\":{\"sha\":\"$newer\",\"ref\":\"production\",\"environment\":\"production\",\"created_at\":\"$now\",\"updated_at\":\"$now\"},\"repository\":{\"full_name\":\"acme/shop\",\"clone_url\":\"https://git.example.com/acme/shop.git\"}}"
sign() { printf '%s' "$delivery" | openssl dgst -sha256 -hmac "$1" -r | cut -d' ' -f1; }
deliver() {
  curl -sS -o "$folder/answer" -w '%{http_code}' -H 'X-GitHub-Event: deployment_status' -H "X-Hub-Signature-256: sha256=$1" \
    --data-binary "$delivery" "$url/v1/webhooks/github"
}
equals "a delivery with another's signature" 401 "$(deliver "$(sign guess)")"
equals "a signed delivery" 202 "$(deliver "$(sign $secret)")"
equals "the same once more" 409 "$(deliver "$(sign $secret)")"
has_newer() { ask "$url/v1/deploys?service=checkout" | jq -e ".deploys[] | select(.commit == \"$newer\")" >/dev/null; }
wait_for "the delivery's deploy is registered" has_newer
equals "a deploy's record holds what its forge told" deployment \
  "$(ask "$url/v1/deploys/$(ask "$url/v1/deploys?service=checkout" | jq -r '.deploys[-1].id')" | jq -r '[.events[].event] | map(select(. == "deployment"))[0]')"

# --- events, metrics, manifest ------------------------------------------------------------------------------------------

streamed() { grep -q '"event":"verdict".*"deploy":"bad".*"state":"regressed"' "$folder/stream"; }
wait_for "the stream tells of the verdict" streamed
equals "the stream's ids ascend" "$(grep '^id: ' "$folder/stream" | sort -t' ' -k2n)" "$(grep '^id: ' "$folder/stream")"
all_counted() { [[ $(ask "$url/metrics" | awk '/^revertd_lines_sampled_total/ {print $2}') == 144000 ]]; }
wait_for "every line is counted in the metrics" all_counted
written() { [[ -r $folder/manifest.json ]] && jq -e '.releases | map(.id) | contains(["good", "bad"])' "$folder/manifest.json" >/dev/null; }
wait_for "the manifest is written" written
equals "without the token nobody is answered" 401 "$(curl -sS -o /dev/null -w '%{http_code}' "$url/v1/deploys")"

# --- the description, in Prism ------------------------------------------------------------------------------------------

left_out() {
  left_out=$((left_out + 1))
  echo "LEFT OUT: $*" >&2
}
install_npm() {  # FOLDER PACKAGE@VERSION
  [[ -e $1/installed-${2##*@} ]] && return 0
  command -v npm >/dev/null || return 1
  mkdir -p "$1"
  timeout 300 npm install --prefix "$1" --no-audit --no-fund --fetch-retries=1 --loglevel=error "$2" >"$folder/npm.log" 2>&1 &&
    touch "$1/installed-${2##*@}"
}
if install_npm "$root/build/prism" @stoplight/prism-cli@5.16.0; then
  proxy=$((port + 1))
  "$root/build/prism/node_modules/.bin/prism" proxy -h 127.0.0.1 -p $proxy "$root/daemon/api/openapi.json" "$url" \
    >"$folder/prism.log" 2>&1 7>&- &
  listens() { grep -q "Prism is listening" "$folder/prism.log"; }
  wait_for "Prism listens" listens
  trigger=$(ask "$url/v1/triggers" | jq -r '.triggers[0].id // empty')
  for path in /healthz /readyz /v1/status /v1/kill-switch /v1/services /v1/health /v1/services/checkout/windows /v1/deploys \
    /v1/deploys/good /v1/deploys/nobody "/v1/verdicts?deploy=bad" "/v1/gate?deploy=bad" "/v1/gate?deploy=nobody" /v1/manifest \
    /v1/triggers ${trigger:+/v1/triggers/$trigger} /v1/incidents "/v1/events?limit=1000" "/v1/events?limit=5000"; do
    ask -D "$folder/headers" -o /dev/null "http://127.0.0.1:$proxy$path"
    grep -qi '^sl-violations.*"location":\["response' "$folder/headers" && fail "GET $path fits the description: $(grep -i '^sl-violations' "$folder/headers")"
  done
  for call in '/v1/deploys {"service":"checkout","commit":"5f2a91c0"}' '/v1/deploys/good/finish {}' \
    '/v1/deploys {"service":""}' '/v1/deploys/nobody/abandon {"why":"x"}'; do
    ask -D "$folder/headers" -o /dev/null -H 'Content-Type: application/json' -d "${call#* }" "http://127.0.0.1:$proxy${call%% *}"
    grep -qi '^sl-violations.*"location":\["response' "$folder/headers" && fail "POST $call fits the description: $(grep -i '^sl-violations' "$folder/headers")"
  done
  echo "ok  answers fit the description"
else
  left_out "npm cannot install @stoplight/prism-cli: the answers were NOT held to openapi.json"
fi

# --- sentry-cli ---------------------------------------------------------------------------------------------------------

if install_npm "$root/build/sentry-cli" @sentry/cli@2.58.6; then
  release=aa2a91c0d4e5f60718293a4b5c6d7e8f90a1b2c3
  sentry() {
    SENTRY_URL=$url SENTRY_AUTH_TOKEN=$token SENTRY_ORG=acme SENTRY_PROJECT=shop-catalog \
      timeout 60 "$root/build/sentry-cli/node_modules/.bin/sentry-cli" "$@" >"$folder/sentry.log" 2>&1
  }
  sentry releases new "$release" || fail "sentry-cli releases new"
  sentry releases set-commits "$release" --commit "shop@$release" || fail "sentry-cli releases set-commits"
  sentry releases finalize "$release" || fail "sentry-cli releases finalize"
  sentry releases deploys "$release" new -e production || sentry deploys new --release "$release" -e production ||
    fail "sentry-cli deploys new"
  has_release() { ask "$url/v1/deploys?service=catalog" | jq -e ".deploys[] | select(.commit == \"$release\")" >/dev/null; }
  wait_for "sentry-cli's deploy is registered" has_release
  echo "ok  sentry-cli registers a deploy"
else
  left_out "npm cannot install @sentry/cli: the real sentry-cli was NOT tried"
fi

# --- what attackers do --------------------------------------------------------------------------------------------------

memory_kb() { awk '/^VmRSS/ {print $2}' "/proc/$sidecar/status"; }
before=$(memory_kb)
head -c 1000000000 /dev/zero |
  curl -sS --max-time 60 -o "$folder/answer" -w '%{http_code}' -H "Authorization: Bearer $token" -H 'Expect:' \
    -H 'Transfer-Encoding: chunked' --data-binary @- "$url/v1/deploys" >"$folder/code" 2>/dev/null || true
equals "a body of a gigabyte is refused" 413 "$(cat "$folder/code")"
head -c 30000000 /dev/zero | gzip -9 >"$folder/bomb.gz"
equals "a gzip bomb is refused" 415 "$(code "$url/v1/deploys" -H 'Content-Encoding: gzip' --data-binary @"$folder/bomb.gz")"
for _ in {1..300}; do
  exec {slow}<>"/dev/tcp/127.0.0.1/$port"
  printf 'GET /v1/status HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ' >&"$slow" || true
done
equals "others are answered beside 300 slow heads" 200 "$(code "$url/v1/deploys")"
(($(memory_kb) - before < 60000)) || fail "memory stays bounded: $before kB before, $(memory_kb) kB after"
echo "ok  memory grew by $(($(memory_kb) - before)) kB"

exec 7>&-
wait $sidecar || fail "the sidecar ends well"
echo "DONE; $left_out things left out"
